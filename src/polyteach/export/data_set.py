"""A data set's folder: rows or preference pairs in a layout, drawn into splits, with their card."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyteach.errors import UserError
from polyteach.export.card import CardFacts, dataset_card
from polyteach.export.examples import Example, Taken
from polyteach.export.folder import CARD, Fill, data_file, text_file, write_folder
from polyteach.export.layouts import MORE_TURNS, Record, dataset_info, fits, records_of, records_of_pairs
from polyteach.export.licence import card_licence, parts_of
from polyteach.export.making import Making
from polyteach.export.pairs import Pair, Preferences
from polyteach.export.splits import Split, draw_splits, near_train
from polyteach.files import write_json

DATASET_INFO = "dataset_info.json"


@dataclass(frozen=True, slots=True)
class Form:
    """How a set is written.

    Attributes:
        layout: see `layouts.LAYOUTS`; format: see `folder.FORMATS`.
        splits: those drawn beside `train`, with `rng_seed`.
        title: the data set's name.
        repo: on the hub; None where it is not sent there.
        licence: as the user states it.
        version: polyteach's own.
    """

    layout: str
    format: str
    splits: Sequence[Split]
    rng_seed: int
    title: str
    repo: str | None
    licence: str | None
    version: str


@dataclass(frozen=True, slots=True)
class Content:
    """What is written.

    Attributes:
        taken: rows of the source, of both sources with preferences.
        making: what is known of them.
        preferences: what came of asking; None for rows as they are.
        judge: who was asked, in words; empty without preferences.
    """

    taken: Taken
    making: Making
    preferences: Preferences | None = None
    judge: str = ""

    @property
    def items(self) -> Sequence[Example] | Sequence[Pair]:
        """What becomes a record each."""
        return self.taken.examples if self.preferences is None else self.preferences.pairs


def write_data_set(folder: Path, content: Content, form: Form) -> dict[str, Any]:
    """Writes the folder of a data set; returns its record, see `folder.write_folder`.

    Raises:
        UserError: nothing is left to export, a split cannot be drawn, or the system refuses to write.
    """
    left_out = Counter(content.taken.left_out)
    drawn = _draw(content, form, left_out)
    names = {split: f"data/{split}.{form.format}" for split in drawn}
    files: dict[str, Fill] = {
        names[split]: data_file([record for _, record in rows], form.format) for split, rows in drawn.items()
    }
    record = next(record for rows in drawn.values() for _, record in rows)
    slug = re.sub(r"\W+", "_", form.title).strip("_") or "data"
    ranking = content.preferences is not None
    if info := dataset_info(slug, names, form.layout, record, ranking=ranking):
        files[DATASET_INFO] = lambda path: write_json(path, info)
    items = [item for rows in drawn.values() for item, _ in rows]
    counts = _counts(items)
    parts = parts_of(content.making, counts["teacher"])
    cut_off = _cut_off(items)
    near = near_train(
        {split: [item.first_prompt for item, _ in rows] for split, rows in drawn.items()}, form.rng_seed
    )
    facts = CardFacts(
        title=form.title,
        load_from=form.repo or form.title,
        splits={split: (len(rows), names[split]) for split, rows in drawn.items()},
        record=record,
        layout=form.layout,
        counts=counts,
        cut_off=cut_off,
        read=content.taken.read,
        left_out=dict(sorted(left_out.items())),
        columns_left_out=sorted(content.taken.columns),
        rng_seed=form.rng_seed,
        near_train=near,
        stated=form.licence,
        parts=parts,
        pairs=_in_words(content) if content.preferences else None,
        version=form.version,
    )
    files[CARD] = text_file(dataset_card(facts, content.making))
    told = {
        "layout": form.layout,
        "format": form.format,
        "rng_seed": form.rng_seed,
        "rows": len(items),
        "splits": {split: {"rows": len(rows), "file": names[split]} for split, rows in drawn.items()},
        "near_train": near,
        "counts": {kind: dict(sorted(own.items())) for kind, own in counts.items()},
        "read": content.taken.read,
        "left_out": facts.left_out,
        "columns_left_out": facts.columns_left_out,
        "cut_off": cut_off,
        "pairs": preferences_json(content),
        "licence": card_licence(form.licence) | {"parts": [part.to_json() for part in parts]},
        "provenance": content.making.provenance,
        "polyteach": form.version,
    }
    return write_folder(folder, files, told)


def preferences_json(content: Content) -> dict[str, Any] | None:
    """What came of asking for preferences, as the outside view has it."""
    found = content.preferences
    if found is None:
        return None
    return {
        "judge": content.judge,
        "compared": found.asked,
        "kept": len(found.pairs),
        "first_chosen": found.first_chosen,
        "left_out": dict(sorted(found.left_out.items())),
        "judges_of_a_pair": {str(count): pairs for count, pairs in sorted(found.judges.items())},
        "figures": {name: figure.to_json() for name, figure in sorted(found.figures.items())},
    }


def _draw(
    content: Content, form: Form, left_out: Counter[str]
) -> dict[str, list[tuple[Example | Pair, Record]]]:
    """The records by split, each with what it was made of; what the layout cannot hold is counted."""
    there: list[Example | Pair] = list(content.items)
    fitting = [item for item in there if fits(item.context, form.layout)]
    if missing := len(there) - len(fitting):
        left_out[MORE_TURNS] += missing
    if not fitting:
        reasons = left_out + (content.preferences.left_out if content.preferences else Counter())
        said = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common()) or "no rows"
        what = "no pair" if content.preferences else "no row"
        raise UserError(
            f"{what} is left to export ({said})", fix="see docs/export.md for what each reason means"
        )
    if content.preferences is None:
        records = records_of([item for item in fitting if isinstance(item, Example)], form.layout)
    else:
        records = records_of_pairs([item for item in fitting if isinstance(item, Pair)], form.layout)
    both = list(zip(fitting, records, strict=True))
    return draw_splits(both, lambda pair: pair[0].first_prompt, form.splits, form.rng_seed)


def _counts(items: Sequence[Example | Pair]) -> dict[str, Counter[str]]:
    """Rows by language, teacher and method; a pair counts for the teacher of each of its answers."""
    examples = [item for item in items if isinstance(item, Example)]
    pairs = [item for item in items if isinstance(item, Pair)]
    teachers = Counter(one.teacher for one in examples)
    teachers.update(name for one in pairs for name in (one.chosen_teacher, one.rejected_teacher))
    return {
        "language": Counter(item.language for item in items),
        "teacher": teachers,
        "method": Counter(item.method for item in items),
    }


def _cut_off(items: Sequence[Example | Pair]) -> int | None:
    said = [item.cut_off for item in items if isinstance(item, Example) and item.cut_off is not None]
    return sum(said) if said else None


def _in_words(content: Content) -> Mapping[str, Any]:
    """What a card tells of the preferences."""
    found = content.preferences
    assert found is not None
    chosen = Counter((pair.chosen_teacher or "not known") for pair in found.pairs)
    counts = {"compared": found.asked, "kept": len(found.pairs)}
    counts |= {f"chosen: {name}": count for name, count in sorted(chosen.items())}
    counts |= {f"not kept: {reason}": count for reason, count in sorted(found.left_out.items())}
    return {"text": content.judge, "counts": counts}

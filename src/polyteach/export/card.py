"""The card of a data set: metadata that the hub reads, and what is known of the rows, words and figures."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from polyteach.export.layouts import LLAMA_FACTORY
from polyteach.export.licence import Part, card_licence
from polyteach.export.making import WRITTEN, Making, Told
from polyteach.export.schema import features_of
from polyteach.languages import english_name
from polyteach.scoring.numbers import counted, listing
from polyteach.scoring.numbers import parameters as size_in_words

if TYPE_CHECKING:
    import jinja2

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_MARKUP = re.compile(r"([\\`*_\[\]<>|~])")
_UNITS = ("1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B", "100B", "1T")
_MEASURED_OVER = (
    "Measured over all rows of each teacher and language before this export; n is how many were scored."
)


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a data set's card is made of.

    Attributes:
        title: its name.
        load_from: what `load_dataset` is to be given.
        splits: rows by split, and each one's file.
        record: one of the records, for the columns.
        layout: see `layouts.LAYOUTS`.
        counts: rows by language, by teacher and by method.
        cut_off: answers cut off; None where no row says.
        read, left_out: rows of the source, and those that are not in the set, by reason.
        columns_left_out: columns of the source that are not in the set.
        rng_seed: of the splits.
        near_train: rows of each held-out split whose prompt is nearly one of `train`.
        stated, parts: of the licence.
        pairs: what came of asking for preferences, as `preferences_in_words` tells it; None without.
        version: polyteach's own.
    """

    title: str
    load_from: str
    splits: Mapping[str, tuple[int, str]]
    record: Mapping[str, Any]
    layout: str
    counts: Mapping[str, Counter[str]]
    cut_off: int | None
    read: int
    left_out: Mapping[str, int]
    columns_left_out: Sequence[str]
    rng_seed: int
    near_train: Mapping[str, int]
    stated: str | None
    parts: Sequence[Part]
    pairs: Mapping[str, Any] | None
    version: str


def dataset_card(told: CardFacts, making: Making) -> str:
    """The card's text: YAML that `huggingface_hub` reads, then Markdown."""
    from huggingface_hub import DatasetCardData

    rows = sum(count for count, _ in told.splits.values())
    codes = [code for code in told.counts["language"] if code]
    metadata = DatasetCardData(
        pretty_name=_CONTROL.sub(" ", told.title),
        task_categories=["text-generation"],
        size_categories=[_size_category(rows)],
        tags=_tags(told),
        **card_licence(told.stated),
        **hub_languages(codes),
        configs=[
            {
                "config_name": "default",
                "data_files": [{"split": name, "path": file} for name, (_, file) in told.splits.items()],
            }
        ],
        dataset_info={"features": features_of(told.record)},
    )
    figures, definitions = figure_rows([one for one in making.figures if _is_of(one, told)])
    body = (
        environment()
        .get_template("dataset_card.md.j2")
        .render(
            title=told.title,
            summary=_summary(told, rows, codes),
            load_from=json.dumps(_CONTROL.sub(" ", told.load_from), ensure_ascii=False),
            splits=[{"name": name, "rows": n, "file": file} for name, (n, file) in told.splits.items()],
            counted=[(kind, _named(counts)) for kind, counts in told.counts.items()],
            layout=told.layout + (" (Alpaca)" if told.layout == LLAMA_FACTORY else ""),
            columns=[f"`{name}`" for name in told.record],
            columns_left_out=told.columns_left_out,
            near_train=told.near_train,
            rng_seed=told.rng_seed,
            asked=_asked(making),
            teachers=[
                teacher_in_words(name, making.models.get(name)) for name in told.counts["teacher"] if name
            ],
            rewritten=making.rewritten,
            pairs=told.pairs,
            figures=figures,
            definitions=definitions,
            measured_over=_MEASURED_OVER,
            failed=making.failed if making.asked else None,
            read=told.read,
            left_out=told.left_out,
            cut_off=told.cut_off,
            dropped=making.dropped,
            stated=told.stated,
            parts=told.parts,
            limits=_limits(told, making),
            provenance=provenance_in_words(making, told.version),
        )
    )
    return f"---\n{metadata.to_yaml()}\n---\n\n{tidy(body)}"


def hub_languages(codes: Sequence[str]) -> dict[str, Any]:
    """Languages as the hub takes them: ISO 639 codes; what says more than these stands beside them."""
    if not codes:
        return {}
    plain = list(dict.fromkeys(code.split("-")[0] for code in codes))
    found: dict[str, Any] = {"language": plain}
    if longer := [code for code in codes if "-" in code]:
        found["language_bcp47"] = longer
    return found


def figure_rows(figures: Sequence[Told]) -> tuple[list[dict[str, Any]], list[tuple[int, str]]]:
    """Figures as a table's rows, and their numbered definitions; an undefined one says why."""
    marks: dict[str, int] = {}
    rows = []
    for one in figures:
        figure = one.figure
        interval = _interval(figure)
        defined = figure["value"] is not None
        rows.append(
            {
                "of": one.teacher or "all rows",
                "language": one.language,
                "name": one.name,
                "value": _short(figure["value"]) if defined else f"undefined: {as_text(figure['reason'])}",
                "interval": interval if defined else "",
                "n": figure["n"],
                "mark": marks.setdefault(str(figure["definition"]), len(marks) + 1),
            }
        )
    return rows, [(mark, definition) for definition, mark in marks.items()]


def teacher_in_words(name: str, known: Mapping[str, Any] | None) -> str:
    """What is known of a teacher, for a line of Markdown."""
    said = as_text(name)
    if known is None:
        return f"{said}: the model behind this name, its family and size are not known"
    if known["kind"] == "simulated":
        dials = ", ".join(f"{dial} {value}" for dial, value in sorted(known["dials"].items()))
        return f"{said}: a simulated teacher of the pocket world, no model ({as_text(dials)})"
    if known["kind"] == "data":
        return f"{said}: no model; rows that were there before the study"
    model = as_text(public_name(str(known["model"])))
    size = size_in_words(known["parameters"]) if known["parameters"] else "not known"
    return f"{said}: model {model}; family {as_text(known['family'] or 'not stated')}; parameters {size}"


def public_name(model: str) -> str:
    """A model's name without the folders of the machine it lies on."""
    is_path = model.startswith((".", "~", "/", "\\")) or model.count("/") > 1
    return f"{PurePath(model).name} (a folder on the maker's machine)" if is_path else model


def provenance_in_words(making: Making, version: str) -> dict[str, str]:
    """By what the making can be found again."""
    found = {"exported by": f"polyteach {version}"}
    for name, value in making.provenance.items():
        if isinstance(value, Mapping):
            found |= {f"{name.rstrip('s')} {key}": str(inner) for key, inner in value.items()}
        else:
            found[name.replace("_", " ")] = "not known" if value is None else str(value)
    for one in making.asked:
        if one.key:
            found[f"artifact of {one.teacher}, {one.language}, {one.method}"] = one.key
    return found


def environment() -> jinja2.Environment:
    """The templates of this package's cards."""
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.FunctionLoader(
            lambda name: files("polyteach.export").joinpath(name).read_text("utf-8")
        ),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Markdown; what others wrote goes through `md`
    )
    made.filters["md"] = as_text
    made.filters["known"] = lambda value: "not known" if value is None else value
    return made


def as_text(text: Any) -> str:
    """Text on one line that Markdown shows as it is."""
    return _MARKUP.sub(r"\\\1", " ".join(_CONTROL.sub(" ", str(text)).split()))


def _summary(told: CardFacts, rows: int, codes: Sequence[str]) -> str:
    kind = (
        "preference pairs (two answers to one prompt, the better one first)"
        if told.pairs
        else ("conversations for supervised fine-tuning")
    )
    names = listing([f"{english_name(code)} (`{code}`)" for code in codes]) if codes else ""
    of = f" in {names}" if names else ""
    unknown = " For some or all rows the language is not known." if told.counts["language"].get("") else ""
    return f"{counted(rows, 'row')}{of}: {kind}.{unknown}"


def _asked(making: Making) -> list[dict[str, Any]]:
    return [
        {
            "teacher": one.teacher,
            "language": one.language,
            "method": one.method,
            "rows": one.rows,
            "attempts": one.attempts,
            "settings": ", ".join(
                f"{name} {json.dumps(value, sort_keys=True)}" for name, value in one.settings.items()
            ),
        }
        for one in making.asked
    ]


def _tags(told: CardFacts) -> list[str]:
    synthetic = ["synthetic"] if any(told.counts["method"].get(method) for method in WRITTEN) else []
    return ["polyteach", *synthetic, "preference" if told.pairs else "sft"]


def _limits(told: CardFacts, making: Making) -> list[str]:
    limits = [
        "Nothing here says how true, safe or free of bias the rows are.",
        "This export did not check whether rows share text with benchmarks.",
    ]
    if nameless := told.counts["teacher"].get(""):
        limits.append(f"Who wrote the answers of {counted(nameless, 'row')} is not known.")
    if not making.figures:
        limits.append("No figure says how good the rows are.")
    return limits + making.limits


def _is_of(figure: Told, told: CardFacts) -> bool:
    """Whether a figure is of a teacher and language of the set, as far as it says."""
    named = not figure.teacher or figure.teacher in told.counts["teacher"]
    return named and (figure.language in told.counts["language"] or not any(told.counts["language"]))


def _named(counts: Counter[str]) -> dict[str, int]:
    return {name or "not known": count for name, count in sorted(counts.items())}


def _interval(figure: Mapping[str, Any]) -> str:
    """A figure's bounds; without these its standard error, where it has one."""
    if figure.get("low") is not None:
        return f"{_short(figure['low'])} to {_short(figure['high'])}"
    return f"none; standard error {_short(figure['se'])}" if figure.get("se") is not None else "none"


def _short(value: float) -> str:
    return f"{value:.4g}"


def tidy(text: str) -> str:
    """At most one empty line in a row."""
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _size_category(rows: int) -> str:
    """The hub's category of a number of rows."""
    bounds: Sequence[tuple[int, str]] = [(10 ** (3 + power), unit) for power, unit in enumerate(_UNITS)]
    below = "n"
    for bound, unit in bounds:
        if rows < bound:
            return f"n<{unit}" if below == "n" else f"{below}<n<{unit}"
        below = unit
    return f"n>{below}"

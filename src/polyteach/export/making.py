"""What is known of how rows came about, for a card to tell. What is not known is not there: no guesses."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyteach.errors import UserError
from polyteach.export.examples import name_of
from polyteach.figures import Figure
from polyteach.files import file_digest
from polyteach.languages import standard_code
from polyteach.scoring.numbers import counted

if TYPE_CHECKING:
    from polyteach.export.examples import Example

SETTINGS = (
    "prompts",
    "few_shot",
    "temperature",
    "top_p",
    "top_k",
    "max_new_tokens",
    "context",
    "attempts",
    "language_gate",
    "variant",
    "dials",
    "rng_seed",
)
"""What decides a teacher's answers, and may be told: no place, no address, no key."""

POCKET = "pocket"
"""The pocket curriculum, which is part of polyteach."""
WRITTEN = ("generate", "translate", "respond")
"""Methods by which a teacher wrote the rows."""
_SAMPLING = ("temperature", "top_p", "top_k", "max_new_tokens")


@dataclass(frozen=True, slots=True)
class Asked:
    """How a teacher was asked in one language by one method.

    Attributes:
        settings: those of `SETTINGS` that are known.
        rows, attempts: rows that came, and requests for them; None where nobody noted it.
        failed: requests without a row, by reason.
        key: of the artifact, which stands for its settings and inputs; None outside a run.
    """

    teacher: str
    language: str
    method: str
    settings: Mapping[str, Any]
    rows: int | None
    attempts: int | None
    failed: Mapping[str, int]
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """One measured figure: of whose data, in which language, by which name; the figure as JSON."""

    teacher: str
    language: str
    name: str
    figure: Mapping[str, Any]


@dataclass(slots=True)
class Making:
    """What is known of the making of a set.

    Attributes:
        models: what a study knows of each teacher, see docs/results.md; by its name.
        asked: by teacher, language and method.
        figures: what was measured, over all rows of a teacher and language.
        seed: what the rows rest on, and its licence where one is stated: {source: licence or None}.
        dropped: rows that a filter took away before, by reason; None where nobody says that one was used.
        rewritten: how weak rows got new responses, in sentences.
        limits: what a reader should be warned of, in sentences.
        provenance: names and digests by which the making can be found again.
    """

    models: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    figures: list[Told] = field(default_factory=list)
    seed: dict[str, str | None] = field(default_factory=dict)
    dropped: Mapping[str, int] | None = None
    rewritten: list[str] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)

    def join(self, other: Making) -> None:
        """Adds what is known of a second source."""
        if self.dropped is None or other.dropped is None:
            self.dropped = None
        else:
            self.dropped = dict(Counter(self.dropped) + Counter(other.dropped))
        self.models |= other.models
        self.asked += other.asked
        self.figures += other.figures
        self.seed |= other.seed
        self.rewritten += other.rewritten
        self.limits += [sentence for sentence in other.limits if sentence not in self.limits]
        for name, value in other.provenance.items():
            own = self.provenance.get(name)
            joined = isinstance(own, dict) and isinstance(value, dict)
            self.provenance[name] = own | value if joined else own or value

    @property
    def failed(self) -> dict[str, int]:
        """Requests that came to no row, by reason, over all that is known."""
        total: Counter[str] = Counter()
        for one in self.asked:
            total.update(one.failed)
        return dict(sorted(total.items()))


def of_files(digests: Mapping[Path, str]) -> Making:
    """What is known of files, given with their SHA-256: these, and what was noted beside them."""
    making = Making(provenance={"sources": {name_of(path): digests[path] for path in sorted(digests)}})
    seen: set[tuple[Path, str]] = set()
    for path, digest in digests.items():
        _add_notes(path, digest, making, seen)
    return making


def _add_notes(path: Path, digest: str, making: Making, seen: set[tuple[Path, str]]) -> None:
    """Adds what `polyteach synthesize`, `filter` and `rewrite` noted beside a file, and where it is from.

    Notes on other rows do not count: a file may be written over by another command, or by hand.
    """
    if (path, digest) in seen:
        return
    seen.add((path, digest))
    for kind, read in (("summary", _synthesized), ("filter", _filtered), ("rewrite", _rewritten)):
        notes = _json(path.with_name(f"{path.name}.{kind}.json"))
        try:
            found = read(notes) if notes and notes["output"]["sha256"] == digest else None
        except (KeyError, TypeError, AttributeError):  # somebody else's file of that name: it says nothing
            continue
        if found:
            told, sources = found
            making.asked += told.asked
            making.rewritten += told.rewritten
            if told.dropped is not None:
                making.dropped = dict(Counter(making.dropped or {}) + Counter(told.dropped))
            for name, expected in sources.items():
                before = path.with_name(name)
                if before.is_file() and file_digest(before) == expected:
                    _add_notes(before, expected, making, seen)


_Noted = tuple[Making, dict[str, str]]
"""What notes say, and by name and SHA-256 the files that the rows are from."""


def _synthesized(notes: Mapping[str, Any]) -> _Noted:
    asked = [_asked(notes, method, facts) for method, facts in sorted(notes["methods"].items())]
    return Making(asked=asked), {}


def _filtered(notes: Mapping[str, Any]) -> _Noted:
    dropped = {one["reason"]: one["dropped"] for one in notes["by_rule"] if one["dropped"]}
    return Making(dropped=dropped), {one["file"]: one["sha256"] for one in notes["inputs"]}


def _rewritten(notes: Mapping[str, Any]) -> _Noted:
    found = ", ".join(f"{one['reason']} {one['rewritten']}" for one in notes["by_rule"] if one["rewritten"])
    said = (
        f"{notes['teacher']} gave new responses to {notes['rewritten']} of {notes['weak']} weak rows, of "
        f"{counted(notes['rows'], 'row')} in all"
    )
    said += f"; rules that found these: {found} (several can find a row)" if found else ""
    asked = [_asked(notes, "respond", notes["asked"]["respond"])] if notes["asked"] else []
    return Making(asked=asked, rewritten=[said]), {notes["input"]["file"]: notes["input"]["sha256"]}


def read_measured(path: Path) -> list[Told]:
    """The figures of a file that `polyteach measure --json` wrote.

    Raises:
        UserError: it is none.
    """
    try:
        plain = json.loads(path.read_bytes())
        return [
            Told(
                str(source["teacher"] or ""),
                standard_code(source["language"]),
                name,
                Figure.from_json(figure).to_json(),
            )
            for source in plain["sources"]
            for name, figure in sorted(source["metrics"].items())
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        fix = "write it by polyteach measure ... --json > FILE"
        raise UserError("is no JSON of polyteach measure", where=str(path), fix=fix) from error


def chosen_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `SETTINGS` that are there and say something."""
    return {name: settings[name] for name in SETTINGS if settings.get(name) is not None}


def add_seed(making: Making, examples: Iterable[Example]) -> None:
    """Adds the seed data that rows name and the licences that they carry, as rows of our own commands do."""
    for example in examples:
        if isinstance(stated := example.extra.get("licence"), str) and stated:
            making.seed.setdefault(f"rows that say {stated!r}", stated)
        if example.method in WRITTEN:
            making.seed.setdefault(example.source, licence_of_source(example.source))


def licence_of_source(name: str, stated: str | None = None) -> str | None:
    """The licence of seed data of that name: as our list has it, else as stated; None where nobody does."""
    from polyteach.seed_data.sources import SOURCES

    listed = {one.name: one.licence for one in SOURCES} | {POCKET: "Apache-2.0"}
    found = listed.get(name) or stated
    return None if found in (None, "not stated") else str(found)


def _asked(summary: Mapping[str, Any], method: str, facts: Mapping[str, Any]) -> Asked:
    sent = facts.get("asked", {})
    sampling = {name: sent.get("sampling", {}).get(name) for name in _SAMPLING}
    return Asked(
        teacher=summary["teacher"],
        language=summary["language"],
        method=method,
        settings=chosen_settings({**sent, **sampling}),
        rows=facts.get("rows"),
        attempts=facts.get("attempts"),
        failed=facts.get("failed", {}),
    )


def _json(path: Path) -> dict[str, Any] | None:
    """An object in a file; None where there is none."""
    try:
        plain = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return plain if isinstance(plain, dict) else None

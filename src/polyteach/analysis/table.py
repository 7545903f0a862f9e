"""The table that analyses read: one row a cell and base, with named values that may be missing.

It can be filled from `results.json` or by hand, from any published table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import fsum, isfinite, log, log1p
from typing import Any, Literal

from polyteach.scoring.pg_score import COMPONENTS

By = Literal["teacher", "language", "base"]

_Z_PARTS = tuple(name for name, _ in COMPONENTS)
PAPER_SIX = (
    *("prompt_diversity", "response_diversity", "fluency", "rubric"),
    *("prompt_length", "response_length"),
)
"""The six intrinsic metrics of the paper's analysis; perplexity enters as fluency."""
CLAIM = ("prompt_diversity", "response_length", "fluency")
"""What the paper says foretells a teacher's worth: prompt diversity, length and fluency."""


@dataclass(frozen=True, slots=True)
class Column:
    """What a value is.

    Attributes:
        definition: in words.
        parts: the measured values it was computed from; empty where it was measured itself.
    """

    definition: str = ""
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A teacher's cell, for one base.

    Attributes:
        base: empty for values that no student is needed for.
        values: by column; None, or absent, where undefined.
        reasons: why, by column.
    """

    teacher: str
    language: str
    base: str
    values: Mapping[str, float | None]
    reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        """Teacher, language, base."""
        return self.teacher, self.language, self.base

    def value(self, name: str) -> float | None:
        """A value; None where it is undefined, absent, or no finite number."""
        found = self.values.get(name)
        return found if found is not None and isfinite(found) else None

    def missing(self, names: Iterable[str]) -> str | None:
        """Why the row lacks the first of these values that it lacks; None where it has all."""
        for name in names:
            if self.value(name) is None:
                odd = None if self.values.get(name) is None else "not a finite number"
                reason = odd or self.reasons.get(name)
                return f"no {name}: {reason}" if reason else f"no {name}"
        return None

    def numbers(self, names: Iterable[str]) -> list[float]:
        """Values that are all there.

        Raises:
            ValueError: one is not; `Table.complete` selects the rows that have all.
        """
        wanted = list(names)
        known = [value for name in wanted if (value := self.value(name)) is not None]
        if len(known) < len(wanted):
            raise ValueError(f"{self.key}: {self.missing(wanted)}")
        return known


@dataclass(frozen=True, slots=True)
class Table:
    """Cells and what is known of them.

    Attributes:
        rows: in the study's order; keys are unique.
        columns: what the values are; a column that is not described was measured itself.
        families: of teachers, by name; absent where nobody said.
        base_families: of bases, likewise.
    """

    rows: tuple[Row, ...]
    columns: Mapping[str, Column] = field(default_factory=dict)
    families: Mapping[str, str] = field(default_factory=dict)
    base_families: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        twice = [key for key, count in Counter(row.key for row in self.rows).items() if count > 1]
        if twice:
            raise ValueError(f"rows occur twice: {twice}")

    def names(self, by: By) -> list[str]:
        """The teachers, languages or bases, in order of appearance."""
        return list(dict.fromkeys(getattr(row, by) for row in self.rows))

    def parts(self, name: str) -> frozenset[str]:
        """The measured values behind a column."""
        column = self.columns.get(name)
        return frozenset(column.parts) if column and column.parts else frozenset({name})

    def column(self, name: str) -> list[float | None]:
        """One value of every row."""
        return [row.value(name) for row in self.rows]

    def complete(self, names: Sequence[str]) -> Selection:
        """The rows that have all these values; the others counted by reason."""
        kept = tuple(row for row in self.rows if row.missing(names) is None)
        dropped = Counter(reason for row in self.rows if (reason := row.missing(names)))
        return Selection(replace(self, rows=kept), dict(sorted(dropped.items())))

    def group(self, by: By) -> dict[str, Table]:
        """A table for each teacher, language or base, in order of appearance."""
        return {name: self.where(by, name) for name in self.names(by)}

    def where(self, by: By, name: str) -> Table:
        """The rows of one teacher, language or base."""
        return replace(self, rows=tuple(row for row in self.rows if getattr(row, by) == name))

    def with_column(
        self, name: str, value: Callable[[Row], float | None], definition: str, parts: Sequence[str] = ()
    ) -> Table:
        """The table with one value more for every row, or another in its place.

        Where it has none, the reason is that of a part it lacks.
        """
        rows = []
        for row in self.rows:
            found = value(row)
            reasons = {n: r for n, r in row.reasons.items() if n != name}
            lacking = [reasons[part] for part in parts if part in reasons]
            if found is None and lacking:
                reasons[name] = lacking[0]
            rows.append(replace(row, values={**row.values, name: found}, reasons=reasons))
        column = Column(definition, tuple(parts))
        return replace(self, rows=tuple(rows), columns={**self.columns, name: column})

    def over_bases(self) -> Table:
        """One row a cell: each value's mean over the bases, missing where a base lacks it.

        Metrics of data are the same for all bases, so their mean is the value itself.
        """
        bases = self.names("base")
        cells: dict[tuple[str, str], list[Row]] = {}
        for row in self.rows:
            cells.setdefault((row.teacher, row.language), []).append(row)
        rows = tuple(_mean_row(rows, len(bases)) for rows in cells.values())
        return replace(self, rows=rows)


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows chosen from a table, and how many were not, by reason."""

    table: Table
    dropped: Mapping[str, int]

    @property
    def n(self) -> int:
        """How many rows were chosen."""
        return len(self.table.rows)

    def numbers(self, name: str) -> list[float]:
        """One value of every chosen row."""
        return [row.numbers([name])[0] for row in self.table.rows]

    def labels(self, by: By) -> list[str]:
        """The teacher, language or base of every chosen row."""
        return [getattr(row, by) for row in self.table.rows]


def from_results(results: Mapping[str, Any]) -> Table:
    """The table of a study, as `results.json` has it (`docs/results.md`).

    Columns: every intrinsic metric under its name; `fluency`, -log(1 + perplexity); `quality` and
    `quality:METRIC`, between corrupted and human data; `gain`, `gain:BENCHMARK`, `score:BENCHMARK`; `pgr`;
    every PG-Score and intrinsic z under its name; `log_parameters`, the natural log of a teacher's parameters
    in billions.
    """
    counting = {(a["language"], a["base"], a["benchmark"]) for a in results["anchors"] if a["counts"]}
    size = {entry["teacher"]: entry["parameters"] for entry in results["leaderboard"]}
    families = {e["teacher"]: e["family"] for e in results["leaderboard"] if e["family"]}
    bases = results["study"].get("bases", [])
    columns: dict[str, Column] = {}
    rows = []
    for cell in results["cells"]:
        figures = _figures(cell)
        counted = [b for b in cell["benchmarks"] if (cell["language"], cell["base"], b) in counting]
        for name, figure in figures.items():
            parts = set(columns[name].parts) if name in columns else set()
            parts.update(_parts(name, cell, counted))
            columns[name] = Column(figure["definition"], tuple(sorted(parts)))
        values = {name: figure["value"] for name, figure in figures.items()}
        reasons = {name: figure["reason"] for name, figure in figures.items() if figure.get("reason")}
        parameters = size.get(cell["teacher"])
        values["log_parameters"] = log(parameters / 1e9) if parameters else None
        rows.append(Row(cell["teacher"], cell["language"], cell["base"], values, reasons))
    columns["log_parameters"] = Column("natural log of the teacher's parameters in billions")
    table = Table(
        tuple(rows), columns, families, {base["name"]: base["family"] for base in bases if base.get("family")}
    )
    return with_fluency(table)


def with_fluency(table: Table) -> Table:
    """Adds `fluency` = -log(1 + perplexity), the form in which perplexity enters Eq. 1."""

    def fluency(row: Row) -> float | None:
        perplexity = row.value("perplexity")
        return None if perplexity is None else -log1p(perplexity)

    return table.with_column("fluency", fluency, "-log(1 + perplexity), as in Eq. 1", ("perplexity",))


def _figures(cell: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {
        **cell["metrics"],
        **cell["scores"],
        "gain": cell["gain"],
        "pgr": cell["pgr"]["mean"],
        "quality": cell["quality"],
        **{f"quality:{name}": figure for name, figure in cell["qualities"].items()},
        **{f"gain:{name}": figure for name, figure in cell["gains"].items()},
        **{f"score:{name}": figure for name, figure in cell["benchmarks"].items()},
    }


def _parts(name: str, cell: Mapping[str, Any], counted: Sequence[str]) -> list[str]:
    """What a value of a cell was computed from; nothing where it was measured."""
    if name in cell["metrics"] or name.startswith("score:"):
        return []
    if name.startswith("quality:"):
        return [name.removeprefix("quality:")]
    if name.startswith("gain:"):
        return [name.replace("gain:", "score:", 1)]
    scores = [f"score:{benchmark}" for benchmark in counted]
    if name in ("gain", "pgr"):
        return scores
    if name.startswith("intrinsic"):
        return list(_Z_PARTS)
    if name == "quality":
        return list(cell["qualities"])
    if name == "robust":
        return [*scores, *cell["qualities"]]
    return [*scores, *_Z_PARTS]


def _mean_row(rows: Sequence[Row], bases: int) -> Row:
    names = dict.fromkeys(name for row in rows for name in row.values)
    values: dict[str, float | None] = {}
    reasons: dict[str, str] = {}
    for name in names:
        known = [value for row in rows if (value := row.value(name)) is not None]
        if len(known) == bases:
            values[name] = known[0] if len(set(known)) == 1 else fsum(known) / bases
        else:
            values[name] = None
            why = [row.reasons[name] for row in rows if name in row.reasons]
            if why or bases > 1:
                reasons[name] = why[0] if why else f"{bases - len(known)} of {bases} bases lack it"
    return Row(rows[0].teacher, rows[0].language, "", values, reasons)

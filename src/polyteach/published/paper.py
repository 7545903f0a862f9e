"""The numbers of the paper and of its released files, as they were published.

*Printed* is what the paper shows, rounded; *released* is what its authors' repository holds. Where the two
differ, both are kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
CITATION = (
    "Miranda, L. J. V., Vulić, I., Korhonen, A.: Polyglot Teachers: Evaluating Language Models for "
    "Multilingual Synthetic Data Generation. arXiv 2604.11290 (2026)"
)
RELEASED = "github.com/ljvmiranda921/polyglot-teachers at deddec52ec6f"
BASE = "OLMo 3 7B"
METRICS = ("prompt_diversity", "response_diversity", "perplexity", "rubric")


@dataclass(frozen=True, slots=True)
class Teacher:
    """A teacher.

    Attributes:
        billions: parameters as the released analysis takes them; None where unknown.
        billions_printed: parameters as Table 7 prints them.
        benchmark_mean: its own mean over benchmarks in de, es, ja (released); None where not examined.
    """

    name: str
    family: str
    billions: float | None
    billions_printed: float | None
    benchmark_mean: float | None


@dataclass(frozen=True, slots=True)
class Language:
    """A language: its share of CommonCrawl in percent, and how many benchmarks its students took."""

    code: str
    commoncrawl: float
    commoncrawl_printed: float
    benchmarks: int


@dataclass(frozen=True, slots=True)
class Cell:
    """A student's released figures: one base, language and teacher.

    Attributes:
        result: mean over its benchmarks, 0 to 1.
        se: of the result, as released; None for OLMo 3 7B, whose file has none (Table 13 prints them).
        z: mean z-score of its data's metrics.
        pgr: performance gap recovered.
        pg_score: the PG-Score.
    """

    base: str
    language: str
    teacher: str
    result: float
    z: float
    pgr: float
    pg_score: float
    se: float | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """A student of one teacher whose data were made in one way, or in one number."""

    way: str
    language: str
    result: float
    se: float
    pg_score: float
    rows: int | None = None
    z: float | None = None
    pgr: float | None = None


@dataclass(frozen=True, slots=True)
class Components:
    """The released principal component analysis and the regression on it (Table 4, Figures 3 and 4)."""

    metrics: tuple[str, ...]
    shares: tuple[float, ...]
    weights: tuple[tuple[float, ...], ...]
    coefficients: tuple[float, ...]
    intercept: float
    printed: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the Tagalog recipe: FilBench's four categories in points, the score stated, tasks in 0..1."""

    name: str
    student_billions: float
    stated: float
    categories: Mapping[str, float]
    tasks: Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True)
class Paper:
    """All numbers.

    Attributes:
        metrics: the four printed metrics of Table 11, by (language, teacher).
        cells: released figures by (base, language, teacher); OLMo 3 7B has all languages, the others three.
        printed_cells: Table 1's and Table 12's figures (`pg_score`, `pgr`) by (language, teacher).
        scale: one teacher's students by number of rows (Figure 5).
        translation: one teacher's students by who translated (Figure 6).
        tables: the further printed tables and figures, by id.
        sources: where each file of numbers comes from.
    """

    teachers: tuple[Teacher, ...]
    languages: tuple[Language, ...]
    metrics: Mapping[tuple[str, str], Mapping[str, float]]
    cells: Mapping[tuple[str, str, str], Cell]
    printed_cells: Mapping[tuple[str, str], Mapping[str, float]]
    components: Components
    scale: tuple[Variant, ...]
    translation: tuple[Variant, ...]
    tagalog: tuple[Step, ...]
    seed_rows: Mapping[str, Any]
    tables: Mapping[str, Any]
    sources: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """The teachers' names, in the order of Table 1."""
        return tuple(teacher.name for teacher in self.teachers)

    @property
    def codes(self) -> tuple[str, ...]:
        """The languages' codes."""
        return tuple(language.code for language in self.languages)

    @property
    def bases(self) -> tuple[str, ...]:
        """The student bases whose cells were released."""
        return tuple(dict.fromkeys(base for base, _, _ in self.cells))

    def languages_of(self, base: str) -> tuple[str, ...]:
        """The languages in which a base has students."""
        return tuple(dict.fromkeys(language for b, language, _ in self.cells if b == base))

    def group(self, base: str, language: str) -> dict[str, Cell]:
        """The cells of one base and language, by teacher."""
        return {name: cell for (b, code, name), cell in self.cells.items() if b == base and code == language}

    def of_base(self, base: str) -> list[Cell]:
        """All cells of one base."""
        return [cell for cell in self.cells.values() if cell.base == base]


@cache
def read_paper() -> Paper:
    """The numbers carried with the package."""
    study, cells, others = _read("study"), _read("cells"), _read("other_bases")
    scale, translation, tagalog = _read("scale"), _read("translation"), _read("tagalog")
    components, tables = _read("components"), _read("tables")
    rows = {
        (language, teacher): dict(zip(cells["columns"], row, strict=True))
        for language, own in cells["rows"].items()
        for teacher, row in own.items()
    }
    released = {
        (BASE, language, teacher): Cell(
            BASE, language, teacher, row["result"], row["z"], row["pgr"], row["pg_score"]
        )
        for (language, teacher), row in rows.items()
    }
    for base, by_language in others["rows"].items():
        for language, own in by_language.items():
            for teacher, row in own.items():
                named = dict(zip(others["columns"], row, strict=True))
                released[base, language, teacher] = Cell(base, language, teacher, **named)
    return Paper(
        teachers=tuple(
            Teacher(
                one["name"],
                one["family"],
                one["billions_released"],
                one["billions_printed"],
                one["benchmark_mean"],
            )
            for one in study["teachers"]
        ),
        languages=tuple(
            Language(one["code"], one["commoncrawl_released"], one["commoncrawl_printed"], one["benchmarks"])
            for one in study["languages"]
        ),
        metrics={key: {name: row[name] for name in METRICS} for key, row in rows.items()},
        cells=released,
        printed_cells={
            key: {"pg_score": row["pg_score_printed"], "pgr": row["pgr_printed"]} for key, row in rows.items()
        },
        components=Components(
            tuple(components["metrics"]),
            tuple(components["shares"]),
            tuple(tuple(row) for row in components["weights"]),
            tuple(components["coefficients"]),
            components["intercept"],
            components["printed"],
        ),
        scale=tuple(
            Variant(f"{rows_:,} rows", language, result, se, score, rows=rows_)
            for language, rows_, result, se, score in scale["rows"]
        ),
        translation=tuple(
            Variant(way, language, result, se, score, z=z, pgr=pgr)
            for way, language, result, se, z, pgr, score in translation["rows"]
        ),
        tagalog=tuple(
            Step(
                one["name"],
                one["student_billions"],
                one["stated"],
                one["categories"],
                one["tasks"],
            )
            for one in tagalog["steps"]
        ),
        seed_rows=study["seed_rows"],
        tables={
            **tables,
            "figure_6": translation["printed"],
            "table_19": tagalog["table_19"],
            "trainings": study["trainings_stated"],
        },
        sources={
            name: _read(name)["source"]
            for name in (
                "study",
                "cells",
                "other_bases",
                "components",
                "scale",
                "translation",
                "tagalog",
                "tables",
            )
        },
    )


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    return found

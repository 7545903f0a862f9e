"""A bundle as a teacher x language table: one line a cell, for a terminal, a spreadsheet or a program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyteach.bundles.bundle import Bundle, BundledCell
from polyteach.figures import Figure
from polyteach.files import csv_text

COLUMNS = (
    "bundle",
    "teacher",
    "language",
    "base",
    "scored_here",
    "figure",
    "value",
    "se",
    "low",
    "high",
    "n",
    "money_per_10k",
    "doubt",
    "reason",
    "definition",
)
HEADLINES = ("robust", "score", "published", "result")
"""The figure that stands for a cell: the first of these that it has and nothing is said against."""


@dataclass(frozen=True, slots=True)
class Headline:
    """The figure that stands for a cell.

    Attributes:
        name: of the figure.
        doubt: why it cannot be used as it stands; None where nothing is said against it.
    """

    name: str
    figure: Figure
    doubt: str | None


def headline(cell: BundledCell) -> Headline | None:
    """A cell's first figure of `HEADLINES`; a defined one, and one without doubts, where there is any."""
    named = [name for name in HEADLINES if name in cell.figures]
    if not named:
        return None
    name = min(named, key=lambda one: (cell.figures[one].value is None, one in cell.doubts))
    return Headline(name, cell.figures[name], cell.doubts.get(name) or cell.excluded)


def table_csv(bundles: Sequence[Bundle]) -> str:
    """All figures of all cells, a line each; undefined ones are empty and `reason` says why."""
    return csv_text(
        COLUMNS,
        (
            _line(cell, name, figure)
            for bundle in bundles
            for cell in bundle.cells
            for name, figure in cell.figures.items()
        ),
    )


def is_table(path: Path) -> bool:
    """Whether a file is a table of ours, by its first line."""
    head = ",".join(COLUMNS).encode() + b"\n"
    with path.open("rb") as file:
        return file.read(len(head)) == head


def _line(cell: BundledCell, name: str, figure: Figure) -> dict[str, Any]:
    return {
        "bundle": cell.bundle,
        "teacher": cell.teacher,
        "language": cell.language,
        "base": cell.base,
        "scored_here": str(cell.scored and cell.base is not None).lower(),
        "figure": name,
        **{key: getattr(figure, key) for key in ("value", "se", "low", "high", "n")},
        "money_per_10k": cell.money_per_10k,
        "doubt": cell.doubts.get(name) or cell.excluded,
        "reason": figure.reason,
        "definition": figure.definition,
    }

"""Table 13, the standard errors, and what the released ones are made of.

M-RewardBench gives one value again and again in Arabic (see `constant_benchmark`). Where a student has it,
its accuracy on Global-MMLU-Lite (400 items) follows from its mean result, and with it the standard error that
400 items have.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from polyteach.published.comparing import Entry, Recomputed
from polyteach.published.constant_benchmark import ITEMS, constant_cells, constant_value
from polyteach.published.paper import Paper

FOUR = 0.0001


@dataclass(frozen=True, slots=True)
class ErrorCheck:
    """Whether released standard errors are the mean of two benchmarks' errors over items.

    Attributes:
        cells: students whose accuracy on Global-MMLU-Lite is known.
        other: the standard error of M-RewardBench that fits best, the same for all.
        largest: the largest difference of (error of 400 items + other) / 2 from the released one.
    """

    cells: int
    other: float
    largest: float


def check_errors(paper: Paper, language: str = "ar") -> ErrorCheck | None:
    """The check in one language of two benchmarks; None where no student has the constant value."""
    value = constant_value(paper, language)
    cells = [cell for cell in constant_cells(paper, language) if cell.se is not None]
    if value is None or not cells:
        return None
    own = []
    for cell in cells:
        accuracy = round((2 * cell.result - value) * ITEMS) / ITEMS
        own.append(sqrt(accuracy * (1 - accuracy) / (ITEMS - 1)))
    rest = [2 * cell.se - error for cell, error in zip(cells, own, strict=True) if cell.se is not None]
    other = sum(rest) / len(rest)
    return ErrorCheck(len(cells), other, max(abs(value - other) / 2 for value in rest))


def table_13(paper: Paper) -> Recomputed:
    """Standard errors, said to be over three trials."""
    entries = [
        Entry(f"{teacher}, {language}", None, printed, FOUR)
        for language, row in paper.tables["table_13"].items()
        for teacher, printed in row.items()
    ]
    check = check_errors(paper)
    said = (
        f"For the other bases, {check.cells} released standard errors can be taken apart: each is, to ten "
        "digits, the plain mean of the two benchmarks' standard errors over items. They hold no variation "
        "between trials."
        if check and check.largest < 1e-9
        else None
    )
    return Recomputed(
        "table_13",
        "Standard errors of the students' mean results",
        "cited: no results of single trials were released",
        tuple(entries),
        said,
    )

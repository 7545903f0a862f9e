"""Students for which one benchmark gave the same value: it tells nothing of their teachers.

A mean result of two benchmarks is (Global-MMLU-Lite + M-RewardBench) / 2, of three a third with MGSM. Those
two count items, 400 and 250, so what is left of the sum of the scores after whole items is M-RewardBench's
own remainder, to ten digits. Different students with one remainder have one value of M-RewardBench (up to
whole items): what a model gets that always names the same answer. By chance two remainders agree once in
100,000 pairs.
"""

from __future__ import annotations

from collections import Counter

from polyteach.published.paper import Cell, Paper

ITEMS = 400
"""Items of Global-MMLU-Lite."""
_GRID = {1: None, 2: 1 / 400, 3: 1 / 2000}
"""What whole items of the other benchmarks add up to: none, 1/400, or 1/400 and 1/250."""
_SAME = 1e-8


def remainder(result: float, benchmarks: int) -> float:
    """What of the sum of a student's scores no whole items explain."""
    total, grid = benchmarks * result, _GRID[benchmarks]
    if grid is None:
        return total
    left = total % grid
    return 0.0 if grid - left < _SAME else left


def same_value(paper: Paper, language: str) -> list[list[Cell]]:
    """Groups of two or more students with one remainder in a language, over all bases; largest first."""
    benchmarks = {one.code: one.benchmarks for one in paper.languages}[language]
    cells = sorted(
        (cell for cell in paper.cells.values() if cell.language == language),
        key=lambda cell: remainder(cell.result, benchmarks),
    )
    groups: list[list[Cell]] = []
    last = None
    for cell in cells:
        here = remainder(cell.result, benchmarks)
        if last is not None and here - last < _SAME:
            groups[-1].append(cell)
        else:
            groups.append([cell])
        last = here
    return sorted((group for group in groups if len(group) > 1), key=len, reverse=True)


def constant_value(paper: Paper, language: str) -> float | None:
    """M-RewardBench's repeated value in a language of two benchmarks, where a language of it alone shows it.

    The value most students of a one-benchmark language have (Czech) is tried; None where it does not fit.
    """
    alone = [one.code for one in paper.languages if one.benchmarks == 1]
    counts = Counter(cell.result for cell in paper.cells.values() if cell.language in alone)
    if not counts:
        return None
    value = counts.most_common(1)[0][0]
    return value if _with(paper, language, value) else None


def constant_cells(paper: Paper, language: str) -> list[Cell]:
    """The students in a language of two benchmarks that have the constant value."""
    value = constant_value(paper, language)
    return [] if value is None else _with(paper, language, value)


def _with(paper: Paper, language: str, value: float) -> list[Cell]:
    found = []
    for cell in paper.cells.values():
        items = (2 * cell.result - value) * ITEMS
        if cell.language == language and abs(items - round(items)) < ITEMS * _SAME:
            found.append(cell)
    return found

"""Tables 1, 11 and 12: the main scores, over ten teachers and six languages."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from math import floor, log10

from polyteach.published.anchors import solve_all
from polyteach.published.comparing import THREE, Entry, Recomputed
from polyteach.published.paper import BASE, Paper
from polyteach.scoring.numbers import number
from polyteach.scoring.pg_score import COMPONENTS, intrinsic, published_score

Key = tuple[str, str]


def mean(values: list[float]) -> float:
    """The plain mean."""
    return sum(values) / len(values)


def mean_by_teacher(paper: Paper, values: dict[Key, float]) -> dict[str, float]:
    """Each teacher's mean over the languages of values by (language, teacher)."""
    return {
        name: mean([value for (_, teacher), value in values.items() if teacher == name])
        for name in paper.names
    }


def published_scores(paper: Paper) -> dict[Key, float]:
    """The `published` PG-Score of every cell of the main base, from its released parts."""
    return {(cell.language, cell.teacher): published_score(cell.z, cell.pgr) for cell in paper.of_base(BASE)}


def pooled_z(paper: Paper) -> dict[Key, float]:
    """The mean z-score of every cell's printed metrics, pooled over languages and teachers."""
    return z_of(paper.metrics)


def z_of(metrics: Mapping[Key, Mapping[str, float]]) -> dict[Key, float]:
    """The mean z-score of each cell, over the cells given."""
    pool: dict[Hashable, Mapping[str, float | None]] = {key: dict(own) for key, own in metrics.items()}
    found = intrinsic(pool).values
    return {key: found[key] for key in metrics}


def table_1(paper: Paper) -> Recomputed:
    """PG-Score of each teacher and language."""
    ours = published_scores(paper)
    cells = [
        Entry(f"{teacher}, {language}", ours[language, teacher], printed["pg_score"], THREE)
        for (language, teacher), printed in paper.printed_cells.items()
    ]
    means = mean_by_teacher(paper, ours)
    averages = [
        Entry(f"{teacher}, mean", means[teacher], printed, THREE)
        for teacher, printed in paper.tables["table_1_average"].items()
    ]
    return Recomputed(
        "table_1",
        "PG-Score of ten teachers in six languages, students of OLMo 3 7B",
        "(z + PGR) / 2 of the released z and PGR; mean over six languages",
        (*averages, *cells),
        "Eq. 3 as written would be the z-score of z + PGR; the released figures are half of the sum.",
    )


def table_11(paper: Paper) -> Recomputed:
    """The four metrics, through the z-scores that they give."""
    ours = pooled_z(paper)
    spread = _spreads(paper)
    entries = [
        Entry(
            f"z of {cell.teacher}, {cell.language}",
            ours[cell.language, cell.teacher],
            cell.z,
            2 * _reach(paper, (cell.language, cell.teacher), spread),
        )
        for cell in paper.of_base(BASE)
    ]
    cited = [
        Entry(f"{name} of {teacher}, {language}", None, value, 2 * _half_digit(name, value))
        for (language, teacher), values in paper.metrics.items()
        for name, value in values.items()
    ]
    return Recomputed(
        "table_11",
        "Intrinsic metrics of ten teachers in six languages, and the z-scores that they give",
        "mean of the z-scores (population SD, pooled over 60 cells) of the four printed metrics, -log(1 + "
        "perplexity) for perplexity, beside the released z",
        (*entries, *cited),
        "The metrics themselves are measurements of data, which was not released, and are cited. Their "
        f"rounding moves z by up to {number(max(entry.precision for entry in entries) / 2, 3)}, which is the "
        "precision here.",
    )


def table_12(paper: Paper) -> Recomputed:
    """PGR of each teacher and language, from mean results and the anchors that the PGRs imply."""
    anchors = solve_all(paper, BASE)
    entries = [
        Entry(
            f"{cell.teacher}, {cell.language}",
            anchors[cell.language].pgr(cell.result),
            paper.printed_cells[cell.language, cell.teacher]["pgr"],
            THREE,
        )
        for cell in paper.of_base(BASE)
    ]
    wrapped = [language for language, found in anchors.items() if not found.level_known]
    said = (
        f"In {', '.join(wrapped)} the published figures are the fractional parts of a line in the mean "
        "result (to eight digits): whole numbers are missing. Ours has them at the lowest level without a "
        "negative one; the true level may be higher by the same whole number for all teachers."
        if wrapped
        else None
    )
    return Recomputed(
        "table_12",
        "PGR of ten teachers in six languages, students of OLMo 3 7B",
        "(result - base) / (reference - base) of the released mean results; base and reference by language "
        "solved from the ten PGRs of the language",
        tuple(entries),
        said,
    )


def _spreads(paper: Paper) -> dict[str, float]:
    """Population SD of each component as it enters z."""
    import numpy as np

    return {
        name: float(np.std([transform(values[name]) for values in paper.metrics.values()]))
        for name, transform in COMPONENTS
    }


def _reach(paper: Paper, key: Key, spread: dict[str, float]) -> float:
    """How far the rounding of a cell's own printed metrics can move its z."""
    values = paper.metrics[key]
    moves = {
        name: transform(values[name] + _half_digit(name, values[name])) - transform(values[name])
        for name, transform in COMPONENTS
    }
    return sum(abs(moves[name]) / spread[name] for name in spread) / len(spread)


def _half_digit(metric: str, value: float) -> float:
    """Half a unit of the last printed digit.

    Diversity and rubric are printed to .001; perplexity to .01, above 100 to 1, above 1,000 to two digits.
    """
    if metric != "perplexity":
        return THREE / 2
    return 10 ** floor(log10(value)) / 20 if value >= 1_000 else 0.5 if value >= 100 else 0.005

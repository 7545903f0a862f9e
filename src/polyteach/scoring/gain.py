"""Gain: what a student learned, as a share of what could be learned above chance.

g = (student - base) / (1 - chance) per benchmark. Unlike PGR it divides by nothing that is measured, so it is
always defined. A cell's gain is the mean over the benchmarks that count; a teacher's is the mean over bases,
then languages, and only where the teacher is complete on all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import fsum

from polyteach.scoring.anchors import Anchor
from polyteach.scoring.intervals import Estimate, TrialSpread, combine, item_mean, mean_of, pooled_spread
from polyteach.scoring.records import Cluster, Exam

DEFINITION = "gain g = (student - base) / (1 - chance)"
CELL_DEFINITION = f"{DEFINITION}, mean over the benchmarks that count"
TEACHER_DEFINITION = f"{CELL_DEFINITION}, then over bases, then over languages"


@dataclass(frozen=True, slots=True)
class CellEstimate:
    """A quantity of one cell.

    Attributes:
        per_trial: the same quantity for each trial alone, by trial.
        answer_noise: how much of the variance between trials is the noise of single answers.
    """

    estimate: Estimate
    per_trial: Mapping[int, float]
    answer_noise: float = 0.0


@dataclass(frozen=True, slots=True)
class ItemValues:
    """A value of each answer, averaged two ways.

    Attributes:
        by_item: mean over trials.
        by_trial: mean over items.
        cluster_of: of each item.
        answer_noise: variance of a trial's mean that the noise of single answers explains: the mean over
            items of the variance between trials, divided by the items. 0 with one trial.
        unit: what one right answer more is worth.
    """

    by_item: Mapping[str, float]
    by_trial: Mapping[int, float]
    cluster_of: Mapping[str, Cluster]
    answer_noise: float
    unit: float = 1.0

    def cell(self) -> CellEstimate | None:
        """The mean over items; None without any."""
        if not self.by_item:
            return None
        estimate = item_mean(self.by_item, self.cluster_of, len(self.by_trial))
        return CellEstimate(replace(estimate, unit=self.unit), self.by_trial, self.answer_noise)


def item_values(trials: Mapping[int, Exam], value: Callable[[str, float], float | None]) -> ItemValues:
    """Averages a value of each answer over trials and over items.

    Args:
        trials: one student's exams on one benchmark, by trial.
        value: from an item id and its score; None where the item cannot be used.
    """
    by_item: dict[str, list[float]] = {}
    by_trial: dict[int, float] = {}
    cluster_of: dict[str, Cluster] = {}
    for trial, exam in sorted(trials.items()):
        kept = {item: v for item, score in exam.by_item.items() if (v := value(item, score)) is not None}
        for item, v in kept.items():
            by_item.setdefault(item, []).append(v)
        cluster_of |= exam.cluster_of
        if kept:
            by_trial[trial] = fsum(kept.values()) / len(kept)
    means = {item: fsum(vs) / len(vs) for item, vs in by_item.items()}
    variances = [
        fsum((v - means[item]) ** 2 for v in vs) / (len(vs) - 1)
        for item, vs in by_item.items()
        if len(vs) > 1
    ]
    noise = fsum(variances) / len(variances) ** 2 if variances else 0.0
    return ItemValues(means, by_trial, cluster_of, noise)


def benchmark_score(trials: Mapping[int, Exam]) -> CellEstimate | None:
    """A student's mean score on one benchmark; None where no item was scored."""
    return item_values(trials, lambda _, score: score).cell()


def benchmark_gain(trials: Mapping[int, Exam], base: Exam) -> CellEstimate | None:
    """A student's gain on one benchmark over the items its base was scored on too; None without any."""
    below, room = base.by_item, 1 - base.chance
    values = item_values(trials, lambda item, score: (score - below[item]) / room if item in below else None)
    return replace(values, unit=1 / room).cell()


def scaled(cell: CellEstimate, factor: float) -> CellEstimate:
    """A quantity of a cell times a constant, with its error."""
    return CellEstimate(
        replace(combine([(factor, cell.estimate)]), trial_load=cell.estimate.trial_load),
        {trial: factor * value for trial, value in cell.per_trial.items()},
        factor**2 * cell.answer_noise,
    )


def cell_mean(parts: Sequence[CellEstimate]) -> CellEstimate:
    """The mean of a cell's quantity over benchmarks; a trial enters only with all of its benchmarks."""
    shared = [trial for trial in parts[0].per_trial if all(trial in part.per_trial for part in parts)]
    per_trial = {t: fsum(part.per_trial[t] for part in parts) / len(parts) for t in shared}
    noise = fsum(part.answer_noise for part in parts) / len(parts) ** 2
    return CellEstimate(mean_of([part.estimate for part in parts], same_trials=True), per_trial, noise)


def spread_of(cells: Iterable[CellEstimate]) -> TrialSpread | None:
    """The trial variance of a quantity, pooled over its cells."""
    known = list(cells)
    return pooled_spread(
        [list(cell.per_trial.values()) for cell in known], [cell.answer_noise for cell in known]
    )


def counting(anchors: Iterable[Anchor]) -> dict[tuple[str, str], list[str]]:
    """The benchmarks that count, by base and language; pairs without any are absent."""
    benchmarks: dict[tuple[str, str], list[str]] = {}
    for anchor in anchors:
        if anchor.counts:
            benchmarks.setdefault((anchor.base, anchor.language), []).append(anchor.benchmark)
    return benchmarks

"""Estimates that know their error: over items, clustered; over trials, pooled; over examples of the data.

An estimate is a mean over items and trials. Items that ask the same thing (in other words, as another
benchmark, in another language) are one cluster: who knows one of them mostly knows all. The error over items
is kept as an *influence* per cluster: how much that cluster moves the value. Means and differences of
estimates add influences cluster by cluster, so whatever shares one (students of several teachers, trials,
bases, benchmarks, parallel languages) stays paired without a special case. The error over trials is
independent between students; its variance is pooled over cells, because three trials say next to nothing
about their own spread.

The error over examples (rows of a teacher's data, of the gate's human and corrupted data) enters through
intrinsic metrics alone. It is kept by source, so that what teachers share, the gate's anchors, cancels from
their differences as far as it is shared.

A trial repeats the student's training, on rows drawn anew from one synthesis. The synthesis is never
repeated: what would change if a teacher wrote its data once more is in no interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import fsum, inf, sqrt

from polyteach.figures import Figure
from polyteach.scoring.records import Cluster

LEVEL = 0.95
SCORES = (0.0, 1.0)
"""What a mean score cannot leave."""
MANY = 1e6  # degrees of freedom beyond which t is the normal distribution
OVER_TRIALS = (
    "95% interval over items, clustered by what they ask, and over trials of training on one synthesis "
    "of the data"
)
OVER_ITEMS = "95% interval over items only, clustered by what they ask: one trial, one synthesis of the data"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value, and what its error is made of.

    Attributes:
        influence: by cluster; the variance over items is the sum of their squares.
        trial_load: the variance over trials is this times that of one trial (1/R for one cell of R trials).
        n: items the value is over, counted once for every exam they were asked in.
        examples: standard errors over examples, by source; sources are independent of each other.
        unit: how much of the value one right answer more on every item would be; no error is below what one
            cluster weighs, unit / G.
    """

    value: float
    influence: Mapping[Cluster, float]
    trial_load: float
    n: int
    examples: Mapping[str, float] = field(default_factory=dict)
    unit: float = 1.0

    @property
    def extremes(self) -> tuple[float, float]:
        """What a difference of scores from 0 to 1 cannot leave: every answer wrong, every answer right."""
        return -self.unit, self.unit

    @property
    def item_variance(self) -> float:
        """Variance of the value over samples of clusters of items."""
        return fsum(u * u for u in self.influence.values())

    @property
    def example_variance(self) -> float:
        """Variance of the value over samples of examples."""
        return fsum(e * e for e in self.examples.values())


@dataclass(frozen=True, slots=True)
class TrialSpread:
    """Variance of one trial's value, pooled over cells; `freedom` is its degrees of freedom."""

    variance: float
    freedom: int


@dataclass(frozen=True, slots=True)
class Interval:
    """Standard error and the bounds of a two-sided 95% interval."""

    se: float
    low: float
    high: float


def item_mean(values: Mapping[str, float], cluster_of: Mapping[str, Cluster], trials: int) -> Estimate:
    """The mean of one value per item, each already averaged over `trials` trials.

    A cluster's influence is the sum of its items' deviations from the mean, over n; it carries G/(G-1) for G
    clusters, so that with one item each the standard error is the usual sd / sqrt(n).

    Args:
        values: by item.
        cluster_of: of each item.
        trials: see above.

    Raises:
        ValueError: no items.
    """
    n = len(values)
    if n == 0:
        raise ValueError("a mean over no items")
    mean = fsum(values.values()) / n
    deviations: dict[Cluster, list[float]] = {}
    for item, value in values.items():
        deviations.setdefault(cluster_of[item], []).append(value - mean)
    count = len(deviations)
    scale = sqrt(count / (count - 1)) / n if count > 1 else 0.0
    influence = {cluster: scale * fsum(parts) for cluster, parts in deviations.items()}
    return Estimate(mean, influence, 1 / trials, n)


def combine(parts: Sequence[tuple[float, Estimate]]) -> Estimate:
    """The weighted sum of estimates whose trials are independent; clusters and sources may be shared."""
    units = [weight * part.unit for weight, part in parts]
    return Estimate(
        value=fsum(weight * part.value for weight, part in parts),
        influence=_weighted([(weight, part.influence) for weight, part in parts]),
        trial_load=fsum(weight * weight * part.trial_load for weight, part in parts),
        n=sum(part.n for _, part in parts),
        examples=_weighted([(weight, part.examples) for weight, part in parts]),
        unit=max(fsum(u for u in units if u > 0), -fsum(u for u in units if u < 0)),
    )


def _weighted(parts: Sequence[tuple[float, Mapping[str, float]]]) -> dict[str, float]:
    sums: dict[str, list[float]] = {}
    for weight, values in parts:
        for key, value in values.items():
            sums.setdefault(key, []).append(weight * value)
    return {key: fsum(values) for key, values in sums.items()}


def mean_of(parts: Sequence[Estimate], *, same_trials: bool = False) -> Estimate:
    """The plain mean of estimates.

    Args:
        parts: at least one.
        same_trials: the parts are of one student (its benchmarks), so its trials do not average out; the
            variance of a trial must then be taken from the means, see `pooled_spread`.
    """
    combined = combine([(1 / len(parts), part) for part in parts])
    if not same_trials:
        return combined
    load = max(part.trial_load for part in parts)
    return replace(combined, trial_load=load)


def pooled_spread(
    cells: Sequence[Sequence[float]], answer_noise: Sequence[float] | None = None
) -> TrialSpread | None:
    """Pools the variance between trials over cells; None where no cell has two trials.

    Args:
        cells: the value of each trial, by cell.
        answer_noise: by cell, what of that variance is the noise of single answers. The error over items
            holds it already, so it is taken off (not below zero), lest it be counted twice.
    """
    squares: list[float] = []
    noise: list[float] = []
    freedom = 0
    for values, known in zip(cells, answer_noise or [0.0] * len(cells), strict=True):
        mean = fsum(values) / len(values) if values else 0.0
        squares.extend((value - mean) ** 2 for value in values)
        noise.append(known * max(len(values) - 1, 0))
        freedom += max(len(values) - 1, 0)
    if not freedom:
        return None
    return TrialSpread(max((fsum(squares) - fsum(noise)) / freedom, 0.0), freedom)


def standard_error(estimate: Estimate, spread: TrialSpread | None) -> tuple[float, float]:
    """Standard error and its degrees of freedom (clusters - 1; with trials or examples, Satterthwaite).

    Examples are hundreds of rows, so their part is taken as known. The error is never less than what one
    cluster weighs: data without spread is no evidence of precision.
    """
    items = estimate.item_variance
    trials = spread.variance * estimate.trial_load if spread else 0.0
    total = items + trials + estimate.example_variance
    item_freedom = max(len(estimate.influence) - 1, 1)
    loose = items**2 / item_freedom + (trials**2 / spread.freedom if spread else 0.0)
    freedom = float(item_freedom)
    if total > 0:
        freedom = min(total**2 / loose, MANY) if loose > 0 else MANY
    floor = estimate.unit / max(len(estimate.influence), 1)
    return max(sqrt(total), floor), freedom


def interval(
    estimate: Estimate, spread: TrialSpread | None, within: tuple[float, float] = (-inf, inf)
) -> Interval:
    """The 95% t-interval of an estimate; over items alone where there is no spread of trials.

    Args:
        estimate: of a mean.
        spread: of trials.
        within: the least and the most that the value can be; bounds are clipped to them.
    """
    from scipy.special import stdtrit  # inside: the command line imports the steps, and half a second is long

    se, freedom = standard_error(estimate, spread)
    reach = float(stdtrit(freedom, (1 + LEVEL) / 2)) * se
    least, most = within
    return Interval(se, max(estimate.value - reach, least), min(estimate.value + reach, most))


def figure_of(
    estimate: Estimate,
    spread: TrialSpread | None,
    definition: str,
    unscored: Mapping[str, int] | None = None,
    within: tuple[float, float] = (-inf, inf),
) -> Figure:
    """An estimate as a figure whose definition says what its interval is over; see `interval`."""
    bounds = interval(estimate, spread, within)
    return Figure(
        value=estimate.value,
        definition=f"{definition}; {OVER_TRIALS if spread else OVER_ITEMS}",
        n=estimate.n,
        se=bounds.se,
        low=bounds.low,
        high=bounds.high,
        unscored=unscored or {},
    )

"""How evidence of unequal worth becomes one ranking: a precision-weighted mean with each source's own spread.

A teacher's *standing* in a language is how far its score lies from the mean teacher's, in standard deviations
of teachers. Before any evidence all standings are 0 with variance 1. A source s says x_sk of teacher k:

    (x_sk - level_s) / unit_s = standing_k + error,   Var(error) = spread_s^2 + (se_sk / unit_s)^2 = 1 / w_sk

unit_s: standard deviation of x_s over its teachers, or its mean error where that is larger: a source that
saw nothing but noise is not stretched. level_s is free, so a source only says how its own teachers differ,
and one teacher alone says nothing. spread_s: what the source says of other things than students' gains in
this language. It follows from the correlation r with these (`priors.yaml`): spread^2 = 1 / r^2 - 1; r of 0
or below is no weight. Then, with W_s the diagonal matrix of weights,

    precision = I + sum_s (W_s - w_s w_s' / sum(w_s)),   mean = precision^-1 sum_s (W_s z_s less its level)

For two teachers and one source with both: the difference has precision 1/2 + 1 / (1/w_1 + 1/w_2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf, sqrt
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from polyteach.scoring.ranks import Comparison

NORMAL_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Reading:
    """What a source says of one candidate: more is better, in the source's own unit; its standard error."""

    value: float
    se: float = 0.0


@dataclass(frozen=True)
class Weighed:
    """A source as it enters the ranking.

    Attributes:
        id: short and stable; unique in one recommendation.
        readings: by candidate.
        spread: in standard deviations of teachers, beside the readings' own errors; infinite is no weight.
    """

    id: str
    readings: Mapping[str, Reading]
    spread: float

    @cached_property
    def unit(self) -> float:
        """Standard deviation of the readings (n - 1), or their root mean square error if that is larger."""
        values = [reading.value for reading in self.readings.values()]
        if len(values) < 2:
            return 0.0
        mean = sum(values) / len(values)
        variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
        errors = sum(reading.se**2 for reading in self.readings.values()) / len(values)
        return sqrt(max(variance, errors))

    @cached_property
    def weights(self) -> Mapping[str, float]:
        """Precision of each reading in standard deviations of teachers; empty where the source has no say."""
        if not self.unit or self.spread == inf:
            return {}
        found = {
            name: self.spread**2 + (reading.se / self.unit) ** 2 for name, reading in self.readings.items()
        }
        return {name: 1 / max(variance, 1e-9) for name, variance in found.items()}

    @property
    def weight(self) -> float:
        """Mean weight of its readings; what is known beforehand weighs 1."""
        return sum(self.weights.values()) / len(self.weights) if self.weights else 0.0

    def without_error(self) -> Weighed:
        """The same, were its readings measured without error."""
        exact = {name: Reading(reading.value) for name, reading in self.readings.items()}
        return Weighed(self.id, exact, self.spread)


@dataclass(frozen=True)
class Belief:
    """Standings of candidates after all evidence.

    Attributes:
        names: of the candidates, in the order of `means` and `covariance`.
    """

    names: tuple[str, ...]
    means: np.ndarray
    covariance: np.ndarray

    def mean(self, name: str) -> float:
        """A candidate's standing."""
        return float(self.means[self.names.index(name)])

    def error(self, name: str) -> float:
        """Its standard error."""
        at = self.names.index(name)
        return sqrt(float(self.covariance[at, at]))

    def difference(self, one: str, other: str) -> tuple[float, float]:
        """How far one stands above another, and the standard error."""
        i, j = self.names.index(one), self.names.index(other)
        c: Any = self.covariance
        return self.mean(one) - self.mean(other), sqrt(max(float(c[i, i] + c[j, j] - 2 * c[i, j]), 0.0))

    def ordered(self, among: Sequence[str]) -> list[str]:
        """Some candidates, best first; equal ones as they are named."""
        return sorted(among, key=lambda name: -round(self.mean(name), 12))


def spread_of(r: float) -> float:
    """The spread of a source whose readings correlate by r with what is sought; infinite at 0 or below."""
    if r <= 0:
        return inf
    return sqrt(1 / min(r, 1.0) ** 2 - 1)


def foretold_by_languages(shared: float, languages: int) -> float:
    """r of a mean over other languages with the standing in one, without noise.

    Args:
        shared: the part of the variance of standings that all languages share.
        languages: other ones; their own parts average out.
    """
    if shared <= 0:
        return 0.0
    return shared / sqrt(shared + (1 - shared) / languages)


def combine(names: Sequence[str], sources: Sequence[Weighed]) -> Belief:
    """Standings of candidates from all sources; see the module.

    Args:
        names: the candidates; readings of others are not used.
        sources: in any order.
    """
    import numpy as np

    at = {name: place for place, name in enumerate(names)}
    precision, said = np.eye(len(names)), np.zeros(len(names))
    for source in sources:
        known = [name for name in source.weights if name in at]
        if len(known) < 2:
            continue
        places = [at[name] for name in known]
        w = np.array([source.weights[name] for name in known])
        z = np.array([source.readings[name].value for name in known]) / source.unit
        precision[np.ix_(places, places)] += np.diag(w) - np.outer(w, w) / w.sum()
        said[places] += w * (z - (w @ z) / w.sum())
    covariance = np.linalg.inv(precision)
    return Belief(tuple(names), covariance @ said, covariance)


def compare(belief: Belief, among: Sequence[str]) -> Comparison:
    """Which of some candidates can be told apart, all their pairs at once (Tukey's critical value)."""
    from itertools import combinations

    from polyteach.scoring.power import critical_value
    from polyteach.scoring.ranks import Comparison

    names = tuple(among)
    if len(names) < 2:
        return Comparison(names, frozenset(), None)
    critical = critical_value(len(names), inf)
    better = set()
    for one, other in combinations(names, 2):
        gap, error = belief.difference(one, other)
        if abs(gap) > critical * error:
            better.add((one, other) if gap > 0 else (other, one))
    return Comparison(names, frozenset(better), critical)

"""How evidence of unequal worth becomes one ranking: a precision-weighted mean with each kind's own spread.

A teacher's *standing* in a language is how far its score lies from the mean teacher's, in standard deviations
of teachers. Before any evidence all standings are 0 with variance 1. A line of evidence is one source or
several of a kind, such as all screens. What such a source sees of teacher k is not its standing but

    seen_k = standing_k + e_k,   Var(e_k) = spread^2

and all sources of the line see the same. Source s of it says x_sk, with its own error:

    (x_sk - level_s) / unit_s = seen_k + error,   Var(error) = (se_sk / unit_s)^2 = 1 / w_sk

unit_s: r times the standard deviation of x_s over its teachers, since seen_k has the variance 1 + spread^2 =
1 / r^2. The errors' part of it is taken out; its mean error stands for it where that is larger: a source that
saw nothing but noise is not stretched. level_s is free, so a source only says how its own teachers differ,
and one teacher alone says nothing. spread: what the line says of other things than students' gains in this
language. It follows from the correlation r with these (`priors.yaml`): spread^2 = 1 / r^2 - 1; r of 0 or
below is no weight. More sources make their own errors smaller, and never the spread. With W_s the diagonal
matrix of w_s, a line says of what it sees

    P = sum_s (W_s - w_s w_s' / sum(w_s)),   h = sum_s (W_s z_s less its level)

and, e integrated out, of standings A P and A h with A = (I + spread^2 P)^-1. Over all lines,

    precision = I + sum A P,   mean = precision^-1 sum A h

For two teachers and one source with both the difference has precision 1/2 + 1 / (1/w_1 + 1/w_2 + 2 spread^2).
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
EXACT = 1e-6
"""Least variance of a reading, in variances of teachers; below it, a reading is as good as exact."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a source says of one candidate: more is better, in the source's own unit; its standard error.

    0 where the error is part of what the source is worth (published results, sizes), never where it is not
    known.
    """

    value: float
    se: float = 0.0


@dataclass(frozen=True)
class Scale:
    """What one source says, on a scale of its own.

    Attributes:
        readings: by candidate.
    """

    readings: Mapping[str, Reading]

    @cached_property
    def deviation(self) -> float:
        """Standard deviation of what is read: that of the readings (n - 1) less their mean square error.

        Their root mean square error where that is larger.
        """
        values = [reading.value for reading in self.readings.values()]
        if len(values) < 2:
            return 0.0
        mean = sum(values) / len(values)
        variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
        errors = sum(reading.se**2 for reading in self.readings.values()) / len(values)
        return sqrt(max(variance - errors, errors))

    def weights(self, unit: float) -> Mapping[str, float]:
        """Precision of each reading in standard deviations of teachers; empty where the source has no say."""
        if not unit:
            return {}
        return {name: 1 / max((r.se / unit) ** 2, EXACT) for name, r in self.readings.items()}

    def sharper(self, factor: float) -> Scale:
        """The same, had so many times the rows been measured."""
        return Scale({name: Reading(r.value, r.se / factor**0.5) for name, r in self.readings.items()})


@dataclass(frozen=True)
class Weighed:
    """A line of evidence as it enters the ranking.

    Attributes:
        id: short and stable; unique in one recommendation.
        scales: what each of its sources says.
        spread: in standard deviations of teachers, shared by all its sources; infinite is no weight.
    """

    id: str
    scales: tuple[Scale, ...]
    spread: float

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Candidates with a reading."""
        return tuple(dict.fromkeys(name for scale in self.scales for name in scale.readings))

    def unit(self, scale: Scale) -> float:
        """What one standard deviation of teachers is on one of its sources' scales; see the module."""
        return scale.deviation / sqrt(1 + self.spread**2)

    @cached_property
    def weights(self) -> Mapping[str, float]:
        """Precision of what all sources say of a candidate; empty where they have no say."""
        if self.spread == inf:
            return {}
        each = [scale.weights(self.unit(scale)) for scale in self.scales]
        said = {name: sum(weights.get(name, 0.0) for weights in each) for name in self.names}
        return {name: 1 / (self.spread**2 + 1 / weight) for name, weight in said.items() if weight}

    @property
    def weight(self) -> float:
        """Mean weight of its readings; what is known beforehand weighs 1."""
        return sum(self.weights.values()) / len(self.weights) if self.weights else 0.0


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


def combine(names: Sequence[str], lines: Sequence[Weighed]) -> Belief:
    """Standings of candidates from all lines of evidence; see the module.

    Args:
        names: the candidates; readings of others are not used.
        lines: in any order.
    """
    import numpy as np

    at = {name: place for place, name in enumerate(names)}
    nothing = np.eye(len(names))
    precision, said = nothing.copy(), np.zeros(len(names))
    for line in lines:
        if line.spread == inf:
            continue
        of_seen, seen = np.zeros_like(nothing), np.zeros(len(names))
        for scale in line.scales:
            unit = line.unit(scale)
            weights = scale.weights(unit)
            known = [name for name in weights if name in at]
            if len(known) < 2:
                continue
            places = [at[name] for name in known]
            w = np.array([weights[name] for name in known])
            z = np.array([scale.readings[name].value for name in known]) / unit
            of_seen[np.ix_(places, places)] += np.diag(w) - np.outer(w, w) / w.sum()
            seen[places] += w * (z - (w @ z) / w.sum())
        shared = nothing + line.spread**2 * of_seen
        of_line = np.linalg.solve(shared, of_seen)
        precision += (of_line + of_line.T) / 2
        said += np.linalg.solve(shared, seen)
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

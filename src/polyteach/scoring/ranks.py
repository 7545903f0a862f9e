"""Which teachers can be told apart, and the ranks that are still possible for each.

Ties are not transitive, so there are no groups of equals: teacher by teacher, the interval of ranks is
[1 + surely better, K - surely worse], from paired intervals that hold for all pairs at once (max-t).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import fsum

import numpy as np

from polyteach.scoring.intervals import LEVEL, Estimate, TrialSpread, combine, standard_error

DRAWS = 20_000
DEFINITION = (
    "rank interval [1 + surely better, K - surely worse] from paired 95% intervals that hold for all "
    f"pairs of teachers at once (max-t, {DRAWS} seeded draws)"
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every pair of teachers, compared.

    Attributes:
        surely_better: ordered pairs (better, worse) that can be told apart.
        critical: how many standard errors of the difference that takes; None with fewer than two teachers.
    """

    teachers: tuple[str, ...]
    surely_better: frozenset[tuple[str, str]]
    critical: float | None

    def rank_interval(self, teacher: str) -> tuple[int, int]:
        """The best and worst rank that the data allow."""
        better = sum(1 for _, worse in self.surely_better if worse == teacher)
        worse = sum(1 for best, _ in self.surely_better if best == teacher)
        return 1 + better, len(self.teachers) - worse

    def told_apart(self, one: str, other: str) -> bool:
        """Whether either is surely better than the other."""
        return (one, other) in self.surely_better or (other, one) in self.surely_better


def compare(gains: Mapping[str, Estimate], spread: TrialSpread | None, rng_seed: int) -> Comparison:
    """Compares teachers pairwise on the clusters of items they share.

    Args:
        gains: each teacher's overall gain; those without one take no part.
        spread: variance of one trial's gain in one cell, pooled; None with one trial.
        rng_seed: for the draws behind the critical value.
    """
    names = tuple(sorted(gains))  # the order teachers are named in must not move the draws
    pairs = list(combinations(range(len(names)), 2))
    if not pairs:
        return Comparison(names, frozenset(), None)
    differences = [combine([(1, gains[names[i]]), (-1, gains[names[j]])]) for i, j in pairs]
    errors = [standard_error(difference, spread) for difference in differences]
    critical = critical_value(
        covariance([gains[name] for name in names], spread),
        pairs,
        np.array([se for se, _ in errors]),
        min(freedom for _, freedom in errors),
        rng_seed,
    )
    better = set()
    for (i, j), difference, (se, _) in zip(pairs, differences, errors, strict=True):
        if abs(difference.value) > critical * se:
            better.add((names[i], names[j]) if difference.value > 0 else (names[j], names[i]))
    return Comparison(names, frozenset(better), critical)


def covariance(gains: Sequence[Estimate], spread: TrialSpread | None) -> np.ndarray:
    """Covariance of the errors: shared clusters and sources of examples off the diagonal, trials on it."""
    matrix = np.zeros((len(gains), len(gains)))
    for i, one in enumerate(gains):
        for j, other in enumerate(gains[: i + 1]):
            items = (u * other.influence.get(cluster, 0.0) for cluster, u in one.influence.items())
            examples = (e * other.examples.get(source, 0.0) for source, e in one.examples.items())
            matrix[i, j] = matrix[j, i] = fsum(items) + fsum(examples)
        if spread:
            matrix[i, i] += spread.variance * one.trial_load
    return matrix


def critical_value(
    covariance: np.ndarray,
    pairs: Sequence[tuple[int, int]],
    errors: np.ndarray,
    freedom: float,
    rng_seed: int,
    level: float = LEVEL,
) -> float:
    """The quantile of the largest |t| among pairs at a level, were all teachers equal; to four decimals.

    Never below that of a single pair: errors may stand on their floor, which the draws know nothing of. Pairs
    without any error (equal shares of quality) have no t.

    Rounding keeps the last bits of a matrix factorisation out of the results.
    """
    from scipy.special import stdtrit  # inside: the command line imports the steps

    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.clip(values, 0.0, None))
    rng = np.random.default_rng(rng_seed)
    draws = rng.standard_normal((DRAWS, len(covariance))) @ root.T
    draws /= np.sqrt(rng.chisquare(freedom, DRAWS) / freedom)[:, None]
    first, second = np.array(pairs).T
    known = errors > 0
    one_pair = float(stdtrit(freedom, (1 + level) / 2))
    if not known.any():
        return round(one_pair, 4)
    largest = np.max(np.abs(draws[:, first] - draws[:, second])[:, known] / errors[known], axis=1)
    return round(max(float(np.quantile(largest, level)), one_pair), 4)

"""How well scores of teachers agree with the truth. Arrays in, numbers out.

A score is a number, higher is better; `-inf` where a gate shut the teacher out (so it is last, and level with
all others that are), NaN where it is undefined (so nothing is claimed of it). Weights say how often a teacher
is in a sample, which is what a bootstrap over teachers needs; all are 1 in the sample itself.
"""

from __future__ import annotations

from itertools import combinations
from math import sqrt

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
"""Of the intervals that say which pairs of teachers the truth separates."""

Array = NDArray[np.float64]


def trial_variance(gains: Array) -> float:
    """The variance of one trial, pooled over teachers, of gains [teachers, trials].

    It is what is left of each gain without its teacher's mean and its trial's mean: trials are blocks, in
    which all teachers answer the same questions and students read them in the same order. Two teachers and
    two trials at least.
    """
    teachers, trials = gains.shape
    left = gains - gains.mean(axis=1, keepdims=True) - gains.mean(axis=0, keepdims=True) + gains.mean()
    return float((left**2).sum() / ((teachers - 1) * (trials - 1)))


def separated(gains: Array) -> NDArray[np.bool_]:
    """Which pairs of teachers differ by more than the error of their difference, [teachers, teachers].

    A t interval at `LEVEL` for each pair, of the pooled variance between trials. Items are those of the exam,
    the same for all: the truth is what is right on them, so they add no error. Pairs are many, and no level
    is kept over all of them: of pairs that are truly equal about 1 in 20 counts as separated.
    """
    from scipy.stats import t

    teachers, trials = gains.shape
    means = gains.mean(axis=1)
    error = sqrt(2 * trial_variance(gains) / trials)
    least = float(t.ppf((1 + LEVEL) / 2, (teachers - 1) * (trials - 1))) * error
    apart: NDArray[np.bool_] = np.abs(means[:, None] - means[None, :]) > least
    return apart


def tau(scores: Array, truth: Array, apart: NDArray[np.bool_], weights: Array) -> Array:
    """Kendall's tau over the pairs that the truth separates, for each row of weights [samples, teachers].

    (pairs in the true order - pairs in the reverse order) / separated pairs; a pair that the scores leave
    level is in the denominator only, a pair with an undefined score in neither. NaN without such pairs.
    """
    known = ~np.isnan(scores)
    counted = (apart & known[:, None] & known[None, :]).astype(float)
    with np.errstate(invalid="ignore"):
        ahead = np.sign(np.where(scores[:, None] == scores[None, :], 0.0, scores[:, None] - scores[None, :]))
    agree = np.where(counted > 0, ahead * np.sign(truth[:, None] - truth[None, :]), 0.0)
    pairs = ((weights @ counted) * weights).sum(axis=1)
    agreed = ((weights @ agree) * weights).sum(axis=1)
    found: Array = np.divide(agreed, pairs, out=np.full(len(weights), np.nan), where=pairs > 0)
    return found


def chosen(scores: Array, weights: Array) -> Array:
    """With what chance each teacher is taken, [samples, teachers]: the highest score; of equals, any.

    Rows of NaN where nobody in the sample has a score above `-inf`.
    """
    open_ = np.where(np.isfinite(scores), scores, -np.inf)
    at_hand = np.where(weights > 0, open_, -np.inf)
    best = at_hand.max(axis=1, keepdims=True)
    taken = np.where((at_hand == best) & np.isfinite(best), weights, 0.0)
    total = taken.sum(axis=1, keepdims=True)
    shares: Array = np.divide(taken, total, out=np.full(taken.shape, np.nan), where=total > 0)
    return shares


def regret(scores: Array, truth: Array, weights: Array) -> Array:
    """What is lost by taking the teacher of the highest score, in the truth's unit, by sample."""
    best = np.where(weights > 0, truth, -np.inf).max(axis=1)
    lost: Array = best - chosen(scores, weights) @ truth
    return lost


def hits(scores: Array, truth: Array, apart: NDArray[np.bool_], weights: Array) -> Array:
    """The chance that the teacher taken is one that the truth does not separate from the best, by sample."""
    best = np.where(weights > 0, truth, -np.inf).argmax(axis=1)
    share: Array = (chosen(scores, weights) * ~apart[best]).sum(axis=1)
    return share


def split_half(gains: Array) -> tuple[float, float]:
    """How well one half of the trials tells what the other half says.

    Returns:
        Pearson's r between the means of two halves, averaged over all ways to halve, then stepped up to all
        trials (Spearman and Brown): an estimate of the truth's own reliability. And Kendall's tau of one
        half's means with the other half's order, on the pairs which that other half separates: the most that
        a selector can be expected to reach against a truth of half the trials. NaN with fewer than four.
    """
    trials = gains.shape[1]
    if trials < 4:
        return float("nan"), float("nan")
    half, weights = trials // 2, np.ones((1, len(gains)))
    correlations, taus = [], []
    for first in combinations(range(2 * half), half):
        second = [trial for trial in range(2 * half) if trial not in first]
        one, other = gains[:, list(first)], gains[:, second]
        correlations.append(float(np.corrcoef(one.mean(axis=1), other.mean(axis=1))[0, 1]))
        taus.append(float(tau(one.mean(axis=1), other.mean(axis=1), separated(other), weights)[0]))
    r = float(np.mean(correlations))
    return 2 * r / (1 + r), float(np.mean(taus))


def resampled(teachers: int, samples: int, rng_seed: int) -> Array:
    """How often each teacher is in each sample of as many, drawn with replacement, [samples, teachers]."""
    rng = np.random.default_rng(rng_seed)
    return rng.multinomial(teachers, np.full(teachers, 1 / teachers), size=samples).astype(float)

"""Who leaves a race after a rung: estimates in, a decision out.

A teacher leaves where the leader is surely ahead of it by more than a margin: where the interval of the
paired difference leader - teacher lies above the margin. The intervals hold at once for all who remain (max-t
over their pairs with the leader). Nobody leaves for being second in a noisy rung, and nothing else makes a
teacher leave: no selector, no quality of its data.

Pairing. Items: two teachers' students answer the same ones, see `scoring.intervals`. rng_seeds: the students
of one trial see their rows in the same order, so what a trial adds to all teachers cancels from differences;
what is left is pooled over teachers and cells, since two or three trials say next to nothing by themselves.

How sure. The leader is whoever comes out first, so the interval of the best teacher's difference to it must
hold whoever that is. For the truly best teacher to leave, somebody must come out ahead of it by `critical`
standard errors and the margin on top: with one error for all pairs, that is less probable than half of
1 - level (Hsu's comparison with the best; Multiple Comparisons, 1996, is one-sided, this is two-sided).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum

import numpy as np

from polyteach.scoring.gain import CellEstimate
from polyteach.scoring.intervals import Estimate, Interval, TrialSpread, combine, standard_error
from polyteach.scoring.ranks import covariance, critical_value

ALPHA = 0.05
"""Chance of a false interval in a whole race; its rungs share it evenly."""
GAP_DEFINITION = (
    "gain of the leader - gain of the teacher in one rung, paired by item and rng_seed; interval that holds "
    "for all who ran the rung at once (max-t over pairs with the leader)"
)


@dataclass(frozen=True, slots=True)
class Gap:
    """How far a teacher is behind the leader of a rung: leader - teacher, in gain, and its interval."""

    value: float
    bounds: Interval


@dataclass(frozen=True, slots=True)
class Decision:
    """What a rung decides.

    Attributes:
        order: who ran it, the highest gain first; equal ones by name.
        gaps: of everybody but the leader.
        left: who leaves, in that order.
        critical: standard errors that an interval reaches to each side; None where nobody is compared.
        settled: whether the race is over: one teacher remains, or all are surely within `alike` of the first.
    """

    order: tuple[str, ...]
    gaps: Mapping[str, Gap]
    left: tuple[str, ...]
    critical: float | None
    settled: bool

    @property
    def remaining(self) -> tuple[str, ...]:
        """Who goes on, the leader first."""
        return tuple(name for name in self.order if name not in self.left)


def decide(
    gains: Mapping[str, Estimate],
    spread: TrialSpread,
    *,
    margin: float,
    alike: float,
    level: float,
    rng_seed: int,
) -> Decision:
    """Decides who leaves.

    Args:
        gains: of each teacher that ran the rung, over the same languages, bases and items; at least one.
        spread: variance of one trial in one cell, see `paired_spread`.
        margin: what a teacher must surely be behind by to leave.
        alike: how near the leader all who remain must surely be for the race to be over; at most the margin.
        level: of the intervals, all at once.
        rng_seed: of the draws behind `critical`.

    Raises:
        ValueError: no gains, or a margin below `alike`: who is as good as the leader would leave.
    """
    if not gains or margin < alike:
        raise ValueError("a decision needs a gain, and a margin within which nobody is alike")
    order = tuple(sorted(gains, key=lambda name: (-gains[name].value, name)))
    leader, others = order[0], order[1:]
    if not others:
        return Decision(order, {}, (), None, settled=True)
    differences = [combine([(1, gains[leader]), (-1, gains[name])]) for name in others]
    errors = [standard_error(difference, spread) for difference in differences]
    critical = critical_value(
        covariance([gains[name] for name in order], spread),
        [(0, at) for at in range(1, len(order))],
        np.array([se for se, _ in errors]),
        min(freedom for _, freedom in errors),
        rng_seed,
        level,
    )
    gaps = {}
    for name, difference, (se, _) in zip(others, differences, errors, strict=True):
        reach, value = critical * se, difference.value
        gaps[name] = Gap(value, Interval(se, value - reach, value + reach))
    left = tuple(name for name in others if gaps[name].bounds.low > margin)
    settled = all(gaps[name].bounds.high <= alike for name in others if name not in left)
    return Decision(order, gaps, left, critical, settled)


def paired_spread(cells: Sequence[Mapping[str, CellEstimate]]) -> TrialSpread | None:
    """The variance of a trial that matters to differences between teachers, pooled over teachers and cells.

    In each cell (a base and language) it is the interaction of teachers and trials: what is left of a trial's
    gain without its teacher's mean and without its trial's mean over teachers. Twice of it is the variance of
    a difference of two teachers in one trial. The noise of single answers is taken off, since the error over
    items holds it.

    Args:
        cells: for each base and language the gain of each teacher; only trials that all have are used.

    Returns:
        None where no cell has two teachers and two trials.
    """
    squares: list[float] = []
    noise: list[float] = []
    freedom = 0
    for cell in cells:
        shared = sorted(set.intersection(*(set(one.per_trial) for one in cell.values()))) if cell else []
        if len(cell) < 2 or len(shared) < 2:
            continue
        table = np.array([[one.per_trial[trial] for trial in shared] for one in cell.values()])
        centred = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0, keepdims=True) + table.mean()
        own = (len(cell) - 1) * (len(shared) - 1)
        squares.append(float((centred**2).sum()))
        noise.append(own * fsum(one.answer_noise for one in cell.values()) / len(cell))
        freedom += own
    if not freedom:
        return None
    return TrialSpread(max((fsum(squares) - fsum(noise)) / freedom, 0.0), freedom)

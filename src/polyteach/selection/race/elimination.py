"""Who leaves a race after a rung: estimates in, a decision out.

A teacher leaves where the leader is surely ahead of it by more than a margin: where the interval of the
paired difference leader - teacher lies above the margin. Nobody leaves for being second in a noisy rung, and
nothing else makes a teacher leave: no selector, no quality of its data.

Pairing. Items: two teachers' students answer the same ones, see `scoring.intervals`. rng_seeds: the students
of one trial see their rows in the same order, so what a trial adds to all teachers cancels from differences;
what is left is pooled over teachers and cells, since two or three trials say next to nothing by themselves.

How sure. A teacher that is truly within the margin of every other leaves with a chance of at most half of
1 - level: somebody must come out ahead of it by `critical` standard errors more than is true, and `critical`
is the max-t of one teacher's pairs with all others, to both sides, with one error for all pairs (Hsu's
comparison with the best; Multiple Comparisons, 1996). That holds for each such teacher by itself, the best
among them. The intervals do not hold all at once: the leader is whoever comes out first, luck included, so
some interval misses more often than 1 - level, the more teachers the more often.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum

import numpy as np

from polyteach.scoring.gain import CellEstimate
from polyteach.scoring.intervals import MANY, Estimate, Interval, TrialSpread, combine, standard_error
from polyteach.scoring.ranks import covariance, critical_value

ALPHA = 0.05
"""1 - level of a whole race; its rungs share it evenly."""
GAP_DEFINITION = (
    "gain of the leader - gain of the teacher in one rung, paired by item and rng_seed; interval by which a "
    "teacher truly within the margin of all others leaves with a chance of at most half of 1 - level (max-t "
    "over pairs with one teacher); not for all intervals at once, since the leader is whoever came out first"
)


@dataclass(frozen=True, slots=True)
class PairedSpread:
    """The variance of one trial that matters to differences between teachers, see `paired_spread`.

    Attributes:
        spread: without the noise of single answers; its `freedom` is that of `raw`.
        raw: with it: what was observed.
    """

    spread: TrialSpread
    raw: float


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
    paired: PairedSpread,
    *,
    margin: float,
    alike: float,
    level: float,
    rng_seed: int,
) -> Decision:
    """Decides who leaves.

    Args:
        gains: of each teacher that ran the rung, over the same languages, bases and items; at least one.
        paired: variance of one trial in one cell.
        margin: what a teacher must surely be behind by to leave.
        alike: how near the leader all who remain must surely be for the race to be over; at most the margin.
        level: of one teacher's intervals with all others, see above.
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
    errors = [_error(difference, paired) for difference in differences]
    critical = critical_value(
        covariance([gains[name] for name in order], paired.spread),
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


def _error(difference: Estimate, paired: PairedSpread) -> tuple[float, float]:
    """Standard error and its degrees of freedom, by Satterthwaite.

    What trials add is a difference, observed - noise of answers, and as uncertain as what was observed. With
    few degrees of freedom it is often nothing, by chance; so the freedom counts `raw`, lest the luck of
    training be taken as surely none.
    """
    spread = paired.spread
    se, _ = standard_error(difference, spread)
    items, load = difference.item_variance, difference.trial_load
    item_freedom = max(len(difference.influence) - 1, 1)
    loose = items**2 / item_freedom + (paired.raw * load) ** 2 / spread.freedom
    if loose == 0:
        return se, MANY
    freedom = (items + spread.variance * load) ** 2 / loose
    return se, min(max(freedom, min(item_freedom, spread.freedom)), MANY)


def lacking_trials(cells: Mapping[str, Mapping[str, CellEstimate]]) -> dict[str, str]:
    """Who lacks a trial that another teacher has in the same cell, and which: it cannot be paired.

    Args:
        cells: by the cell's name the gain of each teacher.
    """
    missing: dict[str, list[str]] = {}
    for cell, gains in cells.items():
        known = {trial for gain in gains.values() for trial in gain.per_trial}
        for name, gain in gains.items():
            missing.setdefault(name, []).extend(f"{cell}/{at}" for at in sorted(known - set(gain.per_trial)))
    return {name: f"not complete: no trial {', '.join(which)}" for name, which in missing.items() if which}


def paired_spread(cells: Sequence[Mapping[str, CellEstimate]]) -> PairedSpread | None:
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
    known = max((fsum(squares) - fsum(noise)) / freedom, 0.0)
    return PairedSpread(TrialSpread(known, freedom), fsum(squares) / freedom)

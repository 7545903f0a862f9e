"""What reviewers prefer, by teacher: the share of pairs won, and the mean mark.

Every teacher meets every other about equally often (`choosing.py`), so the plain share is fair; no model of
strengths is fitted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from polyteach.figures import Figure, undefined
from polyteach.quality.metric_result import measured_share
from polyteach.review.agreement import DRAWS, Spread, spread_of
from polyteach.review.judgements import Choice, Mark

_OVER = "95% interval: percentile bootstrap over prompts and reviewers"
_ONE = "95% interval: percentile bootstrap over prompts; one reviewer, so another's taste is in no interval"
PREFERRED = (
    "share of the pairs with a teacher's answer in which reviewers preferred it to another teacher's, ties "
    "as half; {over}, never narrower than Wilson's over the prompts ({draws} draws)"
)
MARKED = "mean mark of a teacher's answers, 1 to 5, over reviewers and answers; {over} ({draws} draws)"
_WON: Mapping[str, tuple[float, float]] = {
    "first": (1.0, 0.0),
    "second": (0.0, 1.0),
    "both_good": (0.5, 0.5),
    "both_bad": (0.5, 0.5),
}
Bounds = tuple[float | None, float | None]
Told = tuple[str, str, float]
"""Reviewer, example and value."""


def preferences(choices: Iterable[Choice], teachers: Sequence[str], rng_seed: int) -> dict[str, Figure]:
    """The share of pairs each teacher won."""
    told: dict[str, list[Told]] = {teacher: [] for teacher in teachers}
    for choice in choices:
        for (teacher, _), value in zip(choice.rows, _WON[choice.value], strict=True):
            told.setdefault(teacher, []).append((choice.reviewer, choice.example, value))
    return {name: _figure(told[name], PREFERRED, rng_seed, _widened) for name in teachers}


def mean_marks(marks: Iterable[Mark], teachers: Sequence[str], rng_seed: int) -> dict[str, Figure]:
    """The mean mark of each teacher's rows."""
    told: dict[str, list[Told]] = {teacher: [] for teacher in teachers}
    for mark in marks:
        told.setdefault(mark.row[0], []).append((mark.reviewer, mark.example, float(mark.value)))
    return {name: _figure(told[name], MARKED, rng_seed, _as_drawn) for name in teachers}


def _figure(
    told: Sequence[Told],
    definition: str,
    rng_seed: int,
    bounds: Callable[[float, float | None, float | None, Sequence[float]], Bounds],
) -> Figure:
    reviewers, examples = (sorted({one[place] for one in told}) for place in (0, 1))
    definition = definition.format(over=_OVER if len(reviewers) > 1 else _ONE, draws=DRAWS)
    if not told:
        return undefined(definition, "no reviewer judged an answer of it")
    sums, counts = np.zeros((2, len(reviewers), len(examples)))
    for reviewer, example, value in told:
        at = reviewers.index(reviewer), examples.index(example)
        sums[at] += value
        counts[at] += 1
    low, high, se = _bootstrap(sums, counts, rng_seed)
    value = float(sums.sum() / counts.sum())
    low, high = bounds(value, low, high, (sums.sum(axis=0) / counts.sum(axis=0)).tolist())
    return Figure(value, definition, n=len(told), se=se, low=low, high=high)


def _as_drawn(value: float, low: float | None, high: float | None, by_prompt: Sequence[float]) -> Bounds:
    return low, high


def _widened(value: float, low: float | None, high: float | None, by_prompt: Sequence[float]) -> Bounds:
    """Bounds of a share, no nearer than Wilson's over prompts: who won all may still lose one."""
    floor = measured_share(by_prompt, [None] * len(by_prompt), "").figure
    bounds = [bound for bound in (value, low, high, floor.low, floor.high) if bound is not None]
    return min(bounds), max(bounds)


def _bootstrap(sums: NDArray[np.float64], counts: NDArray[np.float64], rng_seed: int) -> Spread:
    """Of sum / count; reviewers x examples, both drawn with replacement. None below two examples."""
    if sums.shape[1] < 2:
        return None, None, None
    rng = np.random.default_rng(rng_seed)
    by_reviewer, by_example = (
        rng.multinomial(size, np.full(size, 1 / size), size=DRAWS).astype(float) for size in sums.shape
    )
    of_values, of_counts = (
        np.einsum("dr,re,de->d", by_reviewer, table, by_example) for table in (sums, counts)
    )
    return spread_of(of_values[of_counts > 0] / of_counts[of_counts > 0])

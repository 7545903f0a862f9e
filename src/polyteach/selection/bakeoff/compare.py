"""Selectors and controls held against the truth, cell by cell, with intervals over teachers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from polyteach.errors import UserError
from polyteach.figures import Figure, undefined
from polyteach.selection.bakeoff.controls import View, controls_of, matched, small_students
from polyteach.selection.bakeoff.measures import (
    Array,
    hits,
    regret,
    resampled,
    separated,
    split_half,
    tau,
    trial_variance,
)
from polyteach.selection.bakeoff.scores import Judgement, Work
from polyteach.selection.bakeoff.truth import Cell

SAMPLES = 2000
OVER_TEACHERS = "95% interval: percentiles over teachers drawn anew, the same ones in all cells"
TAU = (
    "Kendall's tau over the pairs of teachers whose gains differ by more than their error over trials, mean "
    f"over cells; a pair that scores leave level counts 0; {OVER_TEACHERS}"
)
REGRET = (
    "points of gain lost by taking the teacher of the highest score (of equals, any) instead of the best, "
    f"mean over cells; {OVER_TEACHERS}"
)
AHEAD = (
    "Kendall's tau as defined, less that of the students of the smallest rung; both are held against the "
    "same trials (each time all but the one that the students are of, mean over them), and the same teachers "
    f"are drawn for both; {OVER_TEACHERS}"
)
HITS = (
    "chance that the teacher taken is the best or one that the truth does not separate from it, mean over "
    f"cells; {OVER_TEACHERS}"
)


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """A cell: its teachers, their true gains [teachers, trials], and what selectors and controls say."""

    cell: Cell
    teachers: Sequence[str]
    gains: Array
    views: Mapping[str, Sequence[View]]
    kinds: Mapping[str, str]
    undefined: Mapping[str, Mapping[str, int]]
    gated: Sequence[str]


@dataclass(frozen=True, slots=True)
class Line:
    """One selector or control over all cells.

    Attributes:
        kind: `free`, `forward`, `gradient`, `training` or `control`.
        tau_ahead: tau less that of training small students, see `AHEAD`; None where the truth has no smaller
            rung, and for what is held against other trials than they are.
        forward_tokens, backward_tokens, seconds: a cell, mean; None where nothing was counted.
        tokens: of forward passes that cost as much, a backward pass taken for two; None likewise.
        cost_share: of `tokens` that training all students of the largest rung once takes; None likewise.
    """

    selector: str
    kind: str
    tau: Figure
    tau_ahead: Figure | None
    regret: Figure
    hits: Figure
    forward_tokens: float | None
    backward_tokens: float | None
    seconds: float | None
    tokens: float | None
    cost_share: float | None

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        figures = {name: getattr(self, name).to_json() for name in ("tau", "regret", "hits")}
        figures["tau_ahead"] = self.tau_ahead.to_json() if self.tau_ahead else None
        costs = ("forward_tokens", "backward_tokens", "seconds", "tokens", "cost_share")
        return {"selector": self.selector, "kind": self.kind, **figures} | {
            name: getattr(self, name) for name in costs
        }


@dataclass(frozen=True, slots=True)
class CellFacts:
    """What is true of a cell, whatever selectors say.

    Attributes:
        trials: rng_seeds that all its teachers have.
        trial_sd: of one trial's gain, pooled over teachers, in points.
        rows: of the largest rung.
        best: the best teacher and all that the truth does not separate from it.
        worst_gain, best_gain: true gains, in points.
        reliability, half_tau: see `measures.split_half`; None with fewer than four trials.
        training_tokens: that all students of the largest rung read in one trial.
        gated: teachers that were shut out.
    """

    language: str
    base: str
    teachers: int
    trials: int
    trial_sd: float
    rows: int
    benchmarks: tuple[str, ...]
    pairs: int
    separated_pairs: int
    best: tuple[str, ...]
    worst_gain: float
    best_gain: float
    reliability: float | None
    half_tau: float | None
    training_tokens: float
    gated: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {name: getattr(self, name) for name in self.__slots__}


def compared(cell: Cell, judged: Sequence[Judgement], wanted: Sequence[str] | None = None) -> Compared:
    """One cell with all its selectors and controls.

    Args:
        cell: the truth.
        judged: what selectors said of it.
        wanted: teachers; None for all.

    Raises:
        UserError: fewer than two teachers, or than two trials that all of them have.
    """
    teachers = [name for name in cell.teachers if wanted is None or name in wanted]
    trials = cell.trials(teachers)
    if len(teachers) < 2 or len(trials) < 2:
        what = f"{len(teachers)} teachers with {len(trials)} trials in common have no order to compare with"
        raise UserError(what, f"{cell.language}, {cell.base}", "two teachers and two rng_seeds at least")
    gains = cell.gains(teachers, trials, cell.rungs[-1])
    views: dict[str, Sequence[View]] = {}
    kinds: dict[str, str] = {}
    for one in judged:
        views[one.selector] = (View(one.of(teachers), gains, one.work),)
        kinds[one.selector] = one.kind
    for name, (kind, seen) in controls_of(cell, teachers, trials, judged).items():
        views[name], kinds[name] = seen, kind
    return Compared(
        cell,
        teachers,
        gains,
        views,
        kinds,
        undefined={one.selector: one.undefined for one in judged},
        gated=[name for name in teachers if judged and name in judged[0].gated],
    )


def lines_of(cells: Sequence[Compared], rng_seed: int, samples: int = SAMPLES) -> list[Line]:
    """One line a selector that judged every cell, and a control; best tau first.

    Args:
        cells: with the same teachers each, or the intervals are over those of the first alone.
        rng_seed: of the teachers drawn for the intervals.
        samples: how many draws.
    """
    names = [name for name in cells[0].views if all(name in cell.views for cell in cells)]
    everyone = list(dict.fromkeys(teacher for cell in cells for teacher in cell.teachers))
    drawn = np.vstack([np.ones(len(everyone)), resampled(len(everyone), samples, rng_seed)])
    rungs = {cell.cell.rungs[0] for cell in cells}
    small = small_students(min(rungs))
    yardstick = small if small in names else None
    lines = [_line(name, cells, everyone, drawn, yardstick) for name in names]
    return sorted(lines, key=lambda line: -(line.tau.value if line.tau.value is not None else -2.0))


def facts_of(one: Compared) -> CellFacts:
    """What is true of a cell."""
    apart, means = separated(one.gains), one.gains.mean(axis=1)
    best = int(means.argmax())
    count = len(one.teachers)
    reliability, half = split_half(one.gains)
    trials = one.cell.trials(one.teachers)
    return CellFacts(
        language=one.cell.language,
        base=one.cell.base,
        teachers=count,
        trials=len(trials),
        trial_sd=sqrt(trial_variance(one.gains)),
        rows=one.cell.rungs[-1],
        benchmarks=tuple(one.cell.chance),
        pairs=count * (count - 1) // 2,
        separated_pairs=int(apart.sum()) // 2,
        best=tuple(name for name, far in zip(one.teachers, apart[best], strict=True) if not far),
        worst_gain=float(means.min()),
        best_gain=float(means.max()),
        reliability=None if np.isnan(reliability) else reliability,
        half_tau=None if np.isnan(half) else half,
        training_tokens=one.cell.trained_tokens(one.teachers, trials, one.cell.rungs[-1]),
        gated=tuple(one.gated),
    )


Measure = Callable[[View, Any, Array], Array]


def tau_of(view: View, apart: Any, weights: Array) -> Array:
    """Tau of a view, by sample."""
    return tau(view.scores, view.truth, apart, weights)


def _line(
    name: str,
    cells: Sequence[Compared],
    everyone: Sequence[str],
    drawn: Array,
    yardstick: str | None,
) -> Line:
    missing: Counter[str] = Counter()
    for cell in cells:
        missing.update(cell.undefined.get(name, {}))
    seen = [cell.views[name] for cell in cells]
    taus = _mean(seen, cells, everyone, drawn, tau_of)
    ahead = _ahead(seen, cells, everyone, drawn, yardstick)
    found = {
        measure: _figure(_mean(seen, cells, everyone, drawn, of), definition, len(everyone), missing)
        for measure, of, definition in (
            ("regret", lambda view, apart, w: regret(view.scores, view.truth, w), REGRET),
            ("hits", lambda view, apart, w: hits(view.scores, view.truth, apart, w), HITS),
        )
    }
    works = [view.work for views in seen for view in views if view.work is not None]
    whole = [_training(cell).forward_equivalent for cell in cells]
    tokens = _average([work.forward_equivalent for work in works])
    seconds = [work.seconds for work in works if work.seconds is not None]
    return Line(
        name,
        cells[0].kinds[name],
        tau=_figure(taus, TAU, len(everyone), missing),
        tau_ahead=None if ahead is None else _figure(ahead, AHEAD, len(everyone), missing),
        **found,
        forward_tokens=_average([work.forward_tokens for work in works]),
        backward_tokens=_average([work.backward_tokens for work in works]),
        seconds=_average(seconds),
        tokens=tokens,
        cost_share=None if tokens is None else tokens / float(np.mean(whole)),
    )


def _training(one: Compared) -> Work:
    """Of one training of all students of the largest rung."""
    trials = one.cell.trials(one.teachers)
    tokens = one.cell.trained_tokens(one.teachers, trials, one.cell.rungs[-1])
    return Work(tokens, tokens, None)


def _average(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _ahead(
    seen: Sequence[Sequence[View]],
    cells: Sequence[Compared],
    everyone: Sequence[str],
    drawn: Array,
    yardstick: str | None,
) -> Array | None:
    """Tau less the yardstick's on the trials that the yardstick is held against, by sample."""
    if yardstick is None:
        return None
    theirs = [cell.views[yardstick] for cell in cells]
    ours = [matched(views, those) for views, those in zip(seen, theirs, strict=True)]
    if not all(ours):
        return None
    one, other = (_mean(views, cells, everyone, drawn, tau_of) for views in (ours, theirs))
    return np.asarray(one - other)


def _mean(
    seen: Sequence[Sequence[View]],
    cells: Sequence[Compared],
    everyone: Sequence[str],
    drawn: Array,
    measure: Measure,
) -> Array:
    """A measure, mean over a cell's views and over cells, by sample; the first sample is everyone once."""
    by_cell = []
    for views, cell in zip(seen, cells, strict=True):
        weights = drawn[:, [everyone.index(teacher) for teacher in cell.teachers]]
        values = [measure(view, separated(view.gains), weights) for view in views]
        by_cell.append(np.mean(values, axis=0))
    return np.asarray(np.mean(by_cell, axis=0))


def _figure(values: Array, definition: str, n: int, missing: Mapping[str, int]) -> Figure:
    if np.isnan(values[0]):
        return undefined(definition, "no score, or no pair that the truth separates", missing)
    known = values[1:][~np.isnan(values[1:])]
    if len(known) < len(values) / 2:
        return Figure(float(values[0]), definition, n, unscored=missing)
    low, high = np.percentile(known, [2.5, 97.5])
    return Figure(float(values[0]), definition, n, float(known.std(ddof=1)), float(low), float(high), missing)

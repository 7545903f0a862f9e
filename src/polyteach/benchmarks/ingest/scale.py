"""On which scale a figure is stated, decided by rules that are named in the output, and never by a guess.

In this order:

1. The file states the scale (a judge's 1 to 10): (value - low) / (high - low).
2. The metric is no share by definition (perplexity): refused.
3. The metric is defined on 0 to 100 (BLEU, chrF, TER of sacrebleu): divided by 100.
4. All values of the metric in the file lie in 0 to 1: taken as they are.
5. Some value of the metric in the file is above 1: values above 1 are percentages. A value of at most 1
   beside them could be either; its standard error decides (below), else it is refused.

Whatever is below 0, above 100 or no finite number fits no scale and is refused.

A standard error decides between share and percentage by what it must be for 0/1 answers, `implied_n`: only
one reading gives whole numbers of items and right answers. Failing that, with n known, only one reading may
be within a factor of two of sqrt(p (1 - p) / n).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from polyteach.benchmarks.ingest.metrics import NO_SHARE, PERCENT
from polyteach.benchmarks.ingest.record import Raw

AS_IS = "0 to 1: no value of the metric in the file is above 1"
BY_DEFINITION = "0 to 100 by the metric's definition"
ABOVE_ONE = "0 to 100: the value is above 1"
BY_ERROR = "{}: its standard error fits no other scale"
AMBIGUOUS = "0 to 1 or 0 to 100: others of the metric in the file are above 1, and no standard error decides"
_WHOLE = 1e-4  # distance from a whole number: far above the error of floats, far below chance
_MOST_ITEMS, _LEAST_ERROR = 10_000_000, 1e-9


@dataclass(frozen=True, slots=True)
class Scale:
    """How to turn a stated figure into one in 0..1: (value - low) / width, by a named rule."""

    low: float
    width: float
    rule: str

    def value(self, stated: float) -> float:
        """A figure, or one item's score, in 0..1."""
        return (stated - self.low) / self.width

    def error(self, stated: float) -> float:
        """A standard error in the unit of 0..1."""
        return stated / self.width


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a figure cannot be read."""

    reason: str


def number(value: Any) -> float | None:
    """A finite number, or None; truth values and text are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        plain = float(value)
    except OverflowError:
        return None
    return plain if math.isfinite(plain) else None


def decide(figures: Sequence[Raw]) -> list[Scale | Refused]:
    """The scale of each figure of one metric in one file, by the rules above."""
    values = [number(figure.value) for figure in figures]
    above_one = any(value is not None and value > 1 for value in values)
    return [_decide(figure, value, above_one) for figure, value in zip(figures, values, strict=True)]


def _decide(figure: Raw, value: float | None, above_one: bool) -> Scale | Refused:
    if value is None:
        return Refused("no finite number")
    if figure.scale:
        return _stated(figure.scale, value)
    if figure.metric.lower() in NO_SHARE:
        return Refused(f"{figure.metric} is no share of anything: it has no upper bound")
    if not 0 <= value <= 100:
        return Refused("fits neither 0 to 1 nor 0 to 100")
    if figure.metric.lower() in PERCENT:
        return Scale(0.0, 100.0, BY_DEFINITION)
    if value > 1:
        return Scale(0.0, 100.0, ABOVE_ONE)
    readings = _readings(value, number(figure.se), figure.n)
    if len(readings) == 1:
        return readings[0] if above_one or readings[0].width != 1 else Scale(0.0, 1.0, AS_IS)
    if not above_one or value == 0:
        return Scale(0.0, 1.0, AS_IS)
    return Refused(AMBIGUOUS)


def _stated(scale: tuple[float, float], value: float) -> Scale | Refused:
    low, high = scale
    if not low <= value <= high:
        return Refused(f"outside the scale that the file states, {low:g} to {high:g}")
    return Scale(low, high - low, f"{low:g} to {high:g}, as the file states")


def _readings(value: float, se: float | None, n: int | None) -> list[Scale]:
    """Which scales a value of at most 1 can be on, going by its standard error; all where that is silent."""
    both = [Scale(0.0, 1.0, BY_ERROR.format("0 to 1")), Scale(0.0, 100.0, BY_ERROR.format("0 to 100"))]
    if not se or not 0 < value < 1:
        return both
    # With n unknown one right answer of k stays open: 1 in 200 as a percentage looks like 1 in 2.
    implied = {scale: implied_n(scale.value(value), scale.error(se)) for scale in both}
    exact = [scale for scale in both if implied[scale] is not None and n in (None, implied[scale])]
    if exact or n is None or n < 2:
        return exact or both
    return [s for s in both if 0.5 <= s.error(se) / _binomial_error(s.value(value), n) <= 2] or both


def _binomial_error(value: float, n: int) -> float:
    return math.sqrt(value * (1 - value) / (n - 1))


def implied_n(value: float, se: float | None) -> int | None:
    """The number of 0/1 answers whose mean is `value` with standard error `se`; None where there is none.

    From se = sqrt(value (1 - value) / (n - 1)), the sample standard error that lm-eval and lighteval print.
    It is believed only where both n and value * n come out whole to 1e-4: then the figure is such a mean.
    """
    if se is None or not _LEAST_ERROR < se <= 1 or not 0 < value < 1:
        return None
    n = value * (1 - value) / se**2 + 1
    whole = round(n) if n < _MOST_ITEMS else 0
    right = value * whole
    close = abs(n - whole) <= _WHOLE and abs(right - round(right)) <= _WHOLE
    return whole if whole >= 2 and close else None


def error_from_n(value: float, n: int | None) -> float | None:
    """sqrt(value (1 - value) / (n - 1)) of a share of n right answers; None for fewer than two."""
    return _binomial_error(value, n) if n is not None and n >= 2 else None

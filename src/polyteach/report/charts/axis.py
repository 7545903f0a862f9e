"""Axes: where values stand between round ends, and what is written at the ticks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from polyteach.scoring.numbers import number

_ROUND = (1, 2, 5)
_MOST_TICKS = 6  # roughly, on a linear axis


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis with round ticks; on a logarithmic one equal factors are equally long."""

    low: float
    high: float
    ticks: tuple[float, ...]
    labels: tuple[str, ...]
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Percent of the way from low to high, to two decimals. On a logarithmic axis values are above 0."""
        low, high, at = (
            (log10(self.low), log10(self.high), log10(value))
            if self.logarithmic
            else (self.low, self.high, value)
        )
        return round(100 * (at - low) / (high - low), 2)


def linear(values: Sequence[float], *, with_zero: bool = False) -> Axis:
    """An axis that holds all values between round ends.

    Args:
        values: what it must hold; none gives 0 to 1.
        with_zero: whether zero must be on it.
    """
    held = [*values, 0.0] if with_zero or not values else list(values)
    low, high = min(held), max(held)
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5
    rough = (high - low) / _MOST_TICKS
    power = 10.0 ** floor(log10(rough))
    step = next(s for s in (power, 2 * power, 5 * power, 10 * power) if s >= rough * 0.999)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    digits = max(0, -floor(log10(step) + 1e-9))
    ticks = tuple(round(index * step, digits) for index in range(first, last + 1))
    return Axis(first * step, last * step, ticks, tuple(number(tick, digits) for tick in ticks))


def logarithmic(values: Sequence[float]) -> Axis:
    """An axis of 1, 2, 5, 10, 20 ..., or of powers of ten where these are too many.

    Args:
        values: what it must hold, all above 0; none gives 1 to 10.
    """
    low, high = (min(values), max(values)) if values else (1.0, 10.0)
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    steps = [digit * 10.0**power for power in powers for digit in _ROUND]
    below = [step for step in steps if step <= low * (1 + 1e-9)]
    above = [step for step in steps if step >= high * (1 - 1e-9)]
    first, last = max(below), min(above)
    if first == last:
        first, last = first / 2, last * 2
    ticks = [step for step in steps if first * (1 - 1e-9) <= step <= last * (1 + 1e-9)]
    if len(ticks) > _MOST_TICKS:
        ticks = [tick for tick in ticks if f"{tick:e}".startswith("1.000")]
    labels = tuple(f"{tick:,.0f}" if tick >= 1 else f"{tick:g}" for tick in ticks)
    return Axis(first, last, tuple(ticks), labels, logarithmic=True)


def mark(low: float | None, high: float | None) -> str:
    """How an interval lies to zero: `below`, `unclear` where it reaches zero, empty above it or unknown."""
    if low is None or high is None or low > 0:
        return ""
    return "below" if high < 0 else "unclear"

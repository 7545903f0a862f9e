"""Where things stand in the page's plots, in percent of their boxes; the template draws them.

Plots are boxes with placed elements, not pictures: text keeps its size on narrow screens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

_LABEL_WIDTH, _LABEL_HEIGHT = 1.15, 5.5  # percent a character, percent a line
_NARROW = 2.2  # how much more of the box a label takes on a telephone


@dataclass(frozen=True, slots=True)
class Axis:
    """A linear axis with round ticks."""

    low: float
    high: float
    ticks: tuple[float, ...]
    digits: int

    def place(self, value: float) -> float:
        """Percent of the way from low to high, to two decimals."""
        return round(100 * (value - self.low) / (self.high - self.low), 2)

    @property
    def tick_places(self) -> list[tuple[float, float]]:
        """Each tick with its place."""
        return [(tick, self.place(tick)) for tick in self.ticks]


@dataclass(frozen=True, slots=True)
class Point:
    """A named point of a scatter plot, its whisker, the side its label stands on, and its `mark`."""

    name: str
    x: float
    y: float
    low: float
    high: float
    side: str
    mark: str


def axis(values: Sequence[float], *, with_zero: bool = False, most_ticks: int = 6) -> Axis:
    """An axis that holds all values between round ends.

    Args:
        values: what it must hold; none gives 0 to 1.
        with_zero: whether zero must be on it.
        most_ticks: roughly how many ticks.
    """
    held = [*values, 0.0] if with_zero or not values else list(values)
    low, high = min(held), max(held)
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5
    rough = (high - low) / most_ticks
    power = 10.0 ** floor(log10(rough))
    step = next(s for s in (power, 2 * power, 5 * power, 10 * power) if s >= rough * 0.999)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    digits = max(0, -floor(log10(step) + 1e-9))
    ticks = tuple(round(index * step, digits) for index in range(first, last + 1))
    return Axis(first * step, last * step, ticks, digits)


def scatter(points: Sequence[tuple[str, float, float, float, float]], across: Axis, up: Axis) -> list[Point]:
    """Places (name, x, y, low, high), each label on the first side where it covers nothing placed before."""
    dots = [(across.place(x), up.place(y)) for _, x, y, _, _ in points]
    taken: list[tuple[float, float, float, float]] = [(x - 1, y - 2, x + 1, y + 2) for x, y in dots]
    placed = []
    for (name, _, _, low, high), (x, y) in zip(points, dots, strict=True):
        sides = _sides(x, y, _LABEL_WIDTH * len(name))
        side, area = next(
            (
                (s, a)
                for room in (_NARROW, 1.0)
                for s, a in sides
                if _inside(a, x, room) and not any(_overlap(a, t) for t in taken)
            ),
            sides[x > 50],  # rather over another than out of the box
        )
        taken.append(area)
        placed.append(Point(name, x, y, up.place(low), up.place(high), side, mark(low, high)))
    return placed


def mark(low: float | None, high: float | None) -> str:
    """How an interval lies to zero: `below`, `unclear` where it reaches zero, empty above it or unknown."""
    if low is None or high is None or low > 0:
        return ""
    return "below" if high < 0 else "unclear"


def heat(value: float | None, largest: float) -> tuple[str, int]:
    """A cell's colour: `up`, `down` or `none`, and its strength in percent of the strongest."""
    if value is None or largest <= 0:
        return "none", 0
    return ("up" if value >= 0 else "down"), round(100 * min(abs(value) / largest, 1.0))


def _sides(x: float, y: float, width: float) -> list[tuple[str, tuple[float, float, float, float]]]:
    half = _LABEL_HEIGHT / 2
    return [
        ("right", (x + 1.5, y - half, x + 1.5 + width, y + half)),
        ("left", (x - 1.5 - width, y - half, x - 1.5, y + half)),
        ("above", (x + 0.5, y + 2, x + 0.5 + width, y + 2 + 2 * half)),
        ("below", (x + 0.5, y - 2 - 2 * half, x + 0.5 + width, y - 2)),
        ("above-left", (x - 0.5 - width, y + 2, x - 0.5, y + 2 + 2 * half)),
        ("below-left", (x - 0.5 - width, y - 2 - 2 * half, x - 0.5, y - 2)),
    ]


def _inside(area: tuple[float, float, float, float], x: float, room: float) -> bool:
    """Whether an area stays in the box if its ends move so many times as far from the point."""
    return x - room * (x - area[0]) >= 0 and x + room * (area[2] - x) <= 100


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def spark(values: Sequence[float], top: float) -> str:
    """The points of a small line over 0 to 100 across and 0 (for `top`) to 20 (for zero) down, for SVG."""
    across = 100 / max(len(values) - 1, 1)
    down = 20 / top if top > 0 else 0.0
    return " ".join(f"{i * across:.1f},{20 - value * down:.1f}" for i, value in enumerate(values))

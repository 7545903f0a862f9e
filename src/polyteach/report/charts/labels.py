"""Names beside points, so that none covers another, a point, or the edge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from polyteach.report.charts.drawing import LINE, fitted, text_width

_GAP = 9.0  # from a point's middle to its name
_NEAR = 22.0  # a name farther from its point than this is tied to it by a line

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True, slots=True)
class Label:
    """Where a name stands: the middle of its left or right end, by `anchor` (`start` or `end`)."""

    text: str
    x: float
    y: float
    anchor: str
    tied: bool


def placed(points: Sequence[tuple[float, float, str]], inside: Box, taken: Sequence[Box] = ()) -> list[Label]:
    """Places names beside their points.

    Args:
        points: x, y and name.
        inside: where names may stand.
        taken: what they must not cover besides the points.

    Returns:
        One label for each point. Where nothing is free, the place that covers least.
    """
    covered = [*taken, *((x - 6, y - 6, x + 6, y + 6) for x, y, _ in points)]
    labels = []
    for x, y, name in points:
        shown = fitted(name, 0.4 * (inside[2] - inside[0]))
        options = [(option, _box(option)) for option in _options(x, y, shown)]
        held = [(o, box) for o, box in options if _within(box, inside)] or options
        label, box = min(held, key=lambda found: sum(_shared(found[1], other) for other in covered))
        covered.append(box)
        labels.append(label)
    return labels


def spread(places: Sequence[float], low: float, high: float, gap: float = LINE) -> list[float]:
    """Places moved until neighbours are at least `gap` apart, in their order, between low and high."""
    order = sorted(range(len(places)), key=lambda index: places[index])
    gap = min(gap, (high - low) / max(len(places) - 1, 1))
    found = [0.0] * len(places)
    at = low - gap
    for index in order:
        at = max(places[index], at + gap)
        found[index] = at
    at = high + gap
    for index in reversed(order):
        at = min(found[index], at - gap)
        found[index] = at
    return found


def _options(x: float, y: float, text: str) -> list[Label]:
    """Where a name may stand, the best first: beside its point, over and under it, then farther away."""
    options = [Label(text, x + _GAP, y, "start", False), Label(text, x - _GAP, y, "end", False)]
    for rows, (anchor, side) in product((1, 2, 3, 4, 5), (("start", 1), ("end", -1))):
        for down in (-1, 1):
            away = down * rows * LINE
            options.append(Label(text, x + side * 5, y + away, anchor, abs(away) > _NEAR))
    return options


def _box(label: Label) -> Box:
    width = text_width(label.text)
    left = label.x if label.anchor == "start" else label.x - width
    return left, label.y - LINE / 2, left + width, label.y + LINE / 2


def _within(box: Box, inside: Box) -> bool:
    return box[0] >= inside[0] and box[1] >= inside[1] and box[2] <= inside[2] and box[3] <= inside[3]


def _shared(one: Box, other: Box) -> float:
    """The area that both cover."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return across * down if across > 0 and down > 0 else 0.0

"""Scatter plots of named points, with intervals up and down where they are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from polyteach.report.charts.axis import linear, logarithmic, mark
from polyteach.report.charts.drawing import WIDE, Chart, Drawing, chart
from polyteach.report.charts.labels import placed
from polyteach.report.charts.plane import Plane, plane

SHAPE_OF = {"": "circle", "unclear": "ring", "below": "diamond"}
"""The marker of a figure by how its interval lies to zero: colour alone never tells."""


@dataclass(frozen=True, slots=True)
class Point:
    """A named point; `href` is where its name leads."""

    name: str
    x: float
    y: float
    low: float | None = None
    high: float | None = None
    href: str | None = None


def scatter(
    points: Sequence[Point],
    across: str,
    up: str,
    *,
    title: str,
    description: str = "",
    log_across: bool = False,
    zero_up: bool = True,
    front: Sequence[str] = (),
) -> Chart:
    """Draws a scatter plot.

    Args:
        points: at least one; on a logarithmic axis with x above 0.
        across: what its axis is.
        up: what its axis is.
        title: what a screen reader says first.
        description: what it says then.
        log_across: whether the axis across is logarithmic.
        zero_up: whether zero must be on the axis up.
        front: names of the points on the front (that no other beats on both axes), joined by a line of steps.
    """
    across_axis = (logarithmic if log_across else linear)([point.x for point in points])
    heights = [value for p in points for value in (p.y, p.low, p.high) if value is not None]
    up_axis = linear(heights, with_zero=zero_up)

    def draw(width: float) -> Drawing:
        drawing = Drawing(width, 400 if width >= WIDE else 330)
        on = plane(width, drawing.height, across_axis, up_axis, right=24)
        on.draw(drawing, across, up)
        steps = sorted((on.x(p.x), on.y(p.y)) for p in points if p.name in front)
        if len(steps) > 1:
            path = f"M{steps[0][0]:.1f} {steps[0][1]:.1f}" + "".join(
                f"H{x:.1f}V{y:.1f}" for x, y in steps[1:]
            )
            drawing.add("path", class_="front", d=path)
        inside = (on.left + 2, on.top - 6, width - 2, on.bottom)
        whiskers = [
            (on.x(p.x) - 3, on.y(p.high), on.x(p.x) + 3, on.y(p.low))
            for p in points
            if p.low is not None and p.high is not None
        ]
        labels = placed([(on.x(p.x), on.y(p.y), p.name) for p in points], inside, whiskers)
        for point in points:
            _interval(drawing, point, on)
        for point, label in zip(points, labels, strict=True):
            x, y, kind = on.x(point.x), on.y(point.y), mark(point.low, point.high)
            if label.tied:
                drawing.add("line", class_="tie", x1=x, y1=y, x2=label.x, y2=label.y)
            told = f"{point.name}: {across} {point.x:.4g}, {up} {point.y:.4g}"
            drawing.marker(x, y, SHAPE_OF[kind], 5.5, title=told, class_=f"dot {kind}".rstrip())
            drawing.text(
                label.x,
                label.y,
                label.text,
                title=point.name if label.text != point.name else None,
                href=point.href,
                class_="label",
                text_anchor=label.anchor,
            )
        return drawing

    return chart(title, description, draw)


def _interval(drawing: Drawing, point: Point, on: Plane) -> None:
    if point.low is not None and point.high is not None:
        x, kind = on.x(point.x), mark(point.low, point.high)
        drawing.add(
            "line", class_=f"whisker {kind}".rstrip(), x1=x, x2=x, y1=on.y(point.low), y2=on.y(point.high)
        )

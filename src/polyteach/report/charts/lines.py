"""Lines of several series over one axis, each named at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from polyteach.report.charts.axis import linear, logarithmic
from polyteach.report.charts.drawing import NARROW, SHAPES, WIDE, Chart, Drawing, chart, fitted, text_width
from polyteach.report.charts.labels import spread
from polyteach.report.charts.plane import Plane, plane

_MOST_NAME = {WIDE: 190.0, NARROW: 96.0}


@dataclass(frozen=True, slots=True)
class Series:
    """A named line through (x, y) in the order of x, and its band of (low, high) where it has one."""

    name: str
    points: Sequence[tuple[float, float]]
    band: Sequence[tuple[float, float]] = ()


def lines(
    series: Sequence[Series],
    across: str,
    up: str,
    *,
    title: str,
    description: str = "",
    log_across: bool = False,
    zero_up: bool = False,
) -> Chart:
    """Draws lines; series differ in colour, marker and dashes alike.

    Args:
        series: at least one, each of at least one point; a band has as many pairs as there are points.
        across: what its axis is.
        up: what its axis is.
        title: what a screen reader says first.
        description: what it says then.
        log_across: whether the axis across is logarithmic: then every x is above 0.
        zero_up: whether zero must be on the axis up.
    """
    across_axis = (logarithmic if log_across else linear)([x for one in series for x, _ in one.points])
    heights = [y for one in series for _, y in one.points]
    up_axis = linear([*heights, *(v for one in series for pair in one.band for v in pair)], with_zero=zero_up)

    def draw(width: float) -> Drawing:
        drawing = Drawing(width, 380 if width >= WIDE else 340)
        names = [fitted(one.name, _MOST_NAME[width]) for one in series]
        room = max(text_width(name) for name in names)
        on = plane(width, drawing.height, across_axis, up_axis, right=room + 26)
        on.draw(drawing, across, up)
        ends = spread([on.y(one.points[-1][1]) for one in series], on.top, on.bottom)
        for index, one in enumerate(series):
            _band(drawing, one, on, _kind(index))
        for index, (one, name, end) in enumerate(zip(series, names, ends, strict=True)):
            _line(drawing, one, on, index)
            x, y = on.x(one.points[-1][0]), on.y(one.points[-1][1])
            drawing.add("line", class_="tie", x1=x + 7, y1=y, x2=on.right + 14, y2=end)
            whole = one.name if name != one.name else None
            drawing.text(on.right + 18, end, name, title=whole, class_=f"label {_kind(index)}")
        return drawing

    return chart(title, description, draw)


def _kind(index: int) -> str:
    return f"series-{index % len(SHAPES)}"


def _line(drawing: Drawing, one: Series, on: Plane, index: int) -> None:
    places = [(on.x(x), on.y(y)) for x, y in one.points]
    # The second time round the colours, lines are dashed.
    dashes = None if index < len(SHAPES) else "6 4"
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    drawing.add("polyline", class_=f"line {_kind(index)}", points=path, stroke_dasharray=dashes)
    for (x, y), (value, height) in zip(places, one.points, strict=True):
        told = f"{one.name}: {height:.4g} at {value:.4g}"
        drawing.marker(x, y, SHAPES[index % len(SHAPES)], 4.5, title=told, class_=f"dot {_kind(index)}")


def _band(drawing: Drawing, one: Series, on: Plane, kind: str) -> None:
    if one.band:
        xs = [on.x(x) for x, _ in one.points]
        lows = [(x, on.y(low)) for x, (low, _) in zip(xs, one.band, strict=True)]
        highs = [(x, on.y(high)) for x, (_, high) in zip(xs, one.band, strict=True)]
        outline = " ".join(f"{x:.1f},{y:.1f}" for x, y in [*lows, *reversed(highs)])
        drawing.add("polygon", class_=f"band {kind}", points=outline)

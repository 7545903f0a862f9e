"""Rows of figures with their intervals on one axis, such as a ranking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from polyteach.report.charts.axis import Axis, linear, mark
from polyteach.report.charts.drawing import WIDE, Chart, Drawing, chart, text_width
from polyteach.report.charts.scatter import SHAPE_OF

_ROW, _NARROW_ROW = 34.0, 52.0  # pixels
_TOP, _BOTTOM = 30.0, 26.0
_MOST_NAME = 240.0


@dataclass(frozen=True, slots=True)
class Interval:
    """A row.

    Attributes:
        name: at its left.
        value, low, high: None where there is none.
        text: at its right, the figure in words.
        lead: before the name, such as a rank.
        sign: how the marker looks, of `scatter.SHAPE_OF`; None: by how the interval lies to zero.
        aside: a second value, marked by a dashed line.
        href: where the name leads.
    """

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    text: str = ""
    lead: str = ""
    sign: str | None = None
    aside: float | None = None
    href: str | None = None


def intervals(
    rows: Sequence[Interval],
    *,
    title: str,
    description: str = "",
    heads: tuple[str, str, str] = ("", "", ""),
    hold: Sequence[float] = (),
) -> Chart:
    """Draws rows in their order.

    Args:
        rows: at least one.
        title: what a screen reader says first.
        description: what it says then.
        heads: over lead, name and text.
        hold: values that must be on the axis, as zero is.
    """
    known = [v for r in rows for v in (r.value, r.low, r.high, r.aside) if v is not None]
    axis = linear([*known, *hold], with_zero=True)
    lead = max(text_width(text) for text in (heads[0], *(row.lead for row in rows)))
    after = max(text_width(text) for text in (heads[2], *(row.text for row in rows)))
    names = min(_MOST_NAME, max(text_width(text) for text in (heads[1], *(row.name for row in rows))))
    name_at = lead + 14 if lead else 0.0

    def draw(width: float) -> Drawing:
        beside = width >= WIDE
        height = _ROW if beside else _NARROW_ROW
        drawing = Drawing(width, _TOP + height * len(rows) + _BOTTOM)
        left, right = (name_at + names + 20, width - after - 20) if beside else (12.0, width - 12.0)
        track = _Track(axis, left, right)
        drawing.text(lead, 12, heads[0], class_="head", text_anchor="end")
        drawing.text(name_at, 12, heads[1], class_="head")
        drawing.text(width, 12, heads[2], class_="head", text_anchor="end")
        for index, row in enumerate(rows):
            top = _TOP + height * index
            line = top + (height / 2 if beside else 14)
            room = names if beside else width - name_at - after - 12
            drawing.text(lead, line, row.lead, class_="lead", text_anchor="end")
            drawing.text(name_at, line, row.name, room=room, href=row.href, class_="label")
            drawing.text(width, line, row.text, class_="value", text_anchor="end")
            middle = top + (height / 2 if beside else 36)
            # Beside the names, lines run through; under them, they would run through the texts.
            track.grid(
                drawing, middle - (height / 2 if beside else 10), middle + (height / 2 if beside else 14)
            )
            track.row(drawing, row, middle)
        track.labels(drawing, drawing.height - _BOTTOM + 14)
        return drawing

    return chart(title, description, draw)


@dataclass(frozen=True, slots=True)
class _Track:
    """The part of the drawing where figures lie on the axis."""

    axis: Axis
    left: float
    right: float

    def x(self, value: float) -> float:
        return self.left + (self.right - self.left) * self.axis.place(value) / 100

    def grid(self, drawing: Drawing, top: float, bottom: float) -> None:
        for tick in self.axis.ticks:
            x = self.x(tick)
            drawing.add("line", class_="grid" if tick else "zero", x1=x, x2=x, y1=top, y2=bottom)

    def labels(self, drawing: Drawing, y: float) -> None:
        shown_to = -1e9
        for tick, label in zip(self.axis.ticks, self.axis.labels, strict=True):
            x = self.x(tick)
            if x - text_width(label) / 2 > shown_to + 6:
                drawing.text(x, y, label, class_="tick", text_anchor="middle")
                shown_to = x + text_width(label) / 2

    def row(self, drawing: Drawing, row: Interval, y: float) -> None:
        if row.aside is not None:
            x = self.x(row.aside)
            drawing.add("line", class_="aside", x1=x, x2=x, y1=y - 11, y2=y + 11)
        if row.value is None:
            return
        sign = mark(row.low, row.high) if row.sign is None else row.sign
        kind = f" {sign}".rstrip()
        if row.low is not None and row.high is not None:
            low, high = self.x(row.low), self.x(row.high)
            drawing.add("line", class_=f"whisker{kind}", x1=low, x2=high, y1=y, y2=y)
        told = f"{row.name}: {row.text or f'{row.value:.4g}'}"
        drawing.marker(self.x(row.value), y, SHAPE_OF[sign], 5.0, title=told, class_=f"dot{kind}")

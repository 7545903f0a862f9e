"""A plane with two axes: grid, ticks, their labels and the axes' names."""

from __future__ import annotations

from dataclasses import dataclass

from polyteach.report.charts.axis import Axis
from polyteach.report.charts.drawing import Drawing, text_width
from polyteach.report.charts.labels import Box

_TICK = 12.0  # pixels, the size of the letters at ticks


@dataclass(frozen=True, slots=True)
class Plane:
    """Where a drawing's plane lies, in pixels, and its axes."""

    left: float
    top: float
    right: float
    bottom: float
    across: Axis
    up: Axis

    @property
    def box(self) -> Box:
        """Left, top, right, bottom."""
        return self.left, self.top, self.right, self.bottom

    def x(self, value: float) -> float:
        """Of a value on the axis that goes across."""
        return self.left + (self.right - self.left) * self.across.place(value) / 100

    def y(self, value: float) -> float:
        """Of a value on the axis that goes up."""
        return self.bottom - (self.bottom - self.top) * self.up.place(value) / 100

    def draw(self, drawing: Drawing, across_name: str, up_name: str) -> None:
        """Draws grid, labels and names; zero's line is stronger."""
        for tick, label in zip(self.up.ticks, self.up.labels, strict=True):
            y = self.y(tick)
            kind = "zero" if tick == 0 and not self.up.logarithmic else "grid"
            drawing.add("line", class_=kind, x1=self.left, x2=self.right, y1=y, y2=y)
            drawing.text(self.left - 8, y, label, class_="tick", text_anchor="end")
        shown_to = -1e9
        for tick, label in zip(self.across.ticks, self.across.labels, strict=True):
            x, half = self.x(tick), text_width(label, _TICK) / 2
            drawing.add("line", class_="grid", x1=x, x2=x, y1=self.top, y2=self.bottom)
            if x - half > shown_to + 6:
                drawing.text(x, self.bottom + 14, label, class_="tick", text_anchor="middle")
                shown_to = x + half
        drawing.text(self.left, self.top - 16, f"↑ {up_name}", class_="axis-name")
        drawing.text(self.right, self.bottom + 33, f"{across_name} →", class_="axis-name", text_anchor="end")


def plane(width: float, height: float, across: Axis, up: Axis, *, right: float = 14.0) -> Plane:
    """A plane with room for its ticks' labels; `right` pixels stay free at its right."""
    left = 14 + max(text_width(label, _TICK) for label in up.labels)
    return Plane(left, 30.0, width - right, height - 46.0, across, up)

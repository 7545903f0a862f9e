"""Heat maps: the shade of a cell in a page's table, and the whole as a drawing."""

from __future__ import annotations

from collections.abc import Sequence

from polyteach.report.charts.drawing import WIDE, Chart, Drawing, chart, text_width
from polyteach.scoring.numbers import NONE, number

STEPS = 20
"""Shades of one colour; `charts.css` has a class for each."""
_LEAST, _MOST = 0.04, 0.56  # opacity
_ROW = 34.0


def shade(value: float | None, largest: float) -> str:
    """The classes of a table's cell: `up` or `down` and, by its size, `s0` to `s20`; `none` without one."""
    if value is None or largest <= 0:
        return "none"
    return f"{'up' if value >= 0 else 'down'} s{round(STEPS * min(abs(value) / largest, 1.0))}"


def heat(
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float | None]],
    *,
    title: str,
) -> Chart:
    """Draws a heat map: blue above zero, orange below, numbers in the cells.

    Args:
        rows: their names.
        columns: their names.
        values: of each row, one for each column; None where there is none.
        title: what a screen reader says first.
    """
    known = [abs(value) for row in values for value in row if value is not None]
    largest = max(known, default=0.0)

    def draw(width: float) -> Drawing:
        names = min(220.0 if width >= WIDE else 90.0, max(map(text_width, rows), default=0.0))
        across = (width - names - 12) / max(len(columns), 1)
        drawing = Drawing(width, 30 + _ROW * len(rows))
        for index, name in enumerate(columns):
            x = names + 12 + across * (index + 0.5)
            drawing.text(x, 14, name, room=across - 4, class_="head", text_anchor="middle")
        for line, (name, row) in enumerate(zip(rows, values, strict=True)):
            y = 30 + _ROW * line
            drawing.text(0, y + _ROW / 2, name, room=names, class_="label")
            for index, value in enumerate(row):
                x = names + 12 + across * index
                if value is not None and largest > 0:
                    opacity = _LEAST + (_MOST - _LEAST) * abs(value) / largest
                    kind = "cell up" if value >= 0 else "cell down"
                    drawing.add(
                        "rect",
                        class_=kind,
                        x=x + 1.5,
                        y=y + 1.5,
                        width=across - 3,
                        height=_ROW - 3,
                        rx=4,
                        fill_opacity=f"{opacity:.3f}",
                    )
                text = NONE if value is None else number(value)
                drawing.text(x + across / 2, y + _ROW / 2, text, class_="number", text_anchor="middle")
        return drawing

    return chart(title, "", draw)

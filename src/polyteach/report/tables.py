"""Tables in a terminal that fit its width, whatever is in them.

Where a table is too wide, first names are shortened in the middle (models' names differ at both ends), then
the columns that matter least are left out, and a line says which. What still does not fit is told row by row.
Where output goes to a file or another program, there are no lines and no colours: blanks between columns, one
line a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich import box
from rich.cells import cell_len, set_cell_size
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from polyteach.report.wording import one_line, printable

GAP = 2
"""Blanks between columns, with lines and without."""
COMFORT, LEAST_NAME = 24, 10
"""Cells of a name: as short before a column is left out, and as short as it gets at all."""
LEAST_TEXT = 8
"""Cells of a text that wraps."""
_PLACES = (0.5, 0.25, 0.75, 0.1, 0.9)
_MARK = "…"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        spare: 0 stays at any width; of the others the highest go first, those of one number together.
        is_name: its texts may be shortened in the middle, and stand to the left.
        left: its texts stand to the left and may go over several lines.
        said: what the title is where the table is told row by row.
    """

    title: str
    spare: int = 0
    is_name: bool = False
    left: bool = False
    said: str = ""

    def widest(self, cells: Iterable[str]) -> int:
        """The cells that the longest line of title and texts takes."""
        return max(cell_len(line) for text in (self.title, *cells) for line in text.split("\n"))


def shortened_names(names: Sequence[str], cells: int) -> list[str]:
    """Names of at most so many cells of a terminal, cut in the middle so that different ones stay different.

    Where no such cut tells them apart, the names are as they were.
    """
    for place in _PLACES:
        cut = [_cut(name, cells, place) for name in names]
        if len(set(cut)) == len(set(names)):
            return cut
    return list(names)


def _cut(name: str, cells: int, place: float) -> str:
    if cell_len(name) <= cells:
        return name
    head = max(round((cells - 1) * place), 1)
    tail = cells - 1 - head
    end = name[len(name) - tail :] if tail > 0 else ""
    while end and cell_len(end) > tail:
        end = end[1:]
    return set_cell_size(name, head).rstrip() + _MARK + end


def print_table(
    console: Console, columns: Sequence[Column], rows: Iterable[Sequence[str]], title: str | None = None
) -> None:
    """Prints a table that fits, and which columns it leaves out.

    Args:
        console: where to; it is without lines where that is no terminal.
        columns: the first names the rows.
        rows: texts that nobody vouches for; a cell a column.
        title: above it.
    """
    fit = fitted(columns, rows, console.width)
    if title:
        console.print(Text(one_line(title), style="bold"))
    console.print(fit.table(lines=console.is_terminal) if fit.fits else Text(fit.told()))
    if fit.left_out:
        titles = dict.fromkeys(one_line(title) for title in fit.left_out)
        note = f"Not shown at this width: {', '.join(titles)}."
        console.print(Text(note, style="dim"))


@dataclass(frozen=True, slots=True)
class Fitted:
    """A table's columns and rows, as many and as long as fit; all of them where they do not (`fits`)."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    left_out: tuple[str, ...]
    fits: bool

    def table(self, *, lines: bool) -> Table:
        """As a table, with lines or without."""
        table = Table(
            box=box.SIMPLE_HEAD if lines else None,
            show_edge=False,
            pad_edge=False,
            padding=(0, GAP - 1 if lines else GAP, 0, 0),  # between columns, a line's box adds a cell
            header_style="bold",
        )
        for column in self.columns:
            left = column.is_name or column.left
            side: JustifyMethod = "left" if left else "right"
            table.add_column(Text(column.title), justify=side, no_wrap=not column.left, overflow="fold")
        for row in self.rows:
            table.add_row(*(Text(cell) for cell in row))
        return table

    def told(self) -> str:
        """Row by row, each figure with its column's title."""
        titles = [column.said or column.title for column in self.columns[1:]]
        lines = []
        for name, *cells in self.rows:
            shown = zip(titles, cells, strict=True)
            told = [f"{one_line(title)} {one_line(cell)}" for title, cell in shown if cell.strip()]
            lines.append(f"{name}\n  {', '.join(told)}")
        return "\n".join(lines)


def fitted(columns: Sequence[Column], rows: Iterable[Sequence[str]], width: int) -> Fitted:
    """Fits a table into so many cells of a terminal."""
    whole = [tuple(_shown(c, text) for c, text in zip(columns, row, strict=True)) for row in rows]
    cells = [list(row) for row in whole]
    widths = [column.widest(row[i] for row in cells) for i, column in enumerate(columns)]
    kept = list(range(len(columns)))
    while _needed(columns, widths, kept, COMFORT) > width and any(columns[i].spare for i in kept):
        most = max(columns[i].spare for i in kept)
        kept = [i for i in kept if columns[i].spare < most]
    for i in kept:
        over = _needed(columns, widths, kept, None) - width
        if columns[i].is_name and over > 0:
            room = max(widths[i] - over, LEAST_NAME)
            names = shortened_names([row[i] for row in cells], room)
            for row, name in zip(cells, names, strict=True):
                row[i] = name
            widths[i] = columns[i].widest(names)
    if _needed(columns, widths, kept, None) > width:
        return Fitted(tuple(columns), tuple(whole), (), False)
    return Fitted(
        tuple(columns[i] for i in kept),
        tuple(tuple(row[i] for i in kept) for row in cells),
        tuple(column.said or column.title for i, column in enumerate(columns) if i not in kept),
        True,
    )


def _shown(column: Column, text: str) -> str:
    """A name on one line; other texts may have several."""
    return one_line(text) if column.is_name else printable(text)


def _needed(columns: Sequence[Column], widths: Sequence[int], kept: Sequence[int], names: int | None) -> int:
    """The cells a table takes at least, names cut to so many."""
    own = []
    for i in kept:
        most = LEAST_TEXT if columns[i].left else names if columns[i].is_name else None
        own.append(widths[i] if most is None else min(widths[i], max(most, columns[i].widest(()))))
    return sum(own) + GAP * (len(kept) - 1)

"""Tables in a terminal that fit its width, whatever is in them.

Where a table is too wide, first names are shortened in the middle (models' names differ at both ends), then the
columns that matter least are left out, and a line says which. Where output goes to a file or another program,
there are no lines and no colours: blanks between columns, one line a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich import box
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from polyteach.report import wording

GAP = 2
COMFORT, LEAST_NAME = 24, 10
"""Cells of a name: as short before a column is left out, and as short as it gets at all."""
_PLACES = (0.5, 0.25, 0.75, 0.1, 0.9)
_MARK = "…"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        spare: 0 stays at any width; of the others the highest go first, those of one number together.
        is_name: its texts may be shortened in the middle, and stand to the left.
    """

    title: str
    spare: int = 0
    is_name: bool = False
    left: bool = False


def one_line(text: str) -> str:
    """A text as it may stand in a terminal's line: nothing in it is obeyed."""
    return wording.printable(text).replace("\n", " ").replace("\t", " ")


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
    """Prints a table that fits, and which columns it leaves out."""
    table, left_out = fitted(columns, rows, console.width, lines=console.is_terminal, title=title)
    console.print(table)
    if left_out:
        note = f"Not shown at this width: {', '.join(left_out)}."
        console.print(Text(note, style="dim"))


def fitted(
    columns: Sequence[Column],
    rows: Iterable[Sequence[str]],
    width: int,
    *,
    lines: bool = True,
    title: str | None = None,
) -> tuple[Table, list[str]]:
    """A table of at most so many cells, and the titles of the columns it leaves out."""
    cells = [[one_line(text) for text in row] for row in rows]
    widths = [
        max([cell_len(column.title), *(cell_len(row[i]) for row in cells)])
        for i, column in enumerate(columns)
    ]
    kept = list(range(len(columns)))
    while _needed(columns, widths, kept, COMFORT) > width and any(columns[i].spare for i in kept):
        most = max(columns[i].spare for i in kept)
        kept = [i for i in kept if columns[i].spare < most]
    for i in kept:
        if columns[i].is_name:
            over = _needed(columns, widths, kept, None) - width
            if over > 0:
                room = max(widths[i] - over, LEAST_NAME)
                names = shortened_names([row[i] for row in cells], room)
                for row, name in zip(cells, names, strict=True):
                    row[i] = name
                widths[i] = max([cell_len(columns[i].title), *(cell_len(name) for name in names)])
    table = Table(
        box=box.SIMPLE_HEAD if lines else None,
        pad_edge=False,
        header_style="bold",
        title=title,
        title_justify="left",
    )
    for i in kept:
        column = columns[i]
        left = column.is_name or column.left
        table.add_column(
            Text(column.title),
            justify="left" if left else "right",
            no_wrap=not left,
            overflow="fold",
        )
    for row in cells:
        table.add_row(*(Text(row[i]) for i in kept))
    return table, [columns[i].title for i in range(len(columns)) if i not in kept]


def _needed(columns: Sequence[Column], widths: Sequence[int], kept: Sequence[int], names: int | None) -> int:
    """The cells a table takes, names cut to so many."""
    own = [
        min(widths[i], max(names, cell_len(columns[i].title)))
        if names is not None and columns[i].is_name
        else widths[i]
        for i in kept
    ]
    return sum(own) + GAP * (len(kept) - 1)

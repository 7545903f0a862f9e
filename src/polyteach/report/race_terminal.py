"""A race in a terminal: the verdict, and who left when, why and at what cost. Fits 80 columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from polyteach.scoring.numbers import NONE, number

_STYLES = {"found": "bold green", "tied": "bold cyan"}


def print_race(race: Mapping[str, Any], console: Console) -> None:
    """Prints how a race stands; without colour or lines where the console is no terminal."""
    verdict = race["verdict"]
    console.print(Text(verdict["text"], style=_STYLES.get(verdict["kind"], "bold yellow")))
    console.print()
    console.print(_table(race, lines=console.is_terminal))
    cost = race["cost"]
    share = "" if cost["share"] is None else f", {cost['share']:.0%} of what the full study's would be"
    console.print(Text(f"student tokens: {cost['student_tokens']:,}{share}"))


def _table(race: Mapping[str, Any], *, lines: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD if lines else None, pad_edge=False)
    table.add_column("teacher", overflow="fold")
    table.add_column("left at")
    for name in ("gain", "95%", "behind", "at once", "tokens"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in race["teachers"]:
        left = f"rung {one['left_at']}" if one["left_at"] else "remains"
        cells = (*_points(one["gain"]), *_points(one["gap"]), f"{one['student_tokens']:,}")
        table.add_row(*(Text(cell) for cell in (one["teacher"], left, *cells)))
    return table


def _points(figure: Mapping[str, Any] | None) -> tuple[str, str]:
    """A figure in points, and its interval."""
    if figure is None:
        return NONE, ""
    low, high = (number(100 * figure[end], 1) for end in ("low", "high"))
    return number(100 * figure["value"], 1), f"[{low}, {high}]"

"""A race in a terminal: the verdict, and who left when, why and at what cost. Fits any width."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from polyteach.report.tables import Column, print_table
from polyteach.scoring.numbers import NONE, number

COLUMNS = (
    Column("teacher", is_name=True),
    Column("left at", left=True),
    Column("gain"),
    Column("95%", spare=2, said="gain's 95%"),
    Column("behind"),
    Column("interval", spare=1, said="behind's interval"),
    Column("tokens", spare=3),
)
_STYLES = {"found": "bold green", "tied": "bold cyan"}


def print_race(race: Mapping[str, Any], console: Console) -> None:
    """Prints how a race stands; without colour or lines where the console is no terminal."""
    verdict = race["verdict"]
    console.print(Text(verdict["text"], style=_STYLES.get(verdict["kind"], "bold yellow")))
    console.print()
    print_table(console, COLUMNS, map(_row, race["teachers"]))
    cost = race["cost"]
    share = "" if cost["share"] is None else f", {cost['share']:.0%} of what the full study's would be"
    console.print(Text(f"student tokens: {cost['student_tokens']:,}{share}"))


def _row(one: Mapping[str, Any]) -> tuple[str, ...]:
    left = f"rung {one['left_at']}" if one["left_at"] else "remains"
    return (one["teacher"], left, *_points(one["gain"]), *_points(one["gap"]), f"{one['student_tokens']:,}")


def _points(figure: Mapping[str, Any] | None) -> tuple[str, str]:
    """A figure in points, and its interval."""
    if figure is None:
        return NONE, ""
    low, high = (number(100 * figure[end], 1) for end in ("low", "high"))
    return number(100 * figure["value"], 1), f"[{low}, {high}]"

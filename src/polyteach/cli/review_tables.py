"""The tables that `polyteach review import` prints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from polyteach.cli.terminal import printable
from polyteach.languages import english_name
from polyteach.scoring.numbers import number

_WIDTH = 110


def print_reviews(found: Mapping[str, Any], languages: Iterable[str]) -> None:
    """Prints what reviewers of these languages said."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_WIDTH)
    for one in found["languages"]:
        if one["language"] in set(languages):
            console.print(
                f"\n{english_name(one['language'])} ({one['language']})", style="bold", markup=False
            )
            console.print(_reviewers(one))
            console.print(_teachers(one))
            for line in _lines(one):
                console.print(line, markup=False)


def _reviewers(one: Mapping[str, Any]) -> Table:
    table = _table("reviewer", "answered", "cannot judge", "open", "same mark again", "same choice again")
    for entry in one["reviewers"]:
        items, again = entry["items"], entry["consistency"]
        table.add_row(
            _cut(entry["reviewer"]),
            f"{items['answered']} of {items['of']}",
            str(items["cannot_judge"]),
            str(items["open"]),
            said(again["same_mark"]),
            said(again["same_choice"]),
        )
    return table


def _teachers(one: Mapping[str, Any]) -> Table:
    table = _table("teacher", "preferred", "n", "mean mark", "n")
    for entry in one["teachers"]:
        preferred, mark = entry["preference"], entry["mark"]
        table.add_row(
            _cut(entry["teacher"]), said(preferred), str(preferred["n"]), said(mark), str(mark["n"])
        )
    return table


def _lines(one: Mapping[str, Any]) -> Iterable[str]:
    yield f"agreement between reviewers (alpha): marks {said(one['agreement']['marks'])}"
    yield f"                                     choices {said(one['agreement']['choices'])}"
    for entry in one["with_metrics"]:
        if entry["agreement"]["value"] is not None or entry["is_judge"]:
            who = "the judge" if entry["is_judge"] else entry["metric"]
            yield f"agreement with {who} within prompts: {said(entry['agreement'])}"
    for reason, count in one["left_out"].items():
        yield f"left out: {count} {reason.replace('_', ' ')}"


def said(figure: Mapping[str, Any]) -> str:
    """A figure with its interval, or why it has none."""
    if figure["value"] is None:
        return f"undefined: {figure['reason']}"
    bounds = "" if figure["low"] is None else f" [{number(figure['low'], 2)}, {number(figure['high'], 2)}]"
    return f"{number(figure['value'], 2)}{bounds}"


def _table(first: str, *others: str) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column(first, overflow="fold")
    for name in others:
        table.add_column(name, justify="right", overflow="fold")
    return table


def _cut(text: str) -> Any:
    from rich.text import Text

    return Text(printable(text[:60]))

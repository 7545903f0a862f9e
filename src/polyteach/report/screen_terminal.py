"""A screen in a terminal: verdict, ranking, what it rests on and cannot see. Fits 80 columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from polyteach.report import wording
from polyteach.report.costs import usd
from polyteach.report.screen_view import ScreenLine, lines_of
from polyteach.report.terminal import print_warnings
from polyteach.scoring.numbers import NONE

_STYLES = {"best": "bold green", "tie": "bold cyan"}
_UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def print_screen(screened: Mapping[str, Any], console: Console) -> None:
    """Prints what a screen found; without colour or lines where the console is no terminal."""
    verdict = screened["verdict"]
    console.print(Text(verdict["text"], style=_STYLES.get(verdict["kind"], "bold yellow")))
    console.print()
    console.print(ranking_table(screened, lines=console.is_terminal))
    if len(screened["languages"]) > 1:
        console.print()
        console.print(language_table(screened, lines=console.is_terminal))
    for line in lines_of(screened):
        if reason := line.entry["score"].get("reason"):
            console.print(Text(f"- {line.entry['candidate']}: {reason}", style="yellow"))
    _print_list("Rests on", screened["rests_on"], console)
    _print_list("Cannot see", screened["cannot_see"], console)
    print_warnings(screened["warnings"], console, "on the page")


def ranking_table(screened: Mapping[str, Any], *, lines: bool = True) -> Table:
    """The ranking over all languages as a table."""
    table = _table(lines)
    for name in ("score", "95%", "quality", "usable", "failed", "tokens", "USD/10k"):
        table.add_column(name, justify="right", no_wrap=True)
    for line in lines_of(screened):
        table.add_row(*(Text(cell) for cell in _row(line)))
    return table


def language_table(screened: Mapping[str, Any], *, lines: bool = True) -> Table:
    """Each candidate's score in each language, its possible ranks there in brackets."""
    table = _table(lines)
    languages = screened["languages"]
    for code in languages:
        table.add_column(code, justify="right")
    places = {(entry["candidate"], entry["language"]): entry for entry in screened["ranking"]}
    for line in lines_of(screened):
        name = line.entry["candidate"]
        found = [places[name, code] for code in languages]
        cells = [wording.ranks(line.entry["rank_interval"]), name, *(_place(entry) for entry in found)]
        table.add_row(*(Text(cell) for cell in cells))
    return table


def share(value: float | None) -> str:
    """A share in per cent; a dash where there is none."""
    return NONE if value is None else f"{value:.0%}"


def _table(lines: bool) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD if lines else None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold"
    )
    table.add_column("rank", no_wrap=True)
    table.add_column("candidate", overflow="fold")
    return table


def _place(entry: Mapping[str, Any]) -> str:
    score = wording.number(entry["score"]["value"], 1)
    return f"{score} ({wording.ranks(entry['rank_interval'])})" if entry["rank_interval"] else score


def _row(line: ScreenLine) -> list[str]:
    score = line.entry["score"]
    return [
        wording.ranks(line.entry["rank_interval"]),
        line.entry["candidate"],
        wording.number(score["value"], 1),
        wording.bounds(score, 0),
        wording.number(line.quality),
        share(line.usable),
        share(line.failed_share),
        _short(line.tokens),
        usd(line.money_per_10k),
    ]


def _short(count: int) -> str:
    """A count in four characters or so."""
    for unit, letter in _UNITS:
        if count >= unit:
            return f"{count / unit:.3g}{letter}"
    return str(count)


def _print_list(title: str, sentences: Sequence[str], console: Console) -> None:
    console.print()
    console.print(Text(f"{title}:", style="bold"))
    for text in sentences:
        console.print(Text(f"- {text}"))

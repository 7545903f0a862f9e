"""A screen in a terminal: verdict, ranking, what it rests on and cannot see. Fits any width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from polyteach.report import wording
from polyteach.report.costs import usd
from polyteach.report.screen_view import ScreenLine, lines_of
from polyteach.report.tables import Column, print_table
from polyteach.report.terminal import print_warnings
from polyteach.scoring.numbers import NONE

_STYLES = {"best": "bold green", "tie": "bold cyan"}
COLUMNS = (
    Column("rank", left=True),
    Column("candidate", is_name=True),
    Column("score"),
    Column("95%", spare=1),
    Column("quality", spare=2),
    Column("usable", spare=2),
    Column("failed", spare=4),
    Column("tokens", spare=4),
    Column("USD/10k", spare=3),
)
_UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def print_screen(screened: Mapping[str, Any], console: Console) -> None:
    """Prints what a screen found; without colour or lines where the console is no terminal."""
    verdict = screened["verdict"]
    console.print(Text(verdict["text"], style=_STYLES.get(verdict["kind"], "bold yellow")))
    console.print()
    _print_ranking(screened, console)
    if len(screened["languages"]) > 1:
        console.print()
        _print_languages(screened, console)
    for line in lines_of(screened):
        if reason := line.entry["score"].get("reason"):
            console.print(Text(f"- {line.entry['candidate']}: {reason}", style="yellow"))
    _print_list("Rests on", screened["rests_on"], console)
    _print_list("Cannot see", screened["cannot_see"], console)
    print_warnings(screened["warnings"], console, "on the page")


def _print_ranking(screened: Mapping[str, Any], console: Console) -> None:
    """The ranking over all languages."""
    print_table(console, COLUMNS, [_row(line) for line in lines_of(screened)])


def _print_languages(screened: Mapping[str, Any], console: Console) -> None:
    """Each candidate's score in each language, its possible ranks there in brackets."""
    languages = screened["languages"]
    places = {(entry["candidate"], entry["language"]): entry for entry in screened["ranking"]}
    rows = []
    for line in lines_of(screened):
        name = line.entry["candidate"]
        found = [places[name, code] for code in languages]
        rows.append([wording.ranks(line.entry["rank_interval"]), name, *(_place(entry) for entry in found)])
    print_table(console, [*COLUMNS[:2], *(Column(code) for code in languages)], rows)


def share(value: float | None) -> str:
    """A share in per cent; a dash where there is none."""
    return NONE if value is None else f"{value:.0%}"


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

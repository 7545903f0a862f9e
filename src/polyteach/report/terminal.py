"""The leaderboard in a terminal: verdict, ranking with intervals, what to beware of. Fits any width."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from polyteach.report import wording
from polyteach.report.nothing_taught import sentence
from polyteach.report.side_effects import WARNINGS as SAID
from polyteach.report.side_effects import lost, sentences
from polyteach.report.tables import Column, print_table

SHOWN_WARNINGS = 5
COLUMNS = (
    Column("rank", left=True),
    Column("teacher", is_name=True),
    Column("score"),
    Column("95% interval", spare=1),
    Column("gain", spare=2),
    Column("quality", spare=2),
    Column("published", spare=3),
    Column("paper", spare=3),
)
_STYLES = {"wins": "bold green", "leads": "bold cyan", "tied": "bold cyan"}


def print_leaderboard(results: Mapping[str, Any], console: Console, told: Collection[str] = ()) -> None:
    """Prints a study's outcome; without colour or lines where the console is no terminal.

    Args:
        results: as in `results.json`.
        console: where to.
        told: steps of which the caller tells why they failed.
    """
    verdict = results["verdict"]
    console.print(Text(verdict["text"], style=_STYLES.get(verdict["kind"], "bold yellow")))
    for text in verdict["worth"]:
        console.print(Text(f"- {text}"))
    if verdict["size"]:
        console.print(Text(verdict["size"]))
    console.print()
    print_table(console, COLUMNS, [_row(entry) for entry in results["leaderboard"]])
    taught = sentence(results)
    one_trial = " over items only (one trial)" if results["study"]["trials"] == 1 else ""
    console.print(
        Text(
            f"Rank by score, the robust PG-Score, with its 95% interval{one_trial}. It joins gain (the share "
            "of what could be learned above chance) and quality (corrupted data 0, human data 1, by metrics "
            f"that pass the gate).{f' {taught}' if taught else ''} published and paper, the PG-Scores of the "
            "paper, are shown for comparison.",
            style="dim",
        )
    )
    losses = lost(results)
    if said := losses or sentences(results):
        console.print()
        console.print(Text(f"Side effects: {' '.join(said)}", style="yellow" if losses else ""))
    print_warnings(
        [w for w in results["warnings"] if w["code"] not in SAID and w["where"] not in told], console
    )


def _row(entry: Mapping[str, Any]) -> list[str]:
    scores = entry["scores"]
    figures = (entry["gain"], entry["quality"], scores["published"], scores["paper"])
    return [
        wording.ranks(entry["rank_interval"]),
        entry["teacher"],
        wording.number(scores["robust"]["value"], 1),
        wording.bounds(scores["robust"], 1),
        *(wording.number(figure["value"]) for figure in figures),
    ]


def print_warnings(
    warnings: Sequence[Mapping[str, str]], console: Console, others: str = "in the report"
) -> None:
    """Prints the first warnings, and where the others are."""
    if not warnings:
        return
    console.print()
    for warning in warnings[:SHOWN_WARNINGS]:
        named = warning["where"] == "study" or warning["where"] in warning["message"]
        where = "" if named else f" ({warning['where']})"
        console.print(Text(f"! {warning['message']}{where}", style="yellow"))
    more = len(warnings) - SHOWN_WARNINGS
    if more > 0:
        console.print(Text(f"! {more} more warnings {others}", style="yellow"))

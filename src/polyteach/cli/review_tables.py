"""The tables that `polyteach review import` prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from polyteach.cli.terminal import output_console
from polyteach.languages import english_name
from polyteach.report import wording
from polyteach.report.tables import Column, print_table

WIDTH = 110
REVIEWERS = (
    Column("reviewer", is_name=True),
    Column("answered"),
    Column("cannot judge", spare=1),
    Column("open", spare=1),
    Column("same mark again", spare=2),
    Column("same choice again", spare=2),
)
TEACHERS = (
    Column("teacher", is_name=True),
    Column("pairs won"),
    Column("n", spare=2),
    Column("mean mark", spare=1),
    Column("n", spare=2),
)
AGREEMENTS = (Column("agreement", left=True), Column("figure"), Column("n", spare=1))


def print_reviews(found: Mapping[str, Any], languages: Iterable[str]) -> None:
    """Prints what reviewers of these languages said."""
    console, wanted = output_console(WIDTH), set(languages)
    for one in found["languages"]:
        if one["language"] not in wanted:
            continue
        name = english_name(one["language"])
        print_table(console, REVIEWERS, map(_reviewer, one["reviewers"]), f"{name}: reviewers")
        console.print()
        print_table(console, TEACHERS, map(_teacher, one["teachers"]), f"{name}: what they prefer")
        console.print()
        print_table(console, AGREEMENTS, _agreements(one), f"{name}: how far they agree")
        for reason, count in one["left_out"].items():
            console.print(f"left out: {count} {reason.replace('_', ' ')}", markup=False)


def _reviewer(entry: Mapping[str, Any]) -> list[str]:
    items, again = entry["items"], entry["consistency"]
    counts = [f"{items['answered']} of {items['of']}", str(items["cannot_judge"]), str(items["open"])]
    return [entry["reviewer"], *counts, said(again["same_mark"]), said(again["same_choice"])]


def _teacher(entry: Mapping[str, Any]) -> list[str]:
    preferred, mark = entry["preference"], entry["mark"]
    return [entry["teacher"], said(preferred), str(preferred["n"]), said(mark), str(mark["n"])]


def _agreements(one: Mapping[str, Any]) -> Iterator[list[str]]:
    """Reviewers among themselves and with the judge always; metrics where there is a figure."""
    between = one["agreement"]
    yield ["reviewers, marks (alpha)", said(between["marks"]), str(between["marks"]["n"])]
    yield ["reviewers, pairs (alpha)", said(between["choices"]), str(between["choices"]["n"])]
    for entry in one["with_metrics"]:
        figure = entry["agreement"]
        if figure["value"] is not None or entry["is_judge"]:
            who = "the judge" if entry["is_judge"] else entry["metric"].replace("_", " ")
            yield [f"with {who} (rho within prompts)", said(figure), str(figure["n"])]


def said(figure: Mapping[str, Any]) -> str:
    """A figure with its interval; a dash and the reason where it has none."""
    if figure["value"] is None:
        return f"– {figure['reason']}"
    return f"{wording.number(figure['value'], 2)} {wording.bounds(figure, 2)}".rstrip()

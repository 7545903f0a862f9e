"""A comparison in a terminal: standings side by side, then what changed, and why, teacher by teacher."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from polyteach.comparison.comparing import Change, Comparison, Standing
from polyteach.comparison.decomposition import Decomposition
from polyteach.comparison.words import (
    TITLES,
    parts_shown,
    sentences,
    settings_shown,
    signed,
    signed_bounds,
    why,
)
from polyteach.report import wording
from polyteach.report.tables import COMFORT, Column, print_table

MOST_SETTINGS = 12
_BESIDE = 8  # cells of a rank and the blanks around it
_HEADS = {"weight": "weight", "benchmarks": "benchm.", "metrics": "metrics", "places": "places"}


def print_comparison(found: Comparison, console: Console) -> None:
    """Prints runs side by side, and why each later one is not as the first."""
    heads = _heads(found.labels, console.width)
    for head, label, run in zip(heads, found.labels, found.runs, strict=True):
        name = label if head == label else f"{head}, {label}"
        console.print(Text(f"{wording.one_line(name)}: {wording.one_line(run.results.verdict.text)}"))
    console.print()
    _print_standings(found, heads, console)
    for change in found.changes:
        console.print()
        title = f"{wording.one_line(change.after)}, compared with {wording.one_line(change.before)}"
        console.print(Text(title, style="bold"))
        _print_change(change, console)


def _heads(labels: Sequence[str], width: int) -> list[str]:
    """What columns are called: the runs' labels if there is room for them all, else `run 1`."""
    room = (width - COMFORT) // len(labels) - _BESIDE
    if all(cell_len(label) <= room for label in labels):
        return list(labels)
    return [f"run {number}" for number, _ in enumerate(labels, 1)]


def _print_standings(found: Comparison, heads: Sequence[str], console: Console) -> None:
    columns = [Column("teacher", is_name=True)]
    for head in heads:
        columns += [
            Column(wording.one_line(head)),
            Column("95%", spare=2),
            Column("rank"),
        ]
    rows = [
        [name, *(text for standing in standings for text in _standing(standing))]
        for name, standings in found.standings.items()
    ]
    print_table(console, columns, rows)


def _standing(standing: Standing | None) -> tuple[str, str, str]:
    if standing is None:
        return "", "", ""
    score = standing.score.to_json()
    ranks = standing.rank_interval
    return (
        wording.number(score["value"], 1),
        wording.bounds(score, 1),
        wording.ranks(list(ranks) if ranks else None),
    )


def _print_change(change: Change, console: Console) -> None:
    for sentence in sentences(change):
        console.print(Text(f"- {wording.one_line(sentence)}"))
    settings = settings_shown(change)
    if settings:
        console.print()
        columns = [Column("setting", is_name=True), Column(change.before, left=True)]
        rows = [[c.key, c.before or "", c.after or ""] for c in settings[:MOST_SETTINGS]]
        print_table(console, [*columns, Column(change.after, left=True)], rows)
        if len(settings) > MOST_SETTINGS:
            console.print(Text(f"and {len(settings) - MOST_SETTINGS} more: --json", style="dim"))
    _print_parts(change, console)
    console.print()
    for teacher in change.teachers:
        console.print(
            Text(f"{wording.one_line(teacher.teacher)}: {wording.one_line(' '.join(why(teacher, change)))}")
        )


def _print_parts(change: Change, console: Console) -> None:
    """The change of each score, and its parts as far as any has them."""
    known = [t for t in change.teachers if t.score.value is not None]
    if not known:
        return
    console.print()
    parts = [t.made_of.parts if isinstance(t.made_of, Decomposition) else {} for t in known]
    used = parts_shown(t.made_of for t in known)
    columns = [Column("teacher", is_name=True), Column("score"), Column("interval", spare=1)]
    rows = []
    for teacher, own in zip(known, parts, strict=True):
        score = teacher.score
        figures = [signed(score.value), signed_bounds(score), *(signed(own.get(n)) for n in used)]
        rows.append([teacher.teacher, *figures])
    print_table(console, [*columns, *(Column(_HEADS.get(n, n)) for n in used)], rows)
    said = ", ".join(f"{_HEADS.get(n, n)} = {TITLES[n]}" for n in used if n in _HEADS)
    console.print(
        Text(f"Points of the score, summing to its change.{f' {said}.' if said else ''}", style="dim")
    )

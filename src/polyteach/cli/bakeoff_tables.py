"""The tables that `polyteach bakeoff` prints."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from polyteach.cli.terminal import printable
from polyteach.figures import Figure
from polyteach.selection.bakeoff.compare import CellFacts, Line

WIDTH = 128
NOTES = (
    "tau: Kendall's, over pairs of teachers that the truth separates; less students': tau less that of "
    "training students of the smallest rung once; regret: points of gain lost by taking the first; in tie "
    "set: chance that the first is the best or as good; [95% interval over teachers]; undef.: teachers "
    "without a score, over all cells; tokens: thousands a cell that a student reads, a backward pass taken "
    "for two forward ones; of full: the same against one training of all students; sec.: a cell, on the "
    "machine that computed the scores (`--json` has the definitions)"
)


def print_bakeoff(facts: Sequence[CellFacts], lines: Sequence[Line]) -> None:
    """Prints the truth and what selectors make of it."""
    console = Console(highlight=False)
    console = Console(highlight=False, width=max(console.width, WIDTH) if console.is_terminal else WIDTH)
    console.print(_truth(facts))
    console.print(_selectors(lines))
    console.print(NOTES, style="dim", markup=False)


def _truth(facts: Sequence[CellFacts]) -> Table:
    heads = ("teachers", "gated", "trials", "pairs\nseparated", "gain\nworst..best", "split-half\nr", "\ntau")
    table = _table("The truth", ["language", "base"], [*heads, "best, and as good"])
    for fact in facts:
        table.add_row(
            fact.language,
            _text(fact.base),
            str(fact.teachers),
            str(len(fact.gated)),
            str(fact.trials),
            f"{fact.separated_pairs} of {fact.pairs}",
            f"{fact.worst_gain:.1f}..{fact.best_gain:.1f}",
            _number(fact.reliability, ".3f"),
            _number(fact.half_tau, ".2f"),
            _text(", ".join(fact.best)),
        )
    return table


def _selectors(lines: Sequence[Line]) -> Table:
    heads = ("tau", "less students'", "regret", "in tie\nset", "\nundef.", "\ntokens", "of\nfull", "\nsec.")
    table = _table("Selectors and controls", ["selector"], heads)
    for line in lines:
        table.add_row(
            _text(line.selector),
            _figure(line.tau, ".2f"),
            _figure(line.tau_ahead, "+.2f") if line.tau_ahead else "-",
            _figure(line.regret, ".1f"),
            _number(line.hits.value, ".2f"),
            str(sum(line.tau.unscored.values()) or "-"),
            _number(None if line.tokens is None else line.tokens / 1000, ",.0f"),
            _number(line.cost_share, ".1%"),
            _number(line.seconds, ".1f"),
        )
    return table


def _table(title: str, texts: Sequence[str], numbers: Sequence[str]) -> Table:
    table = Table(
        title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False, padding=(0, 1, 0, 0)
    )
    for head in texts:
        table.add_column(head, no_wrap=True)
    for head in numbers:
        last = head == "best, and as good"
        table.add_column(head, justify="left" if last else "right", no_wrap=not last)
    return table


def _text(text: str) -> Text:
    return Text(printable(text))


def _figure(figure: Figure, form: str) -> str:
    if figure.value is None:
        return "-"
    if figure.low is None or figure.high is None:
        return format(figure.value, form)
    return f"{figure.value:{form}} \\[{figure.low:{form}} {figure.high:{form}}]"


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)

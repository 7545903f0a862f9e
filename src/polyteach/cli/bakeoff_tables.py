"""The tables that `polyteach bakeoff` prints."""

from __future__ import annotations

from collections.abc import Sequence

from polyteach.cli.terminal import output_console
from polyteach.figures import Figure
from polyteach.report.tables import Column, print_table
from polyteach.selection.bakeoff.compare import CellFacts, Line

WIDTH = 128
TRUTH = (
    Column("language", is_name=True),
    Column("base", is_name=True),
    Column("teachers", spare=1),
    Column("gated", spare=2),
    Column("trials", spare=2),
    Column("pairs\nseparated", said="pairs separated"),
    Column("gain\nworst..best", said="gain, worst..best"),
    Column("split-half\nr", spare=1, said="split-half r"),
    Column("\ntau", spare=1, said="split-half tau"),
    Column("best, and as good", left=True),
)
SELECTORS = (
    Column("selector", is_name=True),
    Column("tau"),
    Column("less students'", spare=1),
    Column("regret"),
    Column("in tie\nset", said="in tie set"),
    Column("undef.", spare=2),
    Column("tokens", spare=3),
    Column("of\nfull", spare=2, said="of full"),
    Column("sec.", spare=3),
)
NOTES = (
    "tau: Kendall's, over pairs of teachers that the truth separates; less students': tau less that of "
    "training students of the smallest rung once, on the same trials; regret: points of gain lost by taking "
    "the first; in tie set: chance that the first is the best or as good; [95% interval over teachers]; "
    "undef.: teachers without a score, over all cells; tokens: thousands a cell that a student reads, a "
    "backward pass taken for two forward ones; of full: the same against one training of all students; "
    "sec.: a cell, on the machine that computed the scores (`--json` has the definitions)"
)


def print_bakeoff(facts: Sequence[CellFacts], lines: Sequence[Line]) -> None:
    """Prints the truth and what selectors make of it."""
    console = output_console(WIDTH)
    print_table(console, TRUTH, map(_truth, facts), "The truth")
    console.print()
    print_table(console, SELECTORS, map(_selector, lines), "Selectors and controls")
    console.print(NOTES, style="dim", markup=False)


def _truth(fact: CellFacts) -> list[str]:
    return [
        fact.language,
        fact.base,
        str(fact.teachers),
        str(len(fact.gated)),
        str(fact.trials),
        f"{fact.separated_pairs} of {fact.pairs}",
        f"{fact.worst_gain:.1f}..{fact.best_gain:.1f}",
        _number(fact.reliability, ".3f"),
        _number(fact.half_tau, ".2f"),
        ", ".join(fact.best),
    ]


def _selector(line: Line) -> list[str]:
    return [
        line.selector,
        _figure(line.tau, ".2f"),
        _figure(line.tau_ahead, "+.2f") if line.tau_ahead else "-",
        _figure(line.regret, ".1f"),
        _number(line.hits.value, ".2f"),
        str(sum(line.tau.unscored.values()) or "-"),
        _number(None if line.tokens is None else line.tokens / 1000, ",.0f"),
        _number(line.cost_share, ".1%"),
        _number(line.seconds, ".1f"),
    ]


def _figure(figure: Figure, form: str) -> str:
    if figure.value is None:
        return "-"
    if figure.low is None or figure.high is None:
        return format(figure.value, form)
    return f"{figure.value:{form}} [{figure.low:{form}} {figure.high:{form}}]"


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)

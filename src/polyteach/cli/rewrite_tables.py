"""What `polyteach rewrite` prints: what was weak, what became of it, and the set before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from polyteach.cli.display import money, troubles, warn
from polyteach.cli.judges import bill_in_words

_SHOWN = (
    ("response_fidelity", "responses in the language", ".1%"),
    ("exact_duplicates", "exact copies", ".1%"),
    ("near_duplicates", "near copies", ".1%"),
    ("response_diversity", "diversity of responses", ".3f"),
    ("response_distinct_2", "distinct-2 of responses", ".3f"),
    ("response_length", "length of responses", ".1f"),
    ("rubric", "rubric, 1-5", ".2f"),
)
_LEFT = (
    ("no_new_response_mends", "left: no new response mends"),
    ("no_answer", "left: the teacher gave no usable answer"),
    ("new_response_found", "left: the new response was found too"),
)


def print_rewritten(summary: Mapping[str, Any], output: Path, took: Sequence[Mapping[str, Any]]) -> None:
    """Prints what a rewriting came to."""
    rows, weak = summary["rows"], summary["weak"]
    typer.echo(
        f"{output}: {weak:,} of {rows:,} rows are weak; {summary['rewritten']:,} rewritten by "
        f"{summary['teacher']}, {weak - summary['rewritten']:,} left as they were"
    )
    for key, words in _LEFT:
        if counts := summary["left"][key]:
            typer.echo(f"  {words}: {_counted(counts)}")
    if summary["left"]["not_asked"]:
        typer.echo(f"  left: not asked for: {summary['left']['not_asked']:,}")
    _print_rules(summary["by_rule"])
    before, after = summary["metrics"]["before"], summary["metrics"]["after"]
    for name, words, form in _SHOWN:
        if name in before:
            typer.echo(f"  {words}: {_change(before[name], after[name], form)}")
    if summary["caution"]:
        typer.echo(f"  {summary['caution']}")
    if asked := summary["asked"]:
        typer.echo(
            f"sent {asked['sent']:,}, reused {asked['reused']:,}; {asked['prompt_tokens']:,} tokens sent, "
            f"{asked['response_tokens']:,} received, {money(asked['money'], 'price unknown')}"
        )
        for reason, words in asked["details"].items():
            typer.echo(f"  {reason}: {words}")
    for bill in took:
        typer.echo(bill_in_words(bill))


def _print_rules(rules: Sequence[Mapping[str, Any]]) -> None:
    """A line for each rule that found something, before or after."""
    finds = [rule for rule in rules if rule["found"] or rule["after"]["value"]]
    width = max((len(rule["reason"]) for rule in finds), default=0)
    if finds:
        head = "share of rows it finds, before -> after"
        typer.echo(f"  {'rule':{width}}  {'found':>6}  {'rewritten':>9}  {head}")
    for rule in finds:
        change = _change(rule["before"], rule["after"], ".1%")
        typer.echo(f"  {rule['reason']:{width}}  {rule['found']:6,}  {rule['rewritten']:9,}  {change}")
    if others := [rule["reason"] for rule in rules if rule not in finds]:
        typer.echo(f"  nothing found by {', '.join(others)}")


def print_foretold(told: Mapping[str, Any]) -> None:
    """Prints what a rewriting would ask for."""
    typer.echo(f"{told['weak']:,} of {told['rows']:,} rows are weak; {told['asked']:,} would be asked for")
    for rule in told["by_rule"]:
        untold = _counted(rule["could_not_tell"])
        typer.echo(
            f"  {rule['reason']}: {rule['weak']:,} (found {rule['found']:,})"
            + (f"; could not tell: {untold}" if untold else "")
        )
    most = told["at_most"]
    paid = money(most["money"], "its price is unknown")
    typer.echo(
        f"at most {most['requests']:,} requests, {most['prompt_tokens']:,} tokens sent, "
        f"{most['response_tokens']:,} received: {paid} (every attempt used up, by answers of full length)"
    )


def warn_of(told: Mapping[str, Any]) -> None:
    """Says on stderr what is to be done elsewhere, and what went wrong."""
    from polyteach.scoring.numbers import counted

    is_plan = told["kind"] == "rewrite_plan"
    left = told["no_new_response_mends"] if is_plan else told["left"]["no_new_response_mends"]
    if left:
        warn(
            f"not asked for, since no new response mends them: {counted(sum(left.values()), 'weak row')} "
            f"({_counted(left)}); `polyteach filter` takes them out"
        )
    if is_plan:
        for reason in told["not_looked_at"]:
            warn(f"{reason}: not asked in a dry run, since the judge costs money; more rows may be weak")
        return
    if told["asked"]:
        for said in troubles(told["asked"]["endpoint"]):
            warn(said)
        if unanswered := told["asked"]["unanswered"]:
            warn(f"without an answer: {counted(unanswered, 'request')}; run it again to send these")
        if cut := told["left"]["new_response_found"].get("cut_off"):
            warn(f"{cut} new responses end where their room ended; raise --max-new-tokens")


def _change(before: Mapping[str, Any], after: Mapping[str, Any], form: str) -> str:
    return f"{_figure(before, form)} -> {_figure(after, form)}"


def _figure(figure: Mapping[str, Any], form: str) -> str:
    if figure["value"] is None:
        return f"undefined ({figure['reason']})"
    said = f"{figure['value']:{form}}"
    if figure["low"] is None:
        return said
    return f"{said} [{figure['low']:{form}}, {figure['high']:{form}}]"


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{reason} {count:,}" for reason, count in counts.items())

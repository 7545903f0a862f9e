"""What `polyteach filter` prints: a line a rule, and what the verification found."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer


def print_filtered(summary: Mapping[str, Any], output: Path) -> None:
    """Prints a filter's summary, with the verification where it holds one."""
    gone = summary["rows"] - summary["kept"]
    typer.echo(f"{output}: {summary['kept']:,} of {summary['rows']:,} rows stay, {gone:,} go")
    width = max(len(rule["reason"]) for rule in summary["by_rule"])
    typer.echo(f"  {'rule':{width}}  {'goes':>8}  {'found':>8}  could not tell (stays)")
    for rule in summary["by_rule"]:
        untold = ", ".join(f"{count:,} {why}" for why, count in rule["could_not_tell"].items())
        line = f"  {rule['reason']:{width}}  {rule['dropped']:8,}  {rule['found']:8,}  {untold}"
        typer.echo(line.rstrip())
    typer.echo("  (a row counts as gone for the first rule that found it; one row can be found by several)")
    for bill in summary["took"]:
        from polyteach.cli.judges import bill_in_words

        typer.echo(bill_in_words(bill))
    if "verify" in summary:
        _print_verified(summary["verify"])


def _print_verified(verified: Mapping[str, Any]) -> None:
    typer.echo(f"verified with students of {verified['base']} in {verified['language']}:")
    for one in verified.get("students", ()):
        rows = verified["rows"]["trained_on"][one["kind"]]
        steps = one["trials"][0]["steps"]
        typer.echo(f"  {one['kind']:8}  {rows:,} rows, {steps:,} steps: gain {_figure(one['gain'])}")
    for one in verified.get("differences", ()):
        typer.echo(f"  {one['of']} - {one['less']}: {_figure(one['gain'], '+')}")
        if len(one["by_benchmark"]) > 1:
            for name, figure in one["by_benchmark"].items():
                typer.echo(f"    {name}: {_figure(figure, '+')}")
    typer.echo(f"  {verified['verdict']['text']}")
    if verified.get("trials") == 1:
        typer.echo("  one trial: the interval is over items alone; add --trials 3")


def _figure(figure: Mapping[str, Any], sign: str = "") -> str:
    return f"{figure['value']:{sign}.3f} [{figure['low']:{sign}.3f}, {figure['high']:{sign}.3f}]"

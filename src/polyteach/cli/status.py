"""`polyteach status`: how far a run is, from any other terminal."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from polyteach.cli.options import JSON_OPTION, OUTPUT_DIR_OPTION
from polyteach.cli.terminal import print_json
from polyteach.report.wording import one_line


def status(
    run: Annotated[
        str | None, typer.Argument(help="A study's name or file, or a run's folder; without it the latest.")
    ] = None,
    output_dir: OUTPUT_DIR_OPTION = Path(),
    as_json: JSON_OPTION = False,
) -> None:
    """Show how far a run is.

    Steps, requests, failures, tokens, money, time left.
    """
    from polyteach.runs import find_run

    folder = find_run(name_in(run) if run else None, output_dir)
    facts = folder.status()
    if as_json:
        print_json(facts)
        return
    typer.echo(one_line(f"{folder.path}: {facts['state']}"))
    for line in _lines(facts):
        typer.echo(f"  {one_line(line)}")


def name_in(run: str) -> str:
    """The name of the study in a file; what is no file is a name already.

    Raises:
        UserError: the file holds no study.
    """
    from polyteach.study import load_study

    return load_study(Path(run)).name if os.path.isfile(run) else run  # noqa: PTH113 - Path's may raise


def _lines(facts: dict[str, Any]) -> list[str]:
    from polyteach.cli.display import NO_TROUBLE, duration, troubles

    closing = Counter(step["state"] for step in facts["steps"] if step.get("closing"))
    states = Counter(step["state"] for step in facts["steps"] if not step.get("closing"))
    requests = facts["requests"]
    lines = [
        "steps: " + ", ".join(f"{n} {state}" for state, n in sorted(states.items())),
        *(f"results: {n} steps {state}" for state, n in sorted(closing.items())),
        f"requests: {requests['done']:,} done, {requests['left']:,} left",
        f"  of finished steps failed: {_counted(requests['failed'])}; "
        f"asked again: {_counted(requests['retried'])}",
        *(f"  {said}" for said in troubles(facts.get("endpoint", NO_TROUBLE))),
        *_bill(facts),
        *(_measuring(took) for took in facts.get("measuring", ())),
    ]
    if facts["rate"] and facts["state"] == "running":
        lines.append(f"rate: {facts['rate']:.1f} requests/s while teachers write")
    if facts["seconds_left"] and facts["state"] == "running":
        lines.append(f"time left: about {duration(facts['seconds_left'])}")
    lines += [
        f"running: {step['id']}{_so_far(step)}{_where(step)}"
        for step in facts["steps"]
        if step["state"] == "running"
    ]
    lines += [
        f"failed: {step['id']}" + (f": {one_line(step['error'])}" if step.get("error") else "")
        for step in facts["steps"]
        if step["state"] == "failed"
    ]
    if facts["state"] == "budget_reached":
        lines.append("the budget is spent: raise `budget` and run the same command to go on from here")
    elif facts.get("reason"):
        lines += [f"why: {one_line(line.strip())}" for line in facts["reason"].splitlines()]
    return lines


def _bill(facts: dict[str, Any]) -> list[str]:
    """Tokens and money of all the study's runs."""
    from polyteach.cli.display import money

    tokens, budget = facts["tokens"], facts["budget"]
    parts = [
        f"{tokens['prompt']:,} sent" + (f" ({tokens['cached']:,} cached)" if tokens["cached"] else ""),
        f"{tokens['response']:,} received"
        + (f" ({tokens['thinking']:,} thinking)" if tokens["thinking"] else ""),
    ]
    spent = money(facts["money"], f"unknown: {facts.get('unpriced', 0):,} answers without a known price")
    of = f"; budget {budget['cap']:g} USD, {budget['left']:.4f} left" if budget else ""
    return [f"tokens: {', '.join(parts)}", f"money: {spent}{of}"]


def _measuring(took: dict[str, Any]) -> str:
    """What a judge or an embedder took in the steps that are done."""
    from polyteach.cli.display import money

    tokens = f"{took['tokens']['prompt']:,} tokens sent, {took['tokens']['response']:,} received"
    note = "answers that sets of rows share are in each" if took["role"] == "judge" else "in no sum above"
    paid = money(took["money"])
    return f"  {took['role']} {took['model']}: {took['requests']:,} requests, {tokens}, {paid} ({note})"


def _counted(counts: dict[str, int]) -> str:
    """Counts by reason, the largest first."""
    ordered = sorted(counts.items(), key=lambda entry: -entry[1])
    return ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in ordered) or "none"


def _so_far(step: dict[str, Any]) -> str:
    told = step["progress"]
    return f" ({told['done']:,} of {told['total']:,} {told['unit']})" if told else ""


def _where(step: dict[str, Any]) -> str:
    """The machine a step runs on, where it is not the driver's."""
    return f" on {one_line(step['where'])}" if step.get("where") else ""

"""`polyteach status`: how far a run is, from any other terminal."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from polyteach.cli.options import JSON_OPTION, OUTPUT_DIR_OPTION


def status(
    run: Annotated[
        str | None, typer.Argument(help="A study's name or a run's folder; without it the latest run.")
    ] = None,
    output_dir: OUTPUT_DIR_OPTION = Path(),
    as_json: JSON_OPTION = False,
) -> None:
    """Show how far a run is.

    Steps, requests, failures, tokens, time left.
    """
    from polyteach.runs import find_run

    folder = find_run(run, output_dir)
    facts = folder.status()
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False, indent=1))
        return
    typer.echo(f"{folder.path}: {facts['state']}")
    for line in _lines(facts):
        typer.echo(f"  {line}")


def _lines(facts: dict[str, Any]) -> list[str]:
    from polyteach.cli.display import duration

    states = Counter(step["state"] for step in facts["steps"])
    requests, tokens = facts["requests"], facts["tokens"]
    reasons = requests["failed"].items()
    failed = ", ".join(f"{n} {reason.replace('_', ' ')}" for reason, n in reasons) or "none"
    lines = [
        "steps: " + ", ".join(f"{n} {state}" for state, n in sorted(states.items())),
        f"requests: {requests['done']:,} done, {requests['left']:,} left; failed: {failed}",
        f"tokens: {tokens['prompt']:,} sent, {tokens['response']:,} received",
    ]
    if facts["rate"]:
        lines.append(f"rate: {facts['rate']:.1f} requests/s while teachers write")
    if facts["seconds_left"] and facts["state"] == "running":
        lines.append(f"time left: about {duration(facts['seconds_left'])}")
    lines += [f"running: {step['id']}" for step in facts["steps"] if step["state"] == "running"]
    lines += [f"failed: {step['id']}" for step in facts["steps"] if step["state"] == "failed"]
    return lines

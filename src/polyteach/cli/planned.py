"""What a run or a screen would do, shown beforehand; and some of it really asked, to foretell the money."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from polyteach.cli.options import stopped_with_a_code
from polyteach.cli.terminal import print_json

if TYPE_CHECKING:
    from polyteach.artifacts import Store
    from polyteach.resources import Resources
    from polyteach.running import Plan
    from polyteach.steps import Step
    from polyteach.study import Candidates


def ask_some(steps: Sequence[Step], rng_seed: int, store: Store, size: int) -> None:
    """Asks some of what the endpoints of a graph will be asked; the user or the budget may end the command.

    Args:
        steps: of the graph.
        rng_seed: of the draw.
        store: its journal has the answers afterwards.
        size: about how many requests.

    Raises:
        UserError: there are none.
    """
    from polyteach.cli.watched import watched
    from polyteach.errors import UserError
    from polyteach.measuring_costs import ask_judges, rows_to_judge
    from polyteach.preview import ask_preview, served_steps
    from polyteach.running import look_up

    store.prepare()
    planned = look_up(steps, store)
    served = served_steps(planned.missing)
    with stopped_with_a_code(), watched("preview") as progress:
        if served:
            ask_preview(served, store, size, rng_seed, progress)
        rows = rows_to_judge(planned.steps, planned.there, store, size, rng_seed)
        if rows:
            ask_judges(planned.steps, rows, store, progress)
    if not served and not rows:
        raise UserError(
            "there is nothing to preview: no teacher at an endpoint has rows to write, and no row waits for "
            "a judge at one",
            where="--preview",
            fix="run the study; models on this machine cost no money",
        )


def show_plan(
    study: Candidates,
    resources: Resources,
    planned: Plan,
    store: Store,
    *,
    as_json: bool,
    unchecked: Sequence[str],
) -> None:
    """Prints what a graph would do: steps, requests, tokens, money, GPU hours.

    Args:
        study: whose graph it is.
        resources: what it names.
        planned: its steps, and which are there.
        store: its journal tells what answers cost.
        as_json: whether as one JSON object.
        unchecked: what could not be looked up, in sentences.
    """
    from polyteach.cli.display import warn
    from polyteach.cli.effort import disk_lines, gpu_hours_lines
    from polyteach.forecast import forecast
    from polyteach.scoring.numbers import counted

    told = forecast(study, resources, planned, store)
    told["unchecked"] = unchecked
    if as_json:
        print_json(told)
        return
    typer.echo(f"study {study.name}: {counted(told['steps'], 'step')}, {told['reused']} there already")
    for kind, counts in told["kinds"].items():
        steps = f"{counts['steps']:>6} step{'' if counts['steps'] == 1 else 's'}"
        typer.echo(f"  {kind:<12} {steps}, {counts['reused']} there already")
    requests = told["requests"]
    if told["money"] == 0:
        typer.echo(f"rows to simulate: {requests['left']:,} (of {requests['total']:,})")
        typer.echo(f"tokens and money: {told['money_note']}")
    else:
        typer.echo(f"requests to make: {requests['left']:,} (of {requests['total']:,})")
        for one in told["measuring"]:
            if left := one["requests"] - one["answered"]:
                typer.echo(f"  and of the {one['role']} {one['model']}: at most {left:,}")
        attempts = told["tokens"]["attempts"]
        longest = f" (each answer at its longest, in all {attempts} attempts)" if attempts > 1 else ""
        typer.echo(f"tokens to be written: at most {told['tokens']['response_at_most']:,}{longest}")
        _show_money(told)
    for line in (*gpu_hours_lines(told["gpu_hours"]), *disk_lines(told["disk"])):
        typer.echo(line)
    for note in [*told["notes"], *unchecked]:
        typer.echo(f"note: {note}")
    for doubt in told["warnings"]:
        warn(doubt)


def _show_money(told: dict[str, Any]) -> None:
    """What endpoints will cost: all of them, then each."""
    from polyteach.cli.display import foretold, usd
    from polyteach.cli.effort import unasked_lines

    note = told["money_note"]
    if not told["money"]:
        return typer.echo(f"money: {note}")
    unasked = told["money_unasked"]
    if unasked["parts"] and not any(one["answered"] for one in told["teachers"] + told["measuring"]):
        for line in unasked_lines(unasked):
            typer.echo(line)
        return typer.echo("  --preview 100 asks so many requests, and foretells the money from them")
    typer.echo(f"money: {usd(told['money'])}" + (f" ({note})" if note else ""))
    for teacher in told["teachers"]:
        typer.echo(f"  {foretold(teacher)}")
    for one in told["measuring"]:
        said = foretold(one | {"teacher": f"{one['role']} {one['model']}"})
        typer.echo(f"  {said}" + ("" if one["tokens"] else f"; at most {one['requests']:,} requests"))
    return None

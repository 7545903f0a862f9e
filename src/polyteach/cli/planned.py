"""What a run or a screen would do, shown beforehand; and some of it really asked, to foretell the money."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from polyteach.cli.options import ResumeChoice, stopped_with_a_code
from polyteach.cli.terminal import print_json

if TYPE_CHECKING:
    from polyteach.artifacts import Store
    from polyteach.resources import Resources
    from polyteach.runs import RunFolder
    from polyteach.steps import Step
    from polyteach.study import Candidates


def found_for(study: Candidates, file: Path, *, is_plan: bool) -> tuple[Resources, list[str]]:
    """What a study names; for a plan that asks nobody also what could not be looked up, in sentences."""
    from polyteach.planning import find_for_plan
    from polyteach.resources import find_resources
    from polyteach.study.load import told_with_lines

    with told_with_lines(file):
        if is_plan:
            return find_for_plan(study, file.parent)
        return find_resources(study, file.parent), []


def _ask_some(steps: Sequence[Step], rng_seed: int, store: Store, size: int) -> None:
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
    steps: Sequence[Step],
    store: Store,
    folder: RunFolder,
    resume: ResumeChoice,
    preview: int | None,
    unchecked: Sequence[str],
    *,
    as_json: bool,
) -> None:
    """Prints what a graph would do: steps, requests, tokens, money, GPU hours.

    Args:
        study: whose graph it is.
        resources: what it names.
        steps: the graph.
        store: has artifacts; its journal tells what answers cost.
        folder: of the run.
        resume: what would be done with artifacts that are there.
        preview: about how many requests are really asked first; None for none.
        unchecked: what could not be looked up, in sentences.
        as_json: whether as one JSON object.

    Raises:
        UserError: there is nothing to resume, or nothing to preview.
    """
    from polyteach.cli.display import warn
    from polyteach.cli.effort import disk_lines, gpu_hours_lines
    from polyteach.forecast import forecast
    from polyteach.running import check_resumable, look_up
    from polyteach.scoring.numbers import counted

    check_resumable(folder, resume.value)
    if preview is not None:
        _ask_some(steps, study.rng_seed, store, preview)
    planned = look_up(steps, store, resume.value)
    told = forecast(study, resources, planned, store)
    told["unchecked"] = unchecked
    if as_json:
        print_json(told)
        return
    typer.echo(f"study {study.name}: {counted(told['steps'], 'step')}, {told['reused']} there already")
    for kind, counts in told["kinds"].items():
        made = f"{counts['steps']:>6} step{'' if counts['steps'] == 1 else 's'}"
        typer.echo(f"  {kind:<12} {made}, {counts['reused']} there already")
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
    for name, hosts in told["keys"].items():
        typer.echo(f"key: what {name} holds is sent to {', '.join(hosts)}")
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
    if told["money"]["value"] is None and not unasked["parts"]:  # only own servers, whose price nobody says
        typer.echo("  of a server of your own, the study may say price: {input: 0, output: 0}; see GPU hours")
    for teacher in told["teachers"]:
        typer.echo(f"  {foretold(teacher)}")
    for one in told["measuring"]:
        said = foretold(one | {"teacher": f"{one['role']} {one['model']}"})
        typer.echo(f"  {said}" + ("" if one["tokens"] else f"; at most {one['requests']:,} requests"))
    return None

"""`polyteach run`: a study from its file to its report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polyteach.cli.options import (
    JSON_OPTION,
    OUTPUT_DIR_OPTION,
    STORE_OPTION,
    open_store,
    stopped_with_a_code,
)

if TYPE_CHECKING:
    from polyteach.artifacts import Store
    from polyteach.resources import Resources
    from polyteach.running import RunEnd
    from polyteach.study import Study

FINISHED_WITH_FAILURES = 3


class ResumeChoice(StrEnum):
    """What to do with artifacts that are there."""

    IF_POSSIBLE = "if-possible"
    NEVER = "never"
    ALWAYS = "always"


def run(
    study_file: Annotated[Path, typer.Argument(help="The study's YAML file.", metavar="STUDY")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")
    ] = False,
    preview: Annotated[
        int | None,
        typer.Option(
            min=2,
            max=1_000_000,
            metavar="N",
            help="Really ask about N requests of the teachers at endpoints, and a judge there about the rows "
            "that come; foretell from them what the study will cost, and stop. The run uses the answers.",
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1_000_000_000,
            help="At most so many rows a method, rows a student, items a benchmark; "
            "results go to runs/STUDY-limit-N.",
        ),
    ] = None,
    rng_seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=2**31 - 1,  # as in the study's schema, which is not imported for --help
            help="Instead of the study's rng_seed; results go to runs/STUDY-rng-seed-N. "
            "With --limit: runs/STUDY-rng-seed-N-limit-N.",
        ),
    ] = None,
    resume: Annotated[
        ResumeChoice,
        typer.Option(help="Keep finished steps; make all anew; or insist that there is a run to resume."),
    ] = ResumeChoice.IF_POSSIBLE,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="Processes at once. Where not given: one on a machine with a GPU, else one a core."
        ),
    ] = None,
    output_dir: OUTPUT_DIR_OPTION = Path(),
    store: STORE_OPTION = None,
    as_json: JSON_OPTION = False,
) -> None:
    """Run a study: make what is missing, then rank its teachers."""
    from polyteach.executors.workers import default_workers
    from polyteach.planning import find_for_plan
    from polyteach.resources import find_resources
    from polyteach.study import load_study
    from polyteach.study.load import told_with_lines

    study = load_study(study_file)
    if rng_seed is not None:
        study = study.reseeded(rng_seed)
    if limit is not None:
        study = study.limited(limit)
    artifacts = open_store(output_dir, store)
    unchecked: list[str] = []
    with told_with_lines(study_file):
        if dry_run and preview is None:
            resources, unchecked = find_for_plan(study, study_file.parent)
        else:
            resources = find_resources(study, study_file.parent)
    if preview is not None:
        with stopped_with_a_code():
            _ask_preview(study, resources, artifacts, preview)
    if dry_run or preview is not None:
        _show_plan(study, resources, artifacts, output_dir, resume, as_json, unchecked)
        return
    with told_with_lines(study_file):
        end = _run(study, resources, artifacts, output_dir, workers or default_workers(), resume)
    _show_end(end, as_json)
    if end.failed:
        raise typer.Exit(FINISHED_WITH_FAILURES)


def _run(
    study: Study, resources: Resources, store: Store, output_dir: Path, workers: int, resume: ResumeChoice
) -> RunEnd:
    from rich.console import Console

    from polyteach.cli.display import display_for, warn
    from polyteach.forecast import doubtful_files
    from polyteach.running import run_study
    from polyteach.runs import RunFolder

    for doubt in doubtful_files(study, resources):
        warn(doubt)
    folder = RunFolder.of(output_dir, study.name)
    display = display_for(Console(stderr=True))
    with stopped_with_a_code():
        return run_study(study, resources, store, folder, display, workers=workers, resume=resume.value)


def _ask_preview(study: Study, resources: Resources, store: Store, size: int) -> None:
    """Asks some of what the study's endpoints will be asked.

    Raises:
        UserError: it has none.
    """
    from polyteach.cli.watched import watched
    from polyteach.errors import UserError
    from polyteach.measuring_costs import ask_judges, rows_to_judge
    from polyteach.preview import ask_preview, served_steps
    from polyteach.running import plan

    store.prepare()
    planned = plan(study, resources, store)
    served = served_steps(planned.missing)
    with watched("preview") as progress:
        if served:
            ask_preview(served, store, size, study.rng_seed, progress)
        rows = rows_to_judge(planned.steps, planned.there, store, size, study.rng_seed)
        if rows:
            ask_judges(planned.steps, rows, store, progress)
    if not served and not rows:
        raise UserError(
            "there is nothing to preview: no teacher at an endpoint has rows to write, and no row waits for "
            "a judge at one",
            where="--preview",
            fix="run the study; models on this machine cost no money",
        )


def _show_plan(
    study: Study,
    resources: Resources,
    store: Store,
    output_dir: Path,
    resume: ResumeChoice,
    as_json: bool,
    unchecked: Sequence[str],
) -> None:
    from polyteach.cli.display import warn
    from polyteach.cli.effort import disk_lines, gpu_hours_lines
    from polyteach.forecast import forecast
    from polyteach.running import check_resumable, plan
    from polyteach.runs import RunFolder
    from polyteach.scoring.numbers import counted

    check_resumable(RunFolder.of(output_dir, study.name), resume.value)
    planned = forecast(study, resources, plan(study, resources, store, resume.value), store)
    planned["unchecked"] = unchecked
    if as_json:
        typer.echo(json.dumps(planned, ensure_ascii=False, indent=1))
        return
    typer.echo(f"study {study.name}: {counted(planned['steps'], 'step')}, {planned['reused']} there already")
    for kind, counts in planned["kinds"].items():
        steps = f"{counts['steps']:>6} step{'' if counts['steps'] == 1 else 's'}"
        typer.echo(f"  {kind:<12} {steps}, {counts['reused']} there already")
    requests = planned["requests"]
    if planned["money"] == 0:
        typer.echo(f"rows to simulate: {requests['left']:,} (of {requests['total']:,})")
        typer.echo(f"tokens and money: {planned['money_note']}")
    else:
        typer.echo(f"requests to make: {requests['left']:,} (of {requests['total']:,})")
        for one in planned["measuring"]:
            if left := one["requests"] - one["answered"]:
                typer.echo(f"  and of the {one['role']} {one['model']}: at most {left:,}")
        tokens = planned["tokens"]
        attempts = tokens["attempts"]
        longest = f" (each answer at its longest, in all {attempts} attempts)" if attempts > 1 else ""
        typer.echo(f"tokens to be written: at most {tokens['response_at_most']:,}{longest}")
        _show_money(planned)
    for line in (*gpu_hours_lines(planned["gpu_hours"]), *disk_lines(planned["disk"])):
        typer.echo(line)
    for note in [*planned["notes"], *unchecked]:
        typer.echo(f"note: {note}")
    for doubt in planned["warnings"]:
        warn(doubt)


def _show_money(planned: dict[str, Any]) -> None:
    """What endpoints will cost: all of them, then each."""
    from polyteach.cli.display import foretold, usd
    from polyteach.cli.effort import unasked_lines

    note = planned["money_note"]
    if not planned["money"]:
        return typer.echo(f"money: {note}")
    unasked = planned["money_unasked"]
    if unasked["parts"] and not any(one["answered"] for one in planned["teachers"] + planned["measuring"]):
        for line in unasked_lines(unasked):
            typer.echo(line)
        return typer.echo("  --preview 100 asks so many requests, and foretells the money from them")
    typer.echo(f"money: {usd(planned['money'])}" + (f" ({note})" if note else ""))
    for teacher in planned["teachers"]:
        typer.echo(f"  {foretold(teacher)}")
    for one in planned["measuring"]:
        said = foretold(one | {"teacher": f"{one['role']} {one['model']}"})
        typer.echo(f"  {said}" + ("" if one["tokens"] else f"; at most {one['requests']:,} requests"))
    return None


def _show_end(end: RunEnd, as_json: bool) -> None:
    from rich.console import Console

    from polyteach.artifacts import SCHEMA_VERSION
    from polyteach.cli.display import ending, without_result
    from polyteach.report.terminal import print_leaderboard

    results: dict[str, Any] = json.loads(end.folder.results.read_bytes())
    report = end.folder.path / "report.html"
    if as_json:
        summary = {
            "schema_version": SCHEMA_VERSION,
            "state": "finished_with_failures" if end.failed else "done",
            "steps": {"made": end.made, "reused": end.reused, "failed": dict(end.failed)},
            "run": str(end.folder.path),
            "results": str(end.folder.results),
            "report": str(report),
            "verdict": results["verdict"],
            "leaderboard": results["leaderboard"],
        }
        typer.echo(json.dumps(summary, ensure_ascii=False, indent=1))
        return
    print_leaderboard(results, Console(), told=end.failed)
    for line in without_result(end.failed):
        typer.echo(line, err=True)
    typer.echo(f"\n{ending(end.made, len(end.failed), end.reused, end.seconds)}")
    typer.echo(f"report: {report}")

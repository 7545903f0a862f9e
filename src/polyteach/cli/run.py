"""`polyteach run`: a study from its file to its report."""

from __future__ import annotations

import json
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
from polyteach.cli.terminal import print_json

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
    from polyteach.cli.planned import ask_some, show_plan
    from polyteach.executors.workers import default_workers
    from polyteach.pipeline import cell_steps
    from polyteach.planning import find_for_plan
    from polyteach.resources import find_resources
    from polyteach.running import check_resumable, look_up
    from polyteach.runs import RunFolder
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
    if dry_run or preview is not None:
        check_resumable(RunFolder.of(output_dir, study.name), resume.value)
        steps = cell_steps(study, resources)
        if preview is not None:
            ask_some(steps, study.rng_seed, artifacts, preview)
        planned = look_up(steps, artifacts, resume.value)
        show_plan(study, resources, planned, artifacts, as_json=as_json, unchecked=unchecked)
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
        print_json(summary)
        return
    print_leaderboard(results, Console(), told=end.failed)
    for line in without_result(end.failed):
        typer.echo(line, err=True)
    typer.echo(f"\n{ending(end.made, len(end.failed), end.reused, end.seconds)}")
    typer.echo(f"report: {report}")

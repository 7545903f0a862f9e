"""`polyteach screen`: candidates compared by the data they write, before anything is trained."""

from __future__ import annotations

import json
from enum import StrEnum
from functools import partial
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
from polyteach.cli.run import FINISHED_WITH_FAILURES, ResumeChoice
from polyteach.cli.terminal import print_json

if TYPE_CHECKING:
    from polyteach.artifacts import Store
    from polyteach.resources import Resources
    from polyteach.running import RunEnd
    from polyteach.runs import RunFolder
    from polyteach.steps import Step
    from polyteach.study import Candidates


class ByChoice(StrEnum):
    """What is compared."""

    TEACHER = "teacher"
    METHOD = "method"


def screen(
    file: Annotated[
        Path, typer.Argument(help="A YAML file of candidates, or a whole study.", metavar="CANDIDATES")
    ],
    rows: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1_000_000_000,
            help="Requests a teacher, method and language. Where not given: what a file of candidates says "
            "under synthesis.rows_per_method, else 200.",
        ),
    ] = None,
    by: Annotated[
        ByChoice,
        typer.Option(
            help="Compare teachers with all their methods, or each method of a teacher by itself; the "
            "same is asked. By method, results go to runs/NAME-screen-by-method."
        ),
    ] = ByChoice.TEACHER,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be asked, and do nothing.")
    ] = False,
    preview: Annotated[
        int | None,
        typer.Option(
            min=2,
            max=1_000_000,
            metavar="N",
            help="Really ask about N requests of the teachers at endpoints; foretell from them what the "
            "screen will cost, and stop. The screen uses the answers.",
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1_000_000_000,
            help="A rehearsal on at most so many rows a method; results go to runs/NAME-screen-limit-N.",
        ),
    ] = None,
    resume: Annotated[
        ResumeChoice,
        typer.Option(help="Keep finished steps; make all anew; or insist that there is a screen to resume."),
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
    """Rank candidates by a few rows each: usable share, quality, failures, money. Nothing is trained."""
    from polyteach.cli.planned import ask_some, show_plan
    from polyteach.planning import find_for_plan
    from polyteach.resources import find_resources
    from polyteach.running import check_resumable, look_up
    from polyteach.runs import RunFolder
    from polyteach.selection.screen.plan import screen_steps, screened
    from polyteach.study import load_candidates
    from polyteach.study.load import told_with_lines

    given = load_candidates(file)
    artifacts = open_store(output_dir, store)
    unchecked: list[str] = []
    with told_with_lines(file):
        if dry_run and preview is None:
            resources, unchecked = find_for_plan(given, file.parent)
        else:
            resources = find_resources(given, file.parent)
    candidates = screened(given, rows)
    if limit is not None:
        candidates = candidates.limited(limit)
    suffix = "-by-method" if by is ByChoice.METHOD else ""
    folder = RunFolder.of(output_dir, f"{candidates.name}{suffix}")
    steps = screen_steps(candidates, resources, by.value)
    if dry_run or preview is not None:
        check_resumable(folder, resume.value)
        if preview is not None:
            ask_some(steps, candidates.rng_seed, artifacts, preview)
        planned = look_up(steps, artifacts, resume.value)
        show_plan(candidates, resources, planned, artifacts, as_json=as_json, unchecked=unchecked)
        return
    end = _run(candidates, resources, steps, by, artifacts, folder, workers, resume)
    _show_end(end, as_json)
    if end.failed:
        raise typer.Exit(FINISHED_WITH_FAILURES)


def _run(
    candidates: Candidates,
    resources: Resources,
    steps: list[Step],
    by: ByChoice,
    store: Store,
    folder: RunFolder,
    workers: int | None,
    resume: ResumeChoice,
) -> RunEnd:
    from rich.console import Console

    from polyteach.cli.display import display_for, warn
    from polyteach.executors.workers import default_workers
    from polyteach.forecast import doubtful_files
    from polyteach.running import run_graph
    from polyteach.selection.screen.plan import screen_closing

    for doubt in doubtful_files(candidates, resources):
        warn(doubt)
    with stopped_with_a_code("`budget` in the file"):
        return run_graph(
            candidates,
            resources,
            steps,
            partial(screen_closing, candidates, resources, by.value, steps),
            store,
            folder,
            display_for(Console(stderr=True)),
            workers=workers or default_workers(),
            resume=resume.value,
        )


def _show_end(end: RunEnd, as_json: bool) -> None:
    from rich.console import Console

    from polyteach.artifacts import SCHEMA_VERSION
    from polyteach.cli.display import duration
    from polyteach.report.screen_terminal import print_screen
    from polyteach.scoring.numbers import counted

    results = end.folder.path / "screen.json"
    screened: dict[str, Any] = json.loads(results.read_bytes())
    page = end.folder.path / "screen.html"
    if as_json:
        summary = {
            "schema_version": SCHEMA_VERSION,
            "state": "finished_with_failures" if end.failed else "done",
            "steps": {"made": end.made, "reused": end.reused, "failed": dict(end.failed)},
            "run": str(end.folder.path),
            "results": str(results),
            "report": str(page),
            **{name: screened[name] for name in ("verdict", "ranking", "warnings")},
        }
        print_json(summary)
        return
    print_screen(screened, Console())
    for step, error in end.failed.items():
        typer.echo(f"without a result: {step}: {error.strip().splitlines()[-1]}", err=True)
    made = "nothing to do" if not end.made else f"{counted(end.made, 'step')} made"
    typer.echo(f"\n{made}, {end.reused} there already, {duration(end.seconds)}")
    typer.echo(f"page: {page}")

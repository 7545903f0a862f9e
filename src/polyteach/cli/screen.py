"""`polyteach screen`: candidates compared by the data they write, before anything is trained."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from polyteach.cli.ended import show_end
from polyteach.cli.options import (
    CACHE_DIR,
    CLUSTER,
    DRY_RUN,
    EXECUTOR,
    JSON_OPTION,
    LIMIT,
    OUTPUT_DIR_OPTION,
    PREVIEW,
    RAY_ADDRESS,
    RESUME,
    STORE_OPTION,
    WORKERS,
    ExecutorChoice,
    ResumeChoice,
    executor_of,
    open_store,
    stopped_with_a_code,
)

if TYPE_CHECKING:
    from polyteach.artifacts import Store
    from polyteach.executors.outcome import Executor
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
    dry_run: DRY_RUN = False,
    preview: PREVIEW = None,
    limit: LIMIT = None,
    resume: RESUME = ResumeChoice.IF_POSSIBLE,
    workers: WORKERS = None,
    executor: EXECUTOR = ExecutorChoice.LOCAL,
    ray_address: RAY_ADDRESS = None,
    cluster: CLUSTER = None,
    output_dir: OUTPUT_DIR_OPTION = Path(),
    store: STORE_OPTION = None,
    cache_dir: CACHE_DIR = None,
    as_json: JSON_OPTION = False,
) -> None:
    """Rank candidates by a few rows each: usable share, quality, failures, money. Nothing is trained."""
    from polyteach.cli.planned import found_for, show_plan
    from polyteach.cli.terminal import output_console
    from polyteach.report.screen_terminal import print_screen
    from polyteach.runs import RunFolder
    from polyteach.selection.screen.plan import screen_steps, screened
    from polyteach.study import load_candidates

    where = executor_of(executor, ray_address, cluster, workers)
    given = load_candidates(file)
    resources, unchecked = found_for(given, file, is_plan=dry_run and preview is None)
    candidates = screened(given, rows)
    if limit is not None:
        candidates = candidates.limited(limit)
    suffix = "-by-method" if by is ByChoice.METHOD else ""
    folder = RunFolder.of(output_dir, f"{candidates.name}{suffix}")
    artifacts = open_store(output_dir, store, cache_dir, run=folder.path.name)
    steps = screen_steps(candidates, resources, by.value)
    if dry_run or preview is not None:
        how = (resume, preview, unchecked)
        return show_plan(candidates, resources, steps, artifacts, folder, *how, as_json=as_json)
    end = _run(candidates, resources, steps, by, artifacts, folder, where, resume)
    keys = ("verdict", "ranking", "warnings")
    told = partial(print_screen, console=output_console())
    return show_end(end, "screen.json", "page", "screen.html", keys, told, as_json=as_json)


def _run(
    candidates: Candidates,
    resources: Resources,
    steps: list[Step],
    by: ByChoice,
    store: Store,
    folder: RunFolder,
    where: Executor,
    resume: ResumeChoice,
) -> RunEnd:
    from rich.console import Console

    from polyteach.cli.display import display_for, warn
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
            executor=where,
            resume=resume.value,
        )

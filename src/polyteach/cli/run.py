"""`polyteach run`: a study from its file to its report."""

from __future__ import annotations

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
    from polyteach.study import Study


def run(
    study_file: Annotated[Path, typer.Argument(help="The study's YAML file.", metavar="STUDY")],
    dry_run: DRY_RUN = False,
    preview: PREVIEW = None,
    limit: LIMIT = None,
    rng_seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=2**31 - 1,  # as in the study's schema, which is not imported for --help
            help="Instead of the study's rng_seed; results go to runs/STUDY-rng-seed-N. "
            "With --limit: runs/STUDY-rng-seed-N-limit-N.",
        ),
    ] = None,
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
    """Run a study: make what is missing, then rank its teachers."""
    from polyteach.cli.planned import found_for, show_plan
    from polyteach.cli.terminal import output_console
    from polyteach.pipeline import cell_steps
    from polyteach.report.terminal import print_leaderboard
    from polyteach.runs import REPORT, RunFolder
    from polyteach.study import load_study
    from polyteach.study.load import told_with_lines

    where = executor_of(executor, ray_address, cluster, workers)
    study = load_study(study_file)
    if rng_seed is not None:
        study = study.reseeded(rng_seed)
    if limit is not None:
        study = study.limited(limit)
    artifacts = open_store(output_dir, store, cache_dir, run=study.name)
    folder = RunFolder.of(output_dir, study.name)
    resources, unchecked = found_for(study, study_file, is_plan=dry_run and preview is None)
    if dry_run or preview is not None:
        steps = cell_steps(study, resources)
        how = (resume, preview, unchecked)
        return show_plan(study, resources, steps, artifacts, folder, *how, as_json=as_json)
    with told_with_lines(study_file):
        end = _run(study, resources, artifacts, folder, where, resume)
    keys = ("verdict", "leaderboard")
    told = partial(print_leaderboard, console=output_console(), told=end.failed)
    return show_end(end, "results.json", "report", REPORT, keys, told, as_json=as_json)


def _run(
    study: Study, resources: Resources, store: Store, folder: RunFolder, where: Executor, resume: ResumeChoice
) -> RunEnd:
    from rich.console import Console

    from polyteach.cli.display import display_for, warn
    from polyteach.forecast import doubtful_files
    from polyteach.running import run_study

    for doubt in doubtful_files(study, resources):
        warn(doubt)
    display = display_for(Console(stderr=True))
    with stopped_with_a_code():
        return run_study(study, resources, store, folder, display, executor=where, resume=resume.value)

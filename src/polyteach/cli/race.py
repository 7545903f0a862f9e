"""`polyteach race`: teachers compared by real students at growing data scale; who is surely behind leaves."""

from __future__ import annotations

import json
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polyteach.cli.effort import disk_lines, gpu_hours_lines
from polyteach.cli.ended import show_end
from polyteach.cli.options import (
    CACHE_DIR,
    CLUSTER,
    DRY_RUN,
    EXECUTOR,
    JSON_OPTION,
    LIMIT,
    OUTPUT_DIR_OPTION,
    RAY_ADDRESS,
    STORE_OPTION,
    WORKERS,
    ExecutorChoice,
    executor_of,
    open_store,
    stopped_with_a_code,
)
from polyteach.scoring.numbers import counted
from polyteach.selection.race.settings import EPSILON, GUARD, MOST, Rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from polyteach.artifacts import Store
    from polyteach.executors.outcome import Executor
    from polyteach.resources import Resources
    from polyteach.running import RunEnd
    from polyteach.runs import RunFolder
    from polyteach.selection.race.rungs import Rung
    from polyteach.study import Study


def race(
    study_file: Annotated[Path, typer.Argument(help="The study's YAML file.", metavar="STUDY")],
    epsilon: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=100.0,
            help="Points of gain that do not matter: a teacher leaves when it is surely further behind, "
            "and the race ends when all who remain are surely this near.",
        ),
    ] = EPSILON,
    guard: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=100.0,
            help="Points added to --epsilon in all rungs but the last, since more data may change the order.",
        ),
    ] = GUARD,
    share: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SHARE",
            help="The share of the study's rows in a rung; once for each rung [1/9, 1/3, 1].",
        ),
    ] = None,
    most: Annotated[
        float,
        typer.Option(
            min=0.0,
            help="The share of the full study's student tokens that the race may take, references left "
            "out of both: no rung starts that would pass it. 1 or more: whatever it takes.",
        ),
    ] = MOST,
    queue: Annotated[
        Path | None,
        typer.Option(
            help="A screen's screen.json: the better a teacher stands there, the sooner it is trained. "
            "It makes nobody leave."
        ),
    ] = None,
    dry_run: DRY_RUN = False,
    limit: LIMIT = None,
    workers: WORKERS = None,
    executor: EXECUTOR = ExecutorChoice.LOCAL,
    ray_address: RAY_ADDRESS = None,
    cluster: CLUSTER = None,
    output_dir: OUTPUT_DIR_OPTION = Path(),
    store: STORE_OPTION = None,
    cache_dir: CACHE_DIR = None,
    as_json: JSON_OPTION = False,
) -> None:
    """Find the best teachers for a part of a study's cost: train on few rows, keep who may be best, go on."""
    from polyteach.cli.planned import found_for
    from polyteach.cli.terminal import output_console
    from polyteach.report.race_terminal import print_race
    from polyteach.runs import RACE, RACE_PAGE, RunFolder
    from polyteach.selection.race.rungs import SHARES, rungs_of
    from polyteach.study import load_study
    from polyteach.study.load import told_with_lines

    where = executor_of(executor, ray_address, cluster, workers)
    study = load_study(study_file)
    if limit is not None:
        study = study.limited(limit)
    if queue is not None:
        study = _queued(study, queue)
    folder = RunFolder.of(output_dir, f"{study.name}-race")
    artifacts = open_store(output_dir, store, cache_dir, run=folder.path.name)
    with told_with_lines(study_file):
        rungs = rungs_of(study, [_share(text) for text in share] if share else SHARES)
    rules = Rules(epsilon / 100, guard / 100, most if most < 1 else None)
    resources, unchecked = found_for(study, study_file, is_plan=dry_run)
    if dry_run:
        _show_forecast(study, resources, rungs, rules, artifacts, unchecked, as_json=as_json)
        return
    with told_with_lines(study_file):
        end = _run(study, resources, rungs, rules, artifacts, folder, where)
    keys = ("verdict", "teachers", "cost")
    told = partial(print_race, console=output_console())
    show_end(end, RACE, "page", RACE_PAGE, keys, told, as_json=as_json)


def _share(text: str) -> Fraction:
    from polyteach.errors import UserError

    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise UserError(f"{text!r} is no share", where="--share", fix="write it as 1/9 or 0.1") from error


def _queued(study: Study, queue: Path) -> Study:
    """The study with its teachers in the order of a screen; who is not in it comes last.

    Raises:
        UserError: the file is no screen's.
    """
    from polyteach.errors import UserError

    try:
        screened = json.loads(queue.read_bytes())
        order = [entry["candidate"] for entry in screened["ranking"] if entry["language"] is None]
    except (OSError, ValueError, KeyError, TypeError) as error:
        fix = "name the screen.json that `polyteach screen` wrote"
        raise UserError("this is no screen's result", where=str(queue), fix=fix) from error
    places = {name: place for place, name in enumerate(order)}
    teachers = sorted(study.teachers, key=lambda teacher: places.get(teacher.name, len(places)))
    return study.model_copy(update={"teachers": teachers})


def _run(
    study: Study,
    resources: Resources,
    rungs: Sequence[Rung],
    rules: Rules,
    store: Store,
    folder: RunFolder,
    where: Executor,
) -> RunEnd:
    from rich.console import Console

    from polyteach.cli.display import display_for, warn
    from polyteach.forecast import doubtful_files
    from polyteach.selection.race.run import run_race

    for doubt in doubtful_files(study, resources):
        warn(doubt)
    new_display = partial(display_for, Console(stderr=True))
    with stopped_with_a_code():
        return run_race(study, resources, rungs, rules, store, folder, new_display, executor=where)


def _show_forecast(
    study: Study,
    resources: Resources,
    rungs: Sequence[Rung],
    rules: Rules,
    store: Store,
    unchecked: Sequence[str],
    *,
    as_json: bool,
) -> None:
    """Prints what a race may cost, before it runs."""
    from polyteach.cli.terminal import print_json
    from polyteach.selection.race.plan import forecast_race

    told = forecast_race(study, resources, rungs, rules, store) | {"unchecked": list(unchecked)}
    if as_json:
        print_json(told)
        return
    for line in [*_lines_of(told), *(f"note: {note}" for note in unchecked)]:
        typer.echo(line)


def _lines_of(told: Mapping[str, Any]) -> Iterator[str]:
    """A forecast as text."""
    first, whole, cost, asked = (told[name] for name in ("first_rung", "full_study", "cost", "asked"))
    yield f"race of {told['study']}: {counted(len(told['rungs']), 'rung')}"
    for rung in told["rungs"]:
        teachers = rung["teachers"]
        known = f"{teachers['low']} to {teachers['high']}" if rung["rung"] > 1 else str(teachers["value"])
        yield f"  rung {rung['rung']}: {rung['rows']:,} rows a student, {known} teachers"
    yield (
        f"student tokens: {cost['value']:.0%} of the full study's, and in 19 of 20 races between "
        f"{cost['low']:.0%} and {cost['high']:.0%}"
    )
    yield (
        f"requests to teachers: {asked['value']:.0%} of the full study's {whole['requests']['total']:,} "
        f"({asked['low']:.0%} to {asked['high']:.0%})"
    )
    yield f"first rung: {counted(first['steps'], 'step')}, {first['reused']} there already"
    yield f"full study: {counted(whole['steps'], 'step')}, {whole['reused']} there already"
    for line in (*gpu_hours_lines(whole["gpu_hours"]), *disk_lines(whole["disk"])):
        yield f"  {line}"
    yield f"assumed: {told['assumptions']}"

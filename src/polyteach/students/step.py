"""The step that trains a student. Light to import: torch and TRL come with the work."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from polyteach.errors import StepImpossible
from polyteach.files import write_json
from polyteach.rows import read_rows
from polyteach.steps import StepTask
from polyteach.students.data import choose_rows


def train_student(task: StepTask) -> Mapping[str, Any]:
    """Trains a base on rows of the inputs in equal shares: `model/`, `training.json`, `steps.parquet`.

    Beside an adapter is noted on which base it stands, see `models.adapters`.

    Settings: language, base (digest; its place in `locations`), methods (names of inputs), rows, filters,
    without_overlap (exams with which no row shares a passage, see `asked_texts`), what `Recipe.of` reads,
    rng_seed; and precision (`recipe.PRECISION`), which is not read: there so that a change of it makes other
    artifacts. Each input is a folder with `rows.parquet`: a method's, or `seed_data` for a reference.
    Locations: `base`; the benchmarks' files by their digests; `devices`, a `Devices` as JSON; `state`, where
    a training that is killed has its checkpoints until it is done.

    Returns:
        examples, shortfall, removed (reason: rows), steps, tokens (of all epochs) and the last loss.
    """
    from polyteach.benchmarks.finding import asked_texts
    from polyteach.models.adapters import note_base
    from polyteach.students.candidates import candidates
    from polyteach.students.recipe import Devices, Recipe
    from polyteach.students.sft import train

    settings = task.settings
    exams = settings["without_overlap"]
    rows, removed = candidates(
        {name: read_rows(task.inputs[name] / "rows.parquet") for name in settings["methods"]},
        listed=asked_texts(exams, task.locations),
        filters=settings["filters"],
    )
    chosen = choose_rows(rows, settings["rows"], settings["rng_seed"])
    recipe = Recipe.of(settings)
    state = Path(task.locations["state"]) if "state" in task.locations else None
    try:
        training = train(
            task.locations["base"],
            chosen.rows,
            task.output,
            recipe,
            rng_seed=settings["rng_seed"],
            devices=Devices.of(task.locations),
            state=state,
            progress=task.progress,
        )
    except StepImpossible:
        _forget(state)  # it would go wrong again
        raise
    if recipe.lora:
        note_base(task.output / "model", task.locations["base"])
    facts = asdict(training) | {
        "language": settings["language"],
        "recipe": asdict(recipe),
        "rng_seed": settings["rng_seed"],
        "rows_asked_for": settings["rows"],
        "shares": chosen.shares,
        "refilled": chosen.refilled,
        "shortfall": chosen.shortfall,
        "removed": removed,
        "overlap_not_checked": [one["settings"]["lm_eval"] for one in exams if "lm_eval" in one["settings"]],
        "schema_version": 2,
    }
    write_json(task.output / "training.json", facts)
    _forget(state)
    return {
        "examples": training.examples,
        "shortfall": chosen.shortfall,
        "removed": removed,
        "steps": training.steps,
        "tokens": training.tokens * recipe.epochs,
        "last_loss": training.loss_curve[-1][1],
    }


def _forget(state: Path | None) -> None:
    """Removes the checkpoints of a training that is done."""
    if state:
        shutil.rmtree(state, ignore_errors=True)

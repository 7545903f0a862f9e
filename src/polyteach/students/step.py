"""The step that trains a student. Light to import: torch and TRL come with the work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from polyteach.files import write_json
from polyteach.rows import Row, read_rows
from polyteach.steps import StepTask
from polyteach.students.data import choose_rows


def train_student(task: StepTask) -> Mapping[str, Any]:
    """Trains a base on the rows of the inputs, in equal shares, and writes `model/` and `training.json`.

    Settings: language, base (digest; its place in `locations`), methods (names of inputs), rows, epochs,
    learning_rate, batch_size, gradient_accumulation, weight_decay, max_length, lora, rng_seed, and precision
    (`sft.PRECISION`, which is not read: there so that a change of it makes other artifacts). Each input is a
    folder with `rows.parquet`: a method's, or `seed_data` for a reference. Rows without a response are no
    candidates.

    Returns:
        examples, shortfall, steps, tokens (of all epochs) and the last loss.
    """
    from polyteach.students.sft import Recipe, train

    settings = task.settings
    candidates = {name: _answered(task.inputs[name]) for name in settings["methods"]}
    chosen = choose_rows(candidates, settings["rows"], settings["rng_seed"])
    recipe = Recipe(
        epochs=settings["epochs"],
        learning_rate=settings["learning_rate"],
        batch_size=settings["batch_size"],
        gradient_accumulation=settings["gradient_accumulation"],
        weight_decay=settings["weight_decay"],
        max_length=settings["max_length"],
        lora=settings["lora"],
    )
    training = train(
        task.locations["base"],
        chosen.rows,
        task.output,
        recipe,
        rng_seed=settings["rng_seed"],
        progress=task.progress,
    )
    facts = asdict(training) | {
        "language": settings["language"],
        "recipe": asdict(recipe),
        "rng_seed": settings["rng_seed"],
        "rows_asked_for": settings["rows"],
        "shares": chosen.shares,
        "refilled": chosen.refilled,
        "shortfall": chosen.shortfall,
        "schema_version": 1,
    }
    write_json(task.output / "training.json", facts)
    return {
        "examples": training.examples,
        "shortfall": chosen.shortfall,
        "steps": training.steps,
        "tokens": training.tokens * recipe.epochs,
        "last_loss": training.loss_curve[-1][1],
    }


def _answered(folder: Path) -> list[Row]:
    return [row for row in read_rows(folder / "rows.parquet") if row.response]

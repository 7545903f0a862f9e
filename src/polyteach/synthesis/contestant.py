"""The step in which rows that exist enter as a contestant: taken as they are, as many as teachers write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from polyteach.files import write_json
from polyteach.seed_data.step import read_unchanged
from polyteach.steps import StepTask

if TYPE_CHECKING:
    from polyteach.rows import Row

METHOD = "data"
"""What stands for the method of rows that no teacher of the study wrote."""


def take_rows(task: StepTask) -> Mapping[str, Any]:
    """Writes `rows.parquet`, and `failures.json`, in which nothing stands: nobody was asked.

    Settings: `language`, `teacher` (the contestant's name), `file` (a digest; its place in `locations`) or
    null for the input `seed_data`, `rows` (wanted), `rng_seed`. Rows without a response are passed over and
    counted.
    """
    from polyteach.rows import read_rows, write_rows

    settings = task.settings
    if settings["file"]:
        digest = settings["file"]
        source, there = read_unchanged(Path(task.locations[digest]), digest, settings["language"])
        there = [replace(row, source=source) for row in there]
    else:
        there = read_rows(task.inputs["seed_data"] / "rows.parquet")
    pairs = [row for row in there if row.response.strip()]
    drawn = draw_rows(pairs, settings["rows"], settings["rng_seed"])
    name = f"{settings['teacher']}/{settings['language']}/{METHOD}"
    write_rows(
        task.output / "rows.parquet",
        [_entered(row, f"{name}/{n}", settings["teacher"]) for n, row in enumerate(drawn)],
    )
    write_json(task.output / "failures.json", {})
    return {
        "rows": len(drawn),
        "without_response": len(there) - len(pairs),
        "shortfall": settings["rows"] - len(drawn),
    }


def draw_rows(rows: Sequence[Row], n: int, rng_seed: int) -> list[Row]:
    """Draws n rows, each at most once, in their own order; all of them where there are fewer."""
    chosen = np.random.default_rng(rng_seed).permutation(len(rows))[:n]
    return [rows[i] for i in np.sort(chosen)]


def _entered(row: Row, id: str, teacher: str) -> Row:
    extra = {name: value for name, value in row.extra.items() if name != "feeds"}
    return replace(row, id=id, source_id=row.id, method=METHOD, teacher=teacher, extra=extra)

"""Tables of trained students made up by hand: who has how many of eight items right."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ITEMS = 8
RIGHT = {"pocket-choice": (2, 8), "pocket-exact": (0, 8)}
"""Of base and reference, by benchmark."""


def line(
    teacher: str, rng_seed: int, rows: int, benchmark: str, right: int, cell: str = "de"
) -> dict[str, Any]:
    """One line of the table; the first items are the right ones."""
    answers = np.arange(ITEMS) < right
    return {
        "teacher": teacher, "language": cell, "base": "base-a", "rng_seed": rng_seed, "rows": rows,
        "benchmark": benchmark, "correct": np.packbits(answers).tobytes(), "items": ITEMS,
        "student_tokens": 10 * rows,
    }  # fmt: skip


def anchors(cell: str = "de") -> list[dict[str, Any]]:
    """Base and reference of a cell."""
    return [
        one
        for benchmark, (base, reference) in RIGHT.items()
        for one in (
            line("", 0, 0, benchmark, base, cell),
            line("reference", 1, 6, benchmark, reference, cell),
        )
    ]


def taught(
    students: Mapping[tuple[str, int, int], tuple[int, int]], cell: str = "de"
) -> list[dict[str, Any]]:
    """Students by (teacher, rng_seed, rows): right answers of choice and exact."""
    return [
        line(teacher, rng_seed, rows, benchmark, right, cell)
        for (teacher, rng_seed, rows), both in students.items()
        for benchmark, right in zip(RIGHT, both, strict=True)
    ]


def write(path: Path, lines: list[dict[str, Any]]) -> Path:
    """Writes them."""
    pq.write_table(pa.Table.from_pylist(lines), path)
    return path

"""Trains the bank: every student of `teachers.yaml`, one file a teacher, cell and rng_seed, then one table.

    cd bench && python -m bakeoff.build FOLDER [--worker 0 --of 2] [--only-table bank.parquet]

Files are written whole, so a killed worker goes on where it was. Rows of the table are in a fixed order and
no time is in it: the same machine gives the same bytes.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from bakeoff.students import examined, trained
from bakeoff.traps import loaded
from bakeoff.world import REFERENCE, UNTRAINED, plan, rows_of, teachers

SCHEMA = pa.schema(
    [
        ("teacher", pa.string()),
        ("language", pa.string()),
        ("base", pa.string()),
        ("rng_seed", pa.int32()),
        ("rows", pa.int32()),
        ("benchmark", pa.string()),
        ("correct", pa.binary()),
        ("items", pa.int32()),
        ("student_tokens", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Task:
    """One draw of one teacher's rows in a cell, all rungs of it; `reference` and `""` are no teachers."""

    teacher: str
    language: str
    base: str
    rng_seed: int

    @property
    def name(self) -> str:
        """Of its file."""
        return f"{self.teacher or 'untrained'}.{self.language}.{self.base}.{self.rng_seed}.json"


def tasks() -> Iterator[Task]:
    """All of the bank; the rng_seeds one after the other, so that a bank half trained is balanced."""
    asked, twins = plan(), plan()["twins"]
    for base in asked["bases"]:
        yield from (Task(UNTRAINED, language, base, 0) for language in asked["languages"])
    for rng_seed in asked["rng_seeds"]:
        for language in asked["languages"]:
            for base in asked["bases"]:
                yield from (Task(name, language, base, rng_seed) for name in (*teachers(), REFERENCE))
    for rng_seed in twins["rng_seeds"]:
        for language in asked["languages"]:
            for base in twins["bases"]:
                yield from (Task(name, language, base, rng_seed) for name in twins["teachers"])


def done(task: Task) -> list[dict[str, Any]]:
    """Trains and examines a task's students; a row of the table for each and each benchmark."""
    if task.teacher == UNTRAINED:
        return [_row(task, 0, 0, *found) for found in _exams(loaded(task.base)[0].eval(), task)]
    found = []
    for rows in plan()["rungs"]:
        written = rows_of(task.teacher, task.language, task.base, task.rng_seed, rows)
        student, tokens = trained(task.base, written, task.rng_seed)
        found += [_row(task, rows, tokens, *exam) for exam in _exams(student, task)]
    return found


def _exams(student: Any, task: Task) -> Iterator[tuple[str, np.ndarray]]:
    yield from examined(student, task.base, task.language).items()


def _row(task: Task, rows: int, tokens: int, benchmark: str, right: np.ndarray) -> dict[str, Any]:
    packed = np.packbits(right).tobytes().hex()
    return {
        "teacher": task.teacher, "language": task.language, "base": task.base, "rng_seed": task.rng_seed,
        "rows": rows, "benchmark": benchmark, "correct": packed, "items": len(right),
        "student_tokens": tokens,
    }  # fmt: skip


def table(folder: Path) -> pa.Table:
    """The bank, of what is there."""
    found = [
        row | {"correct": bytes.fromhex(row["correct"])}
        for task in tasks()
        if (folder / task.name).is_file()
        for row in json.loads((folder / task.name).read_text(encoding="utf-8"))["rows"]
    ]
    return pa.Table.from_pylist(found, schema=SCHEMA)


def main() -> None:
    """Trains what is missing, or writes the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--worker", type=int, default=0)
    parser.add_argument("--of", type=int, default=1)
    parser.add_argument("--only-table", type=Path, default=None)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    asked.folder.mkdir(parents=True, exist_ok=True)
    if asked.only_table is None:
        mine = list(tasks())[asked.worker :: asked.of]
        for number, task in enumerate(mine):
            path = asked.folder / task.name
            if not path.is_file():
                began = time.process_time()
                found = {"rows": done(task), "cpu_seconds": round(time.process_time() - began, 2)}
                scratch = path.with_suffix(f".{os.getpid()}")
                scratch.write_text(json.dumps(found), encoding="utf-8")
                scratch.replace(path)
                print(f"{number + 1} of {len(mine)}  {task.name}  {found['cpu_seconds']} s", flush=True)
        return
    pq.write_table(table(asked.folder), asked.only_table, compression="zstd", compression_level=19)
    seconds = [json.loads(path.read_bytes())["cpu_seconds"] for path in asked.folder.glob("*.json")]
    print(f"{len(seconds)} of {len(list(tasks()))} files, {sum(seconds) / 60:.1f} CPU minutes")


if __name__ == "__main__":
    main()

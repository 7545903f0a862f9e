"""The rows of a run in one language, as far as they can be reviewed, with what metrics say of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from polyteach.errors import UserError
from polyteach.export.run import Run, is_run, open_run
from polyteach.steps import digest_of

_SEED_PROMPTS = {"data": "respond"}
"""A contestant of seed data has the same prompts as the method respond, under the same ids."""


@dataclass(frozen=True, slots=True)
class Written:
    """One row of a teacher.

    Attributes:
        id: of the row, unique among the teacher's rows in the language.
        example: what it rests on; rows of several teachers on the same one can be compared.
        values: by metric, where the row has a value.
    """

    teacher: str
    id: str
    example: str
    prompt: str
    response: str
    values: Mapping[str, float]

    @property
    def digest(self) -> str:
        """Of the texts: answers are about these, whatever the run is made into later."""
        return digest_of([self.prompt, self.response])[:16]


def open_reviewed(folder: Path) -> Run:
    """A run, or a screen, whose rows can be reviewed.

    Raises:
        UserError: there is none that has ended, or it cannot be read.
    """
    if not is_run(folder):
        fix = "name the folder of a run or a screen that has results, such as runs/NAME"
        raise UserError("there is no finished run here", str(folder), fix)
    return open_run(folder)


def teachers_of(run: Run) -> list[str]:
    """The teachers in the names of the run's steps, in order."""
    return sorted({choice.teacher for choice in run.candidates.values()})


def telling_names(run: Run) -> set[str]:
    """Names by which a text would tell who wrote it: teachers', and their models' last parts."""
    models = (str(choice.facts.get("model") or "") for choice in run.candidates.values())
    names = {name.replace(":", "/").rsplit("/", 1)[-1] for name in models}
    return {name for name in names | set(teachers_of(run)) if len(name) > 2}


def read_written(run: Run, language: str) -> list[Written]:
    """All rows in a language that have a response, teacher by teacher.

    Raises:
        UserError: an artifact is damaged.
    """
    found: list[Written] = []
    for teacher in teachers_of(run):
        values = _values(run.artifact("quality", teacher, language) / "per_row.parquet")
        folder = run.artifact("synthesis", teacher, language)
        for method in sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []:
            found += _rows(folder / method / "rows.parquet", teacher, method, values)
    return found


def _rows(
    path: Path, teacher: str, method: str, values: Mapping[tuple[str, str], Mapping[str, float]]
) -> list[Written]:
    from polyteach.rows import read_rows_of_run

    return [
        Written(
            teacher,
            f"{method}/{row.id}",
            f"{_SEED_PROMPTS.get(method, method)}/{row.source_id}",
            row.prompt,
            row.response,
            values.get((method, row.id), {}),
        )
        for row in read_rows_of_run(path)
        if row.response.strip()
    ]


def _values(path: Path) -> dict[tuple[str, str], dict[str, float]]:
    """By method and row id, the metrics that have a value of their own in each row; {} where not measured."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        return {}
    try:
        table = pq.read_table(path)
    except (OSError, ValueError, pa.ArrowException) as error:
        fix = "run the study again: it makes what is missing or damaged"
        raise UserError("the artifact is missing or damaged", str(path), fix) from error
    names = [field.name for field in table.schema if field.type == pa.float64()]
    return {
        (line["input"], line["id"]): {name: line[name] for name in names if line[name] is not None}
        for line in table.to_pylist()
    }

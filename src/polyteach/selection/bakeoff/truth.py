"""A table of trained students, read as what each teacher is worth: gains by cell and trial, in points."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyteach.errors import UserError
from polyteach.selection.bakeoff.measures import Array

REFERENCE, UNTRAINED = "reference", ""
COLUMNS = {
    "teacher": "string",
    "language": "string",
    "base": "string",
    "rng_seed": "int32",
    "rows": "int32",
    "benchmark": "string",
    "correct": "binary",
    "items": "int32",
    "student_tokens": "int64",
}
"""One line a student and benchmark. `teacher` is empty for the untrained base (rows 0) and `reference` for a
student of human data; `rows`: trained on, fewer being a part of more of one rng_seed; `correct`: a bit an
item (`numpy.packbits`); `student_tokens`: read in training, all epochs."""

Key = tuple[str, int, int, str]
"""Teacher, rng_seed, rows, benchmark."""


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """All students of one language and base.

    Attributes:
        answers: right (1) or wrong (0) on each item.
        tokens: that each student read in training, by teacher, rng_seed and rows.
        chance: what guessing earns, by benchmark; only benchmarks that count.
    """

    language: str
    base: str
    answers: Mapping[Key, NDArray[np.uint8]]
    tokens: Mapping[tuple[str, int, int], int]
    chance: Mapping[str, float]

    @property
    def rungs(self) -> list[int]:
        """Numbers of rows that teachers' students were trained on, ascending."""
        return sorted({rows for teacher, _, rows, _ in self.answers if teacher not in (REFERENCE, UNTRAINED)})

    @property
    def teachers(self) -> list[str]:
        """In the table's order."""
        named = dict.fromkeys(key[0] for key in self.answers)
        return [name for name in named if name not in (REFERENCE, UNTRAINED)]

    def trials(self, teachers: Sequence[str]) -> list[int]:
        """The rng_seeds of which every one of these teachers has a student of every rung and benchmark."""
        known = sorted({key[1] for key in self.answers if key[0] in teachers})
        return [
            trial
            for trial in known
            if all(
                (teacher, trial, rows, benchmark) in self.answers
                for teacher in teachers
                for rows in self.rungs
                for benchmark in self.chance
            )
        ]

    def gains(self, teachers: Sequence[str], trials: Sequence[int], rows: int) -> Array:
        """Gain in points, [teachers, trials]: 100 (student - base) / (1 - chance), mean over benchmarks."""
        base = {name: self.answers[UNTRAINED, 0, 0, name].mean() for name in self.chance}
        return np.array(
            [
                [
                    np.mean(
                        [
                            100
                            * (self.answers[teacher, trial, rows, name].mean() - base[name])
                            / (1 - chance)
                            for name, chance in self.chance.items()
                        ]
                    )
                    for trial in trials
                ]
                for teacher in teachers
            ]
        )

    def trained_tokens(self, teachers: Sequence[str], trials: Sequence[int], rows: int) -> float:
        """Tokens that the students of all these teachers read in one trial, mean over trials."""
        return float(
            np.mean([sum(self.tokens[teacher, trial, rows] for teacher in teachers) for trial in trials])
        )


def read_cells(
    path: Path, languages: Collection[str] | None = None, bases: Collection[str] | None = None
) -> list[Cell]:
    """The cells of a table of trained students, in its order.

    Args:
        path: a Parquet file of `COLUMNS`.
        languages: only these; None for all.
        bases: likewise.

    Raises:
        UserError: it is no such table, or a cell has no base, no reference, or no benchmark that counts.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError("cannot be read as Parquet", str(path), "name a table of trained students") from error
    missing = [name for name in COLUMNS if name not in found.column_names]
    if missing:
        fix = f"its columns are {', '.join(COLUMNS)}; docs/selectors.md says what each holds"
        raise UserError(f"has no column {', '.join(missing)}", str(path), fix)
    records: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for record in found.select(list(COLUMNS)).to_pylist():
        records.setdefault((record["language"], record["base"]), []).append(record)
    wanted = {
        key: of
        for key, of in records.items()
        if (languages is None or key[0] in languages) and (bases is None or key[1] in bases)
    }
    return [_cell(language, base, of, path) for (language, base), of in wanted.items()]


def _cell(language: str, base: str, records: Sequence[Mapping[str, Any]], path: Path) -> Cell:
    answers: dict[Key, NDArray[np.uint8]] = {}
    tokens: dict[tuple[str, int, int], int] = {}
    for one in records:
        if 8 * len(one["correct"]) < one["items"]:
            what = f"holds fewer answers than its {one['items']} items in a line of {language}, {base}"
            raise UserError(what, str(path), "pack a bit an item, as numpy.packbits does")
        bits = np.unpackbits(np.frombuffer(one["correct"], np.uint8), count=one["items"])
        student = (one["teacher"], one["rng_seed"], one["rows"])
        answers[*student, one["benchmark"]] = bits
        tokens[student] = one["student_tokens"]
    return Cell(language, base, answers, tokens, _counting(language, base, answers, path))


def _counting(
    language: str, base: str, answers: Mapping[Key, NDArray[np.uint8]], path: Path
) -> dict[str, float]:
    """The benchmarks that count by the rule of `scoring/anchors.py`, and what guessing earns on each."""
    from polyteach.benchmarks.listed import benchmark
    from polyteach.scoring.anchors import anchor_of

    counting, reasons = {}, []
    for name in dict.fromkeys(key[3] for key in answers):
        known = benchmark(name)
        untrained = answers.get((UNTRAINED, 0, 0, name))
        most = max((key[2] for key in answers if key[0] == REFERENCE and key[3] == name), default=None)
        references = [of for key, of in answers.items() if key[0] == REFERENCE and key[2:] == (most, name)]
        if untrained is None or not references or known.chance is None:
            reasons.append(f"{name}: no base, no reference, or no known chance")
            continue
        exams = [
            _exam(base, language, name, known.chance, right)
            for right in (untrained, np.mean(references, axis=0))
        ]
        anchor = anchor_of(*exams, minimum=known.minimum_gap)
        if anchor.counts:
            counting[name] = known.chance
        else:
            reasons.append(f"{name}: {anchor.reason}")
    if not counting:
        what = f"no benchmark counts in {language} for {base} ({'; '.join(reasons)})"
        raise UserError(what, str(path), "add the untrained base and students of human data")
    return counting


def _exam(base: str, language: str, name: str, chance: float, right: Array | NDArray[np.uint8]) -> Any:
    from polyteach.scoring.records import Exam

    ids = tuple(map(str, range(len(right))))
    return Exam(base, language, name, ids, tuple(map(float, right)), chance)

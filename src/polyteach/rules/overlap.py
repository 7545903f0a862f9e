"""Rows that share a passage with questions of benchmarks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, model_validator

from polyteach.rules.rule import Context, Found, Settings, each
from polyteach.seed_data.overlap import Listed

if TYPE_CHECKING:
    from polyteach.rows import Row


class BenchmarkOverlap(Settings):
    """Prompt or response shares a passage with a question of a benchmark, as `seed_data.overlap` has it.

    13 words in a row, or 24 characters where a script has no blanks. Not found: a question in other words.
    """

    rule: ClassVar[str] = "benchmark_overlap"
    of_set: ClassVar[bool] = True
    benchmarks: list[str] = Field(
        default=[], description="names such as mgsm or pocket-choice, in the rows' languages"
    )
    files: list[str] = Field(default=[], description="files of questions: column `question` or `prompt`")

    @model_validator(mode="after")
    def _names_something(self) -> BenchmarkOverlap:
        if not self.benchmarks and not self.files:
            raise ValueError("name `benchmarks` or `files`")
        return self

    def find(self, rows: Sequence[Row], context: Context) -> Found:
        """Judges rows.

        Raises:
            UserError: a benchmark or a file is not to be had, or lacks the rows' language.
        """
        languages = sorted({row.language for row in rows})
        return overlapping(
            rows, Listed([*_of_benchmarks(self.benchmarks, languages), *_of_files(self.files)])
        )


def overlapping(rows: Sequence[Row], listed: Listed) -> Found:
    """Which rows share a passage with listed texts."""
    return each(rows, lambda row: listed.overlaps(row.prompt) or listed.overlaps(row.response))


def _of_benchmarks(names: Sequence[str], languages: Sequence[str]) -> Iterator[str]:
    from polyteach.benchmarks.items import Exam
    from polyteach.benchmarks.stand_alone import open_exams
    from polyteach.study.benchmarks import ListedBenchmark

    named = [ListedBenchmark(benchmark=name) for name in names]
    for language in languages:
        for exam in open_exams(named, language, None):
            yield from (item.asks for item in exam.items) if isinstance(exam, Exam) else ()


def _of_files(paths: Sequence[str]) -> Iterator[str]:
    from polyteach.errors import UserError
    from polyteach.seed_data.records import read_records

    for path in paths:
        for record in read_records(Path(path)):
            text = record.columns.get("question", record.columns.get("prompt"))
            if not isinstance(text, str):
                fix = "name the column of the questions 'question' or 'prompt'"
                raise UserError("has no text in 'question' or 'prompt'", where=record.where, fix=fix)
            yield text

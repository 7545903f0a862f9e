"""Gathers the samples that a report shows from the artifacts of a study, language by language."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from polyteach.report.problems import Values, measured_problems
from polyteach.report.samples import Sample, choose_samples, passage
from polyteach.report.samples_data import Failed

if TYPE_CHECKING:
    from polyteach.rows import Row

_ENGLISH = "en"


def gather(
    inputs: Mapping[str, Path], teachers: Sequence[str], languages: Sequence[str], count: int
) -> tuple[dict[str, list[Sample]], list[Failed]]:
    """Samples by language, and the answers that became no row.

    Args:
        inputs: folders of artifacts by step id. Of `synthesis/TEACHER/LANGUAGE/METHOD` the rows and the
            failures are read, of `quality/TEACHER/LANGUAGE` the problems measured, of `seed_data/LANGUAGE`
            the human rows; what is missing is not shown.
        teachers: in the order they are to stand in.
        languages: in theirs.
        count: samples of a language, beside those picked for their problems.
    """
    english = _seed_rows(inputs, _ENGLISH)
    samples: dict[str, list[Sample]] = {}
    failed: list[Failed] = []
    for language in languages:
        cells, problems = {}, {}
        for teacher in teachers:
            for method, folder in _methods(inputs, teacher, language).items():
                cells[teacher, method] = _rows(folder)
                failed += _failures(folder, teacher, language, method)
            problems[teacher] = _problems(inputs, teacher, language)
        human = english | _seed_rows(inputs, language)
        samples[language] = choose_samples(cells, language, count, problems=problems, seed_row=human.get)
    return samples, failed


def _methods(inputs: Mapping[str, Path], teacher: str, language: str) -> dict[str, Path]:
    prefix = f"synthesis/{teacher}/{language}/"
    return {id.removeprefix(prefix): inputs[id] for id in sorted(inputs) if id.startswith(prefix)}


def _rows(folder: Path) -> list[Row]:
    from polyteach.rows import read_rows

    return read_rows(folder / "rows.parquet")


def _seed_rows(inputs: Mapping[str, Path], language: str) -> dict[str, Row]:
    folder = inputs.get(f"seed_data/{language}")
    return {row.id: row for row in _rows(folder)} if folder else {}


def _problems(inputs: Mapping[str, Path], teacher: str, language: str) -> Values:
    folder = inputs.get(f"quality/{teacher}/{language}")
    path = folder / "per_row.parquet" if folder else None
    return measured_problems(path) if path and path.exists() else {}


def _failures(folder: Path, teacher: str, language: str, method: str) -> list[Failed]:
    path = folder / "failures.json"
    if not path.exists():
        return []
    found = json.loads(path.read_text(encoding="utf-8"))
    return [
        Failed(
            teacher,
            language,
            method,
            reason,
            facts["count"],
            tuple(passage(text, language) for text in facts.get("examples", ())),
        )
        for reason, facts in sorted(found.items())
    ]

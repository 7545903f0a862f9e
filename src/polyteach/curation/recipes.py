"""What `--verify` is told in options: benchmarks by name or file, and how students are trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from polyteach.errors import UserError
from polyteach.seed_data.records import is_readable

if TYPE_CHECKING:
    from polyteach.students.recipe import Recipe
    from polyteach.study import AnyBenchmark

POCKET = {
    "epochs": 6,
    "learning_rate": 6e-3,
    "batch_size": 16,
    "gradient_accumulation": 1,
    "weight_decay": 0.0,
    "max_length": 160,
}
"""The recipe of the pocket study, for a base of the pocket world; others take a study's defaults."""
_KINDS = ("choice", "exact", "preference")


def benchmark_named(name: str, language: str) -> AnyBenchmark:
    """A benchmark as a study would name it: `mgsm`, `lm_eval:TASK`, `exam.csv`, `exact:exam.csv`.

    Raises:
        UserError: a file's name cannot be an exam's.
    """
    from polyteach.study import LmEvalTask, OwnExam

    kind, colon, rest = name.partition(":")
    if colon and kind == "lm_eval":
        return LmEvalTask(lm_eval=rest, language=language)
    file = rest if colon and kind in _KINDS else name
    if not is_readable(Path(file)):
        return name
    exam = {"name": Path(file).stem, "file": file, "kind": kind if file != name else "choice"}
    try:
        return OwnExam.model_validate(exam | {"language": language})
    except ValidationError as error:
        raise UserError(_first(error), where="--benchmark", fix="give the file another name") from error


def recipe_of(path: Path | None, base: str) -> Recipe:
    """How a base is trained: a YAML file's settings, as `students` in a study has them, else the defaults.

    Raises:
        UserError: the file cannot be read, or a setting is wrong.
    """
    from polyteach.students.recipe import Recipe
    from polyteach.study.schema import Students

    told = _yaml(path) if path else POCKET if base.startswith("pocket:") else {}
    bases = [{"name": "base", "model": base}]
    try:
        students = Students.model_validate({"bases": bases, **told})
    except ValidationError as error:
        fix = "see `students` in docs/study.md"
        raise UserError(_first(error), where=str(path), fix=fix) from error
    return Recipe.of(students.model_dump())


def _yaml(path: Path) -> dict[str, Any]:
    from polyteach.study.load import parse_yaml

    try:
        plain, _ = parse_yaml(path.read_text(encoding="utf-8-sig"), path)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise UserError(f"cannot be read: {reason}", where=str(path), fix="check the file") from error
    if not isinstance(plain, dict) or "bases" in plain:
        fix = "write settings of `students` such as `epochs: 2`; the base is named by --base"
        raise UserError("is no mapping of a recipe's settings", where=str(path), fix=fix)
    return plain


def _first(error: ValidationError) -> str:
    fault = error.errors()[0]
    place = ".".join(map(str, fault["loc"]))
    return f"{place}: {fault['msg'].removeprefix('Value error, ')}".removeprefix(": ")

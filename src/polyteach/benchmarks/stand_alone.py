"""An examination without a study: one model, some benchmarks, one language, one folder of results."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from polyteach.benchmarks.catalogue import check_languages
from polyteach.benchmarks.finding import Found, find_exam, open_exam
from polyteach.benchmarks.items import Exam
from polyteach.benchmarks.lm_eval_task import LmEvalExam
from polyteach.benchmarks.result import Examined
from polyteach.benchmarks.step import SUMMARY, summary_of, write_examined
from polyteach.errors import UserError, UserErrors
from polyteach.files import write_json, writing
from polyteach.steps import Progress
from polyteach.study.benchmarks import AnyBenchmark, benchmark_name

JOURNAL = "journal.sqlite"


def open_exams(named: Sequence[AnyBenchmark], language: str, limit: int | None) -> list[Exam | LmEvalExam]:
    """The exams of some benchmarks in a language, see `find_all`."""
    return open_all(find_all(named, language), language, limit)


def open_all(found: Sequence[Found], language: str, limit: int | None) -> list[Exam | LmEvalExam]:
    """The exams that `find_all` found."""
    return [open_exam(one.settings, language, one.locations, limit) for one in found]


def find_all(named: Sequence[AnyBenchmark], language: str) -> list[Found]:
    """Finds some benchmarks in a language; paths start at the working folder.

    Raises:
        UserErrors: a benchmark lacks the language.
        UserError: two have one name, or a file is broken, or the hub is out of reach.
    """
    for name, count in Counter(map(benchmark_name, named)).items():
        if count > 1:
            fix = "name it once; of two exams with one name, examine each by itself"
            raise UserError(f"{name!r} is named {count} times", where="--benchmark", fix=fix)
    missing = [error for one in named for error in check_languages([one], [language])]
    if missing:
        raise UserErrors(missing)
    return [find_exam(one, language, Path()) for one in named]


def examine_here(
    locations: Mapping[str, str], exams: Sequence[Exam | LmEvalExam], progress: Progress
) -> list[Examined]:
    """Examines a model of this machine (`model`, with an `adapter`) by log-likelihood and greedy answers."""
    from polyteach.benchmarks.examine import examine

    location = locations.get("adapter", locations["model"])
    return examine(location, exams, base_location=locations["model"], progress=progress)


def examine_asked(
    asked: Mapping[str, Any],
    locations: Mapping[str, str],
    exams: Sequence[Exam | LmEvalExam],
    progress: Progress,
) -> list[Examined]:
    """Examines a model in words, at an endpoint or here; see `words.open_asked`.

    Raises:
        UserError: an exam cannot be asked in words, or the model gave too few answers.
        BudgetReached: the cap is reached; what was answered is in the journal.
    """
    from polyteach.benchmarks.words import examine_in_words, open_asked
    from polyteach.errors import StepImpossible

    in_words = [exam for exam in exams if isinstance(exam, Exam)]
    if len(in_words) < len(exams):
        fix = "take a benchmark of letters or of written answers"
        raise UserError("tasks of lm-eval are for models on this machine", where="--benchmark", fix=fix)
    progress.start(sum(len(item.questions) for exam in in_words for item in exam.items), "questions")
    try:
        with open_asked(asked, locations, progress) as model:
            return examine_in_words(model, in_words)
    except StepImpossible as error:  # too many questions without an answer
        raise UserError(str(error), fix="see that the server is well, and run it again") from error


def earlier_exam(folder: Path) -> dict[str, Any] | None:
    """Which exam a folder's results are of, as `write_results` was told; None where nobody says."""
    try:
        exam = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))["exam"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return exam if isinstance(exam, dict) else None


def check_is_of(folder: Path, exam: Mapping[str, Any]) -> None:
    """Checks that a folder's results, if there are any, are of an exam that is to be held again.

    Where models and files lie (`named`) may differ.

    Raises:
        UserError: they are of another one; says in what it differs.
    """
    earlier = earlier_exam(folder)
    if earlier is None:
        return
    other = [name for name in exam if name != "named" and earlier.get(name) != exam[name]]
    if other:
        what = f"holds the results of another exam ({', '.join(other)})"
        fix = "name another folder for each exam, or add --force to write over this one"
        raise UserError(what, where=str(folder), fix=fix)


def make_folder(folder: Path) -> None:
    """Makes the folder of the results, and tries it, before a model is asked for them.

    Raises:
        UserError: it cannot be made or written to.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()


def write_results(folder: Path, examined: Sequence[Examined], exam: Mapping[str, Any]) -> dict[str, Any]:
    """Writes `items.parquet` and `summary.json`, which also says which exam it was; returns the summary.

    Args:
        folder: is there.
        examined: what came of it.
        exam: who was asked what, as plain data; what it is `named` is for readers alone.

    Raises:
        UserError: the folder cannot be written to.
    """
    summary = summary_of(examined) | {"exam": dict(exam)}
    with writing(folder):
        write_examined(folder, examined)
        write_json(folder / SUMMARY, summary)
    return summary

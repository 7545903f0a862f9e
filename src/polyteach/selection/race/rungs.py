"""The rungs of a race: the same study on a growing share of its rows, for those who remain.

A rung's synthesis asks the first of the study's requests, so what a teacher wrote for one rung it need not
write again for the next, and who leaves is asked no more. Its students draw their rows from what is written
so far. Base and reference are those of the whole study in every rung, so that the same benchmarks count in
all, and gains have one meaning. Data is not measured before the last rung, which is a normal study of those
who remain: quality makes nobody leave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil

from polyteach.errors import UserError
from polyteach.pipeline import cell_steps
from polyteach.resources import Resources
from polyteach.scoring.evidence import BASE, REFERENCE
from polyteach.steps import Step
from polyteach.study import Study

SHARES = (Fraction(1, 9), Fraction(1, 3), Fraction(1))
"""Thirds: each rung costs a teacher about three times what the one before did."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung.

    Attributes:
        number: from 1.
        share: of the study's rows.
        rows: of each student.
        is_last: whether it is the whole study.
    """

    number: int
    share: Fraction
    rows: int
    is_last: bool


def rungs_of(study: Study, shares: Sequence[Fraction] = SHARES) -> list[Rung]:
    """The rungs of a study's race.

    Raises:
        UserError: shares do not grow to 1, two rungs have as many rows, or nothing can be raced.
    """
    if len(study.teachers) < 2:
        raise UserError("a race needs two teachers", where="teachers", fix="add one, or use `polyteach run`")
    if study.trials < 2:
        fix = "set it to 2 or more (3 is the paper's)"
        what = "one trial does not show the luck of training, so nobody could be told to leave"
        raise UserError(what, where="trials", fix=fix)
    rows = [max(1, round(share * study.students.rows)) for share in shares]
    if not shares or list(shares) != sorted(shares) or shares[-1] != 1 or shares[0] <= 0:
        what = f"{', '.join(map(str, shares)) or 'nothing'} does not grow to 1"
        raise UserError(what, where="--share", fix="such as --share 1/9 --share 1/3 --share 1")
    if len(set(rows)) < len(rows):
        what = f"two rungs have the same rows ({', '.join(map(str, rows))})"
        raise UserError(what, where="--share", fix="fewer or other shares, or more students.rows")
    last = len(shares)
    return [
        Rung(number, share, count, number == last)
        for number, (share, count) in enumerate(zip(shares, rows, strict=True), 1)
    ]


def study_of(study: Study, rung: Rung, remaining: Iterable[str]) -> Study:
    """The study of a rung: who remains, in the study's order, on the rung's share of rows."""
    kept = set(remaining)
    asked = ceil(rung.share * study.synthesis.rows_per_method)
    return study.model_copy(
        update={
            "teachers": [teacher for teacher in study.teachers if teacher.name in kept],
            "synthesis": study.synthesis.model_copy(update={"rows_per_method": asked}),
            "students": study.students.model_copy(update={"rows": rung.rows}),
        }
    )


def rung_steps(study: Study, resources: Resources, rung: Rung, remaining: Sequence[str]) -> list[Step]:
    """The steps of a rung, inputs before what reads them: those of bases and references, then of teachers.

    Steps of earlier rungs have `rung-N/` before their ids; the last rung's are those of a normal run.
    """
    own = study_of(study, rung, remaining)
    if rung.is_last:
        return cell_steps(own, resources)
    whole = _needed_by(cell_steps(study, resources), lambda step: _is_exam_of(step, study, [BASE, REFERENCE]))
    exams = _needed_by(cell_steps(own, resources), lambda step: _is_exam_of(step, study, remaining))
    there = {step.key for step in whole}
    return [*whole, *_renamed([s for s in exams if s.key not in there], f"rung-{rung.number}/", whole)]


def own_id(step: Step) -> str:
    """A step's id as a study of its rung alone has it."""
    first, _, rest = step.id.partition("/")
    return rest if first.startswith("rung-") else step.id


def _is_exam_of(step: Step, study: Study, names: Iterable[str]) -> bool:
    """Whether a step examines a model of these in the language it was taught; `in` is no language."""
    if step.kind != "examination":
        return False
    _, _, who, language, *_ = step.id.split("/")
    return who in names and language in study.languages


def _needed_by(steps: Sequence[Step], wanted: Callable[[Step], bool]) -> list[Step]:
    """The wanted steps and all that they need, in the same order."""
    needed: set[str] = set()
    for step in reversed(steps):
        if wanted(step) or step.id in needed:
            needed |= {step.id, *(parent.id for parent in step.inputs.values())}
    return [step for step in steps if step.id in needed]


def _renamed(steps: Sequence[Step], prefix: str, known: Iterable[Step]) -> list[Step]:
    """Steps under other ids, reading each other under these; what is known keeps its id."""
    renamed = {step.id: step for step in known}
    for step in steps:
        inputs = {name: renamed.get(parent.id, parent) for name, parent in step.inputs.items()}
        renamed[step.id] = replace(step, id=prefix + step.id, inputs=inputs)
    return [renamed[step.id] for step in steps]

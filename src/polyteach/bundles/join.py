"""Joining the evidence of two studies made under the same terms, in the order that one study's would have."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from math import isclose
from typing import Any, TypeVar

from polyteach.bundles.card import StudyBenchmark, StudyCard, StudyScorer, StudyTeacher
from polyteach.bundles.packed import PackedEvidence, PackedExam, PackedItems, PackedTraining
from polyteach.figures import Figure
from polyteach.scoring.evidence import REFERENCE

Cell = tuple[str, str]
"""Teacher and language."""
CLOSE = 1e-6
"""Two machines may round sums in another order; what differs by more was measured otherwise."""
_Named = TypeVar("_Named", StudyTeacher, StudyBenchmark)


def cells_of(packed: PackedEvidence) -> list[Cell]:
    """The cells of which anything is known."""
    students = [(e.teacher, packed.items[e.items].language) for e in packed.students if e.teacher is not None]
    measured = [(m.teacher, m.language) for m in packed.metrics if m.teacher is not None]
    written = [(s.teacher, s.language) for s in packed.synthesis]
    return list(dict.fromkeys([*students, *measured, *written]))


def join(
    one: PackedEvidence, other: PackedEvidence, languages: Collection[str], cells: Collection[Cell]
) -> PackedEvidence:
    """The evidence of both.

    Args:
        one: all of it is kept.
        other: of it what is named is added.
        languages: of `other` that `one` has not: with their bases, references and gates.
        cells: of `other` that `one` has not.
    """
    teachers = {teacher for teacher, _ in cells}
    study = _study(one.study, other.study, languages, teachers)
    items = {found: number for number, found in enumerate(one.items)}

    def moved(exams: Iterable[PackedExam]) -> list[PackedExam]:
        return [
            exam.model_copy(update={"items": items.setdefault(other.items[exam.items], len(items))})
            for exam in exams
        ]

    def in_new(exams: Iterable[PackedExam]) -> list[PackedExam]:
        return moved(exam for exam in exams if other.items[exam.items].language in languages)

    students = moved(e for e in other.students if (e.teacher, other.items[e.items].language) in cells)
    bases, references = in_new(other.bases), in_new(other.references)
    order = _Order(study, list(items))
    steps = {(m.step, m.role): m for m in other.measuring if _is_of(m.step, languages, cells)}
    steps |= {(m.step, m.role): m for m in one.measuring}
    return PackedEvidence(
        study=study,
        items=list(items),
        bases=order.exams([*one.bases, *bases]),
        references=order.exams([*one.references, *references]),
        students=order.exams([*one.students, *students]),
        metrics=order.cells([*one.metrics, *(m for m in other.metrics if (m.teacher, m.language) in cells)]),
        gated=order.cells([*one.gated, *(g for g in other.gated if (g.teacher, g.language) in cells)]),
        synthesis=order.cells(
            [*one.synthesis, *(s for s in other.synthesis if (s.teacher, s.language) in cells)]
        ),
        seed_metrics=order.languages([*one.seed_metrics, *_within(other.seed_metrics, languages)]),
        gate=order.languages([*one.gate, *_within(other.gate, languages)]),
        judges=order.languages([*one.judges, *_within(other.judges, languages)]),
        sources=sorted([*one.sources, *(s for s in other.sources if s not in one.sources)], key=_language),
        measuring=[steps[key] for key in sorted(steps, key=lambda key: key[0])],
        trainings=order.trainings(
            [
                *one.trainings,
                *(t for t in other.trainings if (t.who, t.language) in cells),
                *(t for t in _within(other.trainings, languages) if t.who == REFERENCE),
            ]
        ),
        failed=sorted({*one.failed, *(step for step in other.failed if _is_of(step, languages, cells))}),
    )


def same_cell(one: PackedEvidence, other: PackedEvidence, cell: Cell) -> str | None:
    """Why a cell of both is not the same in both; None where it is."""
    if _data(one, cell) != _data(other, cell):
        return "its data was written or measured in another way, or gave other rows"
    if _answers(one, cell) != _answers(other, cell):
        return "its students gave other answers"
    return None


def gate_difference(one: PackedEvidence, other: PackedEvidence, language: str) -> str | None:
    """What the gates of a language say otherwise; None where they agree."""
    found = [{m.metric: m for m in packed.gate if m.language == language} for packed in (one, other)]
    if found[0].keys() != found[1].keys():
        return "the gate tested other metrics"
    for name, metric in found[0].items():
        twin = found[1][name]
        same = (metric.passes, metric.level, metric.answers_for) == (
            twin.passes,
            twin.level,
            twin.answers_for,
        )
        if not (same and _close(metric.human, twin.human) and _close(metric.corrupted, twin.corrupted)):
            return f"the gate found otherwise of {name}, from the same data"
    return None


def _close(one: Figure, other: Figure) -> bool:
    pairs = ((one.value, other.value), (one.se, other.se))
    return one.definition == other.definition and all(
        a == b or (a is not None and b is not None and isclose(a, b, rel_tol=CLOSE)) for a, b in pairs
    )


def _data(packed: PackedEvidence, cell: Cell) -> list[Any]:
    parts: list[Sequence[Any]] = [packed.synthesis, packed.metrics, packed.gated]
    return [found for part in parts for found in part if (found.teacher, found.language) == cell]


def _answers(packed: PackedEvidence, cell: Cell) -> list[Any]:
    return [
        (packed.items[e.items], e.base, e.trial, e.scores)
        for e in packed.students
        if (e.teacher, packed.items[e.items].language) == cell
    ]


class _Order:
    """A study's order of bases, languages and teachers; benchmarks and metrics are by name."""

    def __init__(self, study: StudyCard, items: list[PackedItems]) -> None:
        self._items = items
        self._bases = {base.name: n for n, base in enumerate(study.bases)}
        self._languages = {code: n for n, code in enumerate(study.languages)}
        self._teachers = {teacher.name: n for n, teacher in enumerate(study.teachers)}

    def exams(self, exams: Iterable[PackedExam]) -> list[PackedExam]:
        return sorted(exams, key=self._of_exam)

    def _of_exam(self, exam: PackedExam) -> tuple[int, int, int, int, str]:
        items = self._items[exam.items]
        teacher = -1 if exam.teacher is None else self._teachers[exam.teacher]
        language = self._languages[items.language]
        return self._bases[exam.base], language, teacher, exam.trial or 0, items.benchmark

    def trainings(self, found: Iterable[PackedTraining]) -> list[PackedTraining]:
        return sorted(found, key=self._of_training)

    def _of_training(self, one: PackedTraining) -> tuple[int, int, int, int]:
        who = -1 if one.who == REFERENCE else self._teachers[one.who]
        return self._bases[one.base], self._languages[one.language], who, one.trial

    def cells(self, found: Iterable[Any]) -> list[Any]:
        return sorted(found, key=lambda one: (self._teachers[one.teacher], self._languages[one.language]))

    def languages(self, found: Iterable[Any]) -> list[Any]:
        return sorted(found, key=lambda one: self._languages[one.language])


def _study(
    one: StudyCard, other: StudyCard, languages: Collection[str], teachers: Collection[str]
) -> StudyCard:
    """The facts of the joint study; terms that must agree are those of the first."""
    scorers = {s.metric: s for s in other.scorers}
    return one.model_copy(
        update={
            "languages": [*one.languages, *(code for code in other.languages if code in languages)],
            "teachers": _union(one.teachers, (t for t in other.teachers if t.name in teachers), _with_rows),
            "benchmarks": _union(one.benchmarks, other.benchmarks, _with_languages),
            "scorers": [
                _with_teachers(s, scorers[s.metric], teachers) for s in one.scorers if s.metric in scorers
            ]
            + [s for s in one.scorers if s.metric not in scorers],
        }
    )


def _union(one: Sequence[_Named], other: Iterable[_Named], both: Any) -> list[_Named]:
    found = {entry.name: entry for entry in one}
    for entry in other:
        name = entry.name
        found[name] = both(found[name], entry) if name in found else entry
    return list(found.values())


def _with_rows(one: StudyTeacher, other: StudyTeacher) -> StudyTeacher:
    """A contestant in the languages of both."""
    if one.data is None or other.data is None:
        return one
    rows, wanted = other.data.rows | one.data.rows, other.data.wanted | one.data.wanted
    is_seed_data = one.data.is_seed_data or other.data.is_seed_data
    update = {"rows": rows, "wanted": wanted, "is_seed_data": is_seed_data}
    return one.model_copy(update={"data": one.data.model_copy(update=update)})


def _with_languages(one: StudyBenchmark, other: StudyBenchmark) -> StudyBenchmark:
    return one.model_copy(update={"languages": list(dict.fromkeys([*one.languages, *other.languages]))})


def _with_teachers(one: StudyScorer, other: StudyScorer, teachers: Collection[str]) -> StudyScorer:
    added = [name for name in other.teachers if name in teachers]
    update = {
        "teachers": list(dict.fromkeys([*one.teachers, *added])),
        "family": one.family or other.family,
    }
    return one.model_copy(update=update)


def _within(found: Iterable[Any], languages: Collection[str]) -> list[Any]:
    return [one for one in found if one.language in languages]


def _language(found: Any) -> str:
    return str(found.language)


def _is_of(step: str, languages: Collection[str], cells: Collection[Cell]) -> bool:
    """Whether a step's id (`kind/.../teacher/language...`) is of one of these languages or cells."""
    parts = step.split("/")
    pairs = {*pairwise(parts)}
    own = {("gate", code) for code in languages} | {("seed_data", code) for code in languages}
    own |= {(who, code) for who in ("base", "reference") for code in languages}
    return bool(pairs & (own | {*cells}))

"""Side effects: what students lose in languages they were not taught, and how they answer freely.

Shown beside the gain, never part of a score. Changes are in the unit of gain, against the same base on the
same items, so that what is lost in one language stands beside what was gained in another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from polyteach.figures import Figure, undefined
from polyteach.scoring import gain
from polyteach.scoring.evidence import BASE, REFERENCE
from polyteach.scoring.free_answers import Answered, free_answers
from polyteach.scoring.gain import CellEstimate
from polyteach.scoring.intervals import LEVEL, SCORES, Estimate, TrialSpread, figure_of, standard_error
from polyteach.scoring.overall import CellKey, Known, overall
from polyteach.scoring.records import Evidence, Exam
from polyteach.scoring.unscored import Counts, together, unscored

CHANGE = (
    "change = (student - base) / (1 - chance) in a language that the student was not taught; below 0 is lost"
)
CELL_CHANGE = f"{CHANGE}; mean over the benchmarks that have the language"
TEACHER_CHANGE = f"{CELL_CHANGE}, then over bases, then over the languages taught; each interval by itself"
KNOWN = (
    "what the bases know and can lose: (base - chance) / (1 - chance), mean over the benchmarks that have "
    "the language, then over bases"
)
NO_EXAM = "no benchmark was examined for student and base"


@dataclass(frozen=True, slots=True)
class Change:
    """What one teacher's students of one base and language changed by in another language.

    Attributes:
        cell: over all benchmarks; None without any.
        by_benchmark: the same on each.
        lost_answers: answers without a score, of each benchmark.
    """

    cell: CellEstimate | None
    by_benchmark: Mapping[str, CellEstimate]
    lost_answers: Mapping[str, Counts]


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of one teacher in one language asked in: the mean over bases and languages taught.

    Attributes:
        clearly: `lost` or `gained`, where the change has this sign in an interval that holds for all teachers
            and languages at once (Bonferroni's); None else. Lost is only what the bases clearly knew.
    """

    who: str
    language: str
    figure: Figure
    clearly: Literal["lost", "gained"] | None


@dataclass(frozen=True, slots=True)
class SideEffects:
    """A study's side effects; the lists are in the study's order, the reference first."""

    languages: Sequence[str]
    bases: Sequence[Mapping[str, Any]]
    known: Mapping[str, Figure]
    changes: Sequence[Told]
    cells: Sequence[Mapping[str, Any]]
    answers: Sequence[Answered]

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        return {
            "languages": list(self.languages),
            "bases": list(self.bases),
            "known": {code: figure.to_json() for code, figure in self.known.items()},
            "changes": [
                {
                    "teacher": one.who,
                    "language": one.language,
                    "change": one.figure.to_json(),
                    "clearly": one.clearly,
                }
                for one in self.changes
            ],
            "cells": list(self.cells),
            "answers": [one.to_json() for one in self.answers],
        }


def side_effects(evidence: Evidence) -> SideEffects | None:
    """Computes them; None where the study did not ask for them."""
    study = evidence.study
    if study.side_languages is None:
        return None
    changes = _changes(evidence)
    spread = gain.spread_of(change.cell for change in changes.values() if change.cell)
    spreads = _spreads(changes)
    bases = {code: _known(evidence, code) for code in study.side_languages}
    return SideEffects(
        languages=study.side_languages,
        bases=[_of_base(exam) for exam in evidence.side.bases],
        known=bases,
        changes=list(_by_teacher(evidence, changes, spread, bases)),
        cells=[_cell(*place, change, spread, spreads) for place, change in changes.items()],
        answers=list(free_answers(evidence)),
    )


Place = tuple[str, str, str, str]
"""Teacher (or reference), base, language taught, language asked in."""


def _changes(evidence: Evidence) -> dict[Place, Change]:
    below = {(exam.base, exam.language, exam.benchmark): exam for exam in evidence.side.bases}
    found: dict[Place, dict[str, dict[int, Exam]]] = {}
    for one in evidence.side.students:
        exam = one.exam
        place = (one.who, exam.base, one.taught, exam.language)
        found.setdefault(place, {}).setdefault(exam.benchmark, {})[exam.trial or 0] = exam
    changes = {}
    for place, benchmarks in found.items():
        _, base, _, asked_in = place
        known = {name: below[at] for name in benchmarks if (at := (base, asked_in, name)) in below}
        cells = {
            name: cell
            for name, exam in known.items()
            if (cell := gain.benchmark_gain(benchmarks[name], exam)) is not None
        }
        lost = {name: unscored(benchmarks[name].values(), exam) for name, exam in known.items()}
        mean = gain.cell_mean(list(cells.values())) if cells and len(cells) == len(benchmarks) else None
        changes[place] = Change(mean, cells, lost)
    return changes


def _by_teacher(
    evidence: Evidence,
    changes: Mapping[Place, Change],
    spread: TrialSpread | None,
    bases: Mapping[str, Figure],
) -> Iterator[Told]:
    """Means over bases and languages taught, for those who are complete on them.

    Args:
        evidence: of the study.
        changes: of each place.
        spread: of trials.
        bases: what the bases know, by language.
    """
    study = evidence.study
    there = {who for who, *_ in changes}
    everybody = [REFERENCE, *(teacher.name for teacher in study.teachers)]
    intervals = max(1, len(study.teachers) * len(bases))
    for who in everybody if REFERENCE in there else everybody[1:]:
        for asked_in, knows in bases.items():
            needed = [(base, code) for base in study.bases for code in study.languages if code != asked_in]
            if not needed:
                continue
            cells: dict[CellKey, Known] = {}
            lost: list[Counts] = []
            for base, taught in needed:
                change = changes.get((who, base, taught, asked_in))
                if change and change.cell:
                    cells[base, taught, who] = Known(change.cell.estimate)
                    lost += change.lost_answers.values()
            known = overall(who, cells, needed, "change")
            if known.estimate is None:
                reason = known.reason or NO_EXAM
                yield Told(who, asked_in, undefined(TEACHER_CHANGE, reason, together(lost)), None)
            else:
                figure = figure_of(
                    known.estimate, spread, TEACHER_CHANGE, together(lost), known.estimate.extremes
                )
                yield Told(who, asked_in, figure, _clearly(known.estimate, spread, intervals, knows))


def _clearly(
    estimate: Estimate, spread: TrialSpread | None, intervals: int, knows: Figure
) -> Literal["lost", "gained"] | None:
    """Whether a change is clear though it is one of so many; see `Told`."""
    from scipy.special import stdtrit

    se, freedom = standard_error(estimate, spread)
    reach = float(stdtrit(freedom, 1 - (1 - LEVEL) / 2 / intervals)) * se
    if estimate.value + reach < 0 and knows.low is not None and knows.low > 0:
        return "lost"
    return "gained" if estimate.value - reach > 0 else None


def _spreads(changes: Mapping[Place, Change]) -> dict[str, TrialSpread | None]:
    names = {name for change in changes.values() for name in change.by_benchmark}
    return {
        name: gain.spread_of(c.by_benchmark[name] for c in changes.values() if name in c.by_benchmark)
        for name in names
    }


def _cell(
    who: str,
    base: str,
    taught: str,
    asked_in: str,
    change: Change,
    spread: TrialSpread | None,
    spreads: Mapping[str, TrialSpread | None],
) -> dict[str, Any]:
    lost = together(change.lost_answers.values())
    mean = undefined(CELL_CHANGE, NO_EXAM, lost)
    if change.cell:
        estimate = change.cell.estimate
        mean = figure_of(estimate, spread, CELL_CHANGE, lost, estimate.extremes)
    return {
        "teacher": who,
        "base": base,
        "language": taught,
        "asked_in": asked_in,
        "change": mean.to_json(),
        "benchmarks": {
            name: figure_of(
                cell.estimate, spreads[name], CHANGE, change.lost_answers[name], cell.estimate.extremes
            ).to_json()
            for name, cell in sorted(change.by_benchmark.items())
        },
    }


def _known(evidence: Evidence, language: str) -> Figure:
    """What the bases know of a language."""
    study = evidence.study
    exams = [exam for exam in evidence.side.bases if exam.language == language]
    found: dict[str, list[CellEstimate]] = {}
    for exam in exams:
        nothing = replace(exam, scores=(exam.chance,) * len(exam.scores))  # what guessing earns on each item
        if cell := gain.benchmark_gain({0: exam}, nothing):
            found.setdefault(exam.base, []).append(cell)
    cells = {(base, language, BASE): Known(gain.cell_mean(parts).estimate) for base, parts in found.items()}
    mean = overall(BASE, cells, [(base, language) for base in study.bases], "examination")
    if mean.estimate is None:
        return undefined(KNOWN, mean.reason or NO_EXAM, unscored(exams))
    return figure_of(mean.estimate, None, KNOWN, unscored(exams), mean.estimate.extremes)


def _of_base(exam: Exam) -> dict[str, Any]:
    """What a base knows of a language: what there is to lose."""
    score = gain.benchmark_score({0: exam})
    definition = "mean score of the base over items"
    reasons = unscored([exam])
    figure = undefined(definition, "no item was scored", reasons)
    if score:
        figure = figure_of(score.estimate, None, definition, reasons, SCORES)
    return {
        "base": exam.base,
        "language": exam.language,
        "benchmark": exam.benchmark,
        "score": figure.to_json(),
        "chance": exam.chance,
    }

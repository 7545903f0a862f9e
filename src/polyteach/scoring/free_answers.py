"""How students answer freely: in which language, and how long beside their base's and reference's answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp, fsum, log
from typing import Any

from polyteach.figures import Figure, undefined
from polyteach.scoring import gain
from polyteach.scoring.evidence import BASE, REFERENCE
from polyteach.scoring.gain import CellEstimate
from polyteach.scoring.intervals import SCORES, TrialSpread, figure_of
from polyteach.scoring.overall import Known, overall
from polyteach.scoring.records import Evidence, FreeAnswers
from polyteach.scoring.unscored import unscored

IN_LANGUAGE = (
    "share of free answers in the language they were asked in, over those that can be told, by py3langid and "
    "below its least length by character models of the seed data; mean over bases"
)
RATIO = (
    "length of a free answer in characters over that of the {other}'s answer to the same prompt, geometric "
    "mean over bases and trials, median over prompts; 95% interval over prompts by order statistics"
)
LENGTH = "median length of free answers in {unit}, mean over bases and trials of each prompt"

ByTrial = Mapping[str, Mapping[int, FreeAnswers]]
"""One teacher's students of a language, by base, then trial."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The free answers of one teacher's students (or of `base`, `reference`) in one language."""

    who: str
    language: str
    in_language: Figure
    found: Mapping[str, int]
    to_base: Figure | None
    to_reference: Figure | None
    characters: Figure
    tokens: Figure
    answers: int
    cut_off: int
    learned: int

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        return {
            "teacher": self.who,
            "language": self.language,
            "in_language": self.in_language.to_json(),
            "found": dict(self.found),
            "length_to_base": self.to_base.to_json() if self.to_base else None,
            "length_to_reference": self.to_reference.to_json() if self.to_reference else None,
            "characters": self.characters.to_json(),
            "tokens": self.tokens.to_json(),
            "answers": self.answers,
            "cut_off": self.cut_off,
            "learned": self.learned,
        }


def free_answers(evidence: Evidence) -> Iterator[Answered]:
    """Base and reference first, then teachers in the study's order; who answered nothing is left out."""
    groups: dict[tuple[str, str], dict[str, dict[int, FreeAnswers]]] = {}
    for one in evidence.side.answers:
        exam = one.in_language
        by_base = groups.setdefault((one.who, exam.language), {})
        by_base.setdefault(exam.base, {})[exam.trial or 0] = one
    cells = {
        (*group, base): gain.benchmark_score({trial: one.in_language for trial, one in trials.items()})
        for group, by_base in groups.items()
        for base, trials in by_base.items()
    }
    spread = gain.spread_of(cell for cell in cells.values() if cell)
    study = evidence.study
    for who in [BASE, REFERENCE, *(teacher.name for teacher in study.teachers)]:
        for language in study.languages:
            if found := groups.get((who, language)):
                share = _share(who, language, found, cells, spread)
                yield _answered(who, language, share, found, groups)


def _share(
    who: str,
    language: str,
    by_base: ByTrial,
    cells: Mapping[tuple[str, str, str], CellEstimate | None],
    spread: TrialSpread | None,
) -> Figure:
    lost = unscored(one.in_language for trials in by_base.values() for one in trials.values())
    known = {
        (base, language, who): Known(cell.estimate)
        for base in by_base
        if (cell := cells[who, language, base])
    }
    mean = overall(who, known, [(base, language) for base in by_base], "answer that could be told")
    if mean.estimate is None:
        return undefined(IN_LANGUAGE, mean.reason or "no answer could be told", lost)
    return figure_of(mean.estimate, spread, IN_LANGUAGE, lost, SCORES)


def _answered(
    who: str,
    language: str,
    share: Figure,
    by_base: ByTrial,
    groups: Mapping[tuple[str, str], ByTrial],
) -> Answered:
    every = [one for trials in by_base.values() for one in trials.values()]
    found = Counter[str]()
    for one in every:
        found.update(one.found)

    def ratio(other: str) -> Figure | None:
        return None if who in (BASE, other) else _ratio(by_base, groups.get((other, language), {}), other)

    return Answered(
        who=who,
        language=language,
        in_language=share,
        found=dict(sorted(found.items(), key=lambda entry: (-entry[1], entry[0]))),
        to_base=ratio(BASE),
        to_reference=ratio(REFERENCE),
        characters=_length([one.characters for one in every], "characters"),
        tokens=_length([one.tokens for one in every], "tokens of the model"),
        answers=sum(len(one.characters) for one in every),
        cut_off=sum(one.cut_off for one in every),
        learned=sum(one.learned for one in every),
    )


def _ratio(
    students: ByTrial,
    others: ByTrial,
    name: str,
) -> Figure | None:
    """The median ratio of lengths to another model's on the same base and prompts; None without any."""
    logs: dict[str, list[float]] = {}
    reasons: dict[str, str] = {}
    for base, trials in students.items():
        for other in others.get(base, {}).values():
            for one in trials.values():
                for prompt, length in one.characters.items():
                    if length and other.characters.get(prompt):
                        logs.setdefault(prompt, []).append(log(length / other.characters[prompt]))
                    else:
                        reasons[prompt] = "empty" if not length else f"{name}: empty"
    prompts = sorted({*logs, *reasons})
    if not prompts:
        return None
    values = [exp(fsum(logs[p]) / len(logs[p])) if p in logs else None for p in prompts]
    return _median(values, [None if p in logs else reasons[p] for p in prompts], RATIO.format(other=name))


def _length(lengths: Iterable[Mapping[str, int]], unit: str) -> Figure:
    by_prompt: dict[str, list[int]] = {}
    for one in lengths:
        for prompt, length in one.items():
            by_prompt.setdefault(prompt, []).append(length)
    values = [sum(found) / len(found) for _, found in sorted(by_prompt.items())]
    return _median(values, [None] * len(values), LENGTH.format(unit=unit))


def _median(values: Sequence[float | None], reasons: Sequence[str | None], definition: str) -> Figure:
    from polyteach.quality.metric_result import measured_median  # numpy behind it

    return measured_median(values, reasons, definition).figure

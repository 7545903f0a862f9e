"""Samples to read side by side: what every teacher made of the same seed example or examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from polyteach.report.wording import direction, printable, shortened
from polyteach.rows import Row

MOST_TEXTS = 240  # on a page, so that it stays small with many teachers and languages
MOST_SAMPLES = 6  # of a language
MOST_CHARACTERS = 400
_TOLD = {
    "generate": "each teacher wrote a question of its own, having seen the same few-shot examples, and "
    "answered it",
    "translate": "each teacher was given the same English prompt (not shown), translated it and answered "
    "its translation",
    "respond": "each teacher answered the same prompt of the seed data",
    "data": "rows that were there already, taken as they are",
}


@dataclass(frozen=True, slots=True)
class Passage:
    """A text to show, and the way it runs."""

    text: str
    direction: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What one teacher made of seed data; `prompt` is None where all teachers were given the same."""

    teacher: str
    prompt: Passage | None
    response: Passage


@dataclass(frozen=True, slots=True)
class Sample:
    """The same seed data in the hands of several teachers; `prompt` as for `Answer`, the other way round."""

    method: str
    prompt: Passage | None
    answers: tuple[Answer, ...]

    @property
    def told(self) -> str:
        """What the teachers were given, and what stands here of it; empty for an unknown method."""
        return _TOLD.get(self.method, "")


def choose_samples(cells: Mapping[tuple[str, str], Sequence[Row]], language: str, count: int) -> list[Sample]:
    """Chooses samples of a language: those most teachers share, spread evenly over the seed data.

    Args:
        cells: rows by (teacher, method), in the order the teachers are to stand in.
        language: of the rows.
        count: samples over all methods, as equally shared as it goes.
    """
    methods = list(dict.fromkeys(method for _, method in cells))
    samples = []
    for number, method in enumerate(methods):
        share = count // len(methods) + (number < count % len(methods))
        by_teacher = {teacher: _first_rows(rows) for (teacher, m), rows in cells.items() if m == method}
        for source in _spread(_shared(by_teacher), share):
            rows = {teacher: found[source] for teacher, found in by_teacher.items() if source in found}
            samples.append(_sample(method, rows, language))
    return samples


def samples_each(languages: int, teachers: int) -> int:
    """How many samples a language may have on one page."""
    return max(1, min(MOST_SAMPLES, MOST_TEXTS // max(languages * teachers, 1)))


def _first_rows(rows: Sequence[Row]) -> dict[str, Row]:
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(row.source_id, row)
    return first


def _shared(by_teacher: Mapping[str, Mapping[str, Row]]) -> list[str]:
    """The seed examples that most teachers have, in order of appearance."""
    counts: dict[str, int] = {}
    for rows in by_teacher.values():
        for source in rows:
            counts[source] = counts.get(source, 0) + 1
    most = max(counts.values(), default=0)
    return [source for source, count in counts.items() if count == most]


def _spread(values: Sequence[str], count: int) -> list[str]:
    taken = min(count, len(values))
    return [values[index * len(values) // taken] for index in range(taken)]


def _sample(method: str, rows: Mapping[str, Row], language: str) -> Sample:
    prompts = {row.prompt for row in rows.values()}
    common = _passage(prompts.pop(), language) if len(prompts) == 1 and len(rows) > 1 else None
    answers = (
        Answer(
            teacher,
            None if common else _passage(row.prompt, language),
            _passage(row.response, language),
        )
        for teacher, row in rows.items()
    )
    return Sample(method, common, tuple(answers))


def _passage(text: str, language: str) -> Passage:
    shown = printable(shortened(text, MOST_CHARACTERS))
    return Passage(shown, direction(text, language))

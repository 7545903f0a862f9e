"""Samples to read side by side: what every teacher made of the same seed example or examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from polyteach.report.problems import Values, is_broken, plain_problems
from polyteach.report.wording import direction
from polyteach.rows import Row

MOST_CHARACTERS = 4_000  # of a text; what is cut is counted
MOST_TEXTS = 240  # that stand on the page itself, so that it opens fast with many teachers and languages
MOST_STANDING = 6  # samples of a language, likewise
STANDING_CHARACTERS = 400  # of a text, likewise
MOST_SEED_ROWS = 3
PICKED = 2
"""So many rows of each teacher's each problem are shown, if it has them, beside those at even distances."""
_TOLD = {
    "generate": "each teacher wrote a question of its own, having seen the same few-shot examples, and "
    "answered it",
    "translate": "each teacher was given the same English prompt, translated it and answered its translation",
    "respond": "each teacher answered the same prompt of the seed data",
    "data": "rows that were there already, taken as they are",
}

Cells = Mapping[tuple[str, str], Sequence[Row]]
Lookup = Callable[[str], Row | None]
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Passage:
    """A text to show, as a model wrote it: whoever shows it makes it printable.

    Attributes:
        text: its first characters.
        more: how many more it had.
        direction: the way it runs, `ltr` or `rtl`.
        language: that it should be in.
    """

    text: str
    more: int
    direction: str
    language: str

    def cut(self, characters: int) -> Passage:
        """The same with at most so many characters."""
        over = len(self.text) - characters
        return replace(self, text=self.text[:characters], more=self.more + over) if over > 0 else self


@dataclass(frozen=True, slots=True)
class Pair:
    """A human row of the seed data: a prompt and, where it has one, a response."""

    prompt: Passage
    response: Passage | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What one teacher made of seed data; `prompt` is None where all teachers were given the same."""

    teacher: str
    prompt: Passage | None
    response: Passage
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """The same seed data in the hands of several teachers.

    Attributes:
        method: how the teachers were used.
        prompt: what all of them were given; None where each wrote its own.
        answers: of the teachers, in the leaderboard's order.
        human: the seed data that it rests on; of `generate` the few-shot examples.
        picked: whether it was taken because of a problem, not at an even distance.
    """

    method: str
    prompt: Passage | None
    answers: tuple[Answer, ...]
    human: tuple[Pair, ...] = ()
    picked: bool = False

    @property
    def told(self) -> str:
        """What the teachers were given; empty for an unknown method."""
        return told(self.method)


def told(method: str) -> str:
    """What teachers are given by a method; empty for an unknown one."""
    return _TOLD.get(method, "")


def choose_samples(
    cells: Cells,
    language: str,
    count: int,
    *,
    problems: Mapping[str, Values] | None = None,
    seed_row: Lookup | None = None,
) -> list[Sample]:
    """Chooses samples of a language: those most teachers share, spread evenly over the seed data.

    After them stand those picked for a problem that a teacher has more rows with than are among them.

    Args:
        cells: rows by (teacher, method), in the order the teachers are to stand in.
        language: of the rows.
        count: samples over all methods, as equally shared as it goes, without those that are picked.
        problems: what was measured in each teacher's rows.
        seed_row: finds the human row of an id.
    """
    methods = list(dict.fromkeys(method for _, method in cells))
    even: list[Sample] = []
    picked: list[Sample] = []
    for number, method in enumerate(methods):
        made = {teacher: rows for (teacher, m), rows in cells.items() if m == method}
        first = {teacher: _first_rows(rows) for teacher, rows in made.items()}
        maker = _Maker(method, language, problems or {}, seed_row)
        share = count // len(methods) + (number < count % len(methods))
        for source in _spread(_shared(first), share):
            rows = {teacher: found[source] for teacher, found in first.items() if source in found}
            even.append(maker.sample(rows))
        if count:
            picked += _picked(made, first, maker)
    return even + picked


def passage(text: str, language: str) -> Passage:
    """A text of a language, cut after `MOST_CHARACTERS`."""
    shown = text[:MOST_CHARACTERS]
    runs = direction(shown[:STANDING_CHARACTERS], language)
    return Passage(shown, len(text) - len(shown), runs, language)


def on_page(samples: Sequence[Sample], count: int) -> list[Sample]:
    """Some of a language's samples, spread evenly over those that were, with short texts."""
    return [_short(sample) for sample in _spread([s for s in samples if not s.picked], count)]


def samples_each(languages: int, teachers: int) -> int:
    """How many samples a language may have that stand on the page itself."""
    return max(1, min(MOST_STANDING, MOST_TEXTS // max(languages * teachers, 1)))


@dataclass
class _Maker:
    """Makes the samples of one method, and counts the problems that were shown, by teacher."""

    method: str
    language: str
    problems: Mapping[str, Values]
    seed_row: Lookup | None

    def __post_init__(self) -> None:
        self.shown: dict[tuple[str, str], int] = {}

    def of_row(self, teacher: str, row: Row) -> tuple[str, ...]:
        """Problems that are known of every row, shown or not."""
        return is_broken(row) + tuple(self.problems.get(teacher, {}).get((self.method, row.id), ()))

    def sample(self, rows: Mapping[str, Row], *, picked: bool = False) -> Sample:
        """A sample of one row of each teacher."""
        prompts = {row.prompt for row in rows.values()}
        common = self._passage(prompts.pop()) if len(prompts) == 1 and len(rows) > 1 else None
        found = plain_problems(list(rows.values()))
        answers = []
        for (teacher, row), plain in zip(rows.items(), found, strict=True):
            problems = tuple(dict.fromkeys([*plain, *self.of_row(teacher, row)]))
            for problem in problems:
                self.shown[teacher, problem] = self.shown.get((teacher, problem), 0) + 1
            prompt = None if common else self._passage(row.prompt)
            answers.append(Answer(teacher, prompt, self._passage(row.response), problems))
        source = next(iter(rows.values())).source_id
        return Sample(self.method, common, tuple(answers), self._human(source), picked)

    def _human(self, source: str) -> tuple[Pair, ...]:
        """The seed rows of a `source_id`: one id (which may have blanks in it), or several with blanks
        between."""
        if not self.seed_row:
            return ()
        whole = self.seed_row(source)
        found = [whole] if whole else [row for id in source.split() if (row := self.seed_row(id))]
        return tuple(
            Pair(
                self._passage(row.prompt, row.language),
                self._passage(row.response, row.language) if row.response else None,
            )
            for row in found[:MOST_SEED_ROWS]
        )

    def _passage(self, text: str, language: str | None = None) -> Passage:
        return passage(text, language or self.language)


def _picked(
    made: Mapping[str, Sequence[Row]], first: Mapping[str, Mapping[str, Row]], maker: _Maker
) -> list[Sample]:
    """Rows with a problem that too few of a teacher's shown rows have, beside the others' of the same seed
    data."""
    samples = []
    for teacher, rows in made.items():
        having: dict[str, list[Row]] = {}
        for row in rows:
            for problem in maker.of_row(teacher, row):
                having.setdefault(problem, []).append(row)
        for problem, found in sorted(having.items()):
            lacking = PICKED - maker.shown.get((teacher, problem), 0)
            for place in _spread(range(len(found)), max(lacking, 0)):
                source = found[place].source_id
                beside = {
                    other: own[source] if other != teacher else found[place]
                    for other, own in first.items()
                    if source in own
                }
                samples.append(maker.sample(beside, picked=True))
    return samples


def _short(sample: Sample) -> Sample:
    def cut(text: Passage | None) -> Passage | None:
        return text.cut(STANDING_CHARACTERS) if text else None

    answers = (
        replace(answer, prompt=cut(answer.prompt), response=answer.response.cut(STANDING_CHARACTERS))
        for answer in sample.answers
    )
    human = (Pair(pair.prompt.cut(STANDING_CHARACTERS), cut(pair.response)) for pair in sample.human)
    return replace(sample, prompt=cut(sample.prompt), answers=tuple(answers), human=tuple(human))


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


def _spread(values: Sequence[Value], count: int) -> list[Value]:
    taken = min(count, len(values))
    return [values[index * len(values) // taken] for index in range(taken)]

"""Reviewers' answers with the key: what each said of which rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from polyteach.review.answers import CANNOT, Answers
from polyteach.review.key import Item, Key, Shown
from polyteach.review.reading import Written

Place = tuple[str, str]
"""A row: its teacher, and its id among the teacher's rows of the language."""
Chosen = Literal["first", "second", "both_good", "both_bad"]
_SWAPPED: dict[str, Chosen] = {"first": "second", "second": "first"}


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark from 1 to 5 that a reviewer gave a row; `again` where the row came a second time."""

    reviewer: str
    example: str
    row: Place
    value: int
    again: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """What a reviewer said of two rows, which stand in the order of their names, not as on the page.

    Attributes:
        value: `first`, `second`, `both_good` or `both_bad`, of `rows`.
        chose_a: whether the side A of the page was taken; None for a tie.
        again: whether the pair came a second time, with its sides changed.
    """

    reviewer: str
    example: str
    rows: tuple[Place, Place]
    value: Chosen
    chose_a: bool | None
    again: bool


@dataclass(slots=True)
class Judgements:
    """All of a language; `left_out` counts answers that cannot be used, by reason."""

    marks: list[Mark] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    def first_marks(self) -> list[Mark]:
        """One mark for each reviewer and row: the first."""
        return [mark for mark in self.marks if not mark.again]

    def first_choices(self) -> list[Choice]:
        """One choice for each reviewer and pair: the first."""
        return [choice for choice in self.choices if not choice.again]


def judgements(sent: Iterable[tuple[str, Key, Answers]], written: Sequence[Written]) -> Judgements:
    """Joins answers and keys. A row that is not in the run any more, text and all, is left out and counted.

    Args:
        sent: who answered, the key of their page, their answers; of one language, each reviewer once.
        written: the rows of that language in the run as it is now.
    """
    there: Mapping[Place, str] = {(row.teacher, row.id): row.digest for row in written}
    found = Judgements()
    for reviewer, key, answers in sent:
        for item in key.items:
            given = answers.marks.get(item.id) or answers.choices.get(item.id)
            if given is None:
                continue
            if any(there.get((one.teacher, one.row)) != one.digest for one in item.shown):
                found.left_out["row_not_in_the_run_any_more"] += 1
            elif given == CANNOT:
                found.left_out["cannot_judge"] += 1
            elif isinstance(given, int):
                found.marks.append(_mark(reviewer, item, given))
            else:
                found.choices.append(_choice(reviewer, item, given))
    return found


def _place(shown: Shown) -> Place:
    return shown.teacher, shown.row


def _mark(reviewer: str, item: Item, value: int) -> Mark:
    return Mark(reviewer, item.example, _place(item.shown[0]), value, item.repeats is not None)


def _choice(reviewer: str, item: Item, value: Chosen) -> Choice:
    on_page = (_place(item.shown[0]), _place(item.shown[1]))
    rows = on_page if on_page[0] <= on_page[1] else (on_page[1], on_page[0])
    chose_a = {"first": True, "second": False}.get(value)
    turned = value if rows == on_page else _SWAPPED.get(value, value)
    return Choice(reviewer, item.example, rows, turned, chose_a, item.repeats is not None)

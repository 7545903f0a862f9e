"""Asks some of what cells will ask, drawn at random, and tells what is known of the cost of all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from polyteach.synthesis.answers import UNANSWERED
from polyteach.synthesis.course import follow, next_ask
from polyteach.synthesis.tally import Tally

if TYPE_CHECKING:
    from polyteach.models.answering import Answerer
    from polyteach.models.journal import Journal
    from polyteach.models.prices import Price
    from polyteach.steps import Progress
    from polyteach.synthesis.requests import Request
    from polyteach.synthesis.rounds import Cell


@dataclass
class Known:
    """What the answers so far tell of a cell.

    Attributes:
        tally: counts over the requests that have all their answers.
        planned: requests that will be sent; those too long for the context will not.
        costs: USD of each one that has all its answers; none where the money is unknown, see `Tally`.
    """

    tally: Tally
    planned: int = 0
    costs: list[float] = field(default_factory=list)

    def grown(self, kind: str) -> int:
        """Tokens that all requests will take, as the answered ones foretell them.

        Args:
            kind: one of `TOKEN_KINDS`.
        """
        count: int = getattr(self.tally, f"{kind}_tokens")
        return round(count * self.planned / self.tally.requests) if self.tally.requests else 0


def directly(locations: Mapping[str, str], role: str = "") -> dict[str, str]:
    """The locations of a model at an endpoint, to be asked at once where the batch API takes hours.

    Args:
        locations: of a step.
        role: see `models.build.find_served`.
    """
    name = f"{role}endpoint"
    return {**locations, name: json.dumps(json.loads(locations[name]) | {"batch": False})}


def ask_some(
    cells: Sequence[tuple[Cell, Sequence[int]]], answerer: Answerer, journal: Journal, progress: Progress
) -> None:
    """Asks requests of one teacher's cells, by their numbers; and again where the answer makes no row.

    Raises:
        UserError: nobody can answer.
        BudgetReached: the cap is reached; what was answered is in the journal.
    """
    chosen = [
        (cell.terms, number, request)
        for cell, numbers in cells
        for number, request in _numbered(cell, frozenset(numbers))
    ]
    for attempt in range(max((terms.attempts for terms, _, _ in chosen), default=0)):
        asks = []
        for terms, number, request in chosen:
            course = follow(terms, number, request, journal, attempt)
            if attempt < terms.attempts and len(course.asks) == attempt and (ask := next_ask(terms, course)):
                asks.append(ask)
        if attempt and asks:
            progress.start(len(asks), "asked again")
        answerer.answer(asks, journal, progress)


def _numbered(cell: Cell, numbers: frozenset[int]) -> Iterator[tuple[int, Request]]:
    return ((number, request) for number, request in enumerate(cell.plan()) if number in numbers)


def known_of(cell: Cell, price: Price | None, journal: Journal) -> Known:
    """What the journal tells of a cell, at a price."""
    known = Known(Tally(price))
    for number, request in enumerate(cell.plan()):
        course = follow(cell.terms, number, request, journal, cell.terms.attempts)
        if course.fitted is None:
            continue
        known.planned += 1
        if course.reason == UNANSWERED:
            continue
        known.tally.add(course)
        if price:
            known.costs.append(sum(price.of(answer) for answer in course.answers))
    if known.tally.money is None:
        known.costs.clear()
    return known

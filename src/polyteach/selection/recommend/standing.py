"""Where candidates stand after all evidence; which of them may be recommended at the price and licence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from polyteach.models.licences import Licence, Wanted
from polyteach.scoring.numbers import number
from polyteach.selection.recommend.candidates import Candidate
from polyteach.selection.recommend.line import Line
from polyteach.selection.recommend.money import Money
from polyteach.selection.recommend.weighing import Belief, combine, compare

if TYPE_CHECKING:
    from polyteach.scoring.ranks import Comparison

_CHEAP = "one of the cheapest of these"
HARDLY = 0.2
"""Standard deviations of teachers; if first and second are nearer, evidence has hardly said who is first."""
Status = Literal["fits", "over_budget", "price_unknown", "licence", "excluded"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asks for.

    Attributes:
        budget: USD for the rows; None where money does not matter, 0 for free candidates alone.
        licence: what the teacher's output must be good for.
    """

    rows: int = 10_000
    budget: float | None = None
    licence: Wanted = "any"


@dataclass(frozen=True, slots=True)
class Option:
    """A candidate with its price and licence, and whether it may be recommended.

    Attributes:
        fits_rows: how many rows the budget buys; None without a budget, price, or end.
        status_text: why it may not, or what it costs.
    """

    candidate: Candidate
    money: Money
    licence: Licence
    status: Status
    status_text: str
    fits_rows: int | None = None

    @property
    def name(self) -> str:
        """The candidate's."""
        return self.candidate.name


def option_of(
    candidate: Candidate, money: Money, licence: Licence, wish: Wish, excluded: str | None
) -> Option:
    """A candidate as an option: excluded by a screen, by its licence, by its price, or none of these."""
    rows = money.rows_for(wish.budget) if wish.budget is not None else None
    cost = money.of(wish.rows)

    def made(status: Status, text: str) -> Option:
        return Option(candidate, money, licence, status, text, rows)

    if excluded:
        return made("excluded", f"a screen excluded it: {excluded}")
    if not licence.allows(wish.licence):
        return made("licence", f"licence of its output: {licence.training.replace('_', '-')}")
    if wish.budget is None:
        return made("fits", "no budget is set")
    if cost is None:
        return made(
            "price_unknown",
            "its price is unknown, so no budget can be kept (--candidates can say where it runs)",
        )
    if cost > wish.budget:
        if not wish.budget:
            return made("over_budget", "it is not free")
        return made(
            "over_budget", f"{wish.rows:,} rows cost about {number(cost)} USD; the budget buys {rows or 0:,}"
        )
    return made("fits", f"{wish.rows:,} rows cost about {number(cost)} USD")


@dataclass(frozen=True)
class Standings:
    """All candidates after all evidence.

    Attributes:
        options: in the candidates' order.
        lines: of evidence that were weighed.
    """

    options: tuple[Option, ...]
    lines: tuple[Line, ...]

    @cached_property
    def candidates(self) -> list[Candidate]:
        """Of the options."""
        return [option.candidate for option in self.options]

    @cached_property
    def eligible(self) -> list[Option]:
        """Those that may be recommended."""
        return [option for option in self.options if option.status == "fits"]

    @cached_property
    def belief(self) -> Belief:
        """Standings of all."""
        names = [option.name for option in self.options]
        return combine(names, [line.weighed for line in self.lines if line.weighed])

    @cached_property
    def comparison(self) -> Comparison:
        """Which of those that may be recommended can be told apart."""
        return compare(self.belief, [option.name for option in self.eligible])

    @property
    def order(self) -> list[Option]:
        """Those that may be recommended first; each part best first."""
        names = self.belief.ordered([option.name for option in self.options])
        by_name: Mapping[str, Option] = {option.name: option for option in self.options}
        ordered = [by_name[name] for name in names]
        return sorted(ordered, key=lambda option: option.status != "fits")

    def cheapest(self, names: Sequence[str]) -> tuple[str, str]:
        """Whom of several that are as good to take, and why: the cheapest, else the one that stands first."""
        if least := self._cheapest_of(names):
            return self.belief.ordered(least)[0], "the cheapest of these" if len(least) == 1 else _CHEAP
        return self._first_of(names)

    def first(self, names: Sequence[str]) -> tuple[str | None, str]:
        """Whom to take where little is known, and why: who stands first, else the cheapest, else nobody."""
        first, *others = self.belief.ordered(names)
        if not others or self.belief.difference(first, others[0])[0] >= HARDLY:
            return self._first_of(names)
        if least := self._cheapest_of(names):
            why = "the cheapest" if len(least) == 1 else _CHEAP
            return self.belief.ordered(least)[0], f"{why}; nothing else sets it apart"
        return None, "nothing sets the first ones apart, not even their prices as far as they are known"

    def _first_of(self, names: Sequence[str]) -> tuple[str, str]:
        ordered = self.belief.ordered(names)
        if len(ordered) < 2:
            return ordered[0], "there is no other"
        gap, error = self.belief.difference(ordered[0], ordered[1])
        return ordered[0], f"first by {number(gap)} SDs of teachers, standard error {number(error)}"

    def _cheapest_of(self, names: Sequence[str]) -> list[str]:
        """Those of the least price; none where a price is unknown or all cost the same."""
        money = {option.name: option.money.per_10k for option in self.options}
        known = {name: value for name in names if (value := money[name]) is not None}
        if len(known) < len(names) or min(known.values()) == max(known.values()):
            return []
        return [name for name, value in known.items() if value == min(known.values())]

"""What 10,000 rows of a candidate cost: as measured, else as its price and usual tokens say, else unknown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from typing import Any, Literal

from polyteach.selection.recommend.candidates import Candidate, find
from polyteach.selection.recommend.evidence import Cost, Evidence

MANY_ROWS = 10_000
PROMPT_TOKENS, RESPONSE_TOKENS = 700, 600
USUAL = (
    f"{PROMPT_TOKENS} prompt and {RESPONSE_TOKENS} response tokens a row, an assumption: our instructions "
    "with three example pairs; responses of five real teachers have 406 to 1,410 characters on average, of a "
    "third to one token each"
)
FACTOR = 3.0
"""An estimate without measured tokens may be wrong by this factor either way: the five teachers' range."""

Basis = Literal["measured", "free", "estimate", "unknown"]


@dataclass(frozen=True, slots=True)
class Money:
    """USD for 10,000 rows.

    Attributes:
        low, high: of an estimate; None else.
        basis: how it is known.
        text: from what.
    """

    per_10k: float | None
    basis: Basis
    text: str
    low: float | None = None
    high: float | None = None

    def of(self, rows: int) -> float | None:
        """USD for so many rows."""
        return None if self.per_10k is None else self.per_10k * rows / MANY_ROWS

    def rows_for(self, budget: float) -> int | None:
        """How many rows a budget buys; None where the price is unknown or there is no end."""
        if not self.per_10k:
            return None
        return floor(budget * MANY_ROWS / self.per_10k + 1e-9)

    def said(self, rows: int) -> str:
        """What so many rows cost, as the end of a sentence."""
        cost = self.of(rows)
        if cost is None:
            return "cost nobody knows how much: the price is unknown"
        if self.basis == "free":
            return "are free"
        return f"cost {'about ' if self.basis == 'estimate' else ''}{cost:,.2f} USD"

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        plain: dict[str, Any] = {"per_10k": self.per_10k, "low": self.low, "high": self.high}
        plain |= {"basis": self.basis, "text": self.text}
        return plain | ({"reason": self.text} if self.per_10k is None else {})


def money_of(
    candidate: Candidate, candidates: Sequence[Candidate], evidence: Sequence[Evidence], language: str
) -> Money:
    """What 10,000 rows of a candidate cost in a language.

    A candidate on one's own machine is free. Where the user gives no price, measured money counts next: of a
    screen in the language, of a run in it, of anything else. Else its price is taken times the tokens of a
    row: those of its own rows, of all rows at hand, or usual ones.
    """
    if candidate.is_local:
        return Money(0.0, "free", "on your own machine; its time is not counted")
    own = _own_costs(candidate, candidates, evidence, language)
    paid = [] if candidate.price else own  # a price that is given is newer than what was paid
    for source, cost in paid:
        if cost.per_10k:
            return Money(cost.per_10k, "measured", f"as {source} paid, failures paid for")
        if cost.per_10k == 0 and candidate.is_local is None:
            return Money(0.0, "free", f"as {source} paid nothing; its time is not counted")
    return _estimated(candidate, [cost for _, cost in own], evidence)


def _own_costs(
    candidate: Candidate, candidates: Sequence[Candidate], evidence: Sequence[Evidence], language: str
) -> list[tuple[str, Cost]]:
    """What its answers took, by source: screens in the language, runs with it, all else; rehearsals last."""
    found = []
    for source in evidence:
        for (code, teacher), cost in source.costs.items():
            if teacher in source.teachers and find(source.teachers[teacher], candidates) == candidate:
                in_it = code == language or (not code and language in source.languages)
                order = source.limit is not None, not in_it, source.kind != "screen"
                found.append((order, source.id, cost))
    found.sort(key=lambda entry: entry[0])
    return [(name, cost) for _, name, cost in found]


def _estimated(candidate: Candidate, own: Sequence[Cost], evidence: Sequence[Evidence]) -> Money:
    from polyteach.models.prices import price_of

    name = candidate.model or slug(candidate.name)
    if not candidate.urls:
        name = name.rpartition("/")[2]  # price lists without a host know no owner
    price = price_of(name, candidate.price, urls=candidate.urls, batch=candidate.batch)
    if price is None:
        return Money(None, "unknown", "its price is unknown: no host is named, or hosts ask different prices")
    whose, prompt, response, factor = _tokens(own, evidence)
    cost = price.of_tokens(round(prompt), round(response)) * MANY_ROWS
    if cost == 0:
        return Money(0.0, "free", f"its price is 0 ({price.source})")
    return Money(cost, "estimate", f"{price.source}; {whose}", cost / factor, cost * factor)


def _tokens(own: Sequence[Cost], evidence: Sequence[Evidence]) -> tuple[str, float, float, float]:
    """Whose tokens, prompt and response tokens of a row, and by which factor they may be wrong."""
    every = [
        cost
        for source in evidence
        for (_, name), cost in source.costs.items()
        if name in source.teachers
        and not (source.teachers[name].model or "").startswith("pocket:")  # whose rows are a few tokens
    ]
    for whose, costs, factor in (
        ("tokens of its own rows", own, 1.5),
        ("tokens of all rows at hand", every, FACTOR),
    ):
        known = [cost for cost in costs if cost.rows and cost.response_tokens]
        rows = sum(cost.rows for cost in known)
        if rows:
            prompt = sum(cost.prompt_tokens for cost in known) / rows
            response = sum(cost.response_tokens for cost in known) / rows
            return (
                f"{whose}: {prompt:.0f} prompt and {response:.0f} response tokens a row",
                prompt,
                response,
                factor,
            )
    return USUAL, PROMPT_TOKENS, RESPONSE_TOKENS, FACTOR


def slug(name: str) -> str:
    """A display name as price lists and licences spell models: `GPT 4o mini` is `gpt-4o-mini`."""
    return re.sub(r"[\s_:]+", "-", name.strip().lower())

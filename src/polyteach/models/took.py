"""What a model at an endpoint took for one piece of work: requests, tokens, money."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from polyteach.models.completions import FILTERED, TOO_LONG

if TYPE_CHECKING:
    from polyteach.models.completions import Completion
    from polyteach.models.prices import Price

TOKEN_KINDS = ("prompt", "response", "thinking", "cached")
"""The kinds of tokens that are counted, each in an attribute or fact such as `prompt_tokens`."""


def is_uncounted(answer: Completion) -> bool:
    """Whether whoever answered did not say how many tokens that took."""
    asked = answer.finish_reason not in (TOO_LONG, FILTERED)
    return asked and not answer.prompt_tokens and not answer.completion_tokens


@dataclass
class Took:
    """Counts over a judge's answers, or an embedder's; each request counts once.

    Attributes:
        model: its name at the endpoint.
        price: None where it is unknown.
        costs: USD of each request, by its key; at 0 where the price is unknown.
    """

    model: str
    price: Price | None
    prompt_tokens: int = 0
    response_tokens: int = 0
    thinking_tokens: int = 0
    cached_tokens: int = 0
    costs: dict[str, float] = field(default_factory=dict)
    _uncounted: int = 0

    def add(self, key: str, answer: Completion) -> None:
        """Counts the answer to a request, unless it is counted already."""
        if key in self.costs:
            return
        self.costs[key] = self.price.of(answer) if self.price else 0.0
        if answer.finish_reason != TOO_LONG:
            self.prompt_tokens += answer.prompt_tokens
        self.response_tokens += answer.completion_tokens
        self.thinking_tokens += answer.thinking_tokens
        self.cached_tokens += answer.cached_tokens
        self._uncounted += is_uncounted(answer)

    @property
    def money(self) -> float | None:
        """USD for all answers, whoever paid for them and when; None where the price is unknown, or where a
        server did not say how many tokens it used.
        """
        return sum(self.costs.values()) if self.price and not self._uncounted else None

    def facts(self) -> dict[str, Any]:
        """The counts as plain data, for a manifest."""
        return {
            "model": self.model,
            "requests": len(self.costs),
            "prompt_tokens": self.prompt_tokens,
            "response_tokens": self.response_tokens,
            "thinking_tokens": self.thinking_tokens,
            "cached_tokens": self.cached_tokens,
            "money": self.money,
        }

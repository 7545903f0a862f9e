"""A measured number, and all that is needed to judge it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure with its uncertainty and what it is over.

    Attributes:
        value: the figure; None where it is undefined, with `reason` saying why.
        definition: the formula and its source, in words a reader can check.
        n: how many items the value is over.
        se: standard error in the value's own unit; None where it was not or cannot be estimated.
        low, high: bounds of the 95% interval; None likewise.
        unscored: items that could not be scored, counted by reason; they are in no mean.
        reason: why the value is undefined.
    """

    value: float | None
    definition: str
    n: int = 0
    se: float | None = None
    low: float | None = None
    high: float | None = None
    unscored: Mapping[str, int] = field(default_factory=dict)
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.value is not None and not math.isfinite(self.value):
            raise ValueError(f"a figure is finite or None with a reason, not {self.value}")
        if self.value is None and not self.reason:
            raise ValueError("an undefined figure says why")

    def to_json(self) -> dict[str, Any]:
        """The figure as the outside view has it; `reason` only where the value is undefined."""
        plain = {
            "value": self.value,
            "se": self.se,
            "low": self.low,
            "high": self.high,
            "n": self.n,
            "unscored": dict(sorted(self.unscored.items())),
            "definition": self.definition,
        }
        return plain | {"reason": self.reason} if self.reason else plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Figure:
        """Reads what `to_json` wrote."""
        return cls(**plain)


def undefined(definition: str, reason: str, unscored: Mapping[str, int] | None = None) -> Figure:
    """A figure that has no value, and why."""
    return Figure(value=None, definition=definition, reason=reason, unscored=unscored or {})

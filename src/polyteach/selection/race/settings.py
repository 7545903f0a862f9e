"""What a race's user may set. Light to import: the command line shows the defaults."""

from __future__ import annotations

from dataclasses import dataclass

EPSILON = 6.0
"""Points of gain that do not matter."""
GUARD = 0.0
"""Points added to epsilon in all rungs but the last."""
MOST = 0.5
"""Share of the full study's student tokens, references left out of both."""
GROWTH = 0.8
"""Gaps are taken to grow with rows at least to this power; what others would cost: `docs/race.md`."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Who leaves a race and when it ends; gains are shares, not points.

    Attributes:
        epsilon: a difference in gain that does not matter.
        guard: added in every rung but the last: scale may change the order.
        most: the share of the full study's student tokens that may be spent, references left out of both;
            None for no cap.
        growth: the slowest that gaps are taken to grow, as a power of rows; at most 1.
    """

    epsilon: float
    guard: float
    most: float | None
    growth: float = GROWTH

    def alike(self, share: float) -> float:
        """How near the leader a teacher must surely be in a rung to be as good in the full study.

        Gaps grow with data. They are taken to grow no faster than rows do: in the bank of `bench/race.py`
        the reference's gain grew by less.
        """
        return self.epsilon * share

    def margin(self, share: float) -> float:
        """What a teacher must surely be behind by to leave a rung.

        Who is within epsilon in the full study may be further behind in a rung than `alike`, where gaps grow
        by less than rows do: as far as their slowest growth allows.
        """
        return float(self.epsilon * share**self.growth) + (self.guard if share < 1 else 0.0)

"""Does the ranking of teachers depend on the student base?

The paper compares bases by Spearman's rho of the teachers' PG-Scores (.57 to .87, Fig. 2). z is the same for
every base and is half of that score, so part of the agreement is z agreeing with itself: compare gains, or
students' results, which share nothing between bases.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from polyteach.analysis.agreement import Agreement, kendall, spearman
from polyteach.analysis.possible_ranks import PossibleRanks, possible_ranks

ONE_BASE = "one student base: nothing to compare"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two bases' rankings of the teachers that both have."""

    one: str
    other: str
    spearman: Agreement
    kendall: Agreement

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        return {
            "one": self.one,
            "other": self.other,
            "spearman": self.spearman.to_json(),
            "kendall": self.kendall.to_json(),
        }


@dataclass(frozen=True, slots=True)
class Bases:
    """What becomes of the ranking on other bases.

    Attributes:
        pairs: of bases; empty with one base.
        ranks: by base, where standard errors are known.
        first: the best teacher of each base; several names where they are equal.
    """

    pairs: tuple[Pair, ...]
    ranks: Mapping[str, PossibleRanks]
    first: Mapping[str, tuple[str, ...]]
    reason: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        return {
            "pairs": [pair.to_json() for pair in self.pairs],
            "ranks": {base: ranks.to_json() for base, ranks in self.ranks.items()},
            "first": {base: list(names) for base, names in self.first.items()},
            "reason": self.reason,
        }


def compare_bases(
    scores: Mapping[str, Mapping[str, float]], errors: Mapping[str, Mapping[str, float]] | None = None
) -> Bases:
    """Compares the rankings of teachers on several bases.

    Args:
        scores: by base and teacher; teachers without a score are left out, pair by pair.
        errors: standard errors, likewise; rank intervals are given for bases that have them all.
    """
    known = errors or {}
    pairs = tuple(
        Pair(one, other, spearman(scores[one], scores[other]), kendall(scores[one], scores[other]))
        for one, other in combinations(scores, 2)
    )
    ranks = {
        base: possible_ranks(values, known[base])
        for base, values in scores.items()
        if values and values.keys() <= known.get(base, {}).keys()
    }
    first = {
        base: tuple(name for name, value in values.items() if value == max(values.values()))
        for base, values in scores.items()
    }
    return Bases(pairs, ranks, first, None if pairs else ONE_BASE)

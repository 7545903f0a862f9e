"""The ranks that are still possible where only values and their standard errors are known.

A published table has no items, so nothing is paired: the error of a difference is taken as that of
independent values. Teachers that share items are told apart less often than they could be (`scoring.ranks`
pairs them).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from math import hypot, inf
from typing import Any

ALL_PAIRS = (
    "rank interval [1 + surely better, K - surely worse]; a pair is told apart if its difference is above "
    "the 95% quantile of the studentized range, over sqrt 2, times sqrt(se_1^2 + se_2^2): all pairs at once"
)
EACH_PAIR = (
    "rank interval [1 + better, K - worse]; a pair is told apart if its difference is above 1.96 times "
    "sqrt(se_1^2 + se_2^2): each pair by itself, so one in twenty equal pairs is too"
)


@dataclass(frozen=True, slots=True)
class PossibleRanks:
    """Rank intervals of a set of teachers.

    Attributes:
        rank: by value, 1 the best; equal ones in the order given.
        interval: best and worst rank possible.
        told: pairs told apart, of `pairs`.
    """

    rank: Mapping[str, int]
    interval: Mapping[str, tuple[int, int]]
    told: int
    pairs: int
    definition: str

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        return {
            "teachers": [
                {"teacher": name, "rank": rank, "rank_interval": list(self.interval[name])}
                for name, rank in self.rank.items()
            ],
            "pairs_told_apart": self.told,
            "pairs": self.pairs,
            "definition": self.definition,
        }


def possible_ranks(
    values: Mapping[str, float], errors: Mapping[str, float], *, all_pairs: bool = True
) -> PossibleRanks:
    """Rank intervals from values and standard errors.

    Args:
        values: by teacher, more is better.
        errors: the standard error of each value.
        all_pairs: whether the intervals are to hold for all pairs at once.
    """
    from polyteach.scoring.power import critical_value

    critical = critical_value(len(values) if all_pairs else 2, inf) if len(values) > 1 else inf
    better = dict.fromkeys(values, 0)
    worse = dict.fromkeys(values, 0)
    told = 0
    for one, other in combinations(values, 2):
        gap = values[one] - values[other]
        if abs(gap) > critical * hypot(errors[one], errors[other]):
            told += 1
            high, low = (one, other) if gap > 0 else (other, one)
            better[low] += 1
            worse[high] += 1
    order = sorted(values, key=lambda name: -values[name])
    count = len(order)
    return PossibleRanks(
        rank={name: place for place, name in enumerate(order, 1)},
        interval={name: (1 + better[name], count - worse[name]) for name in order},
        told=told,
        pairs=count * (count - 1) // 2,
        definition=ALL_PAIRS if all_pairs else EACH_PAIR,
    )

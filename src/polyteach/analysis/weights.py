"""Does the ranking depend on a weight: that of data against students (Eq. 4's a), or that of a benchmark?

A weighted score is a line in its weight, s(w) = (1 - w) * s(0) + w * s(1), so where the first place changes
is known exactly: at crossings of the upper envelope. Ranks are by value; where values are within their errors
of each other, so are ranks (`possible_ranks`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

from polyteach.analysis.agreement import Agreement, spearman

GRID = tuple(step / 20 for step in range(21))
_EQUAL = 1e-9


@dataclass(frozen=True, slots=True)
class Span:
    """Weights from low to high, in which one teacher is first; several where they are equal throughout."""

    low: float
    high: float
    first: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        return {"low": self.low, "high": self.high, "first": list(self.first)}


@dataclass(frozen=True, slots=True)
class Weighing:
    """Ranks against a weight.

    Attributes:
        name: what is weighed more as the weight grows.
        weight: the study's own.
        weights, ranks: 1 the best, by teacher, at each of the weights; equal ones share the better rank.
        spans: who is first where, from weight 0 to 1.
        with_none, with_only: Spearman's rho of the study's ranking with those at weight 0 and 1.
        ends: rho of the rankings at weight 0 and 1.
        left_out: teachers without a value at either end.
    """

    name: str
    weight: float
    weights: tuple[float, ...]
    ranks: Mapping[str, tuple[int, ...]]
    spans: tuple[Span, ...]
    with_none: Agreement
    with_only: Agreement
    ends: Agreement
    left_out: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        return {
            "name": self.name,
            "weight": self.weight,
            "weights": list(self.weights),
            "ranks": {name: list(ranks) for name, ranks in self.ranks.items()},
            "first": [span.to_json() for span in self.spans],
            "with_none": self.with_none.to_json(),
            "with_only": self.with_only.to_json(),
            "ends": self.ends.to_json(),
            "left_out": list(self.left_out),
        }


def weigh(
    name: str,
    at_zero: Mapping[str, float],
    at_one: Mapping[str, float],
    weight: float = 0.5,
    weights: Sequence[float] = GRID,
) -> Weighing:
    """Ranks at every weight of a mean of two parts.

    Args:
        name: of the second part, such as `quality` or a benchmark.
        at_zero: the first part by teacher (or by any other unit, such as a cell); more is better.
        at_one: the second part; both in the unit in which they are added up.
        weight: of the second part in the score itself: 1 / B for one of B benchmarks.
        weights: at which ranks are wanted, each from 0 to 1.
    """
    names = [key for key in at_zero if key in at_one]
    zero, one = ({key: part[key] for key in names} for part in (at_zero, at_one))
    at = {w: _mixed(zero, one, w) for w in {*weights, weight}}
    ranks = {
        key: tuple(1 + sum(other > at[w][key] + _EQUAL for other in at[w].values()) for w in weights)
        for key in names
    }
    return Weighing(
        name=name,
        weight=weight,
        weights=tuple(weights),
        ranks=ranks,
        spans=first_places(zero, one),
        with_none=spearman(at[weight], zero),
        with_only=spearman(at[weight], one),
        ends=spearman(zero, one),
        left_out=tuple(key for key in {**at_zero, **at_one} if key not in names),
    )


def first_places(at_zero: Mapping[str, float], at_one: Mapping[str, float]) -> tuple[Span, ...]:
    """Who is first, from weight 0 to 1; empty without teachers."""
    if not at_zero:
        return ()
    crossings = {0.0, 1.0}
    for one, other in combinations(at_zero, 2):
        start, end = at_zero[one] - at_zero[other], at_one[one] - at_one[other]
        if start * end < 0:
            crossings.add(start / (start - end))
    spans: list[Span] = []
    for low, high in pairwise(sorted(crossings)):
        values = _mixed(at_zero, at_one, (low + high) / 2)
        best = max(values.values())
        first = tuple(name for name, value in values.items() if value >= best - _EQUAL)
        if spans and spans[-1].first == first:
            low = spans.pop().low
        spans.append(Span(low, high, first))
    return tuple(spans)


def weigh_benchmarks(scores: Mapping[str, Mapping[str, float]]) -> tuple[Weighing, ...]:
    """Ranks against the weight of each benchmark, the others sharing the rest equally.

    Args:
        scores: by benchmark and teacher; teachers that lack a benchmark are left out. With one benchmark
            there is nothing to weigh.
    """
    found = []
    for name, alone in scores.items():
        others = [part for other, part in scores.items() if other != name]
        if not others:
            return ()
        shared = [key for key in alone if all(key in part for part in others)]
        rest = {key: sum(part[key] for part in others) / len(others) for key in shared}
        found.append(weigh(name, rest, alone, 1 / len(scores)))
    return tuple(found)


def _mixed(zero: Mapping[str, float], one: Mapping[str, float], weight: float) -> dict[str, float]:
    return {name: (1 - weight) * zero[name] + weight * one[name] for name in zero}

"""Variants and recipes compared on the same units: paired differences, each with its interval.

A unit is whatever every variant was measured on: an item, a task, a language. A published ladder (Fig. 9:
public data, a teacher's data, more of it, a larger base) reports one number a step; whether a step did
anything is seen only from its differences over the units. The interval treats the units as a sample of many.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from math import sqrt
from typing import Any, Literal

from polyteach.figures import Figure, undefined

Interval = Literal["t", "bootstrap"]
MEAN = "mean over {unit}s; 95% t-interval over {unit}s"
DIFFERENCE = "mean over {unit}s of {one} less {other}, on the same {unit}s; 95% {how} over {unit}s"
HOW: Mapping[Interval, str] = {
    "t": "t-interval",
    "bootstrap": "bootstrap interval (BCa, 9999 seeded samples)",
}
SIGNS_UP_TO = 16


@dataclass(frozen=True, slots=True)
class Difference:
    """Two variants on the units that both have.

    Attributes:
        p: two-sided, of the paired t-test; None where undefined.
        p_holm: p by Holm's rule for all differences asked for together.
        p_signs: exact, over all 2^n signs of the differences, up to 16 units; it assumes no distribution.
        not_shared: units that only one of them has.
    """

    one: str
    other: str
    figure: Figure
    p: float | None = None
    p_holm: float | None = None
    p_signs: float | None = None
    not_shared: int = 0

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        return {
            "one": self.one,
            "other": self.other,
            "difference": self.figure.to_json(),
            "p": self.p,
            "p_holm": self.p_holm,
            "p_signs": self.p_signs,
            "not_shared": self.not_shared,
        }


@dataclass(frozen=True, slots=True)
class Ladder:
    """A recipe built up step by step.

    Attributes:
        values: of each rung.
        steps: each rung less the one before.
        whole: the last less the first; None with fewer than two rungs.
    """

    values: Mapping[str, Figure]
    steps: tuple[Difference, ...]
    whole: Difference | None

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        return {
            "values": {name: figure.to_json() for name, figure in self.values.items()},
            "steps": [step.to_json() for step in self.steps],
            "whole": self.whole.to_json() if self.whole else None,
        }


@dataclass(frozen=True, slots=True)
class Variants:
    """Alternatives compared pair by pair."""

    values: Mapping[str, Figure]
    pairs: tuple[Difference, ...]

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        return {
            "values": {name: figure.to_json() for name, figure in self.values.items()},
            "pairs": [pair.to_json() for pair in self.pairs],
        }


def ladder(
    rungs: Mapping[str, Mapping[str, float]], unit: str, how: Interval = "t", rng_seed: int = 0
) -> Ladder:
    """The gain of each step of a recipe.

    Args:
        rungs: values by unit, by rung; rungs from the first to the last.
        unit: the units' name, such as `task`.
        how: which interval.
        rng_seed: of the bootstrap.
    """
    steps = [_difference(rungs, later, earlier, unit, how, rng_seed) for earlier, later in pairwise(rungs)]
    names = list(rungs)
    whole = _difference(rungs, names[-1], names[0], unit, how, rng_seed) if len(names) > 1 else None
    return Ladder(_means(rungs, unit), tuple(_holm(steps)), whole)


def compare_variants(
    variants: Mapping[str, Mapping[str, float]], unit: str, how: Interval = "t", rng_seed: int = 0
) -> Variants:
    """Every pair of alternatives, such as methods or ways to translate; arguments as those of `ladder`."""
    pairs = [
        _difference(variants, one, other, unit, how, rng_seed) for one, other in combinations(variants, 2)
    ]
    return Variants(_means(variants, unit), tuple(_holm(pairs)))


def _means(table: Mapping[str, Mapping[str, float]], unit: str) -> dict[str, Figure]:
    definition = MEAN.format(unit=unit)
    return {name: _mean(list(values.values()), definition, unit, "t", 0) for name, values in table.items()}


def _difference(
    table: Mapping[str, Mapping[str, float]], one: str, other: str, unit: str, how: Interval, rng_seed: int
) -> Difference:
    from scipy.special import stdtr

    shared = [key for key in table[one] if key in table[other]]
    values = [table[one][key] - table[other][key] for key in shared]
    definition = DIFFERENCE.format(unit=unit, one=one, other=other, how=HOW[how])
    figure = _mean(values, definition, unit, how, rng_seed)
    lone = len(table[one]) + len(table[other]) - 2 * len(shared)
    if figure.value is None or figure.se is None:
        return Difference(one, other, figure, not_shared=lone)
    if figure.se == 0:  # all units differ by the same
        return Difference(one, other, figure, p_signs=_p_of_signs(values), not_shared=lone)
    p = 2 * float(stdtr(len(values) - 1, -abs(figure.value) / figure.se))
    return Difference(one, other, figure, p, None, _p_of_signs(values), lone)


def _mean(values: Sequence[float], definition: str, unit: str, how: Interval, rng_seed: int) -> Figure:
    """A mean with its interval; without one for a single unit."""
    import numpy as np
    from scipy.special import stdtrit

    n = len(values)
    if n == 0:
        return undefined(definition, f"no {unit} in common")
    array = np.asarray(values, dtype=float)
    value = float(array.mean())
    if n == 1:
        return Figure(value, definition, n=1)
    se = float(array.std(ddof=1)) / sqrt(n) if np.ptp(array) > 0 else 0.0
    if se == 0:
        return Figure(value, definition, n=n, se=0.0, low=value, high=value)
    if how == "bootstrap":
        from scipy.stats import bootstrap

        rng = np.random.default_rng(rng_seed)
        found = bootstrap((array,), np.mean, method="BCa", n_resamples=9999, rng=rng).confidence_interval
        return Figure(value, definition, n=n, se=se, low=float(found.low), high=float(found.high))
    reach = float(stdtrit(n - 1, 0.975)) * se
    return Figure(value, definition, n=n, se=se, low=value - reach, high=value + reach)


def _p_of_signs(values: Sequence[float]) -> float | None:
    """The share of all 2^n signs under which the sum is as far from zero (Fisher's randomisation test)."""
    import numpy as np

    if len(values) > SIGNS_UP_TO:
        return None
    signs = 1 - 2 * ((np.arange(2 ** len(values))[:, None] >> np.arange(len(values))) & 1)
    sums = np.abs(signs @ np.asarray(values, dtype=float))
    return float(np.mean(sums >= sums[0] - 1e-12 * max(float(sums.max()), 1.0)))


def _holm(differences: Sequence[Difference]) -> list[Difference]:
    """Adds p by Holm's rule: the k-th smallest of m times m - k + 1, never falling, at most 1."""
    tested = sorted((d.p, place) for place, d in enumerate(differences) if d.p is not None)
    adjusted: dict[int, float] = {}
    largest = 0.0
    for k, (p, place) in enumerate(tested):
        largest = max(largest, min(p * (len(tested) - k), 1.0))
        adjusted[place] = largest
    return [replace(d, p_holm=adjusted.get(place)) for place, d in enumerate(differences)]

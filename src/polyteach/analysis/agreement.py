"""How far two rankings of the same few things agree: Spearman's rho and Kendall's tau-b, with exact p.

With few teachers the usual p-values of rank correlations are off: for ten the t approximation is fair, for
five it is not. Up to eight, all orders are tried; above, scipy's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import atanh, sqrt, tanh
from typing import Any

from polyteach.analysis.permuting import EXACT_UP_TO, orders, p_value
from polyteach.figures import Figure, undefined

SPEARMAN = (
    "Spearman's rho (equal values share their mean rank); 95% interval by Fisher's z with variance "
    "(1 + rho^2 / 2) / (n - 3) (Bonett and Wright 2000), as if the ranked things were a sample of many"
)
KENDALL = "Kendall's tau-b"
Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Agreement:
    """One rank correlation.

    Attributes:
        p: two-sided, of no association; None where undefined.
        p_method: how p was found.
    """

    figure: Figure
    p: float | None
    p_method: str

    def to_json(self) -> dict[str, Any]:
        """The figure, with p."""
        return {**self.figure.to_json(), "p": self.p, "p_method": self.p_method}


def spearman(one: Mapping[str, float], other: Mapping[str, float]) -> Agreement:
    """Spearman's rho over the things that both have; undefined below three or where one has no order."""
    from scipy.stats import rankdata, spearmanr

    names, reason = _shared(one, other)
    if reason:
        return Agreement(undefined(SPEARMAN, reason), None, "none")
    x, y = (rankdata([values[name] for name in names]) for values in (one, other))
    rho = float(spearmanr(x, y).statistic)
    p, method = (
        _exact_rho(x, y) if len(names) <= EXACT_UP_TO else (float(spearmanr(x, y).pvalue), "Student's t")
    )
    low, high = _bounds(rho, len(names))
    return Agreement(Figure(rho, SPEARMAN, n=len(names), low=low, high=high), p, method)


def kendall(one: Mapping[str, float], other: Mapping[str, float]) -> Agreement:
    """Kendall's tau-b over the things that both have; undefined as `spearman` is."""
    from scipy.stats import kendalltau

    names, reason = _shared(one, other)
    if reason:
        return Agreement(undefined(KENDALL, reason), None, "none")
    x, y = ([values[name] for name in names] for values in (one, other))
    found = kendalltau(x, y)
    p, method = _exact_tau(x, y) if len(names) <= EXACT_UP_TO else (float(found.pvalue), "scipy's kendalltau")
    return Agreement(Figure(float(found.statistic), KENDALL, n=len(names)), p, method)


def _shared(one: Mapping[str, float], other: Mapping[str, float]) -> tuple[list[str], str | None]:
    names = [name for name in one if name in other]
    if len(names) < 3:
        return names, f"{len(names)} in common: too few for an order"
    for values in (one, other):
        if len({values[name] for name in names}) == 1:
            return names, "all values of one side are equal: no order"
    return names, None


def _exact_rho(x: Any, y: Any) -> tuple[float, str]:
    import numpy as np

    every = orders(len(x), 0)
    centred = x - np.mean(x)
    sums = np.abs((y - np.mean(y))[every.array] @ centred)
    return p_value(abs(float((y - np.mean(y)) @ centred)), sums, every.exact), every.method


def _exact_tau(x: Sequence[float], y: Sequence[float]) -> tuple[float, str]:
    import numpy as np

    every = orders(len(x), 0)
    first, second = np.triu_indices(len(x), 1)
    above = np.sign(np.subtract.outer(x, x))[first, second]
    other = np.sign(np.subtract.outer(y, y))
    counts = np.abs(other[every.array[:, first], every.array[:, second]] @ above)
    return p_value(abs(float(other[first, second] @ above)), counts, every.exact), every.method


def _bounds(rho: float, n: int) -> tuple[float | None, float | None]:
    """None where three or fewer things, or perfect agreement, leave the interval without a meaning."""
    if n <= 3 or abs(rho) > 1 - 1e-12:
        return None, None
    reach = Z95 * sqrt((1 + rho * rho / 2) / (n - 3))
    return tanh(atanh(rho) - reach), tanh(atanh(rho) + reach)

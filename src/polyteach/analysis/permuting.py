"""Permutations for tests: all of them where that is cheap, else seeded draws."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from math import factorial
from typing import Any

EXACT_UP_TO = 8
"""Items of which all orders (40,320) are tried."""
DRAWS = 9_999
TOLERANCE = 1e-9
"""Statistics closer than this are equal; which of two equal orders comes out larger is rounding."""


@dataclass(frozen=True, slots=True)
class Orders:
    """Orders of n items, one a row.

    Attributes:
        exact: all orders, each once; else draws, to which the observed order is added when counting.
    """

    array: Any
    exact: bool

    @property
    def method(self) -> str:
        """How they were taken, in words."""
        count = len(self.array)
        return f"exact, all {count} orders" if self.exact else f"{count} seeded draws and the observed order"


def orders(n: int, rng_seed: int, draws: int = DRAWS, exact_up_to: int = EXACT_UP_TO) -> Orders:
    """All orders of n items up to `exact_up_to`, else seeded draws."""
    import numpy as np

    if n <= exact_up_to:
        return Orders(np.array(list(permutations(range(n)))).reshape(factorial(n), n), exact=True)
    rng = np.random.default_rng(rng_seed)
    return Orders(np.argsort(rng.random((draws, n)), axis=1), exact=False)


def p_value(observed: float, others: Any, exact: bool) -> float:
    """The share of orders whose statistic is at least the observed one.

    Of drawn orders, (1 + as large) / (1 + draws), which is never zero (Phipson and Smyth 2010).
    """
    import numpy as np

    as_large = int(np.sum(np.asarray(others) >= observed - TOLERANCE))
    return as_large / len(others) if exact else (1 + as_large) / (1 + len(others))

"""Which rows a student is trained on: equal shares of methods, a shortfall refilled by the others."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from polyteach.errors import StepImpossible
from polyteach.rows import Row


@dataclass(frozen=True, slots=True)
class ChosenRows:
    """The rows of one student.

    Attributes:
        rows: the rows, methods taking turns; any prefix of them has equal shares too.
        shares: rows taken from each method.
        refilled: rows given beyond the equal share, because another method had too few; only where so.
        shortfall: rows asked for and not to be had.
    """

    rows: tuple[Row, ...]
    shares: Mapping[str, int]
    refilled: Mapping[str, int]
    shortfall: int


def choose_rows(rows_by_method: Mapping[str, Sequence[Row]], n: int, rng_seed: int) -> ChosenRows:
    """Draws n rows in equal shares of methods.

    Methods take turns in the order of their names, each giving its rows in a seeded order of their ids;
    one that has no more is passed over. So the choice is nested (the first 100 of 600 are the choice of 100),
    refilling is even, and a method's order depends neither on the other methods nor on the order of a file.

    Args:
        rows_by_method: candidates; a method may have none.
        n: rows wanted.
        rng_seed: the trial's.

    Raises:
        StepImpossible: not one row can be had.
    """
    orders = {method: _order(method, rows_by_method[method], rng_seed) for method in sorted(rows_by_method)}
    longest = max((len(order) for order in orders.values()), default=0)
    turns = ((method, i) for i in range(longest) for method in orders if i < len(orders[method]))
    taken = [(method, orders[method][i]) for (method, i), _ in zip(turns, range(n), strict=False)]
    if not taken:
        raise StepImpossible(f"no row with a response to train on (methods: {', '.join(orders) or 'none'})")
    shares = {method: sum(name == method for name, _ in taken) for method in orders}
    beyond = {method: shares[method] - _equal_share(i, len(orders), n) for i, method in enumerate(orders)}
    return ChosenRows(
        rows=tuple(row for _, row in taken),
        shares=shares,
        refilled={method: extra for method, extra in beyond.items() if extra > 0},
        shortfall=n - len(taken),
    )


def _order(method: str, rows: Sequence[Row], rng_seed: int) -> list[Row]:
    """A method's rows, shuffled by the trial's rng_seed and the method's name."""
    name_seed = int.from_bytes(hashlib.sha256(method.encode()).digest()[:8], "big")
    ordered = sorted(rows, key=lambda row: row.id)
    permutation = np.random.default_rng([rng_seed, name_seed]).permutation(len(ordered))
    return [ordered[i] for i in permutation]


def _equal_share(position: int, methods: int, n: int) -> int:
    """What the method at a position gives if every one has enough; the first ones give the remainder."""
    return n // methods + (position < n % methods)

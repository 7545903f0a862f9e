"""Orders for permutation tests."""

from __future__ import annotations

from math import factorial

import numpy as np
import pytest

from polyteach.analysis.permuting import orders, p_value


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_few_items_have_every_order_once(n):
    found = orders(n, rng_seed=0)
    assert found.exact
    assert len(found.array) == factorial(n)
    assert len({tuple(row) for row in found.array}) == factorial(n)
    assert all(sorted(row) == list(range(n)) for row in found.array)


def test_many_items_have_seeded_draws():
    one, same, other = (orders(9, seed, draws=50).array for seed in (1, 1, 2))
    assert one.shape == (50, 9)
    assert (np.sort(one, axis=1) == np.arange(9)).all()
    assert (one == same).all()
    assert (one != other).any()


def test_p_by_hand():
    assert p_value(2.0, [1, 2, 3, 4], exact=True) == 3 / 4
    assert p_value(2.0, [1, 2, 3, 4], exact=False) == 4 / 5  # the observed order counts too
    assert p_value(9.0, [1, 2, 3, 4], exact=False) == 1 / 5
    assert p_value(2.0 + 1e-12, [2.0], exact=True) == 1  # equal but for rounding

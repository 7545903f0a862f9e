from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from scipy import stats

from polyteach.analysis.agreement import kendall, spearman


def _named(values) -> dict[str, float]:
    return {str(n): float(v) for n, v in enumerate(values)}


def test_by_hand() -> None:
    # Ranks 1 2 3 4 against 2 1 3 4: d = -1 1 0 0, rho = 1 - 6 * 2 / (4 * 15) = .8. Of six pairs one is
    # turned: tau = (5 - 1) / 6. |rho| >= .8 in 2 * (1 + 3) of 24 orders: the order, three neighbour swaps.
    one, other = _named([1, 2, 3, 4]), _named([20, 10, 30, 40])
    rho, tau = spearman(one, other), kendall(one, other)
    assert rho.figure.value == pytest.approx(0.8)
    assert rho.p == pytest.approx(8 / 24)
    assert tau.figure.value == pytest.approx(4 / 6)
    assert tau.p == pytest.approx(8 / 24)
    assert rho.p_method == "exact, all 24 orders"


@pytest.mark.parametrize("values", [[3, 1, 2, 5, 4, 6], [1, 1, 2, 5, 5, 4]])
def test_exact_p_is_brute_force(values) -> None:
    x, y = [0.3, 0.1, 0.9, 0.4, 1.2, 1.1], values
    every = list(permutations(y))
    for of, reference in ((spearman, stats.spearmanr), (kendall, stats.kendalltau)):
        seen = abs(reference(x, y).statistic)
        share = np.mean([abs(reference(x, order).statistic) >= seen - 1e-9 for order in every])
        found = of(_named(x), _named(y))
        assert found.figure.value == pytest.approx(reference(x, y).statistic)
        assert found.p == pytest.approx(share)


def test_more_than_eight_are_scipy_s() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.random(12), rng.random(12)
    assert spearman(_named(x), _named(y)).p == pytest.approx(stats.spearmanr(x, y).pvalue)
    assert kendall(_named(x), _named(y)).p == pytest.approx(stats.kendalltau(x, y).pvalue)


def test_interval_by_hand() -> None:
    # d^2: 4 + 1 + 16 + 4 + 1 + 16 + 4 + 4 + 1 + 1 = 52, rho = 1 - 6 * 52 / 990 = .684848; atanh .838189;
    # sqrt((1 + .469018 / 2) / 7) = .419950, times 1.96 = .823088: tanh .015101 and tanh 1.661277.
    figure = spearman(_named(range(10)), _named([2, 0, 6, 1, 3, 9, 4, 5, 7, 8])).figure
    assert figure.value == pytest.approx(0.684848, abs=1e-6)
    assert (figure.low, figure.high) == pytest.approx((0.015100, 0.930389), abs=1e-5)


def test_only_what_both_have_is_compared() -> None:
    found = spearman({"a": 1, "b": 2, "c": 3, "d": 9}, {"c": 3, "b": 2, "a": 1, "e": 0})
    assert (found.figure.value, found.figure.n) == (1.0, 3)
    assert found.figure.low is None


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 2}, "2 in common"),
        ({}, {}, "0 in common"),
        ({"a": 1, "b": 1, "c": 1}, {"a": 1, "b": 2, "c": 3}, "no order"),
    ],
)
def test_what_has_no_order_is_undefined(one, other, reason) -> None:
    for of in (spearman, kendall):
        found = of(one, other)
        assert found.figure.value is None
        assert found.p is None
        assert reason in str(found.figure.reason)
        assert found.to_json()["p"] is None

"""Means, shares and medians: hand-worked values, definitions, degenerate cases."""

import numpy as np
import pytest
from scipy.stats import binom

from polyteach.quality.metric_result import measured_mean, measured_median, measured_share


def test_mean_leaves_out_what_has_no_value() -> None:
    figure = measured_mean([1.0, None, 3.0, 8.0], [None, "empty", None, None], "d").figure
    assert figure.value == 4.0
    assert figure.se == pytest.approx(np.sqrt(13 / 3))  # squares 9 + 1 + 16 = 26, / 2, / 3
    assert (figure.n, dict(figure.unscored)) == (3, {"empty": 1})


def test_one_value_has_no_error_and_none_has_no_mean() -> None:
    assert measured_mean([2.0], [None], "d").figure.se is None
    nothing = measured_mean([None, None, None], ["a", "b", "b"], "d").figure
    assert (nothing.value, nothing.reason, dict(nothing.unscored)) == (None, "b", {"a": 1, "b": 2})
    assert measured_mean([], [], "d").figure.reason == "no rows"


def test_share_has_wilsons_interval() -> None:
    figure = measured_share([1.0] * 8 + [0.0] * 2, [None] * 10, "d").figure
    assert figure.value == pytest.approx(0.8)
    # the bounds solve (p - phat)^2 = z^2 p (1 - p) / n
    for bound in (figure.low, figure.high):
        assert bound is not None
        assert (bound - 0.8) ** 2 == pytest.approx(1.959963984540054**2 * bound * (1 - bound) / 10)
    whole = measured_share([1.0] * 5, [None] * 5, "d").figure
    assert whole.high == pytest.approx(1.0)
    assert whole.low is not None and whole.low < 0.6


def test_median_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(1000):
        figure = measured_median(list(rng.exponential(size=40)), [None] * 40, "d").figure
        assert figure.low is not None and figure.high is not None
        hits += figure.low <= np.log(2) <= figure.high
    assert 940 <= hits <= 985
    # whatever the distribution: the ranks' chance to hold the median, exactly
    for n in range(6, 200):
        bounds = measured_median([float(i) for i in range(n)], [None] * n, "d").figure
        low, high = round(bounds.low or 0), round(bounds.high or 0)
        assert low + high == n - 1
        covered = binom.cdf(high, n, 0.5) - binom.cdf(low, n, 0.5)
        assert covered >= 0.95
        narrower = binom.cdf(high - 1, n, 0.5) - binom.cdf(low + 1, n, 0.5)
        assert narrower < 0.95
    few = measured_median([1.0, 2.0, 9.0], [None] * 3, "d").figure
    assert (few.value, few.low, few.high) == (2.0, None, None)

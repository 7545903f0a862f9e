from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from scipy import stats

from polyteach.scoring.intervals import (
    TrialSpread,
    combine,
    figure_of,
    interval,
    item_mean,
    mean_of,
    pooled_spread,
    standard_error,
)


def test_standard_error_by_hand() -> None:
    # Values 1, 1, 0, 0: mean .5, sd sqrt(1/3), se sqrt(1/3) / 2 = .28868.
    estimate = item_mean("choice", {"1": 1.0, "2": 1.0, "3": 0.0, "4": 0.0}, 1)
    assert estimate.value == 0.5
    assert standard_error(estimate, None) == pytest.approx((0.2886751346, 3))


def test_interval_is_students_t_test() -> None:
    values = np.random.default_rng(0).normal(0.3, 0.4, 50)
    found = interval(item_mean("b", {str(n): v for n, v in enumerate(values)}, 1), None)
    expected = stats.t.interval(0.95, 49, loc=values.mean(), scale=stats.sem(values))
    assert (found.low, found.high) == pytest.approx(expected)


def test_difference_is_paired_over_shared_items() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.random(40), rng.random(40)
    one = item_mean("b", {str(n): v for n, v in enumerate(first)}, 1)
    other = item_mean("b", {str(n): v for n, v in enumerate(second)}, 1)
    difference = combine([(1, one), (-1, other)])
    assert standard_error(difference, None)[0] == pytest.approx(stats.sem(first - second))


def test_items_that_are_not_shared_are_independent() -> None:
    one = item_mean("b", {"1": 0.0, "2": 1.0, "3": 1.0}, 1)
    other = item_mean("c", {"1": 0.0, "2": 1.0, "3": 0.0}, 1)
    mean = mean_of([one, other])
    assert mean.item_variance == pytest.approx((one.item_variance + other.item_variance) / 4)
    assert mean.n == 6


def test_trial_variance_is_pooled_over_cells_by_hand() -> None:
    # Cells (.1, .3) and (.5, .5, .8): squares .02 and .06, freedom 1 + 2.
    spread = pooled_spread([[0.1, 0.3], [0.5, 0.5, 0.8], [0.9], []])
    assert spread is not None
    assert spread.freedom == 3
    assert spread.variance == pytest.approx(0.08 / 3)
    assert pooled_spread([[0.4], [0.2]]) is None


def test_trials_and_items_add() -> None:
    estimate = item_mean("b", {str(n): n % 2 for n in range(100)}, 3)
    se, freedom = standard_error(estimate, TrialSpread(0.0009, 8))
    items, trials = 0.25 / 99, 0.0009 / 3
    assert se == pytest.approx(sqrt(items + trials))
    assert freedom == pytest.approx((items + trials) ** 2 / (items**2 / 99 + trials**2 / 8))


def test_cells_average_trials_out_but_benchmarks_of_one_student_do_not() -> None:
    parts = [item_mean("b", {"1": 0.0, "2": 1.0}, 3), item_mean("c", {"1": 0.0, "2": 1.0}, 3)]
    assert mean_of(parts).trial_load == pytest.approx(1 / 6)
    assert mean_of(parts, same_trials=True).trial_load == pytest.approx(1 / 3)


def test_data_without_spread_weighs_one_item() -> None:
    estimate = item_mean("b", {"1": 1.0, "2": 1.0}, 1)
    assert standard_error(estimate, None)[0] == 0.5
    assert standard_error(item_mean("b", {"1": 1.0}, 1), None)[0] == 1.0
    with pytest.raises(ValueError, match="no items"):
        item_mean("b", {}, 1)


def test_definition_says_what_the_interval_is_over() -> None:
    estimate = item_mean("b", {"1": 1.0, "2": 0.0}, 1)
    assert figure_of(estimate, None, "mean").definition.endswith("items only: one trial")
    assert figure_of(estimate, TrialSpread(0.1, 2), "mean").definition.endswith("items and trials")


def test_intervals_cover_the_truth() -> None:
    """Six cells, three trials, items and trials both random: 95% intervals hold the truth about as often."""
    rng = np.random.default_rng(3)
    hits = total = 0
    for _ in range(150):
        hard = rng.normal(0, 0.2, 80)
        cells, per_trial = [], []
        for truth in (0.2, 0.4, 0.4, 0.5, 0.6, 0.7):
            trials = rng.normal(0, 0.04, 3)
            p = np.clip(truth + hard + trials[:, None], 0, 1)
            answers = (rng.random((3, 80)) < p).astype(float)
            cells.append((truth, item_mean("b", dict(enumerate(answers.mean(0))), 3)))
            per_trial.append(list(answers.mean(1)))
        spread = pooled_spread(per_trial)
        for truth, estimate in cells:
            # The mean probability over items and trials, clipping included.
            draws = np.clip(
                truth + np.random.default_rng(0).normal(0, np.hypot(0.2, 0.04), 4000), 0, 1
            ).mean()
            bounds = interval(estimate, spread)
            hits += bounds.low <= draws <= bounds.high
            total += 1
    assert 0.93 <= hits / total <= 0.995

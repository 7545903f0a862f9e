from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from scipy import stats

from polyteach.scoring.gain import benchmark_score, spread_of
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
from polyteach.scoring.ranks import compare


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


def test_the_noise_of_single_answers_is_counted_once(make_exam) -> None:
    # Two trials, answers 1 0 0 0 and 0 1 1 0: trial means .25 and .5, their variance 1/32; variance between
    # trials by item .5 .5 .5 0, mean 3/8, so 3/32 of it is noise: more than all, and nothing is left.
    trials = {
        0: make_exam([1, 0, 0, 0], teacher="t", trial=0),
        1: make_exam([0, 1, 1, 0], teacher="t", trial=1),
    }
    cell = benchmark_score(trials)
    assert cell is not None
    assert cell.answer_noise == pytest.approx(3 / 32)
    assert pooled_spread([[0.25, 0.5]]) == TrialSpread(1 / 32, 1)
    assert spread_of([cell]) == TrialSpread(0.0, 1)


def _study(rng: np.random.Generator, make_exam, trial_sd: float) -> list:
    """Six students of three trials on 80 shared items, in truth alike; a score for each."""
    hard = rng.normal(0, 0.2, 80)
    cells = []
    for number in range(6):
        p = np.clip(0.5 + hard + rng.normal(0, trial_sd, 3)[:, None], 0, 1)
        answers = (rng.random((3, 80)) < p).astype(float)
        exams = {t: make_exam(list(a), teacher=str(number), trial=t) for t, a in enumerate(answers)}
        cells.append(benchmark_score(exams))
    return cells


@pytest.mark.parametrize("trial_sd", [0.0, 0.05])
def test_intervals_cover_the_truth_and_equals_are_rarely_told_apart(make_exam, trial_sd: float) -> None:
    rng = np.random.default_rng(3)
    hits, told = 0, 0
    for _ in range(150):
        cells = _study(rng, make_exam, trial_sd)
        spread = spread_of(cells)
        bounds = [interval(cell.estimate, spread) for cell in cells]
        hits += sum(b.low <= 0.5 <= b.high for b in bounds)
        told += bool(compare({str(n): c.estimate for n, c in enumerate(cells)}, spread, 1).surely_better)
    assert 0.92 <= hits / 900 <= 0.99
    assert told / 150 <= 0.10  # 5%, and the chance of 150 studies

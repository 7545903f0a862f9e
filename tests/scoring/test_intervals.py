from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from lone_items import mean_over
from scipy import stats

from polyteach.scoring.gain import benchmark_score, cell_mean, spread_of
from polyteach.scoring.intervals import (
    OVER_ITEMS,
    OVER_TRIALS,
    SCORES,
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
    estimate = mean_over({"1": 1.0, "2": 1.0, "3": 0.0, "4": 0.0})
    assert estimate.value == 0.5
    assert standard_error(estimate, None) == pytest.approx((0.2886751346, 3))


def test_interval_is_students_t_test() -> None:
    values = np.random.default_rng(0).normal(0.3, 0.4, 50)
    found = interval(mean_over({str(n): v for n, v in enumerate(values)}), None)
    expected = stats.t.interval(0.95, 49, loc=values.mean(), scale=stats.sem(values))
    assert (found.low, found.high) == pytest.approx(expected)


def test_difference_is_paired_over_shared_items() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.random(40), rng.random(40)
    one = mean_over({str(n): v for n, v in enumerate(first)})
    other = mean_over({str(n): v for n, v in enumerate(second)})
    difference = combine([(1, one), (-1, other)])
    assert standard_error(difference, None)[0] == pytest.approx(stats.sem(first - second))


def test_clustered_error_by_hand() -> None:
    # Values 1 1 0 in cluster x, 0 in y: mean .5; deviations sum to .5 and -.5; 2/1 clusters.
    values = {"1": 1.0, "2": 1.0, "3": 0.0, "4": 0.0}
    estimate = item_mean(values, {"1": "x", "2": "x", "3": "x", "4": "y"}, 1)
    assert estimate.influence == pytest.approx({"x": sqrt(2) * 0.5 / 4, "y": -sqrt(2) * 0.5 / 4})
    assert estimate.n == 4
    assert estimate.item_variance == pytest.approx(1 / 16)
    assert standard_error(estimate, None) == (0.5, 1)  # not below 1/2, what one of two clusters weighs


def test_wordings_benchmarks_and_languages_of_a_fact_are_one_cluster() -> None:
    """Asking each question once more, whatever way, says nothing new of the facts."""
    rng = np.random.default_rng(2)
    answers = {str(n): float(v) for n, v in enumerate(rng.integers(0, 2, 30))}
    facts = {item: f"fact {item}" for item in answers}
    once = item_mean(answers, facts, 1)
    again = {f"{item}, reworded": value for item, value in answers.items()}
    twice = item_mean(answers | again, facts | {f"{item}, reworded": fact for item, fact in facts.items()}, 1)
    assert standard_error(twice, None) == pytest.approx(standard_error(once, None))
    assert standard_error(mean_of([once, twice]), None) == pytest.approx(standard_error(once, None))


def test_items_that_are_not_shared_are_independent() -> None:
    one = mean_over({"1": 0.0, "2": 1.0, "3": 1.0})
    other = mean_over({"1": 0.0, "2": 1.0, "3": 0.0}, benchmark="c")
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
    estimate = mean_over({str(n): n % 2 for n in range(100)}, 3)
    se, freedom = standard_error(estimate, TrialSpread(0.0009, 8))
    items, trials = 0.25 / 99, 0.0009 / 3
    assert se == pytest.approx(sqrt(items + trials))
    assert freedom == pytest.approx((items + trials) ** 2 / (items**2 / 99 + trials**2 / 8))


def test_cells_average_trials_out_but_benchmarks_of_one_student_do_not() -> None:
    parts = [mean_over({"1": 0.0, "2": 1.0}, 3), mean_over({"1": 0.0, "2": 1.0}, 3, "c")]
    assert mean_of(parts).trial_load == pytest.approx(1 / 6)
    assert mean_of(parts, same_trials=True).trial_load == pytest.approx(1 / 3)


def test_data_without_spread_weighs_one_item() -> None:
    estimate = mean_over({"1": 1.0, "2": 1.0})
    assert standard_error(estimate, None)[0] == 0.5
    assert standard_error(mean_over({"1": 1.0}), None)[0] == 1.0
    with pytest.raises(ValueError, match="no items"):
        mean_over({})


def test_definition_says_what_the_interval_is_over() -> None:
    estimate = mean_over({"1": 1.0, "2": 0.0})
    assert figure_of(estimate, None, "mean").definition == f"mean; {OVER_ITEMS}"
    assert figure_of(estimate, TrialSpread(0.1, 2), "mean").definition == f"mean; {OVER_TRIALS}"


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


def _study(rng: np.random.Generator, make_exam, trial_sd: float, *, clustered: bool = True) -> list:
    """Six students of three trials, in truth alike, on 40 facts in two wordings, asked by two benchmarks.

    Facts are hard for all, and each teacher's data leaves out facts of its own, for all trials and wordings.
    """
    facts = [f"fact {n}" for n in range(40)]
    hard = rng.normal(0, 0.2, 40)
    cells = []
    for number in range(6):
        p = 0.5 + hard + rng.normal(0, 0.25, 40) + rng.normal(0, trial_sd, 3)[:, None]
        p = np.clip(np.tile(p, 2), 0, 1)
        parts = []
        for benchmark in ("choice", "exact"):
            answers = (rng.random((3, 80)) < p).astype(float)
            exams = {
                trial: make_exam(
                    list(answer),
                    teacher=str(number),
                    trial=trial,
                    benchmark=benchmark,
                    clusters=facts * 2 if clustered else (),
                )
                for trial, answer in enumerate(answers)
            }
            parts.append(benchmark_score(exams))
        cells.append(cell_mean(parts))
    return cells


def _simulated(make_exam, trial_sd: float, *, clustered: bool = True) -> tuple[float, float]:
    """Of 150 studies: the share of intervals that hold the truth, and of studies that tell equals apart."""
    rng = np.random.default_rng(3)
    hits, told = 0, 0
    for _ in range(150):
        cells = _study(rng, make_exam, trial_sd, clustered=clustered)
        spread = spread_of(cells)
        bounds = [interval(cell.estimate, spread) for cell in cells]
        hits += sum(b.low <= 0.5 <= b.high for b in bounds)
        told += bool(compare({str(n): c.estimate for n, c in enumerate(cells)}, spread, 1).surely_better)
    return hits / 900, told / 150


@pytest.mark.parametrize("trial_sd", [0.0, 0.05])
def test_intervals_cover_the_truth_and_equals_are_rarely_told_apart(make_exam, trial_sd: float) -> None:
    coverage, told = _simulated(make_exam, trial_sd)
    assert 0.92 <= coverage <= 0.99
    assert told <= 0.10  # 5%, and the chance of 150 studies


def test_without_clusters_intervals_are_too_narrow(make_exam) -> None:
    coverage, told = _simulated(make_exam, 0.0, clustered=False)
    assert coverage < 0.85
    assert told > 0.3


def test_no_interval_leaves_what_a_score_can_be() -> None:
    few = mean_over({"1": 1.0, "2": 0.0})
    assert interval(few, None).low < 0 and interval(few, None).high > 1
    assert (interval(few, None, SCORES).low, interval(few, None, SCORES).high) == (0, 1)
    difference = combine([(1, few), (-1, mean_over({"3": 1.0, "4": 0.0}))])
    bounds = interval(difference, None, difference.extremes)
    assert (bounds.low, bounds.high, bounds.se) == (-1, 1, interval(difference, None).se)

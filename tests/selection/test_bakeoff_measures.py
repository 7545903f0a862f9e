"""Agreement of scores with the truth: numbers by hand, slow second definitions, degenerate cases."""

from itertools import combinations
from math import sqrt

import numpy as np
import pytest
from scipy.stats import kendalltau, t

from polyteach.selection.bakeoff.measures import (
    chosen,
    hits,
    regret,
    resampled,
    separated,
    split_half,
    tau,
    trial_variance,
)

ONE = np.ones((1, 4))
ALL_APART = ~np.eye(4, dtype=bool)
TRUTH = np.array([40.0, 30.0, 20.0, 10.0])
INFINITE, NOTHING = float("inf"), float("nan")


def test_trial_variance_by_hand() -> None:
    # means of teachers 2 and 6, of trials 3 and 5, of all 4: 2 + 3 - 4 = 1 and so on, the gains themselves:
    # nothing is left; with one 7 made 9, means are 2 and 7, 3 and 6, 4.5: left are .5, -.5, -.5, .5: 1 / 1
    assert trial_variance(np.array([[1.0, 3.0], [5.0, 7.0]])) == 0
    assert trial_variance(np.array([[1.0, 3.0], [5.0, 9.0]])) == pytest.approx(1.0)


def test_what_shifts_all_teachers_of_a_trial_is_no_error() -> None:
    gains = np.random.default_rng(1).normal(size=(5, 4))
    assert trial_variance(gains + np.array([0, 10, -3, 7])) == pytest.approx(trial_variance(gains))


def test_separated_is_a_t_interval_of_the_pooled_variance() -> None:
    rng = np.random.default_rng(2)
    gains = np.arange(6.0)[:, None] * 0.8 + rng.normal(size=(6, 4))
    found = separated(gains)
    means = [float(np.mean(row)) for row in gains]
    trials = [float(np.mean(gains[:, k])) for k in range(4)]
    left = [gains[i, k] - means[i] - trials[k] + float(np.mean(gains)) for i in range(6) for k in range(4)]
    least = t.ppf(0.975, 15) * sqrt(2 * sum(x * x for x in left) / 15 / 4)
    assert found.any() and not found.all()
    for i in range(6):
        for k in range(6):
            assert found[i, k] == (abs(means[i] - means[k]) > least)


def test_tau_by_hand() -> None:
    # order by scores: 30, 40, 20, 10. Of six pairs one is reversed: (5 - 1) / 6
    assert tau(np.array([3.0, 4.0, 2.0, 1.0]), TRUTH, ALL_APART, ONE)[0] == pytest.approx(4 / 6)
    assert tau(TRUTH, TRUTH, ALL_APART, ONE)[0] == 1
    assert tau(-TRUTH, TRUTH, ALL_APART, ONE)[0] == -1


def test_tau_counts_only_pairs_that_the_truth_separates() -> None:
    apart = ALL_APART.copy()
    apart[0, 1] = apart[1, 0] = False  # the reversed pair of above
    assert tau(np.array([3.0, 4.0, 2.0, 1.0]), TRUTH, apart, ONE)[0] == 1


def test_level_scores_count_nothing_and_undefined_ones_are_left_out() -> None:
    assert tau(np.zeros(4), TRUTH, ALL_APART, ONE)[0] == 0
    # pairs of the first three: 40 > 30 right, 40 > 20 right, 30 and 20 level: 2 / 3
    assert tau(np.array([2.0, 1.0, 1.0, NOTHING]), TRUTH, ALL_APART, ONE)[0] == pytest.approx(2 / 3)
    assert np.isnan(tau(np.full(4, NOTHING), TRUTH, ALL_APART, ONE)[0])
    assert np.isnan(tau(TRUTH, TRUTH, np.zeros((4, 4), bool), ONE)[0])


def test_who_is_gated_stands_last_and_level() -> None:
    # the best is shut out, and so is the third: pairs 40-30, 40-10 wrong, 40-20 level, 30-20, 30-10 right,
    # 20-10 wrong: (2 - 3) / 6
    scores = np.array([-INFINITE, 2.0, -INFINITE, 1.0])
    assert tau(scores, TRUTH, ALL_APART, ONE)[0] == pytest.approx(-1 / 6)
    assert regret(scores, TRUTH, ONE)[0] == 10
    assert np.isnan(regret(np.full(4, -INFINITE), TRUTH, ONE)[0])


def test_tau_is_scipys_where_all_pairs_count_and_nothing_is_level() -> None:
    rng = np.random.default_rng(3)
    for _ in range(5):
        scores, truth = rng.normal(size=(2, 9))
        apart = ~np.eye(9, dtype=bool)
        assert tau(scores, truth, apart, np.ones((1, 9)))[0] == pytest.approx(kendalltau(scores, truth)[0])


def test_a_weight_is_a_repetition() -> None:
    rng = np.random.default_rng(4)
    scores, truth = rng.normal(size=(2, 5))
    apart = rng.random((5, 5)) < 0.7
    apart = np.triu(apart, 1) | np.triu(apart, 1).T
    weights = np.array([2, 0, 1, 1, 3])
    places = np.repeat(np.arange(5), weights)
    agreed = counted = 0
    for i, k in combinations(places, 2):
        if apart[i, k]:
            counted += 1
            agreed += int(np.sign(scores[i] - scores[k]) * np.sign(truth[i] - truth[k]))
    assert tau(scores, truth, apart, weights[None].astype(float))[0] == pytest.approx(agreed / counted)


def test_regret_and_hits_by_hand() -> None:
    scores = np.array([1.0, 5.0, 5.0, 0.0])
    assert chosen(scores, ONE)[0].tolist() == [0, 0.5, 0.5, 0]
    assert regret(scores, TRUTH, ONE)[0] == 15  # 40 - (30 + 20) / 2
    apart = ALL_APART.copy()
    apart[0, 1] = apart[1, 0] = False
    assert hits(scores, TRUTH, apart, ONE)[0] == 0.5
    # in a sample without the first, 30 is the best, and 20 is not as good
    without = np.array([[0.0, 1.0, 1.0, 2.0]])
    assert regret(scores, TRUTH, without)[0] == 5
    assert hits(scores, TRUTH, apart, without)[0] == 0.5
    assert chosen(scores, np.array([[1.0, 3.0, 1.0, 0.0]]))[0].tolist() == [0, 0.75, 0.25, 0]


def test_split_half_of_exact_and_of_pure_noise() -> None:
    exact = np.repeat(np.arange(6.0)[:, None], 4, axis=1) + np.array([0, 5, 1, 2])
    reliability, agreement = split_half(exact + np.random.default_rng(5).normal(0, 1e-6, (6, 4)))
    assert reliability == pytest.approx(1)
    assert agreement == 1
    noise = [split_half(np.random.default_rng(n).normal(size=(200, 4)))[0] for n in range(5)]
    assert abs(np.mean(noise)) < 0.1
    assert np.isnan(split_half(np.ones((3, 3)))).all()


def test_samples_hold_as_many_teachers_and_repeat() -> None:
    drawn = resampled(24, 500, rng_seed=6)
    assert (drawn.sum(axis=1) == 24).all()
    assert (drawn == resampled(24, 500, rng_seed=6)).all()
    assert (drawn != resampled(24, 500, rng_seed=7)).any()
    assert (drawn > 0).mean() == pytest.approx(1 - (23 / 24) ** 24, abs=0.02)

"""Who leaves a rung: hand-worked values, an independent definition, how often the best leaves."""

import numpy as np
import pytest

from polyteach.scoring.gain import CellEstimate
from polyteach.scoring.intervals import Estimate, TrialSpread, item_mean
from polyteach.selection.race.elimination import PairedSpread, decide, lacking_trials, paired_spread
from polyteach.selection.race.settings import Rules

SPREAD = PairedSpread(TrialSpread(0.0004, 6), raw=0.0004)


def estimate(value: float, influence: list[float], trials: int = 2) -> Estimate:
    """A gain whose items move it by these; one cluster weighs next to nothing, so no floor hides the rest."""
    return Estimate(
        value, {f"item {at}": u for at, u in enumerate(influence)}, 1 / trials, len(influence), unit=1e-6
    )


def cell(*trials: float, noise: float = 0.0) -> CellEstimate:
    """A teacher's gain in one cell, trial by trial."""
    return CellEstimate(estimate(sum(trials) / len(trials), [0.0]), dict(enumerate(trials)), noise)


# Two teachers 0.3 apart. The items move their difference by +-.01 each, four of them: variance 4e-4 with 3
# degrees of freedom. Trials: twice 4e-4 over two trials: 4e-4 with 6. Together 8e-4, se .02828, by
# Satterthwaite (8e-4)**2 / (16e-8 / 3 + 16e-8 / 6) = 8 degrees of freedom: t at 95% is 2.306.
GAINS = {
    "first": estimate(0.5, [0.02, -0.02, 0.02, -0.02]),
    "second": estimate(0.2, [0.01, -0.01, 0.01, -0.01]),
}


def decided(gains: dict[str, Estimate], margin: float, alike: float = 0.0, level: float = 0.95):
    return decide(gains, SPREAD, margin=margin, alike=alike, level=level, rng_seed=1)


def test_a_gap_has_the_interval_worked_out_by_hand() -> None:
    gap = decided(GAINS, 0.1).gaps["second"]
    assert gap.value == pytest.approx(0.3)
    assert gap.bounds.se == pytest.approx(0.028284, abs=1e-6)
    assert gap.bounds.low == pytest.approx(0.3 - 2.306 * 0.028284, abs=0.003)  # drawn: some draws' noise
    assert gap.bounds.high - 0.3 == pytest.approx(0.3 - gap.bounds.low)


def test_who_is_surely_behind_by_more_than_the_margin_leaves_and_nobody_else() -> None:
    left = decided(GAINS, 0.22)
    assert left.left == ("second",) and left.remaining == ("first",) and left.settled
    stays = decided(GAINS, 0.25)
    assert stays.left == () and stays.remaining == ("first", "second") and not stays.settled


def test_all_surely_alike_settle_a_race_with_several() -> None:
    near = {"a": estimate(0.5, [0.001, -0.001]), "b": estimate(0.49, [0.001, -0.001])}
    quiet = PairedSpread(TrialSpread(1e-8, 6), raw=1e-8)
    decision = decide(near, quiet, margin=0.05, alike=0.05, level=0.95, rng_seed=1)
    assert decision.remaining == ("a", "b") and decision.settled
    assert not decide(near, quiet, margin=0.05, alike=0.005, level=0.95, rng_seed=1).settled


def test_a_higher_level_makes_fewer_leave() -> None:
    assert decided(GAINS, 0.22).left and not decided(GAINS, 0.22, level=0.9999).left


def test_one_teacher_is_a_settled_race_and_none_is_an_error() -> None:
    alone = decided({"first": GAINS["first"]}, 0.1)
    assert alone.settled and alone.remaining == ("first",) and alone.critical is None
    with pytest.raises(ValueError):
        decided({}, 0.1)
    with pytest.raises(ValueError):
        decided(GAINS, 0.1, alike=0.2)


def test_equal_teachers_stay_and_are_ordered_by_name() -> None:
    same = {name: estimate(0.4, [0.01, -0.01]) for name in ("b", "a", "c")}
    decision = decided(same, 0.0)
    assert decision.order == ("a", "b", "c") and decision.left == ()


def test_the_order_of_names_decides_nothing() -> None:
    assert decided(GAINS, 0.22) == decided(dict(reversed(GAINS.items())), 0.22)


# Trials .1 and .3 of one teacher, .2 and .2 of the other: their differences are -.1 and .1, with variance
# .02: twice the interaction's .01.
def test_the_spread_is_that_of_differences_in_one_trial() -> None:
    spread = paired_spread([{"a": cell(0.1, 0.3), "b": cell(0.2, 0.2)}])
    assert spread is not None
    assert spread.spread.variance == pytest.approx(0.01) and spread.spread.freedom == 1
    differences = np.array([0.1 - 0.2, 0.3 - 0.2])
    assert 2 * spread.spread.variance == pytest.approx(differences.var(ddof=1))


def test_what_a_trial_does_to_all_teachers_cancels() -> None:
    plain = paired_spread([{"a": cell(0.1, 0.3), "b": cell(0.2, 0.2)}])
    shifted = paired_spread([{"a": cell(0.1, 0.8), "b": cell(0.2, 0.7)}])
    assert plain is not None and shifted is not None
    assert shifted.spread.variance == pytest.approx(plain.spread.variance)


def test_the_noise_of_answers_is_not_counted_twice_and_cells_are_pooled() -> None:
    noisy = {"a": cell(0.1, 0.3, noise=0.004), "b": cell(0.2, 0.2, noise=0.0)}
    still = {"a": cell(0.1, 0.1), "b": cell(0.2, 0.2)}
    both = paired_spread([noisy, still])
    assert both is not None
    assert both.spread.variance == pytest.approx((0.01 - 0.002) / 2) and both.spread.freedom == 2
    all_noise = paired_spread([{"a": cell(0.1, 0.3, noise=1.0), "b": cell(0.2, 0.2, noise=1.0)}])
    assert all_noise is not None and all_noise.spread.variance == 0.0
    assert all_noise.raw == pytest.approx(0.01)


# The same two, all of the trials' variance taken for noise: items alone, variance 4e-4 with 3 degrees
# of freedom, se .02; what was observed is 4e-4 too: (4e-4)**2 / (16e-8 / 3 + 16e-8 / 6) = 2, at least 3.
def test_luck_that_cannot_be_seen_is_not_surely_none() -> None:
    hidden = PairedSpread(TrialSpread(0.0, 6), raw=0.0004)
    gap = decide(GAINS, hidden, margin=0.1, alike=0.0, level=0.95, rng_seed=1).gaps["second"]
    assert gap.bounds.se == pytest.approx(0.02)
    assert gap.bounds.low == pytest.approx(0.3 - 3.182 * 0.02, abs=0.003)
    one = PairedSpread(TrialSpread(0.0, 1), raw=0.0004)  # 16e-8 / (16e-8 / 3 + 16e-8) = .75, at least 1
    wide = decide(GAINS, one, margin=0.1, alike=0.0, level=0.95, rng_seed=1).gaps["second"]
    assert wide.bounds.low == pytest.approx(0.3 - 12.706 * 0.02, abs=0.02)


def test_equal_teachers_with_two_trials_seldom_leave() -> None:
    """Six teachers, one cell, 300 items, a trial's SD of 4.5 points: with noise taken off 11% of races."""
    rng = np.random.default_rng(1)
    items = [str(at) for at in range(300)]
    races = 300
    hit = 0
    for _ in range(races):
        known = rng.beta(1.2, 1.2, 300) * 0.5 + 0.25
        cells = {}
        for name in "abcdef":
            luck = 0.045 * rng.standard_normal((2, 1))
            right = (rng.random((2, 300)) < np.clip(known + luck, 0, 1)).astype(float)
            mean = item_mean(dict(zip(items, right.mean(0), strict=True)), {i: i for i in items}, 2)
            noise = float(right.var(0, ddof=1).mean() / 300)
            cells[name] = CellEstimate(mean, dict(enumerate(right.mean(1))), noise)
        spread = paired_spread([cells])
        assert spread is not None
        gains = {name: one.estimate for name, one in cells.items()}
        hit += bool(
            decide(gains, spread, margin=0.06 / 9, alike=0.06 / 9, level=1 - 0.05 / 3, rng_seed=1).left
        )
    assert hit <= 0.06 * races


def test_who_lacks_a_trial_that_others_have_is_named_and_nobody_else() -> None:
    cells = {"m/de": {"a": cell(0.1, 0.3), "b": cell(0.2, 0.2), "c": cell(0.5)}}
    assert lacking_trials(cells) == {"c": "not complete: no trial m/de/1"}
    assert lacking_trials({"m/de": {"a": cell(0.1), "b": cell(0.2)}}) == {}


def test_a_margin_keeps_who_may_be_within_epsilon_at_the_slowest_growth() -> None:
    rules = Rules(0.06, 0.01, None)
    assert rules.alike(1 / 9) == pytest.approx(0.00667, abs=1e-5)
    assert rules.margin(1 / 9) == pytest.approx(0.02035, abs=1e-5)  # .06 / 9 ** .8 = .01035, and the guard
    assert rules.margin(1) == pytest.approx(0.06)


def test_trials_that_not_all_have_are_left_out() -> None:
    uneven = {"a": cell(0.1, 0.3, 0.9), "b": cell(0.2, 0.2)}
    assert paired_spread([uneven]) == paired_spread([{"a": cell(0.1, 0.3), "b": cell(0.2, 0.2)}])
    assert paired_spread([{"a": cell(0.1), "b": cell(0.2)}]) is None
    assert paired_spread([{"a": cell(0.1, 0.3)}]) is None
    assert paired_spread([]) is None


def test_the_best_of_equal_teachers_seldom_leaves() -> None:
    """300 rungs of six teachers that are alike: each of them leaves less often than 1 - level."""
    rng = np.random.default_rng(7)
    left = 0
    for _ in range(300):
        trials = rng.normal(0.0, 0.02, (6, 4))
        cells = {f"t{at}": cell(*row) for at, row in enumerate(trials)}
        spread = paired_spread([cells])
        assert spread is not None
        gains = {
            name: Estimate(
                one.estimate.value, dict.fromkeys(map(str, range(400)), 0.0), 1 / 4, 400, unit=1e-6
            )
            for name, one in cells.items()
        }
        left += len(decide(gains, spread, margin=0.0, alike=0.0, level=0.95, rng_seed=1).left)
    assert 0 < left <= 0.05 * 6 * 300

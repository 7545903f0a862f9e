"""The rule by which evidence is weighed, against numbers worked by hand."""

from math import inf, sqrt

import numpy as np
import pytest

from polyteach.selection.recommend.weighing import (
    Reading,
    Scale,
    Weighed,
    combine,
    compare,
    foretold_by_languages,
    spread_of,
)


def source(spread: float = 0.0, se: float = 0.0, **values: float) -> Weighed:
    return Weighed("s", (Scale({name: Reading(value, se) for name, value in values.items()}),), spread)


def test_two_teachers_and_one_source_by_hand() -> None:
    # unit: the variance of 10 and 6 is 8, 1 of it error, so sqrt 7; weights of 7, and 3.5 for the difference.
    # Precision of the difference 1/2 + 3.5 = 4; mean 3.5 * (4 / sqrt 7) / 4.
    told = source(se=1.0, a=10.0, b=6.0)
    assert told.unit(told.scales[0]) == pytest.approx(sqrt(7))
    assert told.weights == pytest.approx({"a": 7.0, "b": 7.0})
    belief = combine(["a", "b"], [told])
    gap, error = belief.difference("a", "b")
    assert gap == pytest.approx(3.5 / sqrt(7))
    assert error == pytest.approx(sqrt(1 / 4))
    assert belief.covariance.sum() == pytest.approx(2)  # of the sum, as before: levels are not known


def test_two_sources_add_their_precisions() -> None:
    # The second, r .5, has spread sqrt 3: weights 1/3, of the difference 1/6. Its unit is r * sqrt(1/2): it
    # says that the other is better, by 2 * sqrt 2.
    first, second = source(se=1.0, a=10.0, b=6.0), source(spread_of(0.5), a=0.0, b=1.0)
    gap, error = combine(["a", "b"], [first, second]).difference("a", "b")
    assert error == pytest.approx(sqrt(1 / (1 / 2 + 3.5 + 1 / 6)))
    assert gap == pytest.approx((3.5 * 4 / sqrt(7) - 2 * sqrt(2) / 6) / (1 / 2 + 3.5 + 1 / 6))


def test_sources_of_a_kind_add_their_precisions_below_its_spread() -> None:
    # Each alone: unit r * sqrt 7, weights 7/4, of the difference 7/8; it is 8 / sqrt 7. Two of them: 7/4; e
    # has variance 2 * 3, so 1 / (4/7 + 6).
    one = source(spread_of(0.5), se=1.0, a=10.0, b=6.0)
    both = Weighed("s", one.scales * 2, one.spread)
    for line, precision in ((one, 1 / (8 / 7 + 6)), (both, 1 / (4 / 7 + 6))):
        gap, error = combine(["a", "b"], [line]).difference("a", "b")
        assert error == pytest.approx(sqrt(1 / (1 / 2 + precision)))
        assert gap == pytest.approx(8 / sqrt(7) * precision / (1 / 2 + precision))
    many = Weighed("s", one.scales * 1000, one.spread)
    assert many.weight < 1 / 3 and combine("ab", [many]).error("a") > 0.93


def test_spread_follows_from_r() -> None:
    assert spread_of(0.5) == pytest.approx(sqrt(3))
    assert spread_of(1.0) == 0.0
    assert spread_of(0.0) == spread_of(-0.3) == inf


def test_more_languages_foretell_better_but_not_all() -> None:
    assert foretold_by_languages(0.42, 1) == pytest.approx(0.42)
    assert foretold_by_languages(0.42, 5) == pytest.approx(0.42 / sqrt(0.42 + 0.58 / 5))
    assert foretold_by_languages(0.42, 10**9) == pytest.approx(sqrt(0.42))
    assert foretold_by_languages(0.0, 3) == 0.0


@pytest.mark.parametrize(
    "silent",
    [
        source(a=5.0),  # one teacher: its level is not known
        source(inf, a=9.0, b=1.0),  # no worth
        source(a=3.0, b=3.0),  # alike, and without an error to say how surely
        source(a=9.0, z=1.0),  # of the two only one is a candidate
    ],
)
def test_what_says_nothing_leaves_all_at_the_start(silent: Weighed) -> None:
    belief = combine(["a", "b"], [silent])
    assert belief.means.tolist() == [0.0, 0.0]
    assert belief.error("a") == 1.0


def test_noise_is_not_stretched_to_a_difference() -> None:
    noise = source(se=10.0, a=1.0, b=0.0)
    assert noise.unit(noise.scales[0]) == 10.0
    gap, error = combine(["a", "b"], [noise]).difference("a", "b")
    assert gap < error / 5


def test_a_level_says_nothing() -> None:
    low, high = source(0.5, 0.1, a=1.0, b=2.0, c=4.0), source(0.5, 0.1, a=101.0, b=102.0, c=104.0)
    assert combine("abc", [low]).means == pytest.approx(combine("abc", [high]).means)


def test_intervals_cover_and_pairs_are_seldom_wrong() -> None:
    rng = np.random.default_rng(4)
    names = [f"t{number}" for number in range(8)]
    inside = pairs = wrong = 0
    for _ in range(150):
        truth = rng.standard_normal(8)
        sources = [
            Weighed(
                f"s{spread}",
                tuple(
                    Scale(
                        {
                            name: Reading(float(value), 0.4)
                            for name, value in zip(names, seen + rng.normal(0, 0.4, 8) + 7, strict=True)
                        }
                    )
                    for _ in range(count)
                ),
                spread,
            )
            for spread, count, seen in (
                (0.0, 1, truth),
                (1.5, 3, truth + rng.normal(0, 1.5, 8)),
            )
        ]
        belief = combine(names, sources)
        for i in range(7):
            gap, error = belief.difference(names[i], names[i + 1])
            inside += abs(gap - (truth[i] - truth[i + 1])) < 1.96 * error
            pairs += 1
        places = dict(zip(names, truth, strict=True))
        wrong += any(places[b] < places[w] for b, w in compare(belief, names).surely_better)
    assert inside / pairs > 0.9  # of 95%: what a source's unit is, is known from its few teachers alone
    assert wrong <= 0.05 * 150


def test_nothing_is_told_apart_before_any_evidence() -> None:
    told = compare(combine("abc", []), "abc")
    assert not told.surely_better
    assert told.rank_interval("a") == (1, 3)
    assert compare(combine("a", []), "a").critical is None

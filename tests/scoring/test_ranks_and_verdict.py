from __future__ import annotations

import numpy as np
import pytest
from lone_items import mean_over
from scipy import stats

from polyteach.scoring.intervals import Estimate, Interval, TrialSpread
from polyteach.scoring.ranks import Comparison, compare
from polyteach.scoring.records import Teacher
from polyteach.scoring.verdict import Unranked, decide


def _gains(**levels: float) -> dict:
    """Gains on 200 shared items with little noise of their own."""
    rng = np.random.default_rng(0)
    hard = rng.normal(0, 0.3, 200)
    return {
        name: mean_over({str(n): level + h + e for n, (h, e) in enumerate(zip(hard, noise, strict=True))})
        for name, level in levels.items()
        for noise in [rng.normal(0, 0.1, 200)]
    }


def test_rank_intervals_are_not_groups() -> None:
    # b is between a and c: it can be told from neither, though a and c can be told apart.
    comparison = Comparison(("a", "b", "c"), frozenset({("a", "c")}), 2.4)
    assert comparison.rank_interval("a") == (1, 2)
    assert comparison.rank_interval("b") == (1, 3)
    assert comparison.rank_interval("c") == (2, 3)


def test_pairing_tells_apart_what_shared_items_hide() -> None:
    # Unpaired, se is .32 / sqrt(200) * sqrt(2) = .032 and .05 would not do.
    comparison = compare(_gains(good=0.30, bad=0.22), None, 1)
    assert comparison.surely_better == {("good", "bad")}
    assert comparison.rank_interval("good") == (1, 1)


def test_two_teachers_need_no_correction() -> None:
    critical = compare(_gains(a=0.3, b=0.3), None, 1).critical
    assert critical == pytest.approx(stats.t.ppf(0.975, 199), abs=0.05)


def test_many_teachers_need_more_than_two_but_less_than_bonferroni() -> None:
    comparison = compare(_gains(a=0.3, b=0.3, c=0.3, d=0.3, e=0.3), None, 1)
    studentised = stats.studentized_range.ppf(0.95, 5, 199) / np.sqrt(2)  # Tukey: equal, independent errors
    assert comparison.critical == pytest.approx(studentised, abs=0.12)
    assert comparison.critical < stats.t.ppf(1 - 0.025 / 10, 199) + 0.05


def test_trials_widen_the_comparison() -> None:
    gains = _gains(good=0.30, bad=0.22)
    assert compare(gains, TrialSpread(0.01, 4), 1).surely_better == frozenset()


def test_identical_teachers_are_not_told_apart() -> None:
    gains = _gains(a=0.3)
    comparison = compare({"a": gains["a"], "twin": gains["a"]}, None, 1)
    assert comparison.surely_better == frozenset()
    assert comparison.rank_interval("twin") == (1, 2)


def test_the_order_teachers_are_named_in_changes_nothing() -> None:
    gains = _gains(a=0.3, b=0.29, c=0.1)
    assert compare(gains, None, 5) == compare(dict(reversed(gains.items())), None, 5)


def test_errors_on_their_floor_do_not_shrink_the_critical_value() -> None:
    # No spread at all over 10 items: the error is the floor of .1, the draws know of none.
    flat = {name: mean_over({str(n): level for n in range(10)}) for name, level in (("a", 0.5), ("b", 0.35))}
    comparison = compare(flat, None, 1)
    assert comparison.critical == pytest.approx(stats.t.ppf(0.975, 9), abs=1e-4)
    assert comparison.surely_better == frozenset()  # .15 < 2.26 * .1


def test_one_teacher_has_rank_one() -> None:
    comparison = compare(_gains(a=0.3), None, 1)
    assert comparison.critical is None
    assert comparison.rank_interval("a") == (1, 1)


def test_the_same_rng_seed_gives_the_same_comparison() -> None:
    gains = _gains(a=0.3, b=0.29, c=0.1)
    assert compare(gains, None, 5) == compare(gains, None, 5)


TEACHERS = (Teacher("a", None, 1_000), Teacher("b", None, 2_000), Teacher("c", None, 8_000_000_000))
GOOD = {name: Interval(0.01, 0.1, 0.2) for name in "abc"}
FIRST = Comparison(("a", "b", "c"), frozenset({("a", "b"), ("a", "c")}), 2.4)


def test_one_trial_leads_and_never_wins() -> None:
    assert decide("abc", GOOD, FIRST, 1, TEACHERS, more).kind == "leads"
    assert "One trial" in decide("abc", GOOD, FIRST, 1, TEACHERS, more).text
    assert "wins" not in decide("abc", GOOD, FIRST, 1, TEACHERS, more).text
    verdict = decide("abc", GOOD, FIRST, 3, TEACHERS, more)
    assert (verdict.kind, verdict.teachers) == ("wins", ("a",))
    assert verdict.text.endswith("other 2 teachers.")
    two = decide("ab", GOOD, FIRST, 3, TEACHERS, more)
    assert two.text.endswith("Without a score, and so not compared: c.")


def more(one: str, other: str) -> str:
    return f"about 40 more items would tell ({one}, {other})"


def test_ties() -> None:
    tied = Comparison(("a", "b", "c"), frozenset({("a", "c"), ("b", "c")}), 2.4)
    verdict = decide("abc", GOOD, tied, 3, TEACHERS, more)
    assert (verdict.kind, verdict.teachers) == ("tied", ("a", "b"))
    # Scored below a and not told from it, though surely better than a third: b could still be the best.
    third = Comparison(("a", "b", "c"), frozenset({("b", "c")}), 2.4)
    assert decide("abc", GOOD, third, 3, TEACHERS, more).teachers == ("a", "b")
    nobody = Comparison(("a", "b", "c"), frozenset(), 2.4)
    assert decide("abc", GOOD, nobody, 3, TEACHERS, more).kind == "inconclusive"
    assert verdict.text.endswith("To tell a from b: about 40 more items would tell (a, b).")


def test_nothing_learned_is_said_before_any_ranking() -> None:
    bad = {name: Interval(0.01, -0.1, 0.01) for name in "abc"}
    verdict = decide("abc", bad, FIRST, 3, TEACHERS, more)
    assert (verdict.kind, verdict.teachers) == ("inconclusive", ())
    assert verdict.text.startswith("None of these teachers' data clearly helped")
    worse = {name: Interval(0.01, -0.1, -0.01) for name in "abc"}
    assert "all gains lie below zero" in decide("abc", worse, FIRST, 3, TEACHERS, more).text


def test_no_teacher_or_one() -> None:
    nobody = Comparison((), frozenset(), None)
    verdict = decide((), {}, nobody, 3, TEACHERS, more, Unranked("no benchmark counts"))
    assert (verdict.kind, verdict.text) == ("undefined", "No teacher can be ranked: no benchmark counts.")
    raw = Unranked("no reference", "By raw scores, none helped.", ("a scores 0.2",))
    verdict = decide((), {}, nobody, 3, TEACHERS, more, raw)
    assert verdict.text == "No teacher can be ranked: no reference. By raw scores, none helped."
    assert verdict.worth == ("a scores 0.2",)
    alone = decide("a", GOOD, Comparison(("a",), frozenset(), None), 3, TEACHERS, more)
    assert (alone.kind, alone.size) == ("undefined", None)


@pytest.mark.parametrize(
    ("order", "surely", "expected"),
    [
        (
            "abc",
            {("a", "c")},
            "The largest teacher, c (8B parameters), is not the best: its score ranks 3 of 3.",
        ),
        ("acb", set(), "does not have the highest score"),
        ("cab", set(), "has the highest score."),
    ],
)
def test_a_sentence_on_size(order: str, surely: set, expected: str) -> None:
    comparison = Comparison(tuple(order), frozenset(surely), 2.4)
    assert expected in (decide(order, GOOD, comparison, 3, TEACHERS, more).size or "")


def test_no_sentence_where_sizes_are_unknown_or_shared() -> None:
    unknown = tuple(Teacher(name) for name in "abc")
    shared = tuple(Teacher(name, None, 5) for name in "abc")
    assert decide("abc", GOOD, FIRST, 3, unknown, more).size is None
    assert decide("abc", GOOD, FIRST, 3, shared, more).size is None
    some = (Teacher("a", None, 5), Teacher("b"), Teacher("c", None, 9))
    assert "of known size, c" in (decide("abc", GOOD, FIRST, 3, some, more).size or "")


def test_errors_over_examples_are_in_the_critical_value() -> None:
    # All error is over each teacher's own rows: ten means with one known error, so Tukey's studentised range.
    gains = {f"t{n}": Estimate(0.0, {"x": 0.0}, 0.0, 1, {f"rows/t{n}": 1.0, "human": 5.0}) for n in range(10)}
    critical = compare(gains, None, 1).critical
    assert critical == pytest.approx(stats.studentized_range.ppf(0.95, 10, np.inf) / np.sqrt(2), abs=0.05)

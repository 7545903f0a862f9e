from __future__ import annotations

import pytest

from polyteach.review.judgements import Choice, Mark
from polyteach.review.preference import mean_marks, preferences


def choice(
    example: str, value: str, reviewer: str = "r", teachers: tuple[str, str] = ("ann", "bob")
) -> Choice:
    one, other = teachers
    return Choice(reviewer, example, ((one, example), (other, example)), value, None, False)


def test_wins_ties_and_losses_by_hand() -> None:
    # ann wins twice, ties once, loses once: (1 + 1 + .5 + 0) / 4.
    told = [choice("1", "first"), choice("2", "first"), choice("3", "both_bad"), choice("4", "second")]
    found = preferences(told, ["ann", "bob", "cyd"], 0)
    assert found["ann"].value == 0.625
    assert found["bob"].value == 0.375
    assert found["ann"].n == 4
    assert found["cyd"].value is None
    assert "one reviewer" in found["ann"].definition


def test_who_wins_all_may_still_lose_one() -> None:
    found = preferences([choice(str(n), "first") for n in range(10)], ["ann", "bob"], 0)
    # Wilson's bounds for 10 of 10: 10 / (10 + 1.96^2) = .722
    assert (found["ann"].value, found["ann"].high) == (1.0, 1.0)
    assert found["ann"].low == pytest.approx(0.7225, abs=1e-4)
    assert found["bob"].high == pytest.approx(0.2775, abs=1e-4)


def test_reviewers_who_differ_widen_the_interval() -> None:
    alike = [choice(str(n), "first" if n % 2 else "second", r) for n in range(30) for r in "rs"]
    apart = [choice(str(n), "first" if r == "r" else "second", r) for n in range(30) for r in "rs"]
    one, other = (preferences(told, ["ann", "bob"], 0)["ann"] for told in (alike, apart))
    assert one.value == other.value == 0.5
    assert other.high - other.low == 1.0  # another reviewer may be of either kind
    assert one.high - one.low < 0.5
    assert "prompts and reviewers" in one.definition


def test_mean_marks_by_hand() -> None:
    told = [
        Mark(reviewer, example, ("ann", example), value, False)
        for reviewer, values in (("r", (5, 4)), ("s", (3, 4)))
        for example, value in zip("12", values, strict=True)
    ]
    figure = mean_marks(told, ["ann"], 0)["ann"]
    assert (figure.value, figure.n) == (4.0, 4)
    assert figure.low < 4.0 < figure.high
    single = mean_marks(told[:1], ["ann"], 0)["ann"]
    assert (single.value, single.low, single.se) == (5.0, None, None)


def test_the_same_answers_give_the_same_figures() -> None:
    told = [choice(str(n), "first" if n % 3 else "both_good") for n in range(20)]
    assert preferences(told, ["ann"], 7) == preferences(told[::-1], ["ann"], 7)

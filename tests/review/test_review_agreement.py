from __future__ import annotations

from collections.abc import Callable
from itertools import permutations, product

import numpy as np
import pytest
from scipy.stats import spearmanr

from polyteach.review.agreement import (
    alpha_of_choices,
    alpha_of_marks,
    choices_again,
    marks_again,
    side_a,
    within_prompts,
)
from polyteach.review.judgements import Choice, Mark

PAIR = (("ann", "1"), ("bob", "1"))


def marks(*by_reviewer: list[int | None]) -> list[Mark]:
    """Marks of reviewers 0, 1, ... of rows 0, 1, ..., each row on an example of its own."""
    return [
        Mark(f"r{reviewer}", f"e{row}", ("ann", str(row)), value, False)
        for reviewer, values in enumerate(by_reviewer)
        for row, value in enumerate(values)
        if value is not None
    ]


def choices(*by_reviewer: list[str]) -> list[Choice]:
    return [
        Choice(f"r{reviewer}", f"e{n}", (("ann", str(n)), ("bob", str(n))), value, None, False)
        for reviewer, values in enumerate(by_reviewer)
        for n, value in enumerate(values)
    ]


def slow_alpha(units: list[list[int]], distance: Callable[[int, int, dict[int, int]], float]) -> float:
    """1 - observed / expected disagreement over all ordered pairs, as Krippendorff (2011) writes it."""
    units = [unit for unit in units if len(unit) > 1]
    every = [value for unit in units for value in unit]
    counts = {value: every.count(value) for value in set(every)}
    observed = sum(
        distance(unit[i], unit[j], counts) / (len(unit) - 1)
        for unit in units
        for i, j in product(range(len(unit)), repeat=2)
        if i != j
    ) / len(every)
    expected = sum(
        distance(every[i], every[j], counts) for i, j in product(range(len(every)), repeat=2) if i != j
    ) / (len(every) * (len(every) - 1))
    return 1 - observed / expected


def ordinal(one: int, other: int, counts: dict[int, int]) -> float:
    low, high = min(one, other), max(one, other)
    between = sum(counts.get(value, 0) for value in range(low, high + 1))
    return (between - (counts[one] + counts[other]) / 2) ** 2


def test_alpha_of_choices_by_hand() -> None:
    # Three pairs: both say first, both say second, one says each. Both ways round that are twelve answers,
    # six of each kind. Observed disagreement 1/3; expected 2 * 6 * 6 / (12 * 11); alpha = 1 - 11/18 = 7/18.
    figure = alpha_of_choices(choices(["first", "second", "first"], ["first", "second", "second"]), 0)
    assert figure.value == pytest.approx(7 / 18)
    assert figure.n == 3


def test_agreement_on_pairs_does_not_depend_on_names() -> None:
    """Forty pairs of a good, a middling and a bad teacher; each of two reviewers errs on some of them."""
    rng = np.random.default_rng(1)
    better = [("good", "middling"), ("good", "bad"), ("middling", "bad")]
    wins = [[better[n % 3][int(rng.random() < 0.15)] for n in range(40)] for _ in "rs"]

    def alpha(names: dict[str, str]) -> float | None:
        given = []
        for reviewer, won in enumerate(wins):
            for n, winner in enumerate(won):
                one, other = sorted(names[teacher] for teacher in better[n % 3])
                value = "first" if names[winner] == one else "second"
                rows = ((one, str(n)), (other, str(n)))
                given.append(Choice(f"r{reviewer}", f"e{n}", rows, value, None, False))
        return alpha_of_choices(given, 0).value

    found = [
        alpha(dict(zip(("good", "middling", "bad"), names, strict=True))) for names in permutations("abc")
    ]
    assert found == [pytest.approx(found[0])] * 6
    same = np.mean([one == other for one, other in zip(*wins, strict=True)])
    assert found[0] == pytest.approx(2 * same - 1, abs=0.02)  # either row by chance: half the pairs agree


def test_all_choosing_alike_of_pairs_agree_fully() -> None:
    assert alpha_of_choices(choices(["first", "first"], ["first", "first"]), 0).value == 1.0
    assert alpha_of_choices(choices(["both_bad"] * 2, ["both_bad"] * 2), 0).value is None


def test_alpha_of_marks_by_its_definition() -> None:
    rng = np.random.default_rng(3)
    table = rng.integers(1, 6, size=(3, 25))
    table[1] = np.clip(table[0] + rng.integers(-1, 2, size=25), 1, 5)
    given = [[None if rng.random() < 0.2 else int(v) for v in row] for row in table]
    units = [[row[n] for row in given if row[n] is not None] for n in range(25)]
    figure = alpha_of_marks(marks(*given), 0)
    assert figure.value == pytest.approx(slow_alpha(units, ordinal))
    assert figure.n == sum(len(unit) > 1 for unit in units)
    assert figure.low < figure.value < figure.high


def test_agreement_with_nothing_to_compare_is_undefined() -> None:
    assert alpha_of_marks([], 0).reason == "no item was answered by two reviewers"
    assert alpha_of_marks(marks([1, 2, 3]), 0).value is None
    assert "all answers are the same" in alpha_of_marks(marks([3, 3], [3, 3]), 0).reason
    one = alpha_of_marks(marks([1], [5]), 0)
    assert (one.low, one.high) == (None, None)  # one item has no spread to draw from


def test_within_prompts_by_hand() -> None:
    # Prompt 1: marks 5, 3, 1 and values 9, 8, 7: rho 1. Prompt 2: marks 5, 3, 1, values 7, 9, 8: ranks 3 2 1
    # and 1 3 2, rho = 1 - 6 * (4 + 1 + 1) / 24 = -.5. Prompt 3: all marks alike: tells nothing apart.
    told = {"1": ([5, 3, 1], [9, 8, 7]), "2": ([5, 3, 1], [7, 9, 8]), "3": ([4, 4, 4], [1, 2, 3])}
    given, values = [], {}
    for example, (own, theirs) in told.items():
        for name, mark, value in zip("abc", own, theirs, strict=True):
            given.append(Mark("r", example, (name, example), mark, False))
            values[name, example] = float(value)
    figure = within_prompts(given, values, "rubric", 0)
    assert figure.value == pytest.approx(0.25)
    assert (figure.n, figure.unscored) == (2, {"not_told_apart": 1})


def test_within_prompts_takes_the_mean_of_reviewers() -> None:
    given = [
        Mark(reviewer, "e", (name, "1"), value, False)
        for reviewer, values in (("r", (1, 2, 4)), ("s", (2, 5, 4)))
        for name, value in zip("abc", values, strict=True)
    ]
    values = {("a", "1"): 3.0, ("b", "1"): 1.0, ("c", "1"): 2.0}
    expected = spearmanr([1.5, 3.5, 4.0], [3, 1, 2]).statistic
    assert within_prompts(given, values, "m", 0).value == pytest.approx(expected)


def test_within_prompts_without_values() -> None:
    assert within_prompts(marks([1, 2]), {}, "m", 0).reason == "no marked row has a value"


def test_what_came_twice() -> None:
    twice = [
        *marks([5, 3, 1]),
        Mark("r0", "e0", ("ann", "0"), 5, True),
        Mark("r0", "e1", ("ann", "1"), 1, True),
    ]
    found = marks_again(twice)
    assert (found["same_mark"].value, found["same_mark"].n) == (0.5, 2)
    assert found["mark_shift"].value == 1.0
    pair = [Choice("r", "e", PAIR, "first", True, False), Choice("r", "e", PAIR, "first", False, True)]
    assert choices_again(pair).value == 1.0  # the same row, though it stood on the other side
    assert side_a(pair).value == 0.5
    assert choices_again(pair[:1]).value is None

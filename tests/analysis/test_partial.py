"""Permutation tests of what metrics add: by hand, by brute force, and how often they err."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from polyteach.analysis.partial import partial_r2
from polyteach.analysis.regression import fit


def test_three_teachers_by_hand():
    # Of the 6 orders of x = 1 2 3 against y = 1 2 3, two have R2 = 1 (in step and reversed): p = 2 / 6.
    found = partial_r2([1, 2, 3], {"x": [1, 2, 3]}, ["de"] * 3, list("abc"), ["de"] * 3, rng_seed=0, draws=99)
    assert found.value == pytest.approx(1)
    assert found.whole.p == pytest.approx(1 / 3)
    assert found.whole.method == "exact, all 6 orders"
    assert found.within.p == pytest.approx(1 / 3, abs=0.1)
    assert found.chance == pytest.approx(1 / 2, abs=0.1)  # R2 of the 6 orders: 1 1 1/4 1/4 1/4 1/4


def test_whole_teachers_by_brute_force():
    rng = np.random.default_rng(3)
    names, languages, bases = list("abcde"), ["de", "ja"], ["p", "q"]
    keys = [(t, lang, b) for t in names for lang in languages for b in bases]
    metric = {(t, lang): rng.normal(size=2) for t in names for lang in languages}
    y = [rng.normal() + metric[t, lang][0] for t, lang, _ in keys]
    groups = [f"{lang}{b}" for _, lang, b in keys]

    def partial(order: dict[str, str]) -> float:
        x = {str(j): [metric[order[t], lang][j] for t, lang, _ in keys] for j in range(2)}
        means, full = fit(y, {}, groups), fit(y, x, groups)
        return 1 - (1 - full.r2) / (1 - means.r2)

    every = [partial(dict(zip(names, order, strict=True))) for order in permutations(names)]
    x = {str(j): [metric[t, lang][j] for t, lang, _ in keys] for j in range(2)}
    found = partial_r2(y, x, groups, [t for t, _, _ in keys], [lang for _, lang, _ in keys], 0, draws=19)
    assert found.value == pytest.approx(every[0])
    assert found.whole.p == pytest.approx(np.mean(np.array(every) >= every[0] - 1e-9))


def test_teachers_that_lack_a_language_are_left_out_of_the_whole_test():
    keys = [(t, lang) for t in "abcd" for lang in ("de", "ja") if (t, lang) != ("d", "ja")]
    rng = np.random.default_rng(0)
    y, x = rng.normal(size=(2, len(keys)))
    teachers, languages = [t for t, _ in keys], [lang for _, lang in keys]
    found = partial_r2(list(y), {"x": list(x)}, languages, teachers, languages, 0, draws=19)
    assert found.whole.n == 6
    assert found.whole.method == "exact, all 6 orders"
    assert found.within.n == 7


def test_without_three_teachers_there_is_no_whole_test():
    keys = [(t, lang) for t in "ab" for lang in ("de", "ja", "ar")]
    y, x = np.random.default_rng(0).normal(size=(2, 6))
    teachers, languages = [t for t, _ in keys], [lang for _, lang in keys]
    found = partial_r2(list(y), {"x": list(x)}, languages, teachers, languages, 0, draws=19)
    assert found.whole.p is None
    assert found.whole.reason == "2 teachers have all languages: at least 3 are needed"
    assert found.within.p is not None


def test_no_metric_is_undefined():
    found = partial_r2([1.0, 2.0], {}, ["de", "de"], ["a", "b"], ["de", "de"], 0)
    assert found.value is None
    assert found.reason == found.whole.reason == "no metric tells cells apart"


def test_how_often_equal_teachers_are_told_apart():
    """Where a teacher's languages resemble each other, only the test by whole teachers keeps its 5%."""
    teachers = [f"t{i}" for i in range(8) for _ in range(4)]
    languages = [f"l{i}" for _ in range(8) for i in range(4)]
    hits = {"within": 0, "whole": 0}
    for seed in range(200):
        rng = np.random.default_rng(seed)
        own = rng.normal(size=(8, 2))  # a teacher's gain and metric, unrelated, the same in all languages
        y, x = (np.repeat(own[:, j], 4) + 0.3 * rng.normal(size=32) for j in range(2))
        for name in hits:
            found = partial_r2(list(y), {"x": list(x)}, languages, teachers, languages, seed, draws=99)
            hits[name] += getattr(found, name).p <= 0.05
    assert hits["whole"] / 200 <= 0.09
    assert hits["within"] / 200 >= 0.25

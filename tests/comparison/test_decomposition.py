"""The parts of a score's change, by hand and as laws."""

from __future__ import annotations

import random

import pytest

from polyteach.comparison.decomposition import Decomposition, Side, Values, decompose, score_of

DE, JA = ("de", "b"), ("ja", "b")


def _parts(one: Side, other: Side) -> dict[str, float]:
    found = decompose(one, other)
    assert isinstance(found, Decomposition)
    assert found.total == pytest.approx(score_of(other) - score_of(one), abs=1e-9)
    for part in ("gain", "quality"):
        details = sum(d.change for d in found.details if d.part == part)
        assert details == pytest.approx(found.parts[part], abs=1e-9)
    return {name: round(value, 6) for name, value in found.parts.items() if abs(value) > 1e-9}


def test_a_score_by_hand() -> None:
    side = Side(0.5, {DE: Values({"x": 0.4, "y": 0.6}, {"m": 0.9}), JA: Values({"x": 0.2}, {})})
    # de: .5 * .5 + .5 * .9 = .7; ja: no metric passes, so gain alone: .2; mean .45
    assert score_of(side) == pytest.approx(45.0)


def test_gain_and_quality_by_hand() -> None:
    one = Side(0.5, {DE: Values({"x": 0.4, "y": 0.6}, {"m": 0.8})})
    other = Side(0.5, {DE: Values({"x": 0.6, "y": 0.6}, {"m": 0.7})})
    # gain: 100 * .5 * (.2 / 2) = 5; quality: 100 * .5 * -.1 = -5
    assert _parts(one, other) == {"gain": 5.0, "quality": -5.0}


def test_weight_by_hand() -> None:
    one = Side(0.5, {DE: Values({"x": 0.4}, {"m": 0.8})})
    other = Side(0.25, {DE: Values({"x": 0.4}, {"m": 0.8})})
    assert _parts(one, other) == {"weight": -10.0}  # 100 * -.25 * (.8 - .4)


def test_what_counts_in_one_only_is_a_part_of_its_own() -> None:
    one = Side(0.5, {DE: Values({"x": 0.4}, {"m": 0.8})})
    more_benchmarks = Side(0.5, {DE: Values({"x": 0.4, "y": 0.8}, {"m": 0.8})})
    assert _parts(one, more_benchmarks) == {"benchmarks": 10.0}
    more_metrics = Side(0.5, {DE: Values({"x": 0.4}, {"m": 0.8, "n": 0.6})})
    assert _parts(one, more_metrics) == {"metrics": -5.0}
    another_language = Side(0.5, {DE: Values({"x": 0.4}, {"m": 0.8}), JA: Values({"x": 0.2}, {})})
    assert _parts(one, another_language) == {"places": -20.0}


def test_no_metric_passes_in_one() -> None:
    one = Side(0.5, {DE: Values({"x": 0.4}, {"m": 0.8})})
    assert _parts(one, Side(0.5, {DE: Values({"x": 0.5}, {})})) == {"gain": 10.0, "metrics": -20.0}


def test_nothing_shared_is_said() -> None:
    one = Side(0.5, {DE: Values({"x": 0.4}, {})})
    assert decompose(one, Side(0.5, {JA: Values({"x": 0.4}, {})})) == (
        "no benchmark counts in the same language and base of both runs"
    )
    assert isinstance(decompose(one, Side(0.5, {DE: Values({"y": 0.4}, {})})), str)


def test_parts_sum_and_turn_their_sign_when_runs_are_swapped() -> None:
    rng = random.Random(1)

    def some(names: str) -> dict[str, float]:
        return {name: rng.random() for name in names if rng.random() < 0.7}

    def side() -> Side:
        places = {(language, base): Values({"x": rng.random()} | some("yz"), some("mno")) for language in
                  ("de", "ja", "sw") for base in "ab" if rng.random() < 0.8}  # fmt: skip
        return Side(rng.random(), places | {("de", "a"): Values({"x": rng.random()}, some("mno"))})

    for _ in range(300):
        one, other = side(), side()
        there, back = _parts(one, other), _parts(other, one)
        assert there.keys() == back.keys()
        assert all(there[name] == pytest.approx(-back[name], abs=1e-5) for name in there)

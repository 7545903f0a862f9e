from __future__ import annotations

import pytest
from lone_items import mean_over

from polyteach.scoring.anchors import anchor_of
from polyteach.scoring.gain import (
    CellEstimate,
    benchmark_gain,
    benchmark_score,
    cell_mean,
    scaled,
)
from polyteach.scoring.overall import CellKey, Known, overall
from polyteach.scoring.pgr import benchmark_pgr, pooled_pgr, written_pgr


def _cell(value: float) -> CellEstimate:
    return CellEstimate(mean_over({"1": value, "2": value}), {0: value})


def known(cells: dict[CellKey, CellEstimate]) -> dict[CellKey, Known]:
    return {key: Known(cell.estimate) for key, cell in cells.items()}


def test_gain_by_hand(make_exam) -> None:
    # Student .75, base .25, chance .25: (.75 - .25) / .75 = 2/3.
    gain = benchmark_gain({0: make_exam([1, 1, 1, 0], teacher="t", trial=0)}, make_exam([1, 0, 0, 0]))
    assert gain is not None
    assert gain.estimate.value == pytest.approx(2 / 3)
    assert gain.estimate.n == 4
    assert gain.estimate.unit == pytest.approx(4 / 3)  # a right answer on every item gains 1 / (1 - chance)


def test_gain_averages_trials(make_exam) -> None:
    trials = {
        0: make_exam([1, 1, 1, 1], teacher="t", trial=0, chance=0),
        1: make_exam([1, 1, 0, 0], teacher="t", trial=1, chance=0),
    }
    gain = benchmark_gain(trials, make_exam([0, 0, 0, 0], chance=0))
    assert gain is not None
    assert gain.estimate.value == 0.75
    assert gain.per_trial == {0: 1.0, 1: 0.5}
    assert gain.estimate.trial_load == 0.5


def test_unscored_items_lower_n_not_the_score(make_exam) -> None:
    student = {0: make_exam([1, None, 1, None], teacher="t", trial=0)}
    score, gain = benchmark_score(student), benchmark_gain(student, make_exam([0, 0, None, 0]))
    assert score and gain
    assert (score.estimate.value, score.estimate.n) == (1.0, 2)
    assert (gain.estimate.value, gain.estimate.n) == (pytest.approx(4 / 3), 1)
    nothing = {0: make_exam([None], teacher="t", trial=0)}
    assert benchmark_score(nothing) is None
    assert benchmark_gain(nothing, make_exam([1])) is None


def test_a_cell_is_the_mean_of_its_benchmarks_trial_by_trial() -> None:
    one = CellEstimate(mean_over({"1": 0.2, "2": 0.4}, 2), {0: 0.2, 1: 0.4})
    other = CellEstimate(mean_over({"1": 0.6, "2": 0.6}, 2, "c"), {0: 0.6})
    cell = cell_mean([one, other])
    assert cell.estimate.value == pytest.approx(0.45)
    assert cell.per_trial == {0: pytest.approx(0.4)}


def test_a_teacher_is_the_mean_over_bases_then_languages() -> None:
    cells = {
        ("a", "de", "t"): _cell(0.2),
        ("c", "de", "t"): _cell(0.4),
        ("a", "ja", "t"): _cell(0.9),
    }
    needed = [("a", "de"), ("c", "de"), ("a", "ja")]
    found = overall("t", known(cells), needed, "gain")
    assert found.estimate is not None
    assert found.estimate.value == pytest.approx((0.3 + 0.9) / 2)


def test_an_incomplete_teacher_has_no_overall_gain() -> None:
    found = overall("t", known({("a", "de", "t"): _cell(0.2)}), [("a", "de"), ("a", "ja")], "gain")
    assert found.estimate is None
    assert found.reason == "not complete: no gain in a/ja"
    assert overall("t", {}, [], "gain").reason == "no benchmark counts in any language"


def test_pgr_by_hand(make_exam) -> None:
    # Base .25, reference 1, student .5: (.5 - .25) / .75 = 1/3.
    base, reference = make_exam([0, 0, 0, 1] * 2), make_exam([1, 1, 1, 1] * 2)
    student = {0: make_exam([1, 0, 0, 1, 1, 0, 0, 1], teacher="t", trial=0)}
    found = benchmark_pgr(student, base, reference, anchor_of(base, reference))
    assert found.cell is not None
    assert found.cell.estimate.value == pytest.approx(1 / 3)


def test_pgr_of_base_and_reference_themselves_are_sure(make_exam) -> None:
    base, reference = make_exam([0, 0, 0, 1] * 5), make_exam([1, 1, 0, 1] * 5)
    anchor = anchor_of(base, reference)
    top = benchmark_pgr({0: reference}, base, reference, anchor).cell
    assert top is not None
    assert top.estimate.value == pytest.approx(1.0)
    assert top.estimate.item_variance == pytest.approx(0.0)  # numerator and denominator are the same items


def test_pgr_is_undefined_over_a_gap_near_zero(make_exam) -> None:
    base, reference = make_exam([0, 1, 0, 1]), make_exam([1, 0, 1, 1])
    found = benchmark_pgr({0: reference}, base, reference, anchor_of(base, reference))
    assert found.cell is None
    assert "not clearly positive" in (found.reason or "")


def test_benchmarks_averaged_before_pgr_differ_from_the_mean_of_pgrs() -> None:
    # PGRs .5 and 1; averaged first: (.3 + .2) / (.6 + .2) = .625.
    assert pooled_pgr([0.5, 0.5], [0.2, 0.3], [0.8, 0.5]) == pytest.approx(0.625)
    assert pooled_pgr([0.5], [0.4], [0.4]) is None
    assert pooled_pgr([], [], []) is None


def test_the_papers_ratios_follow_their_formula_over_inverted_anchors() -> None:
    # Eq. 2 over gaps of .6 and .2: (.5 + 1) / 2. Over a gap of -.2 the student that loses more gets more.
    assert written_pgr([0.5, 0.5], [0.2, 0.3], [0.8, 0.5]) == pytest.approx(0.75)
    assert pooled_pgr([0.3], [0.5], [0.3]) == pytest.approx(1.0)
    assert pooled_pgr([0.1], [0.5], [0.3]) == pytest.approx(2.0)
    assert written_pgr([0.3, 0.5], [0.5, 0.4], [0.5, 0.6]) is None
    assert written_pgr([], [], []) is None


def test_anchors_of_another_base_are_refused(make_exam) -> None:
    base, reference = make_exam([0, 0, 0, 1] * 2), make_exam([1, 1, 1, 1] * 2)
    student = {0: make_exam([1, 0, 0, 1] * 2, teacher="t", trial=0, base="c")}
    with pytest.raises(ValueError, match="anchors of another base: a, c"):
        benchmark_pgr(student, base, reference, anchor_of(base, reference))


def test_a_scaled_quantity_keeps_its_proportions() -> None:
    cell = CellEstimate(mean_over({"1": 0.2, "2": 0.4}, 2), {0: 0.2, 1: 0.4}, 0.08)
    half = scaled(cell, 0.5)
    assert half.estimate.value == pytest.approx(0.15)
    assert half.estimate.item_variance == pytest.approx(cell.estimate.item_variance / 4)
    assert (half.per_trial, half.answer_noise) == ({0: 0.1, 1: 0.2}, pytest.approx(0.02))

from __future__ import annotations

import pytest
from scipy import stats

from polyteach.scoring.anchors import anchor_of, anchors_of


def test_gap_and_its_paired_error(make_exam) -> None:
    base, reference = [0, 0, 0, 1, 0, 0, 1, 0], [1, 1, 0, 1, 1, 1, 1, 0]
    anchor = anchor_of(make_exam(base), make_exam(reference))
    assert (anchor.base_score, anchor.reference_score) == (0.25, 0.75)
    assert anchor.gap_se == pytest.approx(stats.sem([1, 1, 0, 0, 1, 1, 0, 0]))
    assert anchor.counts  # .5 > 2 * .189


def test_the_error_of_a_gap_is_that_of_clusters(make_exam) -> None:
    # Differences 1 1, 0 0, 1 1, 0 0, each pair one cluster: deviations from 1/2 sum to 1, -1, 1 and -1.
    clusters = ["w", "w", "x", "x", "y", "y", "z", "z"]
    scores = [0, 0, 0, 1, 0, 0, 1, 0], [1, 1, 0, 1, 1, 1, 1, 0]
    base, reference = (make_exam(s, clusters=clusters) for s in scores)
    assert anchor_of(base, reference).gap_se == pytest.approx((4 / 3 * 4) ** 0.5 / 8)
    # Without any spread it is still what one item weighs.
    assert anchor_of(make_exam([0.7] * 20), make_exam([0.85] * 20)).gap_se == pytest.approx(1 / 20)
    lone = [make_exam(exam.scores, clusters=["x"] * 8) for exam in (base, reference)]
    assert anchor_of(*lone).reason == "one cluster of items has no standard error"


def test_a_benchmark_with_a_minimum_gap_counts_from_there_on(make_exam) -> None:
    base = [0.7] * 20
    assert anchor_of(make_exam(base), make_exam([0.85] * 20), minimum=0.15).counts
    assert anchor_of(make_exam(base), make_exam([0.84] * 20)).counts
    small = anchor_of(make_exam(base), make_exam([0.84] * 20), minimum=0.15)
    assert not small.counts
    assert small.clearly_positive  # PGR may still be looked at
    assert "below 0.15" in (small.reason or "")


def test_a_gap_within_two_errors_does_not_count(make_exam) -> None:
    anchor = anchor_of(make_exam([0, 1, 0, 0, 1]), make_exam([1, 0, 1, 0, 1]))
    assert anchor.gap == pytest.approx(0.2)
    assert not anchor.counts
    assert "standard errors" in (anchor.reason or "")


def test_a_reference_below_its_base_does_not_count(make_exam) -> None:
    anchor = anchor_of(make_exam([1] * 10), make_exam([0] * 10))
    assert not anchor.counts
    assert not anchor.clearly_positive


def test_unscored_items_are_left_out_of_both(make_exam) -> None:
    anchor = anchor_of(make_exam([0, None, 0, 0]), make_exam([1, 1, None, 1]))
    assert (anchor.n, anchor.base_score, anchor.reference_score) == (2, 0, 1)


def test_a_missing_side_is_a_reason(make_exam) -> None:
    assert "name one in students.bases" in (anchor_of(make_exam([1]), None).reason or "")
    assert anchor_of(None, make_exam([1])).reason == "the base was not examined"
    assert "a step failed" in (anchor_of(make_exam([1]), None, failed=True).reason or "")
    assert anchor_of(make_exam([None]), make_exam([1])).reason
    assert anchor_of(make_exam([0]), make_exam([1])).reason == "one cluster of items has no standard error"


def test_each_base_has_its_own_anchors(make_exam) -> None:
    bases = [make_exam([0] * 4, base="a"), make_exam([1] * 4, base="c")]
    references = [make_exam([1] * 4, base="a"), make_exam([1] * 4, base="c")]
    assert [anchor.counts for anchor in anchors_of(bases, references)] == [True, False]


def test_a_base_alone_is_shown_with_its_own_items(make_exam) -> None:
    anchor = anchor_of(make_exam([1, 0, None, 0, 1, 0]), None)
    assert (anchor.base_score, anchor.n, anchor.missing) == (pytest.approx(0.4), 5, "reference")
    assert anchor.base_interval is not None
    half = stats.t.ppf(0.975, 4) * stats.sem([1, 0, 0, 1, 0])
    assert anchor.base_interval.low == 0 > 0.4 - half  # a score is not below 0
    assert (anchor.reference_score, anchor.reference_interval, anchor.gap) == (None, None, None)
    assert not anchor.counts
    other = anchor_of(None, make_exam([1, 1]))
    assert (other.base_score, other.reference_score, other.n) == (None, 1, 2)
    empty = anchor_of(make_exam([None]), None)
    assert (empty.base_score, empty.n) == (None, 0)


def test_a_reference_that_failed_is_no_missing_setting(make_exam) -> None:
    bases = [make_exam([0, 1], language="de"), make_exam([0, 1], language="ja")]
    found = anchors_of(bases, [], {("a", "ja")})
    assert ["a step failed" in (anchor.reason or "") for anchor in found] == [False, True]


def test_reasons_have_a_true_minus(make_exam) -> None:
    anchor = anchor_of(make_exam([1] * 9 + [0]), make_exam([0] * 10))
    assert "is −0.900, not above" in (anchor.reason or "")

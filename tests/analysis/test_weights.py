from __future__ import annotations

import numpy as np
import pytest
from published import lines

from polyteach.analysis.weights import first_places, weigh, weigh_benchmarks


def _published(real_data) -> tuple[dict[str, float], dict[str, float]]:
    rows = lines(real_data, "authors_pg_scores_base_olmo3.jsonl")
    cells = {f"{row['teacher_model']} {row['target_lang']}": row for row in rows}
    assert len(cells) == 60
    return {c: r["pgr"] for c, r in cells.items()}, {c: r["z_score"] for c, r in cells.items()}


def test_published_weights_over_cells(real_data) -> None:
    """Spearman over 60 cells: I against E .41; a = .5 against a = 0 .89, against a = 1 .74 (the text's)."""
    found = weigh("z", *_published(real_data), weights=(0.0, 0.5, 1.0))
    assert found.ends.figure.value == pytest.approx(0.41, abs=0.005)
    assert found.with_none.figure.value == pytest.approx(0.89, abs=0.005)
    assert found.with_only.figure.value == pytest.approx(0.735, abs=0.0005)


def test_first_place_changes_where_lines_cross_by_hand() -> None:
    # a: 1 -> 0, b: .5 -> .7, c: .2 -> .8. a = b at .5 / 1.2 = .41667; b = c at .3 / .4 = .75.
    spans = first_places({"a": 1.0, "b": 0.5, "c": 0.2}, {"a": 0.0, "b": 0.7, "c": 0.8})
    assert [span.first for span in spans] == [("a",), ("b",), ("c",)]
    assert [span.high for span in spans] == pytest.approx([0.5 / 1.2, 0.75, 1.0])
    assert spans[0].low == 0


def test_first_places_agree_with_brute_force() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        zero, one = ({str(n): v for n, v in enumerate(rng.random(6))} for _ in range(2))
        spans = first_places(zero, one)
        for w in rng.random(50):
            best = max(zero, key=lambda name: (1 - w) * zero[name] + w * one[name])
            assert next(span.first for span in spans if w <= span.high) == (best,)


def test_equals_are_first_together() -> None:
    spans = first_places({"a": 1.0, "b": 1.0, "c": 0.0}, {"a": 0.5, "b": 0.5, "c": 0.9})
    assert spans[0].first == ("a", "b")
    assert spans[1].first == ("c",)
    assert spans[0].high == pytest.approx(1 / 1.4)


def test_ranks_along_the_weight() -> None:
    found = weigh("quality", {"a": 1.0, "b": 0.5, "z": 3.0}, {"a": 0.0, "b": 1.0}, 0.5, (0.0, 1 / 3, 1.0))
    assert found.ranks == {"a": (1, 1, 2), "b": (2, 1, 1)}  # at 1/3 both have 2/3
    assert found.left_out == ("z",)
    assert found.with_none.figure.value is None  # two teachers have no rank correlation
    assert found.to_json()["first"][0] == {"low": 0.0, "high": pytest.approx(1 / 3), "first": ["a"]}


def test_benchmarks_are_weighed_against_the_mean_of_the_others() -> None:
    scores = {
        "x": {"a": 1.0, "b": 0.0, "c": 0.5},
        "y": {"a": 0.0, "b": 0.4, "c": 0.5},
        "z": {"a": 0.2, "b": 0.8, "c": 0.5, "d": 1.0},
    }
    found = weigh_benchmarks(scores)
    assert [w.name for w in found] == ["x", "y", "z"]
    first = found[0]
    assert first.weight == pytest.approx(1 / 3)
    # x against mean(y, z): a .1 -> 1, b .6 -> 0, c .5 throughout. b = c at 1/6, c = a at 4/9.
    assert [span.high for span in first.spans] == pytest.approx([1 / 6, 4 / 9, 1.0])
    assert [span.first for span in first.spans] == [("b",), ("c",), ("a",)]
    assert first.left_out == ()


def test_degenerate_weighings() -> None:
    assert weigh_benchmarks({"x": {"a": 1.0}}) == ()
    assert weigh_benchmarks({}) == ()
    empty = weigh("quality", {}, {})
    assert (empty.spans, empty.ranks) == ((), {})
    one = weigh("quality", {"a": 1.0}, {"a": 0.0})
    assert [span.first for span in one.spans] == [("a",)]

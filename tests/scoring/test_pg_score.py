from __future__ import annotations

import json
from math import log1p
from pathlib import Path

import pytest
from scipy import stats

from polyteach.scoring import pg_score


def _cell(x: float, y: float, perplexity: float, rubric: float | None) -> dict[str, float | None]:
    return {"prompt_diversity": x, "response_diversity": y, "perplexity": perplexity, "rubric": rubric}


def test_z_scores_by_hand() -> None:
    # 1, 2, 3: population SD sqrt(2/3).
    assert pg_score.z_scores([1, 2, 3]) == pytest.approx([-1.224744871, 0, 1.224744871])
    assert pg_score.z_scores([0.1, 0.1, 0.1]) is None
    assert pg_score.z_scores([5]) is None
    assert pg_score.z_scores([]) is None


def test_intrinsic_is_the_mean_of_four_z_scores() -> None:
    cells = {"a": _cell(0.5, 0.6, 9.0, 3.0), "b": _cell(0.7, 0.9, 99.0, 2.0), "c": _cell(0.6, 0.8, 20.0, 4.0)}
    found = pg_score.intrinsic(cells)
    columns = [(0.5, 0.7, 0.6), (0.6, 0.9, 0.8), tuple(-log1p(p) for p in (9, 99, 20)), (3.0, 2.0, 4.0)]
    expected = sum(stats.zscore(column) for column in columns) / 4
    assert list(found.values.values()) == pytest.approx(list(expected))
    assert found.used == ("prompt_diversity", "response_diversity", "perplexity", "rubric")


def test_a_metric_nobody_has_or_that_tells_nothing_is_dropped_for_all() -> None:
    found = pg_score.intrinsic({"a": _cell(0.5, 0.6, 9.0, None), "b": _cell(0.5, 0.9, 99.0, None)})
    assert found.used == ("response_diversity", "perplexity")
    assert found.dropped == {"prompt_diversity": "the same in every cell", "rubric": "not measured"}
    assert found.values == pytest.approx({"a": 0.0, "b": 0.0})


def test_a_cell_that_lacks_a_metric_others_have_is_undefined() -> None:
    cells = {"a": _cell(0.5, 0.6, 9.0, 3), "b": _cell(0.7, 0.9, 9.5, 4), "c": _cell(0.6, 0.7, 8.0, None)}
    found = pg_score.intrinsic(cells)
    assert set(found.values) == {"a", "b"}
    assert found.reasons == {"c": "no rubric"}


def test_one_teacher_has_no_z() -> None:
    found = pg_score.intrinsic({"a": _cell(0.5, 0.6, 9.0, 3.0)})
    assert found.values == {}
    assert found.reasons["a"] == "no intrinsic metric tells cells apart"


def test_combinations_by_hand() -> None:
    assert pg_score.published_score(0.4, -1.0) == pytest.approx(-0.3)
    assert pg_score.paper_score(0.4, 0.8, 0.5) == pytest.approx(0.6)
    assert pg_score.paper_eq3({"a": 1.0, "b": 3.0}) == pytest.approx({"a": -1.0, "b": 1.0})
    assert pg_score.paper_eq3({"a": 1.0}) == {}


def test_published_reproduces_the_released_scores(real_data: Path) -> None:
    tables = real_data / "paper" / "paper_table_1_11_12_joined.jsonl"
    rows = [json.loads(line) for line in tables.read_text(encoding="utf-8").split("\n") if line]
    cells = {
        (r["language"], r["teacher"]): {
            "prompt_diversity": r["prompt_diversity"],
            "response_diversity": r["response_diversity"],
            "perplexity": r["perplexity"],
            "rubric": r["rubric_score"],
        }
        for r in rows
    }
    found = pg_score.intrinsic(cells).values
    for row in rows:
        z = found[row["language"], row["teacher"]]
        assert z == pytest.approx(row["repo_z_score"], abs=0.01)  # the tables are rounded to three digits
        assert pg_score.published_score(row["repo_z_score"], row["repo_pgr"]) == pytest.approx(
            row["repo_pg_score"], abs=1e-6
        )

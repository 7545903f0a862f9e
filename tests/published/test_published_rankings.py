from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from polyteach.published.anchors import solve_all
from polyteach.published.paper import BASE, Paper
from polyteach.published.rankings import clearly_positive, gap_error, rankings, written_scores


@pytest.fixture(scope="module")
def by_id(study: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in study["rankings"]}


def order(ranking: dict[str, Any]) -> list[str]:
    return [one["teacher"] for one in ranking["teachers"]]


def test_the_published_order_is_table_1s(by_id: dict[str, dict[str, Any]], paper: Paper) -> None:
    assert order(by_id["published"]) == list(paper.names)
    assert by_id["published"]["teachers"][0]["value"] == pytest.approx(0.726424, abs=1e-6)


def test_results_order_the_teachers_otherwise(by_id: dict[str, dict[str, Any]]) -> None:
    assert order(by_id["result"])[:2] == ["IBM Granite 4.0", "IBM Granite Micro"]
    assert order(by_id["result_others"])[-1] == "Aya Expanse 32B"
    assert all(one["rank_interval"] == [1, 10] for one in by_id["result"]["teachers"])


def test_gain_of_one_cell_by_hand(by_id: dict[str, dict[str, Any]], paper: Paper) -> None:
    # Czech, one benchmark: (.5183729698 - .5293603351) / (1 - .5) = -.0219747; the mean is over six such
    anchors = solve_all(paper, BASE)
    parts = [
        (paper.cells[BASE, code, "GPT 4o mini"].result - anchors[code].base) / (1 - chance)
        for code, chance in {"ar": 0.375, "cs": 0.5, "de": 0.25, "es": 0.25, "id": 0.375, "ja": 0.25}.items()
    ]
    assert parts[1] == pytest.approx(-0.0219747, abs=1e-7)
    (ours,) = (one["value"] for one in by_id["gain"]["teachers"] if one["teacher"] == "GPT 4o mini")
    assert ours == pytest.approx(sum(parts) / 6)


def test_no_interval_where_no_error_is_known(by_id: dict[str, dict[str, Any]]) -> None:
    for id_ in ("z", "paper"):
        assert all(one["rank_interval"] is None for one in by_id[id_]["teachers"])
        assert by_id[id_]["interval"].startswith("no interval")


def test_pgr_is_undefined_where_no_gap_is_clearly_positive(
    by_id: dict[str, dict[str, Any]], paper: Paper
) -> None:
    assert by_id["valid_pgr"]["teachers"] == []
    assert "undefined" in by_id["valid_pgr"]["reason"]
    exact = {code: dict.fromkeys(row, 0.0001) for code, row in paper.tables["table_13"].items()}
    precise = replace(paper, tables={**paper.tables, "table_13": exact})
    assert clearly_positive(precise, solve_all(precise, BASE)) == ["ar"]
    (valid,) = (one for one in rankings(precise) if one.id == "valid_pgr")
    assert next(iter(valid.values)) == "IBM Granite 4.0"  # the highest PGR in Arabic, 1.565


def test_gap_error_by_hand(paper: Paper) -> None:
    same = {code: dict.fromkeys(row, 0.03) for code, row in paper.tables["table_13"].items()}
    assert gap_error(replace(paper, tables={**paper.tables, "table_13": same}), "de") == pytest.approx(
        0.0424264
    )


def test_scores_as_written_have_no_languages_mean_in_them(paper: Paper) -> None:
    scores = written_scores(paper)
    for code in paper.codes:
        z = [2 * scores[code, name] - paper.cells[BASE, code, name].pgr for name in paper.names]
        assert sum(z) == pytest.approx(0.0, abs=1e-9)

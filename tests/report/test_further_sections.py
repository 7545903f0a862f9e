"""The sections that are computed from a study's results: cost, recipe, weights, scale, loadings, versions."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path

import pytest

from polyteach.report.ladders import ladders
from polyteach.report.loadings import loadings
from polyteach.report.pareto import on_front, pareto
from polyteach.report.provenance import provenance, read_manifests
from polyteach.report.scale import data_scale
from polyteach.report.weights import weight_sensitivity


def paid(results: dict, money: dict[str, float | None]) -> dict:
    rows = [row | {"money_for_10000_rows": money.get(row["teacher"])} for row in results["requests"]]
    return {**results, "requests": rows}


def test_the_front_is_whom_nobody_beats_at_both() -> None:
    found = {"cheap": (1.0, 40.0), "good": (5.0, 80.0), "beaten": (6.0, 70.0), "twin": (5.0, 80.0)}
    assert on_front(found) == ["cheap", "good", "twin"]  # equal in both: neither beats the other
    assert on_front({"a": (1.0, 40.0), "b": (1.0, 30.0)}) == ["a"]  # as cheap, and worse
    assert on_front({}) == []


def test_money_comes_before_hours(results: dict) -> None:
    found = pareto(paid(results, {"err-03": 20.0, "small": 2.0, "err-30": 30.0}))
    assert found
    assert [(plot["key"], plot["front"]) for plot in found["plots"]] == [("money", ["small", "err-03"])]
    assert [row["front"] for row in found["rows"]] == [["money"], ["money"], [], []]
    assert found["rows"][0]["hours"] is None  # whoever is paid has no hours of one's own


def test_hours_are_tokens_times_parameters(results: dict) -> None:
    found = pareto(results)
    assert found
    (plot,) = found["plots"]
    assert plot["unit"] == "H100 seconds for 10,000 rows"
    # 3 languages x 2 methods of 5,000 tokens sent and 2,000 received for 120 rows each, 530,000 parameters:
    # 530,000 x 2 x (30,000 / .4 + 12,000 / .1) x 10,000 / 720 / 989.4e12
    assert found["rows"][0]["hours"] == pytest.approx(530_000 * 2 * 195_000 * 10_000 / 720 / 989.4e12)
    assert "small" in plot["front"]


def test_nobody_with_a_cost_is_no_section(results: dict) -> None:
    unsized = [entry | {"parameters": None} for entry in results["leaderboard"]]
    assert pareto({**results, "leaderboard": unsized}) is None


def test_the_ladder_goes_from_the_base_to_the_best_teacher(results: dict) -> None:
    (ladder,) = ladders(results)
    assert [rung["name"] for rung in ladder["rungs"]] == ["base as it is", "human data", "err-03"]
    assert ladder["units"] == 6  # three languages, two benchmarks
    anchors = [a for a in results["anchors"] if a["counts"]]
    above = [(a["reference_score"] - a["base_score"]) / (1 - a["chance"]) for a in anchors]
    assert ladder["steps"][0].figure.value == pytest.approx(sum(above) / 6)
    assert ladder["whole"].figure.value == pytest.approx(sum(step.figure.value for step in ladder["steps"]))


def test_rows_that_exist_are_a_rung_of_their_own(results: dict) -> None:
    teachers = [
        t | {"kind": "data" if t["name"] == "small" else "model"} for t in results["study"]["teachers"]
    ]
    (ladder,) = ladders({**results, "study": results["study"] | {"teachers": teachers}})
    assert [rung["name"] for rung in ladder["rungs"]][2:] == ["small", "err-03"]


def test_a_rung_without_all_its_scores_is_left_out(results: dict) -> None:
    anchors = [a | {"reference_score": None} if n == 0 else a for n, a in enumerate(results["anchors"])]
    (ladder,) = ladders({**results, "anchors": anchors})
    assert [rung["name"] for rung in ladder["rungs"]] == ["base as it is", "err-03"]
    assert ladders({**results, "anchors": [a | {"counts": False} for a in results["anchors"]]}) == []


def test_lines_of_weights_go_from_gain_through_the_score(results: dict) -> None:
    chart = weight_sensitivity(results)
    assert chart
    first = results["leaderboard"][0]
    gain, score = first["gain"]["value"], first["scores"]["robust"]["value"]
    told = f"err-03 {100 * gain:.1f} to {100 * gain + 2 * (score - 100 * gain):.1f}"
    assert told in chart.description
    assert chart.description.count(" to ") == 5  # the axis, and four teachers
    alone = {**results, "leaderboard": results["leaderboard"][:1]}
    assert weight_sensitivity(alone) is None


def test_metrics_that_move_have_lines_beside_their_own_last_value() -> None:
    def of(means: list[float], *, moves: bool) -> dict:
        sizes = [{"n": 50 * 2**k, "mean": mean} for k, mean in enumerate(means)]
        return {"sizes": sizes, "moves": moves}

    cells = [
        {
            "metrics": {
                "exact_duplicates": of([0.1, 0.2, 0.4], moves=True),
                "rubric": of([3, 3, 3], moves=False),
            }
        },
        {
            "metrics": {
                "exact_duplicates": of([0.3, 0.4, 0.4], moves=False),
                "rubric": of([2, 2, 2], moves=False),
            }
        },
    ]
    found = data_scale({"cells": cells})
    assert found
    assert found["still"] == ["rubric"]
    assert "exact duplicates 0.50 at 50 rows" in found["chart"].description  # mean of .25 and .75
    assert data_scale({"cells": []}) is None
    zero = data_scale({"cells": [{"metrics": {"a": of([0.0, 0.0], moves=False)}}]})
    assert zero is None  # nothing to stand beside


def test_loadings_are_of_the_first_two_components(analysed: Path) -> None:
    pca = json.loads((analysed / "analysis.json").read_text(encoding="utf-8"))["sections"]["pca"]
    chart = loadings(pca)
    assert chart
    first, second = pca["components"][:2]
    name = pca["metrics"][0]
    assert f"{name.replace('_', ' ')} {first['loadings'][name]:.2f}, " in chart.description
    assert f"{100 * second['share']:.0f}%" in chart.wide
    assert loadings({"components": [first]}) is None


def manifest(kind: str, settings: dict, torch: str = "2.13.0") -> dict:
    return {"kind": kind, "version": 3, "settings": settings, "software": {"torch": torch}, "facts": {}}


def test_versions_and_identities_each_once(results: dict, tmp_path: Path) -> None:
    made = {
        "synthesis/err-03/de/respond": manifest(
            "synthesis", {"model": "abc", "prompts": "pocket", "prompts_digest": "p"}
        ),
        "synthesis/err-03/ar/respond": manifest("synthesis", {"model": "abc"}),
        "students/base-a/err-03/de/0": manifest("students", {"base": "hub:org/base@1234"}, torch="2.12.0"),
        "seed_data/de": manifest("seed_data", {"sources": [{"kind": "file", "digest": "f00"}]}),
        "examination/base-a/base/de": manifest(
            "examination", {"model": "x", "benchmarks": [{"benchmark": "mgsm", "digest": "d1"}]}
        ),
    }
    inputs = {}
    for number, (id, plain) in enumerate(made.items()):
        inputs[id] = tmp_path / str(number)
        inputs[id].mkdir()
        (inputs[id] / "manifest.json").write_text(json.dumps(plain), encoding="utf-8")
    inputs["score"] = tmp_path  # without a manifest
    found = provenance(results, read_manifests(inputs))
    identities = {(row["role"], row["name"]): row["identity"] for row in found["identities"]}
    assert identities == {
        ("teacher", "err-03 (pocket:err-03)"): "abc",
        ("prompts of a teacher", "pocket"): "p",
        ("base of students", "base-a (pocket:base-a)"): "hub:org/base@1234",
        ("seed data", "a file, de"): "f00",
        ("benchmark", "mgsm"): "d1",
    }
    assert found["software"] == [
        {"name": "torch", "version": "2.12.0", "steps": 1},
        {"name": "torch", "version": "2.13.0", "steps": 4},
    ]
    assert found["steps"][0] == {"kind": "seed_data", "version": 3, "count": 1}


def test_sections_do_not_change_what_they_read(results: dict) -> None:
    before = deepcopy(results)
    pareto(results)
    ladders(results)
    weight_sensitivity(results)
    assert results == before

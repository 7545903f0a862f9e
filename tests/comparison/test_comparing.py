"""Results compared: sentences, ranks, what counts; results that are none."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from itertools import count
from pathlib import Path
from statistics import stdev
from typing import Any

import pytest
from scipy.special import stdtrit
from scipy.stats import ttest_ind

from polyteach.cli.main import invoke
from polyteach.comparison.comparing import compare, to_json
from polyteach.notebook import open_run

Write = Callable[[str, Any], Path]


def _without(results: dict[str, Any], teacher: str) -> dict[str, Any]:
    found = copy.deepcopy(results)
    for part in ("leaderboard", "cells"):
        found[part] = [entry for entry in found[part] if entry["teacher"] != teacher]
    found["study"]["teachers"] = [t for t in found["study"]["teachers"] if t["name"] != teacher]
    return found


def test_a_teacher_that_left_changes_ranks_alone(write: Write, plain: dict[str, Any]) -> None:
    found = to_json(compare([write("a", plain), write("b", _without(plain, "one"))]))
    change = found["changes"][0]
    assert change["teachers_removed"] == ["one"]
    assert "Who else takes part changes no robust score, only ranks." in change["summary"]
    (two,) = change["teachers"]
    assert two["score"]["value"] == 0
    assert two["rank"] == {"from": 2, "to": 1, "by_scores": 0, "by_who_takes_part": -1, "passed": [],
                           "passed_by": []}  # fmt: skip
    assert "Rank by score 2 → 1: 1 teacher above it left." in two["why"]


def test_who_was_passed_and_why(write: Write, plain: dict[str, Any]) -> None:
    later = copy.deepcopy(plain)
    cell = next(c for c in later["cells"] if c["teacher"] == "two" and c["language"] == "de")
    for figure in cell["gains"].values():
        figure["value"] += 0.4
    one, two = later["leaderboard"]
    two["scores"]["robust"]["value"] += 10.0  # half of one language of two: 100 * .4 * .5 / 2
    later["leaderboard"] = [two, one]
    found = to_json(compare([write("a", plain), write("b", later)]))["changes"][0]["teachers"]
    assert [(t["teacher"], t["rank"]["from"], t["rank"]["to"]) for t in found] == [
        ("one", 1, 2),
        ("two", 2, 1),
    ]
    assert found[0]["rank"]["passed_by"] == ["two"]
    assert found[1]["rank"]["passed"] == ["one"]
    assert found[1]["parts"]["gain"] == pytest.approx(10.0)
    assert sum(found[1]["parts"].values()) == pytest.approx(found[1]["score"]["value"])
    assert {
        d["name"]: d["change"] for d in found[1]["details"] if d["part"] == "gain" and d["language"] == "de"
    } == ({"x": pytest.approx(5.0), "y": pytest.approx(5.0)})


def test_runs_that_rank_nobody_are_told_what_is_left_to_compare(write: Write, plain: dict[str, Any]) -> None:
    names = (f"run{number}" for number in count())

    def last_said(*runs: dict[str, Any]) -> str:
        found = compare([write(next(names), results) for results in runs])
        return str(to_json(found)["changes"][0]["summary"][-1])

    unranked = copy.deepcopy(plain)
    nothing = {"value": None, "reason": "no benchmark counts"}
    for entry in unranked["leaderboard"]:
        entry["scores"]["robust"] = nothing
    later = copy.deepcopy(unranked)
    later["leaderboard"][0]["gain"]["value"] += 0.125
    assert last_said(unranked, later) == (
        "No teacher has a score in both runs. Gains can be compared: one +0.125 and two 0.000."
    )
    for results in (unranked, later):
        for entry in results["leaderboard"]:
            entry["gain"] = nothing
    assert "score beside their base. That ranks nobody." in last_said(unranked, later)
    assert "They share no teacher" in last_said(_without(unranked, "one"), _without(later, "two"))


def test_without_artifacts_intervals_are_of_independent_figures(write: Write, plain: dict[str, Any]) -> None:
    change = to_json(compare([write("a", plain), write("b", plain)]))["changes"][0]
    assert not change["paired"]
    assert "not paired" in change["not_paired_because"]
    score = change["teachers"][0]["score"]
    assert score["se"] == pytest.approx(1.5 * 2**0.5)
    assert score["high"] == pytest.approx(score["se"] * 2.2414, rel=1e-4)  # normal, two teachers at once
    assert change["teachers"][0]["clearly"] is None
    assert "within what chance" in change["teachers"][0]["why"][0]


def test_independent_intervals_keep_the_freedom_of_both(write: Write, plain: dict[str, Any]) -> None:
    """Scores as means of 4 and of 9 values: the difference has Welch's interval."""
    later = copy.deepcopy(plain)
    samples = [[9.0, 12.0, 10.5, 14.0], [11.0, 18.0, 13.0, 16.5, 12.0, 19.5, 15.0, 14.0, 17.0]]
    for results, values in zip((plain, later), samples, strict=True):
        se = stdev(values) / len(values) ** 0.5
        reach = float(stdtrit(len(values) - 1, 0.975)) * se
        for entry in results["leaderboard"]:
            mean = entry["scores"]["robust"]["value"]
            entry["scores"]["robust"] |= {"se": se, "low": mean - reach, "high": mean + reach}
    one, other = (_without(results, "two") for results in (plain, later))
    found = to_json(compare([write("a", one), write("b", other)]))["changes"][0]["teachers"][0]["score"]
    welch = ttest_ind(samples[1], samples[0], equal_var=False).confidence_interval(0.95)
    assert found["high"] - found["low"] == pytest.approx(welch.high - welch.low)


@pytest.mark.parametrize("error", [0.1, 0.0])
def test_a_rule_that_changed_is_no_effect(write: Write, plain: dict[str, Any], error: float) -> None:
    """One metric of two counts no more, and both scores fall by 2.5 points: nobody taught worse."""
    later = copy.deepcopy(plain)
    later["gate"][0]["passes"] = False  # quality in de falls from .7 to .6 for both
    for entry in later["leaderboard"]:
        entry["scores"]["robust"]["value"] -= 100 * 0.5 * 0.1 / 2
    for results in (plain, later):
        for entry in results["leaderboard"]:
            value = entry["scores"]["robust"]["value"]
            reach = 1.96 * error
            entry["scores"]["robust"] |= {"se": error, "low": value - reach, "high": value + reach}
    change = to_json(compare([write("a", plain), write("b", later)]))["changes"][0]
    for teacher in change["teachers"]:
        assert teacher["parts"]["metrics"] == pytest.approx(-2.5)
        assert teacher["score"]["high"] < 0
        assert teacher["clearly"] is None
        assert teacher["why"][0].endswith("only by what counts or its weight, not by gain and quality.")
    assert not any("moved beyond chance" in said for said in change["summary"])

    cell = next(c for c in later["cells"] if c["teacher"] == "one" and c["language"] == "ja")
    for figure in cell["gains"].values():
        figure["value"] -= 0.1
    later["leaderboard"][0]["scores"]["robust"]["value"] -= 2.5
    change = to_json(compare([write("c", plain), write("d", later)]))["changes"][0]
    assert [t["clearly"] for t in change["teachers"]] == ["down", None]
    assert any("1 of 2 shared teachers moved beyond chance" in said for said in change["summary"])


def test_settings_and_what_counts(write: Write, plain: dict[str, Any]) -> None:
    later = copy.deepcopy(plain)
    later["study"]["rng_seed"] = 2
    seeds = to_json(compare([write("a", plain), write("b", later)]))["changes"][0]
    assert seeds["settings"]["only_chance"]
    assert seeds["settings"]["changes"] == [{"key": "rng_seed", "from": "1", "to": "2"}]
    later["definitions_digest"] = "1" * 64
    later["study"]["methods"] = ["generate", "respond"]
    later["study"]["teachers"][0]["dials"] = {"error": 0.5}
    later["anchors"][0]["counts"] = False
    later["gate"][0]["passes"] = False
    other = to_json(compare([write("c", plain), write("d", later)]))["changes"][0]
    assert not other["same_definitions"]
    keys = [change["key"] for change in other["settings"]["changes"]]
    assert keys == ["rng_seed", "methods", "teachers[one].dials.error"]
    assert not other["settings"]["only_chance"]
    assert {(c["kind"], c["what"]) for c in other["counts_in_one_only"]} == {
        ("benchmark", "x in de with b"),
        ("metric", "m in de"),
    }


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lambda r: "{", "no JSON"),
        (lambda r: "[" * 100_000, "no JSON"),
        (lambda r: json.dumps(r).replace("1.5", "NaN"), "no JSON"),
        (lambda r: [], "no results of a run"),
        (lambda r: {}, "no results of a run"),
        (lambda r: r | {"schema_version": 2}, "schema_version is 2"),
        (lambda r: r | {"schema_version": "x" * 5000}, "schema_version is 'xxx"),
        (lambda r: r | {"cells": [{}]}, "damaged (cells.0"),
        (lambda r: r | {"leaderboard": r["leaderboard"] * 2}, "listed twice"),
        (lambda r: r | {"study": "x\x1b[2J"}, "damaged (study"),
    ],
)
def test_results_that_are_none_are_one_message(
    write: Write, plain: dict[str, Any], break_it: Any, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = write("good", plain), write("bad", break_it(plain))
    assert invoke(["compare", str(good), str(bad)]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("error:") == 1
    assert len(told) < 1000
    assert "\x1b" not in told


def test_one_run_and_none(write: Write, plain: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    good = write("good", plain)
    assert invoke(["compare", str(good)]) == 2
    assert invoke(["compare", str(good), str(good / "none")]) == 2
    assert "there is no results.json here" in capsys.readouterr().err


def test_a_name_is_that_of_the_run_not_of_a_folder_beside_it(
    write: Write,
    plain: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "runs").mkdir()
    good, judged = write("good", plain), write("runs/judged", plain)
    (tmp_path / "judged").mkdir()
    monkeypatch.chdir(tmp_path)
    assert invoke(["compare", "judged", str(good / "results.json"), "--json"]) == 0
    assert [run["label"] for run in json.loads(capsys.readouterr().out)["runs"]] == ["judged", "good"]
    assert open_run("judged", tmp_path).opened.path == judged
    assert invoke(["compare", str(good), "x" * 300]) == 2
    assert "File name too long" in capsys.readouterr().err


def test_figures_that_do_not_add_up_are_not_taken_apart(write: Write, plain: dict[str, Any]) -> None:
    later = copy.deepcopy(plain)
    later["leaderboard"][0]["scores"]["robust"]["value"] += 1
    change = to_json(compare([write("a", plain), write("b", later)]))["changes"][0]
    assert change["teachers"][0]["parts"] is None
    assert "by the rule known here" in change["teachers"][0]["parts_reason"]


def test_hostile_names_are_text(
    write: Write, plain: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = "</td><script>alert(1)</script>\x1b[31m\u202e[red]"
    text = json.dumps(plain).replace('"one"', json.dumps(hostile)).replace('"made"', json.dumps(hostile))
    folders = [str(write("a", text)), str(write("b", text))]
    page = tmp_path / "page.html"
    assert invoke(["compare", *folders, "--html", str(page)]) == 0
    printed = capsys.readouterr().out
    assert "<script>alert" in printed
    assert "\x1b" not in printed and "\u202e" not in printed
    html = page.read_text(encoding="utf-8")
    assert "<script>alert" not in html
    assert "\u202e" not in html and "\x1b" not in html
    assert invoke(["compare", *folders, "--html", str(page)]) == 0  # over its own page
    page.write_text("mine", encoding="utf-8")
    assert invoke(["compare", *folders, "--html", str(page)]) == 2
    assert page.read_text(encoding="utf-8") == "mine"

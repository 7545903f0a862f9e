"""`polyteach race` from its file to its page: real students of simulated teachers, killed and resumed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from polyteach.cli.main import USER_ERROR, invoke
from polyteach.errors import UserError
from polyteach.facts import study_facts
from polyteach.pipeline import SCORED, cell_steps
from polyteach.resources import find_resources
from polyteach.selection.race.rungs import SHARES, own_id, rung_steps, rungs_of, study_of
from polyteach.selection.race.step import race_rung
from polyteach.steps import StepTask
from polyteach.study import Study, load_study

STUDY = """
name: small
languages: [de]
teachers:
  - {name: clean, simulated: {}}
  - {name: wrong, simulated: {error: 1.0}}
  - {name: foreign, simulated: {wrong_language: 1.0}}
seed_data: [{pocket: 300}]
synthesis: {methods: [generate, respond], rows_per_method: 180}
quality: {embedder: lexical, judge: oracle}
students:
  bases: [{name: base-a, model: "pocket:base-a"}]
  rows: 300
  epochs: 6
  learning_rate: 6e-3
  batch_size: 16
  gradient_accumulation: 1
  max_length: 96
  packing: false
benchmarks: [pocket-choice, pocket-exact]
trials: 2
"""
OPTIONS = ("--epsilon", "1", "--share", "1/2", "--share", "1", "--most", "1", "--workers", "1")


def command(folder: Path, *options: str) -> list[str]:
    file = folder / "study.yaml"
    file.write_text(STUDY, encoding="utf-8")
    return ["race", str(file), *OPTIONS, "--output-dir", str(folder), *options]


def race_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "runs" / "small-race" / "race.json").read_bytes())
    return found


@pytest.fixture(scope="module")
def raced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole race."""
    folder = tmp_path_factory.mktemp("raced")
    assert invoke(command(folder)) == 0
    return folder


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    file = tmp_path_factory.mktemp("study") / "study.yaml"
    file.write_text(STUDY, encoding="utf-8")
    return load_study(file)


def test_a_race_says_who_left_and_what_it_cost(raced: Path) -> None:
    race = race_of(raced)
    left = {one["teacher"]: one["left_at"] for one in race["teachers"]}
    assert race["state"] == "over" and left["clean"] is None
    assert race["verdict"]["teachers"][0] == "clean" and 1 in left.values()
    assert [rung["rows"] for rung in race["rungs"]] == [150, 300][: len(race["rungs"])]
    tokens = {one["teacher"]: one["student_tokens"] for one in race["teachers"]}
    reference = race["rungs"][0]["cost"]["reference_tokens"]
    assert race["cost"]["student_tokens"] == sum(tokens.values()) + reference > 0
    assert 0 < race["cost"]["share"] < 1
    status = json.loads((raced / "runs" / "small-race" / "status.json").read_bytes())
    assert status["state"] == "done"
    page = (raced / "runs" / "small-race" / "race.html").read_text(encoding="utf-8")
    assert race["verdict"]["text"].partition(".")[0] in page
    assert page.count('<td class="whole">rung 1</td>') == list(left.values()).count(1)


def test_the_same_race_again_makes_nothing_anew(raced: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (raced / "runs" / "small-race" / "race.json").read_bytes()
    assert invoke(command(raced, "--json")) == 0
    assert json.loads(capsys.readouterr().out)["steps"]["made"] == 0
    assert (raced / "runs" / "small-race" / "race.json").read_bytes() == before
    assert not list((raced / "runs" / "small-race").glob("earlier-*"))


def test_a_race_killed_in_a_rung_goes_on_to_the_same_bytes(raced: Path, tmp_path: Path) -> None:
    asked = [sys.executable, "-m", "polyteach.cli.main", *command(tmp_path)]
    with subprocess.Popen(asked, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        begun = tmp_path / "runs" / "small-race" / "artifacts" / "rung-1" / "students"
        until = time.monotonic() + 240
        while not list(begun.glob("*/*/*/*")) and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert not (tmp_path / "runs" / "small-race" / "race.json").exists()
    kept = {path.resolve(): path.stat().st_mtime_ns for path in begun.glob("*/*/*/*")}
    assert kept
    assert invoke(command(tmp_path)) == 0
    assert all(path.stat().st_mtime_ns == when for path, when in kept.items())
    for name in ("race.json", "race.html"):
        whole, resumed = (folder / "runs" / "small-race" / name for folder in (raced, tmp_path))
        assert whole.read_bytes() == resumed.read_bytes()


def test_a_failed_student_takes_its_teacher_out_and_the_others_go_on(
    raced: Path, study: Study, tmp_path: Path
) -> None:
    resources = find_resources(study, Path())
    rungs = rungs_of(study, [Fraction(1, 2), Fraction(1)])
    names = [teacher.name for teacher in study.teachers]
    own = study_of(study, rungs[0], names)
    made = raced / "runs" / "small-race" / "artifacts"
    lost = "base-a/foreign/de/1"
    inputs = {
        own_id(one): made / one.id
        for one in rung_steps(study, resources, rungs[0], names)
        if one.kind in SCORED and not one.id.endswith(lost)
    }
    settings = {
        "study": study_facts(own, resources),
        "rung": {"rung": 1, "share": "1/2", "rows": 150},
        "failed": [{"step": f"students/{lost}", "reason": "out of memory"}],
        **{"epsilon": 0.01, "margin": 0.01, "alike": 0.005, "level": 0.975, "rng_seed": 0},
    }
    race_rung(StepTask(settings, {}, inputs, tmp_path))
    judged = json.loads((tmp_path / "rung.json").read_bytes())
    assert judged["undefined"] is None and judged["leader"] == "clean" and "wrong" in judged["gaps"]
    assert judged["left"]["foreign"] == "not compared: not complete: no trial base-a/de/1"


def test_the_last_rung_is_a_normal_run_of_those_who_remain(study: Study) -> None:
    resources = find_resources(study, Path())
    *_, last = rungs_of(study)
    whole = {one.id: one.key for one in cell_steps(study, resources)}
    steps = rung_steps(study, resources, last, ["clean", "wrong"])
    assert {one.id: one.key for one in steps}.items() <= whole.items()
    assert not any("foreign" in one.id for one in steps)


def test_early_rungs_share_base_and_reference_and_measure_nothing(study: Study) -> None:
    resources = find_resources(study, Path())
    first, second, _ = rungs_of(study, SHARES)
    one, other = (rung_steps(study, resources, rung, ["clean", "wrong"]) for rung in (first, second))
    alike = {step.key for step in one} & {step.key for step in other}
    shared = [step.id for step in one if step.key in alike]
    assert "examination/base-a/reference/de" in shared and "examination/base-a/base/de" in shared
    assert not any(step.kind in ("gate", "quality") for step in one)
    assert all(step.id.startswith("rung-1/") for step in one if step.key not in alike)
    by_id = {step.id: step for step in one}
    assert by_id["rung-1/synthesis/clean/de/generate"].settings["rows"] == 20  # a ninth of 180
    assert by_id["rung-1/students/base-a/clean/de/0"].settings["rows"] == 33
    assert by_id["students/base-a/reference/de/0"].settings["rows"] == 300


def test_what_cannot_be_raced_is_refused(study: Study, tmp_path: Path) -> None:
    for changed, shares in (
        (study.model_copy(update={"trials": 1}), SHARES),
        (study.model_copy(update={"teachers": study.teachers[:1]}), SHARES),
        (study, (Fraction(1, 2), Fraction(1, 3), Fraction(1))),
        (study, (Fraction(1, 3),)),
        (study, (Fraction(1, 1000), Fraction(1, 999), Fraction(1))),
    ):
        with pytest.raises(UserError):
            rungs_of(changed, shares)
    assert invoke(command(tmp_path, "--share", "much")) == USER_ERROR


def test_a_forecast_is_told_before_anything_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(command(tmp_path, "--dry-run", "--json")) == 0
    told = json.loads(capsys.readouterr().out)
    cost = told["cost"]
    assert 0 < cost["low"] < cost["value"] <= cost["high"] <= 1.5  # half of all rows, then all
    assert told["rungs"][0]["teachers"] == {"low": 3, "value": 3, "high": 3}
    assert invoke(command(tmp_path, "--dry-run")) == 0
    said = capsys.readouterr().out
    assert f"student tokens: {cost['value']:.0%} of the full study's, " in said
    assert f"rung 1: {told['rungs'][0]['rows']:,} rows a student, 3 teachers" in said
    assert not (tmp_path / "runs").exists()

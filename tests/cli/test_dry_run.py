"""What a dry run tells of money, disk, students that are trained anew, and bases that are one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from polyteach.artifacts import Store
from polyteach.cli.effort import disk_lines, gpu_hours_lines, unasked_lines
from polyteach.cli.main import USER_ERROR, invoke
from polyteach.disk import disk
from polyteach.gpu_hours import gpu_hours, money_unasked
from polyteach.models.prices import Price
from polyteach.pipeline import cell_steps
from polyteach.resources import find_resources
from polyteach.steps import StepTask
from polyteach.study import load_study
from polyteach.workload import Load

EXAM = "question,option_a,option_b,answer\nWie heißt der Fluss in Dresden?,Elbe,Rhein,{}\n"


def study(folder: Path, **changed: Any) -> Path:
    plain: dict[str, Any] = {
        "name": "planned",
        "languages": ["de"],
        "teachers": [{"name": "sim", "simulated": {"error": 0.2}}],
        "seed_data": [{"pocket": 20}],
        "synthesis": {"rows_per_method": 4, "methods": ["respond"]},
        "students": {"bases": [{"name": "c", "model": "pocket:base-c"}], "rows": 4},
        "benchmarks": [{"name": "rivers", "file": "rivers.csv", "kind": "choice", "language": "de"}],
        "trials": 1,
    }
    (folder / "rivers.csv").write_text(EXAM.format("A"), encoding="utf-8")
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(plain | changed), encoding="utf-8")
    return path


def dry_run(path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert invoke(["run", str(path), "--output-dir", str(path.parent), "--dry-run"]) == 0
    return capsys.readouterr().out


def trained(task: StepTask) -> Mapping[str, Any]:
    """Stands for a training."""
    (task.output / "model").write_text("weights")
    return {}


def test_students_that_an_exam_makes_anew_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = study(tmp_path)
    read = load_study(path)
    steps = cell_steps(read, find_resources(read, tmp_path))
    store = Store(tmp_path / ".polyteach")
    store.prepare()
    for step in steps:
        if step.kind == "students":
            store.make(replace(step, work=trained))
    assert "trained anew" not in dry_run(path, capsys)
    (tmp_path / "rivers.csv").write_text(EXAM.format("B"), encoding="utf-8")
    assert "trained anew" not in dry_run(path, capsys), "another answer is no other question"
    asked_otherwise = EXAM.format("B").replace("Dresden", "Meißen")
    assert asked_otherwise != EXAM.format("B")
    (tmp_path / "rivers.csv").write_text(asked_otherwise, encoding="utf-8")
    assert "note: 2 students are trained anew, since questions of an exam have changed" in dry_run(
        path, capsys
    )
    other = study(tmp_path, students=yaml.safe_load(path.read_text())["students"] | {"epochs": 1})
    (tmp_path / "rivers.csv").write_text(asked_otherwise, encoding="utf-8")
    assert "trained anew" not in dry_run(other, capsys), "they are other students anyway"


def test_disk_is_reckoned_from_parameters(tmp_path: Path) -> None:
    full = [Load("students", "a", 7e9), Load("students", "a", 7e9), Load("students", "b", None)]
    found = disk([*full, Load("examination", "a", 7e9)], None, tmp_path / "not" / "there" / "yet")
    assert found["students"] == 2 * 7e9 * 4
    assert found["checkpoints"] == 2 * 7e9 * (4 + 8), "weights and AdamW's two means, the old and the new"
    assert found["unknown"] == ["b"]
    assert found["free"] == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.1)
    lines = list(disk_lines(found | {"free": 10**12}))
    assert lines[0] == (
        "disk: about 224.0 GB (students 56.0 GB, checkpoints while they train 168.0 GB), 1.0 TB free"
    )
    assert lines[-1] == "  not in it: students of b, whose parameters are not known"
    adapters = disk([Load("students", "a", 7e9, frozen=True)], 32, None)
    assert adapters["students"] == 7e9 * 0.01 * 2 * 4
    assert list(disk_lines(disk([], None, None))) == []


def test_a_study_that_does_not_fit_is_warned_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bases = [{"name": "c", "model": "pocket:base-c", "parameters": 1e15}]
    path = study(tmp_path, students={"bases": bases, "rows": 4})
    assert invoke(["run", str(path), "--output-dir", str(tmp_path), "--dry-run"]) == 0
    said = capsys.readouterr()
    assert "disk: about " in said.out
    assert "warning: students and checkpoints need about " in said.err


def test_one_base_under_two_names_is_noted_and_counted_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def hours(names: list[str]) -> float:
        bases = [{"name": name, "model": "pocket:base-c"} for name in names]
        path = study(tmp_path, students={"bases": bases, "rows": 4})
        assert invoke(["run", str(path), "--output-dir", str(tmp_path), "--dry-run", "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        notes = [note for note in told["notes"] if "same model" in note]
        assert len(notes) == len(names) - 1
        assert all("bases c and d are the same model" in note for note in notes)
        return sum(p["hours"]["H100"] for p in told["gpu_hours"]["parts"] if p["kind"] == "students")

    assert hours(["c", "d"]) == pytest.approx(hours(["c"]))


def test_money_is_said_first_and_own_servers_apart() -> None:
    def served(model: str, price: Price | None) -> Load:
        return Load("synthesis", model, None, read=10**6, written=0, requests=1, hosted=True, price=price)

    dear, free = Price(3.0, 0.0, 3.0, "me"), Price(0.0, 0.0, 0.0, "me")
    lines = list(unasked_lines(money_unasked([served("x", dear), served("own", free), served("y", None)])))
    assert lines[0].startswith("money at listed prices: about 3.00 USD (each request answered once")
    assert lines[1] == "  x: 3.00 USD, 1 requests (me)"
    assert lines[2:] == [
        "  not in it: y, whose price is not known",
        "  own servers, whose price is 0 (see GPU hours): own",
    ]
    assert list(unasked_lines(money_unasked([served("own", free)]))) == [
        "money: none",
        "  own servers, whose price is 0 (see GPU hours): own",
    ]
    assert next(unasked_lines(money_unasked([served("y", None)]))) == (
        "money: unknown: y, whose price is not known"
    )


def test_gpu_hours_are_hours_of_a_device_not_on_one() -> None:
    told = gpu_hours([Load("students", "a", 1e9, trained=10**11)])
    assert next(gpu_hours_lines(told)) == "GPU hours: about 421 H100 hours, or about 1,335 A100 hours"


def test_a_key_that_the_preset_holds_is_named_by_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bases = [{"name": "c", "model": "pocket:base-c"}]
    path = study(tmp_path, students={"preset": "paper", "bases": bases, "learning_rate": 1})
    assert invoke(["run", str(path), "--dry-run"]) == USER_ERROR
    err = capsys.readouterr().err
    assert "students.learning_rate: `preset: paper` means 5e-05; leave the key out, or the preset" in err
    assert "(found 1" in err and "'preset'" not in err


def test_a_reference_with_few_seed_rows_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    students = {"bases": [{"name": "c", "model": "pocket:base-c"}], "rows": 40}
    for seeds, is_told in ((19, True), (20, False)):
        path = study(tmp_path, students=students, seed_data=[{"pocket": seeds}])
        assert invoke(["run", str(path), "--output-dir", str(tmp_path), "--dry-run"]) == 0
        told = "in de the reference has 19 of 40 rows: a ranking is unlikely" in capsys.readouterr().err
        assert told == is_told


def test_the_money_of_ones_own_server_is_unknown_until_the_study_says_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own: dict[str, Any] = {"name": "own", "model": "m-7b", "endpoint": {"urls": ["http://127.0.0.1:9/v1"]}}
    told = dry_run(study(tmp_path, teachers=[own]), capsys)
    assert "money: unknown (nothing of it was asked yet)\n  of a server of your own" in told
    told = dry_run(study(tmp_path, teachers=[own | {"price": {"input": 0, "output": 0}}]), capsys)
    assert "money: none\n  own servers, whose price is 0 (see GPU hours): m-7b" in told

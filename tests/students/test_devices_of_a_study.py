"""What this machine lacks to train students is told before anything is made."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from polyteach.artifacts import Store
from polyteach.cli.main import USER_ERROR, invoke
from polyteach.pipeline import cell_steps
from polyteach.resources import find_resources
from polyteach.students.devices import check_students
from polyteach.study import load_study

torch = pytest.importorskip("torch")

FOUR_BIT = {"lora": {"r": 4, "alpha": 4, "four_bit": True}}
TWO = {"processes": 2}


@pytest.fixture(autouse=True)
def no_gpu() -> None:
    if torch.cuda.is_available():
        pytest.skip("tests of what a machine without a GPU says")


def study(folder: Path, **students: Any) -> Path:
    plain = {
        "name": "devices",
        "languages": ["de"],
        "teachers": [{"name": "sim", "simulated": {"error": 0.2}}],
        "seed_data": [{"pocket": 20}],
        "synthesis": {"rows_per_method": 4, "methods": ["respond"]},
        "students": {"bases": [{"name": "c", "model": "pocket:base-c"}], "rows": 4} | students,
        "benchmarks": ["pocket-choice"],
        "trials": 1,
    }
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(plain, sort_keys=False))
    return path


@pytest.mark.parametrize(
    ("students", "told"),
    [
        (FOUR_BIT, "students.lora.four_bit: QLoRA needs a CUDA GPU, and there is none"),
        (TWO | {"sharded": True}, "students.sharded: accelerate shards on GPUs only"),
    ],
)
def test_a_run_refuses_what_a_dry_run_warns_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], students: dict[str, Any], told: str
) -> None:
    path = study(tmp_path, **students)
    arguments = ["run", str(path), "--output-dir", str(tmp_path / "out")]
    assert invoke([*arguments, "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["warnings"] == [
        f"{told}; a run on this machine does not start"
    ]
    assert invoke(arguments) == USER_ERROR
    assert re.search(rf"{re.escape(str(path))}:\d+: {re.escape(told)}\n", capsys.readouterr().err)
    assert not (tmp_path / "out" / "runs").exists()
    store = Store(tmp_path / "out" / ".polyteach")
    made = [
        store.find(step) for step in cell_steps(load_study(path), find_resources(load_study(path), tmp_path))
    ]
    assert set(made) == {None}


def test_processes_without_a_gpu_are_the_cpus_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = study(tmp_path, **TWO)
    assert invoke(["run", str(path), "--dry-run", "--output-dir", str(tmp_path)]) == 0
    told = "students.processes: no GPU here, so 2 processes train a student on the CPU"
    assert f"warning: {told}\n" in capsys.readouterr().err


def test_where_no_student_is_left_to_train_no_device_is_asked_for(tmp_path: Path) -> None:
    asked = load_study(study(tmp_path, **FOUR_BIT))
    steps = cell_steps(asked, find_resources(asked, tmp_path))
    assert check_students(step for step in steps if step.kind != "students") == []

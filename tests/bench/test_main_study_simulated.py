"""The simulation of the paper's main study: its hours are those of a dry run, and its limits are limits."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from cluster.assumed import MIDDLE, served_gpus
from cluster.main_study import MainStudy, in_parts
from cluster.simulation import Cluster, simulate

from polyteach.gpu_hours import gpu_hours

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def main_study() -> MainStudy:
    return MainStudy(ROOT / "studies" / "paper" / "main.yaml", answer_tokens=2048)


@pytest.fixture(scope="module")
def scaling() -> ModuleType:
    path = ROOT / "bench" / "scaling.py"
    spec = spec_from_file_location("bench_scaling", path)
    assert spec is not None and spec.loader is not None
    sys.modules["bench_scaling"] = module = module_from_spec(spec)  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_gpu_hours_are_those_of_a_dry_run(main_study: MainStudy) -> None:
    loads = [load for loads in main_study.loads.values() for load in loads]
    ours = sum(MIDDLE.gpu_seconds(load) for load in loads) / 3600
    assert ours == pytest.approx(gpu_hours(loads)["hours"]["H100"])
    assert ours == pytest.approx(460, rel=0.02)  # what the study's dry run prints


def test_servers_have_room_for_their_weights() -> None:
    assert [served_gpus(billions * 1e9) for billions in (8, 27, 32, 33, 70, 111)] == [1, 1, 1, 2, 4, 4]


def test_it_takes_at_least_what_limits_it(main_study: MainStudy) -> None:
    work = main_study.work(MIDDLE, "moving")
    gpu_seconds = sum(one.gpus * one.seconds for one in work.values())
    hosted = sum(one.seconds for one in work.values() if "command-a-03-2025" in one.hosts)
    assert hosted == pytest.approx(60 * 63_000 * MIDDLE.asked / 500)
    few = simulate(main_study.steps, work, Cluster(8, held=1))
    many = simulate(main_study.steps, work, Cluster(256, held=1))
    assert gpu_seconds / 8 < few.seconds < 1.5 * gpu_seconds / 8
    assert hosted < many.seconds < few.seconds
    assert not few.failed and not few.losses


def test_one_server_of_the_judge_limits_the_study_as_it_is(main_study: MainStudy) -> None:
    work = main_study.work(MIDDLE, "fixed")
    judge = [one.seconds for one in work.values() if "Unbabel/M-Prometheus-14B" in one.hosts]
    assert len(judge) == 6 + 66
    ran = simulate(main_study.steps, work, Cluster(256, held=1))
    assert sum(judge) < ran.seconds < 1.05 * sum(judge)


def test_steps_in_parts_do_the_same_work(main_study: MainStudy) -> None:
    work = main_study.work(MIDDLE, "moving")
    steps, cut = in_parts(main_study.steps, work, ["synthesis"], 4)
    assert len(steps) == len(main_study.steps) + 3 * 180
    assert sum(w.seconds for w in cut.values()) == pytest.approx(sum(w.seconds for w in work.values()))
    student = next(step for step in steps if step.id == "students/olmo-3-7b/gemma-3-4b/de/0")
    assert len(student.inputs) == 12


def test_the_first_of_a_kind_pays_for_imports(scaling: ModuleType) -> None:
    used = {"seed_data/de": 1.0, "students/a": 9.0, "students/b": 4.0, "students/c": 6.0, "students/d": 5.0}
    work = scaling.works(used)
    assert work["students/a"].seconds == 5 and work["students/b"].imports == {"students": 4}
    assert work["seed_data/de"].seconds == 1 and work["seed_data/de"].imports == {"seed_data": 0}
    one_worker = sum(each.seconds for each in work.values()) + work["students/a"].imports["students"]
    assert one_worker == sum(used.values())

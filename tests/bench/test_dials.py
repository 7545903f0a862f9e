"""bench/dials.py: its studies can be planned, and what it says of a figure is right."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from polyteach.study import SimulatedTeacher, Study


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    path = Path(__file__).parents[2] / "bench" / "dials.py"
    spec = spec_from_file_location("bench_dials", path)
    assert spec is not None and spec.loader is not None
    sys.modules["bench_dials"] = module = module_from_spec(spec)  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_four_dials_of_six_settings_share_the_teacher_without_fault(bench: ModuleType) -> None:
    shown = bench.dials()
    assert [len(set(dial.settings)) for dial in shown] == [6, 6, 6, 6]
    assert all("clean" in dial.names for dial in shown)
    plain = bench.study(shown, ["de", "ja"], 600)
    asked = Study.model_validate(plain)
    assert len(asked.teachers) == 4 * 5 + 1
    assert all(isinstance(teacher, SimulatedTeacher) for teacher in asked.teachers)
    assert asked.synthesis.rows_per_method == 240


def test_fewer_settings_keep_both_ends(bench: ModuleType) -> None:
    full, few = bench.dials(), bench.dials(2)
    assert [dial.settings for dial in few] == [(d.settings[0], d.settings[-1]) for d in full]


def test_a_course_by_hand(bench: ModuleType) -> None:
    dial = bench.Dial("error", (0.0, 0.5, 1.0), ({"error": 0.0}, {"error": 0.5}, {"error": 1.0}))
    first = {"gain": {"clean": 0.9, "error-0.5": 0.5, "error-1": 0.1}}
    second = {"gain": {"clean": 0.7, "error-0.5": 0.5, "error-1": 0.1}}
    found = bench.course(dial, [first, second], "gain")
    # Means .8, .5, .1 fall at every step: rho is -1. Changes are -.8 and -.6: mean -.7, their standard
    # deviation .1414, over the root of 2 gives .1.
    assert found.values == pytest.approx([0.8, 0.5, 0.1])
    assert found.rho == pytest.approx(-1)
    assert found.change == pytest.approx(-0.7)
    assert found.error == pytest.approx(0.1)
    assert found.sees
    alone = bench.course(dial, [first], "gain")
    assert alone.error is None
    assert not alone.sees  # what chance does is unknown of one study


def test_figures_that_do_not_move_or_are_missing_have_no_rho(bench: ModuleType) -> None:
    dial = bench.Dial("error", (0.0, 1.0), ({"error": 0.0}, {"error": 1.0}))
    assert bench.course(dial, [{"n": {"clean": 1.0, "error-1": 1.0}}], "n").rho is None
    assert bench.course(dial, [{"n": {"clean": 1.0}}], "n") is None
    assert bench.course(dial, [{}], "n") is None


def test_a_language_without_a_teachers_figure_leaves_that_teacher_out(bench: ModuleType) -> None:
    def cell(teacher: str, language: str, value: float | None) -> dict:
        metrics = {"m": {"value": value}}
        rest = {"benchmarks": {}, "quality": {"value": None}, "qualities": {}}
        return {"teacher": teacher, "language": language, "metrics": metrics, **rest}

    cells = [cell("a", "de", 1.0), cell("a", "ja", 3.0), cell("b", "de", 5.0), cell("b", "ja", None)]
    assert bench.figures_of({"cells": cells}) == {"metric m": {"a": 2.0}}

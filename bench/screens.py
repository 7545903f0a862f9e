"""Screens as other benches run them: in this process, through the same steps as `polyteach screen`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from polyteach.artifacts import Store
from polyteach.quality.gate_step import GATE
from polyteach.resources import find_resources
from polyteach.selection.screen.plan import screen_closing, screen_steps
from polyteach.selection.screen.step import SCREEN
from polyteach.steps import SilentProgress, Step, StepTask
from polyteach.study import Candidates


def screen(plain: Mapping[str, Any], output: Path) -> tuple[Step, Store]:
    """Makes what a screen needs, or what of it is missing; returns the step that ranks, and the store."""
    candidates = Candidates.model_validate(plain)
    resources = find_resources(candidates, Path())
    store = Store(output)
    store.prepare()
    steps = screen_steps(candidates, resources)
    for step in steps:
        store.make(step)
    return screen_closing(candidates, resources, "teacher", steps, {})[0], store


def ranked(step: Step, store: Store, without: Collection[str] = ()) -> dict[str, Any]:
    """The screen's result, as if the gate had never tested some metrics."""
    with TemporaryDirectory() as folder:
        inputs = store.inputs(step)
        for id in [id for id in inputs if id.startswith("gate/")] if without else []:
            inputs[id] = Path(shutil.copytree(inputs[id], Path(folder) / id))
            gate = json.loads((inputs[id] / GATE).read_bytes())
            gate["metrics"] = {
                metric: one for metric, one in gate["metrics"].items() if metric not in without
            }
            (inputs[id] / GATE).write_text(json.dumps(gate), encoding="utf-8")
        output = Path(folder) / "screen"
        output.mkdir()
        step.work(StepTask(step.settings, store.locations(step), inputs, output, SilentProgress()))
        found: dict[str, Any] = json.loads((output / SCREEN).read_bytes())
        return found

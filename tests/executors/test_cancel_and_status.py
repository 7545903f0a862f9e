"""What a run's folder hears and says while its steps run: `polyteach cancel`, and the status file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from toy_steps import toy

from polyteach.artifacts import Store
from polyteach.cli.display import PlainDisplay
from polyteach.executors.local import Local
from polyteach.processes import process_tag
from polyteach.resources import find_resources
from polyteach.running import run_graph
from polyteach.runs import RUNNING, RunFolder
from polyteach.status import Account, StatusWriter
from polyteach.steps import Step
from polyteach.study import load_candidates

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder.of(tmp_path, "toys")
    folder.prepare()
    return folder


@pytest.fixture
def run_part(folder: RunFolder, tmp_path: Path) -> Callable[[list[Step]], object]:
    """Runs steps as a part of a run: more follow."""
    study = load_candidates(ROOT / "studies" / "simulated.yaml")
    resources = find_resources(study, ROOT)
    store = Store(tmp_path / "store")

    def run(steps: list[Step]) -> object:
        return run_graph(
            study,
            resources,
            steps,
            lambda failed: [],
            store,
            folder,
            PlainDisplay(),
            executor=Local(1),
            identity="toys",
            goes_on=lambda folder: True,
        )

    return run


def test_a_cancel_between_two_parts_of_a_run_is_not_forgotten(
    folder: RunFolder, run_part: Callable[[list[Step]], object]
) -> None:
    run_part([toy("a")])
    folder.cancel()
    with pytest.raises(KeyboardInterrupt, match="polyteach cancel"):
        run_part([toy("b"), toy("c")])
    assert folder.status()["state"] == "interrupted"


def test_only_the_run_that_was_asked_to_stop_is(folder: RunFolder) -> None:
    account = Account(Path("nowhere.sqlite"), "toys")
    status = StatusWriter(folder, [toy("a")], {}, "x", account).to_json()
    folder.write_status(status | {"process": "elsewhere-1-1"})
    folder.cancel()
    assert not folder.is_cancelled()
    folder.write_status(status)
    folder.cancel()
    assert folder.is_cancelled()
    assert status["process"] == process_tag()


def test_many_short_steps_do_not_each_write_the_status(folder: RunFolder) -> None:
    steps = [toy(f"{i}") for i in range(100)]
    status = StatusWriter(folder, steps, {}, "x", Account(Path("nowhere.sqlite"), "toys"))
    times = set()
    for step in steps:
        status.started(step)
        status.write_soon()
        times.add((folder.path / "status.json").stat().st_mtime_ns)
    assert len(times) < 50
    status.write()
    assert {step["state"] for step in folder.status()["steps"]} == {RUNNING}

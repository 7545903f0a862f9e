"""Steps on a Ray cluster of three machines, which are processes of this one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from diary import Diary
from toy_steps import toy, where

from polyteach.artifacts import Store
from polyteach.executors.cluster import Cluster
from polyteach.executors.ray import OnRay

pytest.importorskip("ray", reason="Ray is not installed: pip install polyteach[ray]")


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Three machines: one CPU each; the first is the driver's."""
    patch = pytest.MonkeyPatch()
    patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))  # Ray may write a token there
    patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    import ray
    from ray.cluster_utils import Cluster as Machines

    there = Machines(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    for name in ("north", "south"):
        there.add_node(num_cpus=1, resources={name: 1})
    ray.init(address=there.address, log_to_driver=False, logging_level="ERROR")
    yield there
    ray.shutdown()
    there.shutdown()
    patch.undo()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "store")
    store.prepare()
    return store


def test_steps_run_on_all_machines_after_their_inputs(machines: Any, store: Store) -> None:
    steps = [toy(f"{i}", work=where, seconds=0.5, i=i) for i in range(9)]
    last = toy("last", *steps[:2])
    diary = Diary()
    outcomes = OnRay(Cluster()).run([*steps, last], store, diary)
    assert {outcome.state for outcome in outcomes.values()} == {"done"}
    assert diary.ended_ids[-1] == "last" or "last" in diary.ended_ids
    nodes = {outcomes[step.id].artifact.facts["node"] for step in steps}  # type: ignore[union-attr]
    assert len(nodes) == 3
    assert len(set(diary.places.values())) == 3
    assert "" in diary.places.values()  # the driver's machine

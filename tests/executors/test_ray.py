"""Steps on a Ray cluster of three machines, which are processes of this one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from diary import Diary
from toy_steps import (
    answer_slowly,
    chat,
    complain_late,
    deafen,
    die_once,
    fail,
    leave_a_lease,
    linger,
    nap,
    toy,
    where,
)

from polyteach import __version__
from polyteach.artifacts import Store
from polyteach.errors import UserError, UserErrors
from polyteach.executors.cluster import Cluster, Needs
from polyteach.executors.making import StoreAt
from polyteach.executors.outcome import Outcome
from polyteach.executors.ray import OnRay
from polyteach.executors.ray_joining import check_reachable
from polyteach.executors.ray_worker import Home
from polyteach.locks import Leases
from polyteach.steps import Step

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install polyteach[ray]")
TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Three machines of one CPU; the first is the driver's, and the others have a resource of their own."""
    from ray.cluster_utils import Cluster as Machines

    patch = pytest.MonkeyPatch()
    patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))  # Ray may write a token there
    patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    patch.setenv("PYTHONPATH", os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")]))
    there = Machines(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    there.add_node(num_cpus=1, resources={"north": 1})
    there.south = there.add_node(num_cpus=1, resources={"south": 1})
    ray.init(address=there.address, log_to_driver=False, logging_level="ERROR")
    yield there
    ray.shutdown()
    there.shutdown()
    patch.undo()


def here() -> str:
    node: str = ray.get_runtime_context().get_node_id()
    return node


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "store")
    store.prepare()
    return store


def facts(outcome: Outcome) -> Any:
    assert outcome.artifact is not None, outcome.error
    return outcome.artifact.facts


def test_steps_run_on_all_machines_after_their_inputs(machines: Any, store: Store) -> None:
    steps = [toy(f"{i}", work=where, seconds=1, i=i) for i in range(6)]
    last, diary = toy("last", *steps[:2]), Diary()
    outcomes = OnRay(Cluster()).run([*steps, last], store, diary)
    assert (store.folder(last) / "text").read_text() == "hereherelast"
    found = [facts(outcomes[step.id]) for step in steps]
    assert len({one["node"] for one in found}) == 3
    assert len({one["pid"] for one in found}) == 3  # workers live on between steps
    assert {(one["env"], one["blas"]) for one in found} == {("1", 1)}
    assert {one["node"] == here() for one in found if one["journal"] == str(store.journal)} == {True}
    assert len({one["journal"] for one in found}) == 2  # other machines have one of their own
    assert len(set(diary.places.values())) == 3
    assert "" in diary.places.values()  # the driver's machine
    assert diary.progress["last"] == (1, 1, "texts")


def test_steps_of_a_model_go_where_it_is_loaded(machines: Any, store: Store) -> None:
    def on(model: str, i: int, before: list[Step]) -> Step:
        step = toy(f"{model} {i}", work=where, seconds=0.3, i=i, of=model)
        return replace(step, locations={"base": model}, inputs={one.id: one for one in before})

    first = [on(model, 0, []) for model in "ABC"]
    later = [on(model, i, first) for i in (1, 2) for model in "CAB"]
    outcomes = OnRay(Cluster()).run([*first, *later], store, Diary())
    workers = {model: {facts(outcomes[f"{model} {i}"])["pid"] for i in range(3)} for model in "ABC"}
    assert (
        sum(len(found) for found in workers.values()) <= 4
    )  # three, but where one was much quicker than the others


def test_a_step_goes_where_its_resources_are_and_idle_workers_give_way(machines: Any, store: Store) -> None:
    cluster = Cluster(steps={"students": Needs(custom={"south": 1})})
    plain = [toy(f"{i}", work=where, seconds=0, i=i) for i in range(3)]
    there = replace(toy("there", *plain, work=where, seconds=0), kind="students")
    asking = replace(toy("asks", *plain, work=where, seconds=1), locations={"judge_endpoint": "{}"})
    outcomes = OnRay(cluster).run([*plain, there, asking], store, Diary())
    south = next(node["NodeID"] for node in ray.nodes() if "south" in node["Resources"])
    assert facts(outcomes["there"])["node"] == south
    assert facts(outcomes["asks"])["node"] == here()  # the journal of answers is there


def test_the_most_urgent_step_does_not_wait_for_all_others(machines: Any, store: Store) -> None:
    plain = [toy(f"{i}", work=nap, seconds=1, i=i) for i in range(24)]
    gate = toy("gate", work=nap, seconds=0.1)
    urgent = replace(toy("urgent", gate, work=nap, seconds=0.1), kind="students", cost=100.0)
    diary = Diary()
    cluster = Cluster(steps={"students": Needs(custom={"south": 1})})
    outcomes = OnRay(cluster).run([gate, *plain, urgent], store, diary)
    assert {outcome.state for outcome in outcomes.values()} == {"done"}
    assert diary.started_ids[0] == "gate"
    assert diary.started_ids.index("urgent") < 18


def test_a_bug_a_death_and_a_death_once(machines: Any, store: Store, tmp_path: Path) -> None:
    broken, deadly = toy("broken", work=fail), toy("deadly", work=chat, dies=True)
    once = toy("once", work=die_once, marker=str(tmp_path / "marker"))
    others = [toy("heir", deadly), toy("talks", work=chat, dies=False)]
    diary = Diary()
    outcomes = OnRay(Cluster()).run([broken, deadly, once, *others], store, diary)
    states = {id: outcome.state for id, outcome in outcomes.items()}
    expected = {"broken": "failed", "deadly": "failed", "once": "done", "heir": "skipped", "talks": "done"}
    assert states == expected
    assert outcomes["broken"].met_a_bug
    assert "toy_steps.py" in outcomes["broken"].error
    assert "its process died" in outcomes["deadly"].error
    assert sorted(diary.put_back_ids) == ["deadly", "once"]  # what ran beside them went on
    assert sorted(diary.output["talks"].split("\n")) == ["", "on stderr", "on stdout"]
    assert "on stderr" in diary.output["deadly"]


def test_a_users_mistake_stops_what_runs_beside_it(machines: Any, store: Store, tmp_path: Path) -> None:
    marker, kept = tmp_path / "marker", tmp_path / "kept"
    busy = toy("busy", work=answer_slowly, marker=str(marker), kept=str(kept))
    wrong, later = toy("wrong", work=complain_late, marker=str(marker)), toy("later", busy)
    with pytest.raises(UserError, match="the toy is upside down"):
        OnRay(Cluster()).run([busy, wrong, later], store, Diary())
    assert kept.read_text() == "what was under way, and: stopped, because of another step"


def test_a_step_that_another_run_makes_is_left_to_it(machines: Any, store: Store) -> None:
    other = Store(store.root, run="the other")
    shared, own, held, done = toy("shared"), toy("own"), threading.Event(), threading.Event()
    diary = Diary(after_end=done.set)

    def make() -> None:
        with other.leases.hold(shared.key):
            held.set()
            done.wait(60)

    thread = threading.Thread(target=make)
    thread.start()
    held.wait()
    outcomes = OnRay(Cluster()).run([shared, own], store, diary)
    thread.join()
    assert [outcomes[id].state for id in ("shared", "own")] == ["done", "done"]
    assert diary.ended_ids == ["own", "shared"]
    assert "run the other" in diary.reasons[0]
    assert set(diary.reasons[1:]) <= {""}  # said once


def test_the_lease_of_a_lost_machine_is_over_when_the_driver_saw_it_stand_still(
    machines: Any, store: Store, tmp_path: Path
) -> None:
    store.leases = Leases(store.leases.shelf, expiry_seconds=3)  # the workers' own stand for a minute
    step = toy("a", work=leave_a_lease, marker=str(tmp_path / "marker"), store=str(store.root))
    ends: list[dict[str, Outcome]] = []
    diary = Diary()
    run = threading.Thread(
        target=lambda: ends.append(OnRay(Cluster()).run([step], store, diary)), daemon=True
    )
    run.start()
    run.join(timeout=45)
    assert [end["a"].state for end in ends] == ["done"]
    assert [bool(why) for why in diary.reasons] == [True, True]  # it died, and it was busy, once


@pytest.mark.parametrize("for_good", [False, True])
def test_steps_go_on_where_nobody_hears_them(machines: Any, store: Store, for_good: bool) -> None:
    outcomes = OnRay(Cluster()).run([toy("a", work=deafen, for_good=for_good)], store, Diary())
    assert outcomes["a"].state == "done", outcomes["a"].error


def test_what_no_machine_has_is_said_before_the_start(machines: Any, store: Store) -> None:
    steps, diary = [toy("a"), replace(toy("b"), kind="examination")], Diary()
    with pytest.raises(UserErrors) as caught:
        OnRay(Cluster(steps={"examination": Needs(gpus=1)})).run(steps, store, diary)
    assert [error.what for error in caught.value.errors] == ["no machine of the cluster has 1 CPUs, 1 GPUs"]
    assert diary.started_ids == []


@pytest.fixture
def home(store: Store) -> Home:
    assert store.leases.shelf.put("reach-1", b"{}", None)
    folder = str(store.root)
    return Home(StoreAt.of(store), "node", folder, folder, "reach-1", __version__, (folder,))


def test_a_machine_that_shares_all_has_no_problem_and_leaves_no_trace(store: Store, home: Home) -> None:
    assert home.problem(at_home=False) is None
    assert store.leases.shelf.names() == ["reach-1"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"version": "0.0.1"}, "but 0.0.1 where the run was started"),
        ({"sign": "reach-2"}, "it is not shared"),
        ({"store_at": StoreAt("/proc/nowhere", Path(), "")}, "/proc/nowhere"),
        ({"paths": ("/nowhere/base", "/nowhere/exam.csv")}, "/nowhere/base and 1 more: not there"),
    ],
)
def test_what_a_machine_lacks_is_named(home: Home, fault: dict[str, Any], said: str) -> None:
    assert said in (replace(home, **fault).problem(at_home=False) or "")


def test_sigterm_stays_as_it_was_while_ray_comes_and_goes(machines: Any) -> None:
    script = (
        "import signal, sys\n"
        "from polyteach.executors.ray_joining import joined\n"
        "from polyteach.executors.signals import sigterm_as_ctrl_c\n"
        "with sigterm_as_ctrl_c():\n"
        "    ours = signal.getsignal(signal.SIGTERM)\n"
        "    with joined(sys.argv[1], None, print):\n"
        "        found = [signal.getsignal(signal.SIGTERM)]\n"
        "    found.append(signal.getsignal(signal.SIGTERM))\n"
        "print([one is ours for one in found])\n"
    )
    command = [sys.executable, "-c", script, machines.address]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.stdout == "[True, True]\n", told.stderr


def test_an_address_where_nothing_answers_is_said_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        check_reachable(address)
    for nowhere in (address, "127.0.0.1:port", "[::1]:99999"):
        with pytest.raises(UserError, match="nothing answers there"):
            check_reachable(nowhere)


def test_keys_are_looked_for_where_endpoints_are_asked(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY_A", "secret")
    monkeypatch.delenv("KEY_B", raising=False)
    asking = replace(home, keys=("KEY_A", "KEY_B"))
    assert "workers have no KEY_B: export it" in (asking.problem(at_home=True) or "")
    assert asking.problem(at_home=False) is None


def test_a_lost_machines_step_runs_on_another(machines: Any, store: Store, tmp_path: Path) -> None:
    """Comes last: the machine stays away."""
    marker = tmp_path / "marker"
    steps = [toy(f"{i}", work=linger, marker=str(marker), text=f"{i}") for i in range(3)]
    diary = Diary()

    def remove() -> None:
        deadline = time.monotonic() + 60
        while len(diary.started_ids) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        machines.remove_node(machines.south, allow_graceful=False)

    thread = threading.Thread(target=remove)
    thread.start()
    outcomes = OnRay(Cluster()).run(steps, store, diary)
    thread.join()
    assert {outcome.state for outcome in outcomes.values()} == {"done"}
    assert len(diary.put_back_ids) == 1
    assert "its machine is gone" in diary.reasons[0]

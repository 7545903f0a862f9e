"""Several processes at work in one store: each step is done once, whoever is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from counted import chain, counted, in_another_process, works

from polyteach.artifacts import Store

RESULTS = ("results.json", "analysis.json", "leaderboard.csv", "report.html")
STUDY = Path(__file__).parents[2] / "bench" / "small_study.yaml"


def test_three_processes_share_a_chain_of_steps(tmp_path: Path) -> None:
    log = tmp_path / "log"
    arguments = (tmp_path / "store", tmp_path / "cache", log, 6, 0.1)
    processes = [in_another_process("make_chain", *arguments) for _ in range(3)]
    for process in processes:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    assert works(log) == [f"s{number}" for number in range(6)]
    store = Store(tmp_path / "store")
    assert all(store.find(step) for step in chain(log, 6))
    assert store.leases.shelf.names() == []
    assert list((store.root / "partial").iterdir()) == []


def test_who_waits_for_a_killed_process_goes_on_at_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    first = in_another_process("make_chain", tmp_path / "store", tmp_path / "c", log, 1, 600)
    while not works(log):
        time.sleep(0.02)
    second = in_another_process("make_chain", tmp_path / "store", tmp_path / "c", log, 1, 0)
    time.sleep(1.5)
    assert second.poll() is None  # it waits, since the first one lives
    first.kill()
    _, err = second.communicate(timeout=30)
    assert second.returncode == 0, err
    assert f"waiting for {chain(log, 1)[0].key[:12]}... which is made by run chain in c, process" in err
    assert works(log) == ["s0", "s0"]
    assert Store(tmp_path / "store").find(chain(log, 1)[0])
    first.communicate()


def test_two_who_made_the_same_leave_one_whole_artifact(tmp_path: Path) -> None:
    """What happens when a lease is lost: a machine slept, another one took over."""
    log = tmp_path / "log"
    step = counted("a", log, seconds=1.0)
    address = tmp_path / "store"
    process = in_another_process("make_chain", address, tmp_path / "c", log, 1, 1.0)
    while not works(log):
        time.sleep(0.02)
    step = chain(log, 1)[0]
    store = Store(address)
    (store.root / "locks" / f"{step.key}.lease").unlink()  # as if it had expired
    made = store.make(step)  # at the same time
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert len(works(log)) == 2
    found = store.find(step)
    assert found and found.facts["process"] in (os.getpid(), process.pid)
    assert made.path == found.path
    assert list((store.root / "partial").iterdir()) == []


def run(output: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "polyteach.cli.main", "run", str(STUDY), "--json", "--workers", "1"]
    return subprocess.Popen(
        [*command, "--output-dir", str(output), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of a small study that was alone."""
    output = tmp_path_factory.mktemp("alone")
    process = run(output)
    _, err = process.communicate(timeout=400)
    assert process.returncode == 0, err
    return output / "runs" / "small"


def test_the_same_study_started_twice_shares_the_work(alone: Path, tmp_path: Path) -> None:
    processes = [run(tmp_path), run(tmp_path)]
    statuses = []
    while any(process.poll() is None for process in processes):
        status = tmp_path / "runs" / "small" / "status.json"
        if status.exists():
            statuses.append(json.loads(status.read_bytes()))  # whole at every moment
        time.sleep(0.05)
    told = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0, 0], told
    folder = tmp_path / "runs" / "small"
    for name in RESULTS:
        assert (folder / name).read_bytes() == (alone / name).read_bytes(), name
    made = [json.loads(out)["steps"]["made"] for out, _ in told]
    steps = json.loads((folder / "status.json").read_bytes())["steps"]
    assert sum(made) == len([step for step in steps if not step["closing"]])  # each was made once
    assert {status["pid"] for status in statuses} == {process.pid for process in processes}
    assert statuses[-1]["state"] == "done"
    links = [path for path in (folder / "artifacts").rglob("*") if path.is_symlink()]
    assert len(links) == len(steps)
    assert all(path.exists() for path in links)


def test_a_run_takes_over_from_one_that_is_killed_beside_it(alone: Path, tmp_path: Path) -> None:
    first, second = run(tmp_path), run(tmp_path)
    while len(list((tmp_path / ".polyteach").glob("*/*/manifest.json"))) < 4:
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    _, err = second.communicate(timeout=400)
    first.communicate()
    assert second.returncode == 0, err
    for name in RESULTS:
        assert (tmp_path / "runs" / "small" / name).read_bytes() == (alone / name).read_bytes(), name

"""What `polyteach gc` shows, removes and leaves."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from counted import chain, counted, in_another_process, works

from polyteach.artifacts import Store
from polyteach.executors.outcome import Outcome
from polyteach.models.completions import Completion
from polyteach.models.journal import Journal
from polyteach.runs import RunFolder
from polyteach.steps import Step


def gc(output: Path, *options: str) -> tuple[int, dict[str, Any], str]:
    command = [sys.executable, "-m", "polyteach.cli.main", "gc", "--json", "--output-dir", str(output)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=120)
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def run_of(output: Path, store: Store, *steps: Step) -> RunFolder:
    """The folder of a run that used these steps."""
    folder = RunFolder.of(output, "kept")
    folder.prepare()
    for step in steps:
        folder.link(step, store.make(step))
    folder.write_status({"state": "done", "pid": 1, "process": "none", "steps": []})
    return folder


def counts(told: dict[str, Any]) -> dict[str, int]:
    return {pile["kind"]: pile["count"] for pile in told["unneeded"]}


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """An output folder with a run of two steps, and a third one that nobody needs."""
    store = Store(tmp_path / ".polyteach")
    store.prepare()
    run_of(tmp_path, store, *chain(tmp_path / "log", 2))
    store.make(counted("unneeded", tmp_path / "log", bytes=1000))
    return tmp_path


def test_it_shows_first_and_removes_when_told_to(output: Path) -> None:
    code, told, err = gc(output)
    assert code == 0, err
    assert counts(told) == {"counted": 1}
    assert told["unneeded"][0]["bytes"] > 1000
    assert told["removed"] is False
    store = Store(output / ".polyteach")
    unneeded = counted("unneeded", output / "log", bytes=1000)
    assert store.find(unneeded)
    code, told, err = gc(output, "--yes")
    assert (code, told["removed"], told["stayed"]) == (0, True, 0), err
    assert store.find(unneeded) is None
    assert all(store.find(step) for step in chain(output / "log", 2))
    assert gc(output, "--yes")[1]["unneeded"] == []


def test_what_another_output_folder_uses_is_kept_where_it_is_named(output: Path, tmp_path: Path) -> None:
    store = Store(output / ".polyteach")
    other = tmp_path / "elsewhere"
    run_of(other, store, counted("unneeded", output / "log", bytes=1000))
    assert counts(gc(output)[1]) == {"counted": 1}
    assert counts(gc(output, "--output-dir", str(other))[1]) == {}


def test_what_is_being_made_is_left_alone(output: Path) -> None:
    log = output / "other"
    store = Store(output / ".polyteach")
    process = in_another_process("make_one", store.root, log, "slow", 600)
    try:
        while not works(log):
            assert process.poll() is None
            time.sleep(0.02)
        code, told, err = gc(output, "--yes")
        assert (code, counts(told)) == (0, {"counted": 1}), err
        (half,) = (store.root / "partial").iterdir()  # of the one that is at work
    finally:
        process.kill()
        process.communicate()
    assert counts(gc(output, "--yes")[1]) == {"left half made": 1, "leases of the dead": 1}
    assert not half.exists()
    assert store.leases.shelf.names() == []


def test_where_nothing_is_known_to_need_anything_it_refuses(tmp_path: Path) -> None:
    store = Store(tmp_path / ".polyteach")
    store.prepare()
    step = counted("a", tmp_path / "log")
    store.make(step)
    code, _, err = gc(tmp_path, "--yes")
    assert code == 2
    assert "no runs" in err
    assert store.find(step)


def test_answers_stay_unless_asked_for(output: Path) -> None:
    journal = Store(output / ".polyteach").journal
    with Journal(journal, "kept") as answers:
        answers.put("k", Completion("yes", "stop", 1, 1), money=0.25)
    assert counts(gc(output, "--yes")[1]) == {"counted": 1}
    assert journal.is_file()
    told = gc(output, "--answers")[1]
    assert told["answers"] == {"count": 1, "money": 0.25, "unpriced": 0}
    assert journal.is_file()
    assert gc(output, "--answers", "--yes")[0] == 0
    assert not journal.exists()


def test_of_a_store_by_url_both_places_are_cleared(s3: Any, bucket: str, tmp_path: Path) -> None:
    log, url = tmp_path / "log", f"s3://{bucket}/shared"
    store = Store.open(url, tmp_path / "cache")
    store.prepare()
    run_of(tmp_path, store, *chain(log, 2))
    store.make(counted("unneeded", log))
    options = ("--store", url, "--cache-dir", str(tmp_path / "cache"), "--yes")
    code, told, err = gc(tmp_path, *options)
    assert (code, counts(told)) == (0, {"counted": 1, "cache of this machine": 1}), err
    left = {one["Key"].split("/")[2] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    assert left == {step.key for step in chain(log, 2)}
    assert all(Store.open(url, tmp_path / "new").find(step) for step in chain(log, 2))


def test_a_failed_step_has_nothing_to_keep(output: Path) -> None:
    folder = RunFolder.of(output, "kept")
    folder.log_failure(Outcome(counted("x", output / "log"), "failed", error="it broke"))
    assert counts(gc(output)[1]) == {"counted": 1}


def test_two_at_once_leave_nothing_and_blame_nobody(output: Path) -> None:
    store = Store(output / ".polyteach")
    for number in range(40):
        store.make(counted(f"more-{number}", output / "log"))
    command = [sys.executable, "-m", "polyteach.cli.main", "gc", "--yes", "--output-dir", str(output)]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    assert [(one.communicate(timeout=60)[1], one.returncode) for one in both] == [("", 0), ("", 0)]
    assert gc(output)[1]["unneeded"] == []

"""A run's folder and its status, as other programs see them."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from toy_steps import toy

from polyteach.artifacts import Artifact
from polyteach.cli.main import invoke
from polyteach.errors import UserError
from polyteach.executors.outcome import Outcome
from polyteach.models.completions import Completion
from polyteach.models.journal import Journal
from polyteach.processes import host_id, process_tag
from polyteach.runs import RunFolder, find_run
from polyteach.status import Account, StatusWriter
from polyteach.steps import Step


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder.of(tmp_path, "small")
    folder.prepare()
    return folder


NOBODY = Account(Path("nowhere.sqlite"), "small")


def synthesis(name: str) -> Step:
    return replace(toy(name), kind="synthesis")


def written(step: Step, attempts: int, *, reused: bool) -> Outcome:
    manifest = {"facts": {"attempts": attempts, "failed": {"empty": 1}}, "seconds": 1.0}
    return Outcome(step, "done", artifact=Artifact(Path(), manifest, reused))


def requests(status: StatusWriter) -> tuple[int, int]:
    """How many are done and left."""
    told = status.to_json()["requests"]
    return told["done"], told["left"]


def test_requests_left_count_what_waits_and_the_rest_of_what_runs(folder: RunFolder) -> None:
    there, running, waiting, other = synthesis("a"), synthesis("b"), synthesis("c"), toy("d")
    status = StatusWriter(folder, [there, running, waiting, other], {"a": 10, "b": 20, "c": 40}, "x", NOBODY)
    status.ended(written(there, 10, reused=True))
    status.started(running)
    assert requests(status) == (10, 60)
    assert status.to_json()["requests"]["failed"] == {"empty": 1}
    assert status.to_json()["rate"] is None  # what was there was not made in this run
    status.progressed("b", 5, 20, "rows")
    assert requests(status) == (15, 55)
    assert status.to_json()["steps"][1]["progress"] == {"done": 5, "total": 20, "unit": "rows"}
    assert status.to_json()["rate"] > 0
    status.progressed("b", 3, 4, "asked again")  # all of them have an answer, some a bad one
    assert requests(status) == (30, 40)
    status.put_back(running)
    assert requests(status) == (30, 40)  # answers are kept
    status.started(running)
    status.ended(written(running, 20, reused=False))
    rate = status.to_json()["rate"]
    assert rate > 0
    status.progressed("b", 20, 20, "rows")  # what comes late, from the other thread
    assert status.to_json()["steps"][1]["progress"] is None
    status.started(other)  # while no teacher writes, the rate stays
    assert status.to_json()["rate"] == rate
    assert requests(status) == (30, 40)


def test_a_run_that_was_stopped_says_why_and_contradicts_itself_nowhere(
    folder: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = synthesis("a"), synthesis("b")
    status = StatusWriter(folder, [one, other], {"a": 20, "b": 20}, "x", NOBODY)
    status.started(one)
    status.progressed("a", 5, 20, "rows")
    status.write()
    told = json.loads((folder.path / "status.json").read_bytes()) | {"pid": 2**22 + 1}
    folder.write_status(told)  # killed: nobody could write more
    assert [step["state"] for step in folder.status()["steps"]] == ["waiting", "waiting"]
    status.stopped("stopped", "http://x/v1: has no model m\n  fix: see http://x/v1/models")
    assert requests(status) == (5, 35)
    status.write()
    assert invoke(["status", str(folder.path)]) == 0
    shown = capsys.readouterr().out
    assert "steps: 2 waiting" in shown and "running" not in shown
    assert "requests: 5 done, 35 left" in shown
    assert "why: http://x/v1: has no model m\n  why: fix: see http://x/v1/models" in shown


def test_status_knows_a_run_by_its_studys_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(__file__).parents[1] / "bench" / "small_study.yaml"
    folder = RunFolder.of(tmp_path, "small")
    folder.prepare()
    StatusWriter(folder, [synthesis("a")], {"a": 20}, "x", NOBODY).write()
    assert invoke(["status", str(path), "--output-dir", str(tmp_path)]) == 0
    assert "steps: 1 waiting" in capsys.readouterr().out


def test_servers_that_were_down_are_told(folder: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    steps = [synthesis(name) for name in "abc"]
    status = StatusWriter(folder, steps, dict.fromkeys("abc", 4), "x", NOBODY)
    for step, waits in zip(steps, (2, 3, 9), strict=True):
        trouble = {"down": {"http://x/v1": 1}, "told_to_wait": waits, "faults": {"http 429": waits}}
        facts = {"attempts": 4, "endpoint": trouble}
        reused = step.id == "c"  # made by an earlier run
        status.ended(
            Outcome(step, "done", artifact=Artifact(Path(), {"facts": facts, "seconds": 1.0}, reused))
        )
    told = {"down": {"http://x/v1": 2}, "told_to_wait": 5, "faults": {"http 429": 5}}
    assert status.to_json()["endpoint"] == told
    status.write()
    assert invoke(["status", str(folder.path)]) == 0
    shown = capsys.readouterr().out
    assert "http://x/v1 was down 2 times" in shown and "told to wait 5 times" in shown


def test_a_failed_step_says_why_and_its_requests_are_left(
    folder: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    step, last = synthesis("a"), toy("report")
    status = StatusWriter(folder, [step], {"a": 20}, "x", NOBODY)
    status.started(step)
    status.progressed("a", 13, 20, "rows")
    error = (
        "Traceback\n  File x\npolyteach.errors.StepImpossible: 7 of 20 requests have no answer (http 500 7)"
    )
    status.ended(Outcome(step, "failed", error=error))
    status.add([last], closing=True)
    status.ended(Outcome(last, "done"))
    assert requests(status) == (13, 7)
    status.stopped("finished_with_failures")
    status.write()
    assert invoke(["status", str(folder.path)]) == 0
    shown = capsys.readouterr().out
    assert "steps: 1 failed\n  results: 1 steps done" in shown
    assert "failed: a: 7 of 20 requests have no answer (http 500 7)" in shown


def paid(name: str, **facts: Any) -> Outcome:
    facts = {"attempts": 4, "failed": {}, "prompt_tokens": 10, "response_tokens": 6} | facts
    return Outcome(synthesis(name), "done", artifact=Artifact(Path(), {"facts": facts, "seconds": 1.0}, True))


def test_money_is_what_the_payer_spent_in_all_its_runs(folder: RunFolder) -> None:
    account = Account(folder.path / "journal.sqlite", "small", budget=1.0)
    status = StatusWriter(folder, [synthesis("a")], {"a": 4}, "x", account)
    status.ended(paid("a", money=0.5, thinking_tokens=2, cached_tokens=1, retried={"refusal": 3}))
    told = status.to_json()
    assert (told["money"], told["unpriced"]) == (0.5, 0)  # no journal: as the steps say
    assert told["tokens"] == {"prompt": 10, "response": 6, "thinking": 2, "cached": 1}
    assert told["budget"] == {"cap": 1.0, "left": 0.5}
    assert told["requests"]["retried"] == {"refusal": 3}
    for payer, key, price in (("small", "k", 0.75), ("other", "l", 9.0), ("small", "m", 0.5)):
        with Journal(account.journal, payer) as journal:
            journal.put(key, Completion("", "stop", 100, 20, 7, 3), money=price)
    told = status.to_json()
    assert (told["money"], told["unpriced"]) == (1.25, 0)  # this payer's, its other runs and judges included
    assert told["tokens"] == {"prompt": 200, "response": 40, "thinking": 14, "cached": 6}
    assert told["budget"] == {"cap": 1.0, "left": 0.0}
    with Journal(account.journal, "small") as journal:
        journal.put("n", Completion("", "stop", 0, 0))
    assert (status.to_json()["money"], status.to_json()["unpriced"]) == (None, 1)


def test_money_of_a_step_without_a_price_is_unknown(folder: RunFolder) -> None:
    status = StatusWriter(folder, [synthesis("a"), synthesis("b")], {"a": 4, "b": 4}, "x", NOBODY)
    status.ended(paid("a"))  # nobody was asked
    assert (status.to_json()["money"], status.to_json()["unpriced"]) == (0.0, 0)
    status.ended(paid("b", money=None))
    assert (status.to_json()["money"], status.to_json()["unpriced"]) == (None, 4)


def test_requests_to_endpoints_bound_the_time_left(folder: RunFolder) -> None:
    there, here = synthesis("a"), replace(synthesis("b"), locations={"endpoint": "{}"})
    for steps, bound in (([there], False), ([here], True)):
        status = StatusWriter(folder, steps, {steps[0].id: 1000}, "x", NOBODY)
        status.started(steps[0])
        time.sleep(0.05)
        status.progressed(steps[0].id, 10, 1000, "rows")
        assert (status.to_json()["seconds_left"] is not None) == bound
        status.seconds_left = 1e6
        assert status.to_json()["seconds_left"] == 1e6  # what comes after the requests takes longer
    status.seconds_left = 0.001
    told = status.to_json()
    assert told["seconds_left"] == pytest.approx(990 / told["rate"], rel=0.2)


def test_status_shows_failures_tokens_and_money(
    folder: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    account = Account(tmp_path / "no journal", "small", budget=2.0)
    status = StatusWriter(folder, [synthesis("a"), synthesis("b")], {"a": 4, "b": 9}, "x", account)
    facts = {"money": 0.5, "thinking_tokens": 2, "cached_tokens": 1000, "prompt_tokens": 5000}
    counts = {"failed": {"cut_off": 1, "refusal": 2}, "retried": {"unparsable": 3}}
    status.ended(paid("a", **facts, **counts))
    status.started(synthesis("b"))
    status.progressed("b", 3, 9, "rows")
    status.write()
    assert invoke(["status", "small", "--output-dir", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "requests: 7 done, 6 left" in printed
    assert "failed: 2 refusal, 1 cut off; asked again: 3 unparsable" in printed
    assert "tokens: 5,000 sent (1,000 cached), 6 received (2 thinking)" in printed
    assert "money: 0.5000 USD; budget 2 USD, 1.5000 left" in printed
    assert "running: b (3 of 9 rows)" in printed
    status.ended(paid("b", money=None))
    status.state = "done"
    status.write()
    assert invoke(["status", "small", "--output-dir", str(tmp_path)]) == 0
    assert "money: unknown: 4 answers without a known price" in capsys.readouterr().out


def test_failed_steps_do_not_share_a_log(folder: RunFolder) -> None:
    logs = {
        folder.log_failure(Outcome(toy(id), "failed", error=id)): id
        for id in ("synthesis/a_b/c", "synthesis/a/b_c")
    }
    assert {path.read_text().strip() for path in logs} == set(logs.values())


def test_half_written_files_of_dead_processes_are_cleaned(folder: RunFolder) -> None:
    dead, own = folder.path / ".status.json.4194305", folder.path / f".status.json.{process_tag()}"
    for path in (dead, own):
        path.write_text("{")
    folder.prepare()
    assert not dead.exists()
    assert own.exists()


@pytest.mark.parametrize(
    ("blocked", "write"),
    [
        ("status.json", lambda folder: folder.write_status({})),
        ("timing.json", lambda folder: folder.write_timing(1.0, {})),
        ("artifacts/a", lambda folder: folder.link(toy("a"), Artifact(Path("x"), {}, reused=True))),
        ("logs/a.txt", lambda folder: folder.log_failure(Outcome(toy("a"), "failed"))),
    ],
)
def test_what_cannot_be_written_is_the_users_message(
    folder: RunFolder, blocked: str, write: Callable[[RunFolder], object]
) -> None:
    (folder.path / blocked).mkdir(parents=True)
    with pytest.raises(UserError, match="cannot be written"):
        write(folder)
    assert not list(folder.path.glob(".*"))  # no half of it stays


def test_results_that_cannot_be_replaced_are_the_users_message(folder: RunFolder, tmp_path: Path) -> None:
    (folder.path / "results.json").mkdir()
    (tmp_path / "results.json").write_text("{}")
    with pytest.raises(UserError, match="cannot be written"):
        folder.publish([Artifact(tmp_path, {}, reused=False)])


def test_a_name_too_long_for_a_folder_is_no_run(folder: RunFolder) -> None:
    with pytest.raises(UserError, match="File name too long"):
        find_run("x" * 300, folder.path.parents[1]).status()


@pytest.mark.parametrize(
    "process",
    [f"{host_id()}-4194305-7", f"{host_id()}-{10**30}-7", process_tag() + "0", "x", None, 7],
    ids=["no such pid", "a huge pid", "began later", "a word", "none", "a number"],  # the same in all workers
)
def test_a_run_whose_process_is_gone_is_stopped(folder: RunFolder, process: object) -> None:
    status = StatusWriter(folder, [toy("a")], {}, "x", NOBODY).to_json()
    (folder.path / "status.json").write_text(json.dumps(status | {"process": process}))
    assert folder.status()["state"] == "stopped"
    for alive in (
        process_tag(),
        f"{'0' * 12}-1-7",
    ):  # this one, and one of a machine nobody can see from here
        folder.write_status(status | {"process": alive})
        assert folder.status()["state"] == "running"


def test_another_study_does_not_run_in_the_folder_of_one_that_runs(folder: RunFolder) -> None:
    other = process_tag(os.getppid())
    status = StatusWriter(folder, [toy("a")], {}, "x", NOBODY).to_json() | {"process": other}
    folder.write_status(status)
    assert folder.set_aside("x") is None  # the same study may: it shares the work
    with pytest.raises(UserError, match="other settings runs in this folder"):
        folder.set_aside("y")
    folder.write_status(status | {"process": f"{'0' * 12}-1-7"})  # of another machine, a moment ago
    with pytest.raises(UserError, match="other settings runs in this folder"):
        folder.set_aside("y")
    os.utime(folder.path / "status.json", (1e9, 1e9))  # it has been silent for years
    assert folder.set_aside("y") is None
    folder.write_status(status | {"state": "done"})
    assert folder.set_aside("y") is None


def test_results_of_other_settings_are_moved_away_whole(folder: RunFolder) -> None:
    for number, identity in enumerate(("one", "two"), start=1):
        folder.write_status(StatusWriter(folder, [], {}, identity, NOBODY).to_json())
        assert folder.set_aside("other") is None  # a run that left no results has nothing to lose
        folder.results.write_text(identity)
        assert folder.set_aside(identity) is None
        earlier = folder.set_aside("other")
        assert earlier == folder.path / f"earlier-{number}"
        assert earlier and (earlier / "results.json").read_text() == identity
        assert RunFolder(earlier).status()["identity"] == identity
        assert not folder.results.exists()
        assert not (folder.path / "status.json").exists()


@pytest.mark.parametrize("status", [None, "{", "[]", "{}"])
def test_results_whose_settings_nobody_knows_are_moved_away(folder: RunFolder, status: str | None) -> None:
    folder.results.write_text("kept")
    if status is not None:
        (folder.path / "status.json").write_text(status)
    assert folder.set_aside("other") == folder.path / "earlier-1"
    assert (folder.path / "earlier-1" / "results.json").read_text() == "kept"


def test_nothing_is_moved_for_a_run_that_cannot_say_how_far_it_is(folder: RunFolder) -> None:
    folder.results.write_text("kept")
    (folder.path / "status.json").mkdir()
    assert folder.set_aside("other") is None
    assert folder.results.read_text() == "kept"


def test_what_judge_and_embedder_took_is_told_of_the_steps_that_are_done(
    folder: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = [replace(toy(name), kind=kind) for name, kind in (("g", "gate"), ("q", "quality"))]
    status = StatusWriter(folder, steps, {}, "x", NOBODY)
    assert status.to_json()["measuring"] == []
    counts = {"prompt_tokens": 1900, "response_tokens": 4, "thinking_tokens": 0, "cached_tokens": 0}
    judge = counts | {"model": "mini", "requests": 3, "money": 0.5}
    embedder = counts | {"model": "vectors", "requests": 1, "money": None}
    for step in steps:
        manifest = {"facts": {"rows": 1, "judge": judge, "embedder": embedder}, "seconds": 1.0}
        status.ended(Outcome(step, "done", artifact=Artifact(Path(), manifest, False)))
    first, second = status.to_json()["measuring"]
    assert (first["role"], first["requests"], first["money"]) == ("judge", 6, 1.0)
    assert first["tokens"] == {"prompt": 3800, "response": 8, "thinking": 0, "cached": 0}
    assert (second["role"], second["requests"], second["money"]) == ("embedder", 2, None)
    status.write()
    assert invoke(["status", str(folder.path)]) == 0
    shown = capsys.readouterr().out
    assert "judge mini: 6 requests, 3,800 tokens sent, 8 received, 1.0000 USD (answers that" in shown
    assert "embedder vectors: 2 requests, 3,800 tokens sent, 8 received, USD unknown (in no sum" in shown

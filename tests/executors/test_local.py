import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from diary import Diary
from toy_steps import (
    answer_slowly,
    chatter,
    complain,
    complain_late,
    die,
    die_once,
    doom,
    fail,
    give_up,
    linger,
    lock_a_bar,
    sleep_on,
    toy,
)

from polyteach.artifacts import Store
from polyteach.errors import UserError
from polyteach.executors.local import run_steps
from polyteach.executors.workers import default_workers
from polyteach.steps import Step


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "store")
    store.prepare()
    return store


def test_every_step_runs_after_its_inputs(store: Store) -> None:
    a, b = toy("a"), toy("b")
    c = toy("c", a, b)
    d = toy("d", c, a)
    diary = Diary()
    outcomes = run_steps([a, b, c, d], store, diary, workers=2)
    assert {outcome.state for outcome in outcomes.values()} == {"done"}
    assert diary.ended_ids.index("c") > max(diary.ended_ids.index("a"), diary.ended_ids.index("b"))
    artifact = store.find(d)
    assert artifact is not None
    assert (artifact.path / "text").read_text() == "aabcd"


def test_of_equally_urgent_steps_those_on_the_model_in_work_go_first(store: Store) -> None:
    def on(base: str, step: Step, cost: float) -> Step:
        return replace(step, locations={"base": base}, cost=cost)

    early, between, diary = on("B", toy("early"), 9), toy("between"), Diary()
    other, same = on("A", toy("other", between), 1), on("B", toy("same"), 1)
    run_steps([early, between, other, same], store, diary, workers=1)
    assert diary.ended_ids == ["early", "between", "same", "other"]


def test_a_failed_step_takes_only_its_heirs_with_it(store: Store) -> None:
    broken = toy("broken", work=fail)
    heir, grandchild, other = toy("heir", broken), toy("grandchild", toy("heir", broken)), toy("other")
    outcomes = run_steps([broken, heir, grandchild, other], store, Diary(), workers=2)
    states = {id: outcome.state for id, outcome in outcomes.items()}
    assert states == {"broken": "failed", "heir": "skipped", "grandchild": "skipped", "other": "done"}
    assert "ZeroDivisionError: the toy breaks" in outcomes["broken"].error
    assert "toy_steps.py" in outcomes["broken"].error  # the traceback crossed the process
    assert [id for id, outcome in outcomes.items() if outcome.met_a_bug] == ["broken"]


def test_a_step_that_cannot_be_done_met_no_bug(store: Store) -> None:
    small = run_steps([toy("small", work=give_up)], store, Diary(), workers=1)["small"]
    assert (small.state, small.error, small.met_a_bug) == ("failed", "the toy is too small", False)


def test_bars_of_libraries_leave_no_semaphore_of_a_killed_worker(store: Store) -> None:
    pytest.importorskip("tqdm")
    artifact = run_steps([toy("bar", work=lock_a_bar)], store, Diary(), workers=1)["bar"].artifact
    assert artifact is not None
    assert artifact.facts["lock"] == "RLock"


def test_a_users_mistake_stops_the_run_and_reaches_the_user_whole(store: Store) -> None:
    with pytest.raises(UserError) as caught:
        run_steps([toy("fine"), toy("wrong", work=complain)], store, Diary(), workers=1)
    assert (caught.value.what, caught.value.where) == ("the toy is upside down", "toybox")


def test_what_runs_beside_a_users_mistake_stops_by_itself(store: Store, tmp_path: Path) -> None:
    marker, kept = tmp_path / "marker", tmp_path / "kept"
    busy = toy("busy", work=answer_slowly, marker=str(marker), kept=str(kept))
    wrong, later = toy("wrong", work=complain_late, marker=str(marker)), toy("later", busy)
    diary = Diary()
    with pytest.raises(UserError, match="the toy is upside down"):
        run_steps([busy, wrong, later], store, diary, workers=2)
    assert kept.read_text() == "what was under way, and: stopped, because of another step"
    assert sorted(diary.put_back_ids) == ["busy", "wrong"]
    assert (diary.ended_ids, sorted(diary.started_ids)) == ([], ["busy", "wrong"])


def test_the_first_of_several_mistakes_is_told_when_all_have_stopped(store: Store, tmp_path: Path) -> None:
    marker, kept = tmp_path / "marker", tmp_path / "kept"
    busy = toy("busy", work=answer_slowly, marker=str(marker), kept=str(kept))
    wrong = [toy(f"wrong {place}", work=complain_late, marker=str(marker), i=place) for place in range(2)]
    with pytest.raises(UserError, match="the toy is upside down"):
        run_steps([busy, *wrong], store, Diary(), workers=3)
    assert kept.exists()


def test_what_does_not_stop_is_ended(store: Store, tmp_path: Path) -> None:
    marker = str(tmp_path / "marker")
    deaf = toy("deaf", work=sleep_on, marker=marker, text="deaf")  # no other step has its key
    with pytest.raises(UserError, match="the toy is upside down"):
        run_steps(
            [deaf, toy("wrong", work=complain_late, marker=marker)],
            store,
            Diary(),
            workers=2,
            stop_seconds=0.5,
        )


def test_ctrl_c_ends_what_is_stopping(store: Store, tmp_path: Path) -> None:
    marker = str(tmp_path / "marker")
    deaf = toy("deaf", work=sleep_on, marker=marker, text="deaf")  # no other step has its key

    def interrupt(step: Step, why: str) -> None:
        raise KeyboardInterrupt

    diary = Diary()
    diary.put_back = interrupt  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        run_steps([deaf, toy("wrong", work=complain_late, marker=marker)], store, diary, workers=2)


def test_a_step_whose_process_dies_twice_fails_and_the_run_goes_on(store: Store) -> None:
    later = [toy(f"later {i}") for i in range(4)]
    outcomes = run_steps([toy("deadly", work=die), *later], store, Diary(), workers=1)
    assert outcomes["deadly"].state == "failed"
    assert "its process died (killed, or out of memory)" in outcomes["deadly"].error
    assert all(outcomes[step.id].state == "done" for step in later)


def test_what_ran_beside_a_death_runs_again(store: Store, tmp_path: Path) -> None:
    marker = str(tmp_path / "marker")
    a, b = toy("a"), toy("b")  # with these both workers are up before one of them dies
    beside = toy("beside", a, work=linger, marker=marker, text="x")
    unlucky = toy("unlucky", b, work=die_once, marker=marker)
    diary = Diary()
    outcomes = run_steps([a, b, beside, unlucky, toy("heir", beside)], store, diary, workers=2)
    assert {outcome.state for outcome in outcomes.values()} == {"done"}
    assert sorted(diary.put_back_ids) == ["beside", "unlucky"]
    assert sorted(diary.ended_ids) == ["a", "b", "beside", "heir", "unlucky"]


def test_a_worker_that_dies_between_steps_costs_nothing(store: Store) -> None:
    first = toy("first", work=doom)
    diary = Diary(after_end=lambda: time.sleep(1))
    outcomes = run_steps([first, toy("second", first)], store, diary, workers=1)
    assert {outcome.state for outcome in outcomes.values()} == {"done"}
    assert diary.put_back_ids == []


def test_killing_workers_in_the_middle_of_a_word_does_not_hang(store: Store, tmp_path: Path) -> None:
    marker = str(tmp_path / "marker")
    steps = [toy(f"busy {i}", work=chatter, marker=marker, i=i) for i in range(2)]
    steps.append(toy("wrong", work=complain_late, marker=marker))
    raised: list[BaseException] = []

    def run() -> None:
        try:
            run_steps(steps, store, Diary(), workers=3, stop_seconds=0)
        except UserError as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(timeout=40)
    assert not thread.is_alive()
    assert len(raised) == 1


def test_there_are_as_many_workers_as_cores_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    allowed = os.sched_getaffinity(0)
    assert default_workers() == len(allowed)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert default_workers() == 1
    finally:
        os.sched_setaffinity(0, allowed)

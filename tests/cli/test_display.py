import io
import re
import time
from pathlib import Path

import pytest
from rich.console import Console
from toy_steps import toy

from polyteach.artifacts import Artifact
from polyteach.cli.display import BarDisplay, PlainDisplay, duration, ending, foretold, pace, without_result
from polyteach.cli.watched import watched
from polyteach.executors.outcome import Outcome


def test_time_left_is_read_off_the_pace() -> None:
    assert pace(30, 120, "rows", 10.0) == "3.0 rows/s, about 30 s left"
    assert pace(0, 120, "rows", 10.0) == "0.0 rows/s"
    assert [duration(s) for s in (42, 185, 7800)] == ["42 s", "3 min 05 s", "2 h 10 min"]


@pytest.mark.parametrize("kind", ["plain", "bars"])
def test_a_display_knows_when_nothing_is_left(kind: str) -> None:
    display = PlainDisplay() if kind == "plain" else BarDisplay(Console(file=io.StringIO()))
    steps = [toy("a"), toy("b")]
    display.begin(steps, reused=3)
    assert display.seconds_left is None
    display.started(steps[0])
    display.progressed("a", 1, 2, "rows")
    assert display.seconds_left is None
    display.put_back(steps[0], "its process died")
    for step in steps:
        display.ended(Outcome(step, "failed", error="broken"))
    display.waited()
    assert display.seconds_left == 0
    display.close()


def test_plain_lines_give_rate_and_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    display = PlainDisplay()
    steps = [toy("a"), toy("b")]
    display.begin(steps, reused=3)
    display.started(steps[0])
    display.ended(Outcome(steps[0], "failed", error="broken"))
    display.put_back(steps[1], "its process died")
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "2 steps to make, 3 there already" in printed.err
    assert re.search(r"\[1/2\] a failed; \d+\.\d\d steps/s$", printed.err, re.MULTILINE)
    assert "b: its process died" in printed.err


def test_watched_work_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    with watched("seed.jsonl") as progress:
        progress.start(3, "rows")
        progress.advance(3)
    assert capsys.readouterr().err == "seed.jsonl: 3 rows to do\n"


def test_time_left_waits_for_three_steps_and_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    display = PlainDisplay()
    steps = [toy(name) for name in "abcdef"]
    display.begin(steps, reused=0)
    there = Artifact(Path(), {"seconds": 4.0}, reused=False)
    for seconds, step in ((4.0, steps[0]), (8.0, steps[1])):
        now = 100.0 + seconds
        display.ended(Outcome(step, "done", artifact=there))
    now = 120.0
    display.ended(Outcome(steps[2], "failed", error="broken"))
    assert display.seconds_left is None  # two were made
    display.started(steps[4])
    display.ended(Outcome(steps[3], "done", artifact=there))
    assert display.seconds_left == 10.0  # 4 of 6 like steps in 20 s
    display.progressed("e", 1, 1, "rows")
    assert display.seconds_left == 4.0


def test_a_free_preview_does_not_say_that_all_is_answered() -> None:
    free = {"value": 0.0, "low": 0.0, "high": 0.0}
    tokens = {"prompt": 900, "response": 90}
    some = foretold({"teacher": "m", "money": free, "tokens": tokens, "requests": 90, "answered": 15})
    assert some.startswith("m: 0.0000 USD; 15 of 90 requests answered")
    every = foretold({"teacher": "m", "money": free, "tokens": tokens, "requests": 90, "answered": 90})
    assert every.startswith("m: 0.0000 USD; all 90 requests answered")


def test_rows_that_are_asked_for_again_are_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert pace(1, 3, "asked again", 10.0) == "0.1 rows/s, about 20 s left"
    with watched("mini") as progress:
        progress.start(300, "rows")
        progress.start(1, "asked again")
    assert capsys.readouterr().err == "mini: 300 rows to do\nmini: 1 row to ask for again\n"


def test_the_end_counts_what_failed() -> None:
    assert ending(0, 0, 9, 1.0) == "nothing to do, 9 there already, 1 s"
    assert ending(0, 6, 9, 1.0) == "0 steps made, 6 failed, 9 there already, 1 s"
    assert ending(1, 0, 0, 1.0) == "1 step made, 0 there already, 1 s"


def test_each_reason_is_said_once_and_without_examples() -> None:
    impossible = "examples: row-1, row-2\nthe loss is no number (step 1 of 9); lower students.learning_rate"
    failed = {f"students/{name}": impossible for name in "abcde"} | {"examination/a": "what it needs failed"}
    assert list(without_result(failed)) == [
        "without a result: students/a, students/b, students/c and 2 more: the loss is no number "
        "(step 1 of 9); lower students.learning_rate",
        "without a result: examination/a: what it needs failed",
    ]

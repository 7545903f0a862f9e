from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from polyteach.report.terminal import print_leaderboard


def _printed(results: dict, width: int = 80, **options: bool) -> str:
    out = io.StringIO()
    print_leaderboard(results, Console(file=out, width=width, **options))
    return out.getvalue()


def test_plain_when_piped(results: dict) -> None:
    text = _printed(results)
    assert "\x1b" not in text
    assert "─" not in text
    assert text.startswith("err-03 leads")
    assert "The largest teacher, big" in text


@pytest.mark.parametrize("width", [80, 100])
def test_fits(results: dict, width: int) -> None:
    coloured = re.sub(r"\x1b\[[\d;]*m", "", _printed(results, width, force_terminal=True))
    assert all(len(line) <= width for line in coloured.split("\n"))
    first = next(line for line in _printed(results, width).split("\n") if line.startswith("1 "))
    assert "err-03" in first
    assert "68.2  [66.0, 70.3]" in first
    assert len(first) <= width


def test_undefined_teachers_and_square_brackets_are_shown(results: dict) -> None:
    entry = results["leaderboard"][0]
    nothing = {"value": None, "low": None, "high": None, "reason": "x"}
    lost = {**entry, "teacher": "lost", "rank_interval": None, "gain": nothing}
    warning = {"code": "missing_cell", "where": "study", "message": "[red]not markup[/red]"}
    text = _printed({**results, "leaderboard": [entry, lost], "warnings": [warning]})
    assert "lost" in text
    assert "[red]not markup[/red]" in text


def test_what_raw_scores_say_is_printed(results: dict) -> None:
    verdict = {
        "kind": "undefined",
        "text": "No teacher can be ranked: x.",
        "size": None,
        "worth": ["a scores [0.2]"],
    }
    assert "- a scores [0.2]" in _printed({**results, "verdict": verdict})


def test_a_place_that_the_warning_names_is_not_said_twice(results: dict) -> None:
    text = " ".join(_printed(results).split())
    assert "! big: its students are not clearly better" in text
    assert "worth little here. !" in text  # and no "(big)"
    elsewhere = {"code": "no_reference", "where": "base-a/de", "message": "Nothing counts here."}
    assert "! Nothing counts here. (base-a/de)" in _printed({**results, "warnings": [elsewhere]})


def test_the_score_of_a_teacher_that_teaches_nothing_is_printed(results: dict) -> None:
    assert "learn nothing (gain 0) still scores 100 × a × quality" in " ".join(_printed(results).split())


def test_a_failure_that_the_caller_tells_is_not_told_twice(results: dict) -> None:
    warning = {"code": "missing_cell", "where": "students/a/b/de/0", "message": "students/a/b/de/0 failed: x"}
    found = {**results, "warnings": [warning]}
    out = io.StringIO()
    print_leaderboard(found, Console(file=out), told=["students/a/b/de/0"])
    assert "failed: x" in _printed(found)
    assert "failed: x" not in out.getvalue()


def test_side_effects_without_a_loss_are_told_too(results: dict) -> None:
    assert "Side effects" not in _printed(results), "they were not asked for"
    asked = {"languages": ["en"], "known": {"en": {"value": 0.4, "low": 0.3, "high": 0.5}}, "answers": []}
    asked["changes"] = [{"teacher": "big", "language": "en", "clearly": None}]
    text = _printed({**results, "side_effects": asked}, 200)
    assert (
        "Side effects: No teacher’s students know clearly less of another language than their base." in text
    )

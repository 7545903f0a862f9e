"""The race as a section of the report: who left when, by how much, and what it took."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from synthetic_study import SyntheticStudy

from polyteach.report.page import render_race
from polyteach.report.race import race
from polyteach.report.step import report
from polyteach.selection.race.standing import standing_of


def figure(value: float) -> dict[str, Any]:
    return {"value": value, "low": value - 0.05, "high": value + 0.05, "n": 300, "definition": "made up"}


ROWS = [180, 540, 1620]


def rung(number: int, gains: dict[str, float], left: dict[str, str], **more: Any) -> dict[str, Any]:
    """A rung in which every teacher's students took 10 tokens a row."""
    leader = max(gains, key=lambda name: gains[name])
    cost = {"student_tokens": 10 * ROWS[number - 1], "requests": 5, "money": None}
    return {
        "rung": number,
        "rows": ROWS[number - 1],
        "epsilon": 0.01,
        "level": 0.98,
        "margin": 0.01,
        "ran": list(gains),
        "undefined": None,
        "settled": False,
        "leader": leader,
        "remaining": [name for name in gains if name not in left],
        "left": left,
        "gains": {name: figure(gain) for name, gain in gains.items()},
        "gaps": {name: figure(gains[leader] - gain) for name, gain in gains.items() if name != leader},
        "critical": 2.5,
        "trial_sd": 0.03,
        "trial_freedom": 12,
        "cost": {"reference_tokens": 0, "teachers": dict.fromkeys(gains, cost)},
    } | more


def raced() -> dict[str, Any]:
    first = rung(1, {"a": 0.3, "b": 0.25, "<i>": 0.1}, {"<i>": "surely behind a"})
    return standing_of("s", [first, rung(2, {"a": 0.5, "b": 0.48}, {}, settled=True)], ROWS, None)


def test_rungs_and_who_left() -> None:
    found = race(raced())
    assert [(row["teacher"], row["left_at"]) for row in found["rows"]] == [
        ("a", None),
        ("b", None),
        ("<i>", 1),
    ]
    assert found["rows"][1]["student_tokens"] == 1800 + 5400
    first = found["rungs"][0]
    assert (first["leader"], first["margin"], first["rows"]) == ("a", 1.0, 180)
    assert "b: 5.0" in first["chart"].description
    assert "<i> (left): 20.0" in first["chart"].description
    assert "a 50.0 at 540 rows" in found["gains"].description
    assert "<i> 10.0 at 180 rows" in found["gains"].description


def test_gains_and_gaps_are_points_everywhere_and_the_end_is_told_once() -> None:
    last = [rung(at, {"a": 0.4, "b": 0.35, "c": 0.1}, {}) for at in (1, 2, 3)]
    page = render_race(standing_of("s", last, ROWS, None), "")
    row = page.split('<th scope="row">b</th>')[1].split("</tr>")[0]
    cells = re.findall(r">([−\d.]+) <small>\[([^\]]+)\]", row)
    assert cells == [("35.0", "30.0, 40.0"), ("5.0", "0.0, 10.0")]
    values = [float(value) for value in re.findall(r'data-(?:value|low|high)="([^"]+)"', row)]
    assert values == pytest.approx([35, 30, 40, 5, 0, 10])
    assert page.count("this was the last rung") == 1


def test_one_rung_in_which_nothing_was_compared() -> None:
    nothing = rung(
        1, {"a": 0.3, "b": 0.2}, {}, undefined="nothing counts", gaps={}, leader=None, critical=None
    )
    found = race(standing_of("s", [nothing], ROWS, None))
    assert (found["gains"], found["rungs"][0]["chart"]) == (None, None)
    assert found["rungs"][0]["undefined"] == "nothing counts"


def test_the_report_has_the_race_that_it_is_given(
    study: SyntheticStudy, scored: Path, analysed: Path, tmp_path: Path
) -> None:
    (tmp_path / "race").mkdir()
    (tmp_path / "race/race.json").write_text(json.dumps(raced()), encoding="utf-8")
    task = study.report_task(scored, analysed, tmp_path / "report")
    report(type(task)(task.settings, {}, {**task.inputs, "race": tmp_path / "race"}, task.output))
    page = (tmp_path / "report/report.html").read_text(encoding="utf-8")
    section = page.split('<section id="race">')[1].split("</section>")[0]
    assert "a and b remain of 3 teachers: " in section
    assert "It took 33% of the student tokens" in section
    assert "<i>" not in section
    assert 'href="#race"' in page

"""The race as a section of the report: who left when, by how much, and what it took."""

from __future__ import annotations

import json
from pathlib import Path

from synthetic_study import SyntheticStudy

from polyteach.report.race import race
from polyteach.report.step import report


def figure(value: float) -> dict:
    return {"value": value, "low": value - 0.05, "high": value + 0.05, "n": 300, "definition": "made up"}


def rung(number: int, gains: dict[str, float], left: dict[str, str]) -> dict:
    leader = max(gains, key=lambda name: gains[name])
    return {
        "rung": number,
        "rows": 60 * 3**number,
        "ran": list(gains),
        "gains": {name: figure(gain) for name, gain in gains.items()},
        "gaps": {name: figure(gains[leader] - gain) for name, gain in gains.items() if name != leader},
        "leader": leader,
        "left": left,
        "margin": 0.01,
        "undefined": None,
    }


def raced() -> dict:
    first = rung(1, {"a": 0.3, "b": 0.25, "<i>": 0.1}, {"<i>": "surely behind a"})
    second = rung(2, {"a": 0.5, "b": 0.48}, {})
    teachers = [
        {
            "teacher": "a",
            "left_at": None,
            "why": None,
            "gain": figure(0.5),
            "gap": None,
            "student_tokens": 900,
        },
        {"teacher": "b", "left_at": None, "why": None, "gain": figure(0.48), "gap": figure(0.02)},
        {"teacher": "<i>", "left_at": 1, "why": "surely behind a", "gain": figure(0.1), "gap": figure(0.2)},
    ]
    return {
        "verdict": {"text": "a and b remain of 3 teachers."},
        "teachers": teachers,
        "rungs": [first, second],
        "cost": {"share": 0.19},
    }


def test_rungs_and_who_left() -> None:
    found = race(raced())
    assert found
    assert [(row["teacher"], row["left_at"]) for row in found["rows"]] == [
        ("a", None),
        ("b", None),
        ("<i>", 1),
    ]
    assert found["rows"][1]["student_tokens"] is None  # what is not told is not shown
    first = found["rungs"][0]
    assert (first["leader"], first["margin"], first["rows"]) == ("a", 1.0, 180)
    assert "b: 5.0" in first["chart"].description
    assert "<i> (left): 20.0" in first["chart"].description
    assert "a 0.500 at 540 rows" in found["gains"].description
    assert "<i> 0.100 at 180 rows" in found["gains"].description


def test_no_race_and_one_rung() -> None:
    assert race(None) is None
    assert race({"rungs": []}) is None
    bare = race({"rungs": [{"rows": 100, "ran": ["a", "b"], "undefined": "nothing counts"}]})
    assert bare
    assert (bare["gains"], bare["rungs"][0]["chart"], bare["rows"], bare["share"]) == (None, None, [], None)


def test_the_report_has_the_race_that_it_is_given(
    study: SyntheticStudy, scored: Path, analysed: Path, tmp_path: Path
) -> None:
    (tmp_path / "race").mkdir()
    (tmp_path / "race/race.json").write_text(json.dumps(raced()), encoding="utf-8")
    task = study.report_task(scored, analysed, tmp_path / "report")
    report(type(task)(task.settings, {}, {**task.inputs, "race": tmp_path / "race"}, task.output))
    page = (tmp_path / "report/report.html").read_text(encoding="utf-8")
    section = page.split('<section id="race">')[1].split("</section>")[0]
    assert "a and b remain of 3 teachers." in section
    assert "It took 19% of the student tokens" in section
    assert "<i>" not in section
    assert 'href="#race"' in page

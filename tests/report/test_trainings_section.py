"""The report shows how each student was trained."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from polyteach.report.charts import spark
from polyteach.report.page import render_page
from polyteach.report.trainings import trainings


def trained(teacher: str, language: str, losses: list[float], examples: int = 240) -> dict[str, Any]:
    return {
        "base": "base-a",
        "teacher": teacher,
        "language": language,
        "trial": 0,
        "examples": examples,
        "wanted": 240,
        "removed": {"overlaps_benchmark": 240 - examples} if examples < 240 else {},
        "loss_curve": [[10 * step, loss] for step, loss in enumerate(losses)],
    }


def test_students_stand_by_language_the_reference_first(results: dict) -> None:
    found = [trained("big", "de", [4.0, 1.0]), trained("reference", "de", [8.0, 2.0])]
    (table,) = trainings({**results, "trainings": found})
    assert table["language"] == "de"
    assert [(row["teacher"], row["first"], row["last"]) for row in table["rows"]] == [
        ("reference", 8.0, 2.0),
        ("big", 4.0, 1.0),
    ]
    assert [row["spark"] for row in table["rows"]] == ["0.0,0.0 100.0,15.0", "0.0,10.0 100.0,17.5"]
    assert trainings({**results, "trainings": []}) == []


def test_a_line_of_one_point_or_of_nothing_lost_is_drawn() -> None:
    assert spark([1.0], 1.0) == "0.0,0.0"
    assert spark([0.0, 0.0], 0.0) == "0.0,20.0 100.0,20.0"


def test_the_page_has_the_last_loss_a_line_and_the_rows(results: dict, analysed: Path, page: Path) -> None:
    assert 'id="trainings"' not in page.read_text(encoding="utf-8"), "there were no students to tell of"
    found = [trained("big", "de", [4.0, 1.25], examples=180)]
    plain = json.loads((analysed / "analysis.json").read_text(encoding="utf-8"))
    html = render_page({**results, "trainings": found}, plain, {}, "")
    section = html[html.index('<section id="trainings">') :].split("</section>")[0]
    assert "1.250" in section
    assert re.search(r'<polyline points="0.0,0.0 100.0,13.\d"', section)
    assert "180 <small>of 240</small>" in section
    assert "60 overlaps benchmark" in section

"""The step that writes the report: results and the teachers' rows in; report.html and leaderboard.csv out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from polyteach.steps import StepTask

PAGE, LEADERBOARD = "report.html", "leaderboard.csv"


def report(task: StepTask) -> Mapping[str, Any]:
    """Writes the report of a study.

    Settings: `study`, its facts; `settings_text`, to be shown as it is. Inputs: `score`, `analysis`, and the
    steps of synthesis under their own ids (`synthesis/TEACHER/LANGUAGE/METHOD`), each with a `rows.parquet`.
    """
    from polyteach.report.leaderboard_csv import leaderboard_csv
    from polyteach.report.page import render_page

    results = json.loads((task.inputs["score"] / "results.json").read_text(encoding="utf-8"))
    analysed = json.loads((task.inputs["analysis"] / "analysis.json").read_text(encoding="utf-8"))
    page = render_page(results, analysed, _samples(task, results), task.settings["settings_text"])
    (task.output / PAGE).write_text(page, encoding="utf-8")
    (task.output / LEADERBOARD).write_text(leaderboard_csv(results), encoding="utf-8")
    return {"page_bytes": len(page.encode("utf-8"))}


def _samples(task: StepTask, results: Mapping[str, Any]) -> dict[str, Any]:
    """Samples by language, teachers in the order of the leaderboard."""
    from polyteach.report.samples import choose_samples, samples_each
    from polyteach.rows import read_rows

    teachers = [entry["teacher"] for entry in results["leaderboard"]]
    languages = task.settings["study"]["languages"]
    count = samples_each(len(languages), len(teachers))
    samples = {}
    for language in languages:
        cells = {}
        for teacher in teachers:
            prefix = f"synthesis/{teacher}/{language}/"
            for name in sorted(task.inputs):
                if name.startswith(prefix):
                    cells[teacher, name.removeprefix(prefix)] = read_rows(task.inputs[name] / "rows.parquet")
        samples[language] = choose_samples(cells, language, count)
    return samples

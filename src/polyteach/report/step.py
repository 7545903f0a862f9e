"""The step that writes the report: results and the teachers' rows in; report.html and leaderboard.csv out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from polyteach.runs import RACE, REPORT
from polyteach.steps import StepTask

LEADERBOARD = "leaderboard.csv"


def report(task: StepTask) -> Mapping[str, Any]:
    """Writes the report of a study.

    Settings: `study`, its facts; `settings_text`, to be shown as it is; `samples`, how many of a language.
    Inputs: `score`, `analysis`, and the steps of the study under their own ids, see `examples.gather`; the
    manifests of all of them are read for what was used; after a race `race`, with its `race.json`. Where
    native speakers reviewed a run, its report is made again with `reviews` among the settings, see
    `review.publishing`; no artifact has it.
    """
    from polyteach.report.examples import gather
    from polyteach.report.leaderboard_csv import leaderboard_csv
    from polyteach.report.page import render_page
    from polyteach.report.provenance import read_manifests

    results = json.loads((task.inputs["score"] / "results.json").read_text(encoding="utf-8"))
    analysed = json.loads((task.inputs["analysis"] / "analysis.json").read_text(encoding="utf-8"))
    teachers = [entry["teacher"] for entry in results["leaderboard"]]
    languages, count = task.settings["study"]["languages"], task.settings["samples"]
    samples, failed = gather(task.inputs, teachers, languages, count)
    page = render_page(
        results,
        analysed,
        samples,
        task.settings["settings_text"],
        failed=failed,
        manifests=read_manifests(task.inputs),
        reviewed=task.settings.get("reviews"),
        raced=_raced(task),
    )
    (task.output / REPORT).write_text(page, encoding="utf-8")
    (task.output / LEADERBOARD).write_text(leaderboard_csv(results), encoding="utf-8")
    return {"page_bytes": len(page.encode("utf-8"))}


def _raced(task: StepTask) -> Mapping[str, Any] | None:
    folder = task.inputs.get("race")
    if not folder:
        return None
    raced: dict[str, Any] = json.loads((folder / RACE).read_text(encoding="utf-8"))
    return raced

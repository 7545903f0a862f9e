"""The step that tells how a race stands: the rungs so far in; race.json and race.html out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from polyteach.files import write_json
from polyteach.runs import RACE, RACE_PAGE
from polyteach.selection.race.step import RUNG
from polyteach.steps import StepTask


def race_standing(task: StepTask) -> Mapping[str, Any]:
    """Writes `race.json` and its page.

    Settings: `name` of the study; `rows` of a student in each rung of the race; `most`, see `standing_of`;
    `settings_text`, shown as it is. Inputs: `rung-N`, each with its `rung.json`.
    """
    from polyteach.report.page import render_race
    from polyteach.selection.race.standing import standing_of

    settings = task.settings
    rungs = [
        json.loads((task.inputs[f"rung-{number}"] / RUNG).read_text(encoding="utf-8"))
        for number in range(1, len(task.inputs) + 1)
    ]
    race = standing_of(settings["name"], rungs, settings["rows"], settings["most"])
    write_json(task.output / RACE, race)
    (task.output / RACE_PAGE).write_text(render_race(race, settings["settings_text"]), encoding="utf-8")
    return {"state": race["state"], "remaining": len(race["verdict"]["teachers"])}

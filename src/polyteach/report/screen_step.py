"""The step that shows a screen: screen.json in; screen.html and screen.csv out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from polyteach.steps import StepTask

PAGE, TABLE = "screen.html", "screen.csv"


def report_screen(task: StepTask) -> Mapping[str, Any]:
    """Writes the page and the table of a screen.

    Settings: `settings_text`, to be shown as it is. Input: `screen`, with its `screen.json`.
    """
    from polyteach.report.page import render_screen
    from polyteach.report.screen_csv import screen_csv

    screened = json.loads((task.inputs["screen"] / "screen.json").read_text(encoding="utf-8"))
    page = render_screen(screened, task.settings["settings_text"])
    (task.output / PAGE).write_text(page, encoding="utf-8")
    (task.output / TABLE).write_text(screen_csv(screened), encoding="utf-8")
    return {"page_bytes": len(page.encode("utf-8"))}

"""Reviews in a run's folder: reviews.json, and the report written again with them."""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from polyteach.artifacts import MANIFEST
from polyteach.files import write_atomically, write_json, writing
from polyteach.manifests import Damaged, input_folders
from polyteach.review.figures import review_figures
from polyteach.runs import REPORT
from polyteach.steps import StepTask

FILE = "reviews.json"


def publish_reviews(run: Path) -> tuple[dict[str, Any], str | None]:
    """Writes a run's reviews.json, and its report again with the reviews in it; a screen's page stays.

    `results.json` and the artifact of the report are left as they are: reviews are no part of the study.

    Returns:
        What was written to reviews.json, and why the report could not be made again; None where it was, or
        there is none.

    Raises:
        UserError: rows or answers are missing or damaged, or nothing can be written.
    """
    found = review_figures(run)
    with writing(run / FILE):
        write_json(run / FILE, found)
    if not (run / REPORT).is_file():
        return found, None
    with TemporaryDirectory() as folder, writing(run / REPORT):
        if not _report_again(run, found, Path(folder)):
            return found, "the report's artifacts are damaged, or of another version: run the study again"
        write_atomically(run / REPORT, partial(shutil.copyfile, Path(folder) / REPORT))
    return found, None


def _report_again(run: Path, reviews: dict[str, Any], output: Path) -> bool:
    """The step `report` with the same settings and inputs, and the reviews among the settings.

    Returns:
        Whether it could be: what an earlier version left may lack what the step reads now.
    """
    from polyteach.report.step import report

    artifact = (run / "artifacts" / "report").resolve()
    try:
        manifest = json.loads((artifact / MANIFEST).read_bytes())
        settings = manifest["settings"] | {"reviews": reviews}
        report(StepTask(settings, {}, input_folders(manifest, artifact.parents[1]), output))
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError, RecursionError, Damaged):
        return False
    return True

"""Plots of a run, as functions: each returns a chart that a notebook shows and `save` writes as SVG."""

from __future__ import annotations

from typing import TypeVar

from polyteach.errors import UserError
from polyteach.notebook.run import Run
from polyteach.report import wording
from polyteach.report.charts import Chart, Interval, Point, heat, intervals, scatter

T = TypeVar("T")


def ranking(run: Run) -> Chart:
    """Scores with their 95% intervals, best first; `lead` are the ranks that are possible."""
    scores = [(entry, entry["scores"]["robust"]) for entry in run.results["leaderboard"]]
    rows = [
        Interval(
            entry["teacher"],
            score["value"],
            score["low"],
            score["high"],
            text=wording.number(score["value"], 1),
            lead=wording.ranks(entry["rank_interval"]),
        )
        for entry, score in scores
    ]
    return intervals(
        _some(rows, "teacher"),
        title=f"Ranking of {run.name}",
        description=run.verdict.text,
        heads=("rank", "teacher", "score"),
    )


def gains(run: Run) -> Chart:
    """Gain of each teacher in each language."""
    entries = _some(run.results["leaderboard"], "teacher")
    languages = run.opened.results.study.languages
    values = [
        [figure["value"] if (figure := entry["gain_by_language"].get(code)) else None for code in languages]
        for entry in entries
    ]
    names = [entry["teacher"] for entry in entries]
    return heat(names, languages, values, title=f"Gain by language in {run.name}")


def quality_against_gain(run: Run) -> Chart:
    """Each teacher's gain over the quality of its data.

    Raises:
        UserError: no teacher has both.
    """
    points = [
        Point(entry["teacher"], entry["quality"]["value"], gain["value"], gain["low"], gain["high"])
        for entry in run.results["leaderboard"]
        if (gain := entry["gain"])["value"] is not None and entry["quality"]["value"] is not None
    ]
    found = _some(points, "teacher with gain and quality")
    return scatter(found, "quality", "gain", title=f"Quality and gain in {run.name}")


def _some(found: list[T], what: str) -> list[T]:
    if not found:
        raise UserError(f"there is no {what} to plot", fix="see run.warnings")
    return found

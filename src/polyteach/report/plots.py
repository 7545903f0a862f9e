"""The charts of a study's results: of its page and, the same, of a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyteach.report import wording
from polyteach.report.charts import Chart, Interval, Point, heat, intervals, scatter
from polyteach.report.charts.axis import mark
from polyteach.report.nothing_taught import scores_without_gain
from polyteach.report.samples_data import samples_address
from polyteach.scoring.robust import SCALE

Plain = Mapping[str, Any]


def ranking(results: Plain, *, linked: bool = False) -> Chart | None:
    """Robust scores with their intervals, best first; None where no teacher has one.

    Args:
        results: as in `results.json`.
        linked: whether names lead to the page's samples.
    """
    nothing = {name: score for name, score in scores_without_gain(results).items() if score > 0}
    entries = results["leaderboard"]
    if all(entry["scores"]["robust"]["value"] is None for entry in entries):
        return None
    rows = [_row(entry, nothing.get(entry["teacher"]), linked) for entry in entries]
    said = "; ".join(f"{row.lead or 'no rank'}: {row.name}, {row.text}" for row in rows)
    heads = ("rank", "teacher", "score")
    return intervals(rows, title="Ranking by robust score", description=said, heads=heads, hold=[SCALE])


def _row(entry: Plain, nothing: float | None, linked: bool) -> Interval:
    score, gain, name = entry["scores"]["robust"], entry["gain"], entry["teacher"]
    text = f"{wording.number(score['value'], 1)} {wording.bounds(score, 1)}".rstrip()
    return Interval(
        name,
        score["value"],
        score["low"],
        score["high"],
        text=text,
        lead=wording.ranks(entry["rank_interval"]),
        sign=mark(gain["low"], gain["high"]),
        aside=nothing,
        href=_to_samples(name, linked),
    )


def quality_against_gain(results: Plain, *, linked: bool = False) -> Chart | None:
    """Quality of the data across, gain of the students up; None where no teacher has both."""
    points = [
        Point(name, quality, gain["value"], gain["low"], gain["high"], _to_samples(name, linked))
        for entry in results["leaderboard"]
        if (gain := entry["gain"])["value"] is not None
        and (quality := entry["quality"]["value"]) is not None
        and (name := entry["teacher"])
    ]
    if not points:
        return None
    told = "; ".join(f"{p.name}: quality {p.x:.2f}, gain {p.y:.2f}" for p in points)
    return scatter(points, "quality", "gain", title="Quality and gain", description=told)


def gains(results: Plain) -> Chart | None:
    """Gain of each teacher in each language as a heat map; None where there is none."""
    languages, entries = results["study"]["languages"], results["leaderboard"]
    values = [[_value(entry["gain_by_language"].get(code)) for code in languages] for entry in entries]
    if all(value is None for row in values for value in row):
        return None
    names = [entry["teacher"] for entry in entries]
    return heat(names, [wording.language(code) for code in languages], values, title="Gain by language")


def _to_samples(teacher: str, linked: bool) -> str | None:
    return samples_address(teacher=teacher) if linked else None


def _value(figure: Plain | None) -> float | None:
    return None if figure is None else figure["value"]

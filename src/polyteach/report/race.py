"""A race as a section of a page: rung by rung who was behind, who left, at what cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polyteach.report import wording
from polyteach.report.charts import Chart, Interval, Series, intervals, lines
from polyteach.scoring.robust import SCALE

Plain = Mapping[str, Any]
_TOLD = ("teacher", "left_at", "why", "gain", "gap", "student_tokens", "requests", "money")


def race(plain: Plain) -> dict[str, Any]:
    """The section.

    Args:
        plain: as in `race.json`.

    Returns:
        `text`, how it ended; `rows`, one a teacher: `teacher`, `left_at` (None: it remains), `why`, `gain`,
        `gap` (figures of the last rung it ran), `student_tokens`, `requests` and `money`; `gains`, a chart of
        gain in points by rows of a student (None with fewer than two rungs); `rungs`, each with `rung`,
        `rows`, `leader`, `margin` (points) and `chart`, how far each was behind the leader; `share`, of the
        full study's student tokens; `paid`, whether anything cost money.
    """
    rungs, teachers = plain["rungs"], plain["teachers"]
    order = [one["teacher"] for one in teachers]
    return {
        "text": plain["verdict"]["text"],
        "rows": [{name: one[name] for name in _TOLD} for one in teachers],
        "paid": any(one["money"] for one in teachers),
        "gains": _gains(rungs, order),
        "rungs": [_rung(rung, order) for rung in rungs],
        "share": plain["cost"]["share"],
        "definition": plain["definition"],
    }


def _gains(rungs: Sequence[Plain], order: Sequence[str]) -> Chart | None:
    """Gain against rows of a student; who left has no point in later rungs."""
    if len(rungs) < 2:
        return None
    series = []
    for name in order:
        known = [(rung["rows"], rung["gains"].get(name)) for rung in rungs]
        points = [(float(rows), figure) for rows, figure in known if figure and figure["value"] is not None]
        if points:
            band = [
                (SCALE * figure["low"], SCALE * figure["high"])
                for _, figure in points
                if figure["low"] is not None
            ]
            values = [(rows, SCALE * figure["value"]) for rows, figure in points]
            series.append(Series(name, values, band if len(band) == len(values) else ()))
    if not series:
        return None
    ends = "; ".join(f"{one.name} {one.points[-1][1]:.1f} at {one.points[-1][0]:.0f} rows" for one in series)
    return lines(
        series,
        "rows of a student",
        "gain, points",
        title="Gain by rung",
        description=f"The last of each: {ends}",
        log_across=True,
        zero_up=True,
    )


def _rung(rung: Plain, order: Sequence[str]) -> dict[str, Any]:
    gaps, leader, margin = rung["gaps"], rung["leader"], SCALE * rung["margin"]
    rows = []
    for name in sorted(gaps, key=order.index):
        points = {key: gaps[name][key] for key in ("value", "low", "high")}
        points = {key: None if value is None else SCALE * value for key, value in points.items()}
        left = name in rung["left"]
        text = f"{wording.number(points['value'], 1)} {wording.bounds(points, 1)}".rstrip()
        lead = "left" if left else ""
        sign = "below" if left else ""
        rows.append(Interval(name, **points, text=text, lead=lead, sign=sign, aside=margin))
    said = "; ".join(f"{row.name}{' (left)' if row.lead else ''}: {row.text}" for row in rows)
    heads = ("", "teacher", f"points behind {leader}")
    chart = intervals(rows, title=f"Rung {rung['rung']}", description=said, heads=heads) if rows else None
    return {
        "rung": rung["rung"],
        "rows": rung["rows"],
        "leader": leader,
        "margin": margin,
        "undefined": rung["undefined"],
        "chart": chart,
        "intervals": {name: rung[name] for name in ("critical", "level", "trial_sd", "trial_freedom")},
    }

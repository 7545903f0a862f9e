"""A race: rung by rung who was behind, who left, at what cost; its page, and its section of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polyteach.report import wording
from polyteach.report.charts import Chart, Interval, Series, intervals, lines
from polyteach.report.html import whole_page
from polyteach.scoring.robust import SCALE

Plain = Mapping[str, Any]


def render_race(raced: Plain, settings_text: str) -> str:
    """Renders the page of a race.

    Args:
        raced: as in `race.json`.
        settings_text: the study as its user would write it, shown as it is.
    """
    headline, _, rest = raced["verdict"]["text"].partition(". ")
    return whole_page(
        "race.html.j2",
        raced=raced,
        kind=raced["verdict"]["kind"] or "under way",
        headline=f"{headline.rstrip('.')}.",
        rest=rest,
        race=(race(raced) or {}) | {"text": ""},  # the headline has it
        settings_text=settings_text,
    )


def race(plain: Plain | None) -> dict[str, Any] | None:
    """The section; None without a race.

    Args:
        plain: as in `race.json`; a key that is not there is not shown.

    Returns:
        `text`, how it ended; `rows`, one a teacher: `teacher`, `left_at` (None: it remains), `why`, `gain`,
        `gap` (figures of the last rung it ran), `student_tokens`, `requests` and `money`; `gains`, a chart of
        gain by rows of a student (None with fewer than two rungs); `rungs`, each with `rung`, `rows`,
        `leader`, `margin` (points) and `chart`, how far each was behind the leader; `share`, of the full
        study's student tokens; `paid`, whether anything cost money.
    """
    if not plain or not plain.get("rungs"):
        return None
    rungs = plain["rungs"]
    order = [one["teacher"] for one in plain.get("teachers", ())] or list(rungs[0].get("ran", ()))
    return {
        "text": plain.get("verdict", {}).get("text", ""),
        "rows": [_row(one) for one in plain.get("teachers", ())],
        "paid": any(one.get("money") for one in plain.get("teachers", ())),
        "gains": _gains(rungs, order),
        "rungs": [_rung(rung, order) for rung in rungs],
        "share": plain.get("cost", {}).get("share"),
        "definition": plain.get("definition", ""),
    }


def _row(one: Plain) -> dict[str, Any]:
    names = ("left_at", "why", "gain", "gap", "student_tokens", "requests", "money")
    return {"teacher": one["teacher"]} | {name: one.get(name) for name in names}


def _gains(rungs: Sequence[Plain], order: Sequence[str]) -> Chart | None:
    """Gain against rows of a student; who left has no point in later rungs."""
    if len(rungs) < 2:
        return None
    series = []
    for name in order:
        known = [(rung["rows"], rung.get("gains", {}).get(name)) for rung in rungs]
        points = [(float(rows), figure) for rows, figure in known if figure and figure["value"] is not None]
        if points:
            band = [(figure["low"], figure["high"]) for _, figure in points if figure["low"] is not None]
            values = [(rows, figure["value"]) for rows, figure in points]
            series.append(Series(name, values, band if len(band) == len(values) else ()))
    if not series:
        return None
    ends = "; ".join(f"{one.name} {one.points[-1][1]:.3f} at {one.points[-1][0]:.0f} rows" for one in series)
    return lines(
        series,
        "rows of a student",
        "gain",
        title="Gain by rung",
        description=f"The last of each: {ends}",
        log_across=True,
        zero_up=True,
    )


def _rung(rung: Plain, order: Sequence[str]) -> dict[str, Any]:
    gaps = rung.get("gaps", {})
    leader = rung.get("leader")
    margin = rung.get("margin")
    rows = []
    for name in sorted(gaps, key=lambda name: order.index(name) if name in order else len(order)):
        points = {key: gaps[name][key] for key in ("value", "low", "high")}
        points = {key: None if value is None else SCALE * value for key, value in points.items()}
        left = name in rung.get("left", {})
        text = f"{wording.number(points['value'], 1)} {wording.bounds(points, 1)}".rstrip()
        lead = "left" if left else ""
        sign = "below" if left else ""
        aside = None if margin is None else SCALE * margin
        rows.append(Interval(name, **points, text=text, lead=lead, sign=sign, aside=aside))
    said = "; ".join(f"{row.name}{' (left)' if row.lead else ''}: {row.text}" for row in rows)
    heads = ("", "teacher", f"points behind {leader}")
    chart = intervals(rows, title=f"Rung {rung.get('rung')}", description=said, heads=heads) if rows else None
    return {
        "rung": rung.get("rung"),
        "rows": rung["rows"],
        "leader": leader,
        "margin": None if margin is None else SCALE * margin,
        "undefined": rung.get("undefined"),
        "chart": chart,
        "intervals": {name: rung.get(name) for name in ("critical", "level", "trial_sd", "trial_freedom")},
    }

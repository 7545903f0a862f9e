"""What a teacher's data costs against what its score is: whom nobody beats at both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polyteach.report.charts import Chart, Point, scatter
from polyteach.report.samples_data import samples_address

Plain = Mapping[str, Any]
ROWS = 10_000
DEVICE = "H100"
WIDE_SPREAD = 10.0
"""From so many times the least cost on, the axis is logarithmic."""
_MONEY = f"USD for {ROWS:,} rows"
_SECONDS_BELOW = 0.1  # hours


def pareto(results: Plain, *, linked: bool = False) -> dict[str, Any] | None:
    """The section.

    Args:
        results: as in `results.json`.
        linked: whether names lead to the page's samples.

    Returns:
        `plots`, one for each kind of cost that at least two scored teachers have: `unit`, `key` (of the cost
        in `rows`: `money` or `hours`, seconds where these are short), `chart`, `front` (names, the cheapest
        first), `definition`; `rows` of `teacher`, `money`, `hours`, `score` and `front` (keys of the plots on
        whose front it is). None without any plot.
    """
    asked = {row["teacher"]: row for row in results["requests"]}
    rows = []
    for entry in results["leaderboard"]:
        request = asked.get(entry["teacher"], {})
        money = request.get("money_for_10000_rows") or None  # 0: of this machine, or nobody was asked
        hours = None if money else _hours(request, entry["parameters"])
        score = entry["scores"]["robust"]
        rows.append(
            {"teacher": entry["teacher"], "money": money, "hours": hours, "score": score, "front": []}
        )
    unit, factor = _unit(rows)
    for row in rows:
        row["hours"] = None if row["hours"] is None else row["hours"] * factor
    plots = []
    for name, key, definition in (
        (_MONEY, "money", "as paid, failed answers with it"),
        (unit, "hours", _defined()),
    ):
        known = [row for row in rows if row[key] is not None and row["score"]["value"] is not None]
        if len(known) < 2:
            continue
        front = on_front({row["teacher"]: (row[key], row["score"]["value"]) for row in known})
        for row in known:
            if row["teacher"] in front:
                row["front"].append(key)
        chart = _chart(known, key, name, front, linked)
        plots.append({"unit": name, "key": key, "chart": chart, "front": front, "definition": definition})
    if not plots:
        return None
    return {"plots": plots, "rows": rows}


def on_front(found: Mapping[str, tuple[float, float]]) -> list[str]:
    """Names that no other beats: none is at most as dear and scores at least as much, one of them strictly.

    Args:
        found: cost and score by name. Equal in both, all stay.
    """
    names = sorted(found, key=lambda name: (found[name][0], -found[name][1]))
    return [
        name
        for name in names
        if not any(
            cost <= found[name][0] and score >= found[name][1] and (cost, score) != found[name]
            for cost, score in found.values()
        )
    ]


def _unit(rows: Sequence[Plain]) -> tuple[str, float]:
    """How time is told, and how many of it are an hour: that of tiny models is told in seconds."""
    most = max((row["hours"] for row in rows if row["hours"] is not None), default=0.0)
    name, factor = ("seconds", 3600.0) if most < _SECONDS_BELOW else ("hours", 1.0)
    return f"{DEVICE} {name} for {ROWS:,} rows", factor


def _defined() -> str:
    from polyteach.gpu_hours import PASSED, USED, USED_WRITING  # inside: it brings all that a study names

    return (
        f"tokens sent and received for {ROWS:,} rows, failed answers and repeats with them, times parameters "
        f"times {PASSED} operations, at {USED:.0%} of the peak of an {DEVICE} to read and "
        f"{USED_WRITING:.0%} to write"
    )


def _hours(request: Plain, parameters: float | None) -> float | None:
    """Hours of one device for so many rows, by the tokens that were counted; None where any is unknown."""
    from polyteach.gpu_hours import PASSED, PEAK_FLOPS, USED, USED_WRITING

    tokens = request.get("tokens", {})
    if not parameters or not request.get("rows") or not tokens.get("response"):
        return None
    operations = parameters * PASSED * (tokens["prompt"] / USED + tokens["response"] / USED_WRITING)
    return float(operations * ROWS / request["rows"] / PEAK_FLOPS[DEVICE] / 3600)


def _chart(rows: Sequence[Plain], key: str, unit: str, front: Sequence[str], linked: bool) -> Chart:
    points = [
        Point(
            row["teacher"],
            row[key],
            row["score"]["value"],
            row["score"]["low"],
            row["score"]["high"],
            samples_address(teacher=row["teacher"]) if linked else None,
        )
        for row in rows
    ]
    costs = [row[key] for row in rows]
    return scatter(
        points,
        unit,
        "robust score",
        title=f"Score against {unit}",
        description=f"On the front, the cheapest first: {', '.join(front)}",
        log_across=max(costs) >= WIDE_SPREAD * min(costs),
        zero_up=False,
        front=front,
    )

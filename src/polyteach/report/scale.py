"""Which metrics move with the number of rows alone: each beside its own value over all rows."""

from __future__ import annotations

from collections.abc import Mapping
from math import fsum
from typing import Any

from polyteach.report.charts import Chart, Series, lines

Plain = Mapping[str, Any]
MOST_LINES = 8


def data_scale(sizes: Plain) -> dict[str, Any] | None:
    """The plot of metrics on nested parts of the rows.

    Args:
        sizes: the section of `analysis.json`.

    Returns:
        `chart`, with a line for each metric that moves in any cell, those that move most (at most 8) where
        there are more; `left_out`, how many more move; `still`, the metrics that move in no cell. None where
        no metric of any cell has two sizes.
    """
    found: dict[str, dict[int, list[tuple[float, float]]]] = {}
    moving: set[str] = set()
    for cell in sizes["cells"]:
        for metric, of in cell["metrics"].items():
            points = of["sizes"]
            last = points[-1]["mean"] if points else None
            if len(points) < 2 or not last:
                continue
            if of["moves"]:
                moving.add(metric)
            by_halvings = found.setdefault(metric, {})
            for halvings, point in enumerate(reversed(points)):
                if point["mean"] is not None:
                    by_halvings.setdefault(halvings, []).append((point["n"], point["mean"] / last))
    if not found:
        return None
    series = [_series(metric, by) for metric, by in found.items() if metric in moving]
    series.sort(key=lambda one: -max(abs(y - 1) for _, y in one.points))
    still = [metric.replace("_", " ") for metric in found if metric not in moving]
    chart = _chart(series[:MOST_LINES]) if series else None
    return {"chart": chart, "left_out": max(len(series) - MOST_LINES, 0), "still": still}


def _series(metric: str, by_halvings: Mapping[int, list[tuple[float, float]]]) -> Series:
    points = [
        (fsum(n for n, _ in found) / len(found), fsum(ratio for _, ratio in found) / len(found))
        for found in by_halvings.values()
    ]
    return Series(metric.replace("_", " "), sorted(points))


def _chart(series: list[Series]) -> Chart:
    told = "; ".join(f"{one.name} {one.points[0][1]:.2f} at {one.points[0][0]:.0f} rows" for one in series)
    return lines(
        series,
        "rows",
        "times its value over all rows",
        title="Metrics on parts of the rows",
        description=f"Means over cells, beside 1 for all rows: {told}",
        log_across=True,
    )

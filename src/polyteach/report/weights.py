"""Whether the ranking depends on the weight of quality: each teacher's robust score at every weight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyteach.report.charts import Chart, Series, lines
from polyteach.scoring.robust import SCALE

Plain = Mapping[str, Any]


def weight_sensitivity(results: Plain) -> Chart | None:
    """The plot; None where fewer than two teachers have a score, or it has no quality in it.

    The robust score is a line in its weight a, from 100 x gain at a = 0 through the score at the study's own
    weight. It has no quality in it where no metric passes the gate in any language.
    """
    weight = results["study"].get("quality_weight", 0.5)
    series = []
    for entry in results["leaderboard"]:
        gain, score, quality = (
            entry["gain"]["value"],
            entry["scores"]["robust"]["value"],
            entry["quality"]["value"],
        )
        if gain is None or score is None or quality is None:
            continue
        start = SCALE * gain
        end = start + (score - start) / weight if weight else SCALE * quality
        points = {0.0: start, weight: score, 1.0: end}
        series.append(Series(entry["teacher"], sorted(points.items())))
    if len(series) < 2:
        return None
    return lines(
        series,
        "weight of quality (a)",
        "robust score",
        title="Scores at every weight of quality",
        description=f"From the gain alone (0) to the quality alone (1); the study’s weight is {weight:g}: "
        + "; ".join(f"{one.name} {one.points[0][1]:.1f} to {one.points[-1][1]:.1f}" for one in series),
    )

"""How each student was trained: rows, what was kept from it, and how its loss fell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polyteach.report.charts import spark
from polyteach.scoring.evidence import REFERENCE

Plain = Mapping[str, Any]


def trainings(results: Plain) -> list[dict[str, Any]]:
    """One table a language, one row a student: the reference first, teachers in the leaderboard's order.

    Returns:
        Of each language with students: `language`, and `rows` of the training's own facts, `human` (whether
        it is the reference), `taken` (what was removed, in words), `first` and `last` loss, and `spark`, the
        points of its curve; curves of a language and base have one scale, from 0.
    """
    order = [REFERENCE, *(entry["teacher"] for entry in results["leaderboard"])]
    tables = []
    for language in results["study"]["languages"]:
        found = [t for t in results["trainings"] if t["language"] == language]
        found.sort(key=lambda t: (t["base"], order.index(t["teacher"]), t["trial"]))
        if found:
            tables.append({"language": language, "rows": [_row(t, found) for t in found]})
    return tables


def _row(training: Plain, beside: Sequence[Plain]) -> dict[str, Any]:
    losses = _losses(training)
    top = max(max(_losses(other)) for other in beside if other["base"] == training["base"])
    removed = training["removed"].items()
    return {
        **training,
        "human": training["teacher"] == REFERENCE,
        "taken": ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in removed),
        "first": losses[0],
        "last": losses[-1],
        "spark": spark(losses, top),
    }


def _losses(training: Plain) -> list[float]:
    return [loss for _, loss in training["loss_curve"]]

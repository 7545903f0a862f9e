"""Gain by language, and each language on its own: what its reader would choose by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyteach.report.charts import shade
from polyteach.scoring.robust import SCALE

Plain = Mapping[str, Any]


def heat_map(results: Plain) -> dict[str, Any]:
    """Gain of each teacher in each language: figures with the classes of their shade."""
    entries, languages = results["leaderboard"], results["study"]["languages"]
    figures = [figure for entry in entries for figure in entry["gain_by_language"].values()]
    values = [abs(figure["value"]) for figure in figures if figure["value"] is not None]
    largest = max(values, default=0.0)
    rows = []
    for entry in entries:
        found = [(code, entry["gain_by_language"].get(code)) for code in languages]
        cells = [
            {"language": code, "figure": f, "shade": shade(f["value"] if f else None, largest)}
            for code, f in found
        ]
        rows.append({"teacher": entry["teacher"], "cells": cells, "gain": entry["gain"]})
    return {"known": bool(values), "languages": languages, "rows": rows}


def each_language(results: Plain) -> list[dict[str, Any]]:
    """Of each language: the benchmarks that count in it, and its teachers, best score first.

    The score is that of `scoring.robust` from the language's own gain and quality, without an interval: the
    interval of the gain is the figure to tell teachers of one language apart by.
    """
    weight = results["study"].get("quality_weight", 0.5)
    quality = {(cell["teacher"], cell["language"]): cell["quality"] for cell in results["cells"]}
    pages = []
    for code in results["study"]["languages"]:
        gated = any(entry["language"] == code and entry["passes"] for entry in results["gate"])
        rows = []
        for entry in results["leaderboard"]:
            gain, good = entry["gain_by_language"].get(code), quality.get((entry["teacher"], code))
            score = _score(gain, good, weight if gated else 0.0)
            rows.append({"teacher": entry["teacher"], "gain": gain, "quality": good, "score": score})
        rows.sort(key=lambda row: (row["score"] is None, -(row["score"] or 0.0)))
        counting = [a["benchmark"] for a in results["anchors"] if a["language"] == code and a["counts"]]
        pages.append({"language": code, "benchmarks": list(dict.fromkeys(counting)), "rows": rows})
    return pages


def _score(gain: Plain | None, quality: Plain | None, weight: float) -> float | None:
    """100 x [(1 - a) x gain + a x quality]; None where a part that counts is missing."""
    if gain is None or gain["value"] is None:
        return None
    if weight == 0.0:
        return float(SCALE * gain["value"])
    if quality is None or quality["value"] is None:
        return None
    return float(SCALE * ((1 - weight) * gain["value"] + weight * quality["value"]))

"""Gain by language, and each language on its own: what its reader would choose by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum
from typing import Any

from polyteach.report.charts import shade

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

    The score is the mean of its cells', without an interval: the interval of the gain is the figure to tell
    teachers of one language apart by.
    """
    cells = {(cell["teacher"], cell["language"], cell["base"]): cell for cell in results["cells"]}
    quality = {(teacher, language): cell["quality"] for (teacher, language, _), cell in cells.items()}
    pages = []
    for code in results["study"]["languages"]:
        counting = [a for a in results["anchors"] if a["language"] == code and a["counts"]]
        bases = dict.fromkeys(a["base"] for a in counting)
        rows = []
        for entry in results["leaderboard"]:
            name = entry["teacher"]
            gain, good = entry["gain_by_language"].get(code), quality.get((name, code))
            score = _score([cells.get((name, code, base)) for base in bases])
            rows.append({"teacher": name, "gain": gain, "quality": good, "score": score})
        rows.sort(key=lambda row: (row["score"] is None, -(row["score"] or 0.0)))
        benchmarks = list(dict.fromkeys(a["benchmark"] for a in counting))
        pages.append({"language": code, "benchmarks": benchmarks, "rows": rows})
    return pages


def _score(cells: Sequence[Plain | None]) -> float | None:
    """The mean of the robust scores of a teacher's cells of one language; None where one is missing."""
    values = [cell["scores"]["robust"]["value"] if cell else None for cell in cells]
    known = [value for value in values if value is not None]
    return fsum(known) / len(known) if known and len(known) == len(values) else None

"""Small made-up results whose scores are right by the rule, so that they can be changed by hand."""

from __future__ import annotations

from typing import Any


def _figure(value: float | None, se: float | None = None) -> dict[str, Any]:
    ends = (
        {"low": None, "high": None}
        if se is None or value is None
        else {"low": value - se, "high": value + se}
    )
    plain = {"value": value, "se": se, **ends, "n": 10, "unscored": {}, "definition": "d"}
    return plain if value is not None else plain | {"reason": "none"}


def made_results(
    gains: dict[str, dict[tuple[str, str], dict[str, float]]],
    qualities: dict[str, dict[str, dict[str, float]]],
    weight: float = 0.5,
    **facts: Any,
) -> dict[str, Any]:
    """Results of teachers by their gains (by language and base, benchmark) and qualities (language, metric).

    All counts and passes. Scores are made by the rule; a teacher's own words on it are not used.
    """
    places = next(iter(gains.values()))
    languages = list(dict.fromkeys(language for language, _ in places))
    scores = {}
    for name, cells in gains.items():
        means = []
        for language in languages:
            own = [cell for (code, _), cell in cells.items() if code == language]
            quality = qualities[name].get(language, {})
            a = weight if quality else 0.0
            q = sum(quality.values()) / len(quality) if quality else 0.0
            values = [(1 - a) * sum(cell.values()) / len(cell) + a * q for cell in own]
            means.append(sum(values) / len(values))
        scores[name] = 100 * sum(means) / len(means)
    order = sorted(scores, key=lambda name: -scores[name])
    return {
        "schema_version": 1,
        "study": {
            "name": "made",
            "rng_seed": 1,
            "trials": 1,
            "limit": None,
            "languages": languages,
            "teachers": [{"name": name} for name in gains],
            "bases": [{"name": base} for base in dict.fromkeys(base for _, base in places)],
            "quality_weight": weight,
            **facts,
        },
        "definitions_digest": "0" * 64,
        "verdict": {"kind": "leads", "text": f"{order[0]} leads.", "teachers": order[:1]},
        "leaderboard": [
            {
                "teacher": name,
                "rank_interval": [place, place],
                "gain": _figure(0.5, 0.02),
                "quality": _figure(0.5),
                "scores": {"robust": _figure(scores[name], 1.5)},
            }
            for place, name in enumerate(order, 1)
        ],
        "cells": [
            {
                "teacher": name,
                "language": language,
                "base": base,
                "gains": {benchmark: _figure(value) for benchmark, value in cell.items()},
                "qualities": {m: _figure(q) for m, q in qualities[name].get(language, {}).items()},
            }
            for name, cells in gains.items()
            for (language, base), cell in cells.items()
        ],
        "anchors": [
            {"benchmark": benchmark, "language": language, "base": base, "counts": True}
            for (language, base), cell in places.items()
            for benchmark in cell
        ],
        "gate": [
            {"language": language, "metric": metric, "passes": True}
            for language, known in next(iter(qualities.values())).items()
            for metric in known
        ],
        "warnings": [],
    }

"""What the page shows of the gate: metric x corruption for each language, and the judges' checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Plain = Mapping[str, Any]


def matrices(results: Plain) -> list[dict[str, Any]]:
    """One table a language: its corruptions as columns, a row for each metric, those that pass first."""
    tables = []
    for language in results["study"]["languages"]:
        metrics = [entry for entry in results["gate"] if entry["language"] == language]
        if not metrics:
            continue
        columns = list(dict.fromkeys(name for entry in metrics for name in entry["corruptions"]))
        ordered = sorted(metrics, key=lambda entry: (not entry["passes"], not entry["answers_for"]))
        judges = [entry for entry in results["gate_judges"] if entry["language"] == language]
        tables.append(
            {
                "language": language,
                "columns": columns,
                "rows": [_row(entry, columns) for entry in ordered],
                "judges": judges,
            }
        )
    return tables


def _row(entry: Plain, columns: Sequence[str]) -> dict[str, Any]:
    answered = set(entry["answers_for"])
    cells = [
        {"figure": entry["corruptions"].get(name), "answered": name in answered, "name": name}
        for name in columns
    ]
    return {"entry": entry, "cells": cells}

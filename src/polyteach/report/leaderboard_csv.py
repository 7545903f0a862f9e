"""The leaderboard as CSV, for spreadsheets and scripts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyteach.files import csv_text

COLUMNS = (
    "teacher",
    "parameters",
    "rank_low",
    "rank_high",
    "robust",
    "robust_se",
    "robust_low",
    "robust_high",
    "gain",
    "gain_se",
    "gain_low",
    "gain_high",
    "quality",
    "pgr",
    "published",
    "paper",
    "paper_eq3",
    "reason",
)
_ENDS = (("", "value"), ("_se", "se"), ("_low", "low"), ("_high", "high"))


def leaderboard_csv(results: Mapping[str, Any]) -> str:
    """One line a teacher in the order of the leaderboard; undefined figures are empty, `reason` says why."""
    return csv_text(COLUMNS, (_line(entry) for entry in results["leaderboard"]))


def _line(entry: Mapping[str, Any]) -> dict[str, Any]:
    low, high = entry["rank_interval"] or (None, None)
    robust, gain = entry["scores"]["robust"], entry["gain"]
    return {
        "teacher": entry["teacher"],
        "parameters": entry["parameters"],
        "rank_low": low,
        "rank_high": high,
        **{f"robust{end}": robust[key] for end, key in _ENDS},
        **{f"gain{end}": gain[key] for end, key in _ENDS},
        "quality": entry["quality"]["value"],
        "pgr": entry["pgr"]["value"],
        **{name: entry["scores"][name]["value"] for name in ("published", "paper", "paper_eq3")},
        "reason": robust.get("reason"),
    }

"""The leaderboard as CSV, for spreadsheets and scripts."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

COLUMNS = (
    "teacher",
    "parameters",
    "rank_low",
    "rank_high",
    "gain",
    "gain_se",
    "gain_low",
    "gain_high",
    "quality_not_yet_gated",
    "pgr",
    "published",
    "paper",
    "paper_eq3",
    "reason",
)


def leaderboard_csv(results: Mapping[str, Any]) -> str:
    """One line a teacher in the order of the leaderboard; undefined figures are empty, `reason` says why."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_line(entry) for entry in results["leaderboard"])
    return text.getvalue()


def _line(entry: Mapping[str, Any]) -> dict[str, Any]:
    low, high = entry["rank_interval"] or (None, None)
    gain = entry["gain"]
    return {
        "teacher": entry["teacher"],
        "parameters": entry["parameters"],
        "rank_low": low,
        "rank_high": high,
        "gain": gain["value"],
        "gain_se": gain["se"],
        "gain_low": gain["low"],
        "gain_high": gain["high"],
        "quality_not_yet_gated": entry["quality"]["value"],
        "pgr": entry["pgr"]["value"],
        **{name: entry["scores"][name]["value"] for name in ("published", "paper", "paper_eq3")},
        "reason": gain.get("reason"),
    }

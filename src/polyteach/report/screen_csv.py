"""A screen's ranking as CSV, for spreadsheets and scripts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from polyteach.files import csv_text
from polyteach.report.screen_view import ScreenLine, lines_of

COLUMNS = (
    "candidate",
    "language",
    "rank_low",
    "rank_high",
    "score",
    "score_se",
    "score_low",
    "score_high",
    "quality",
    "usable",
    "requests",
    "failed",
    "tokens",
    "money",
    "money_per_10k",
    "excluded",
    "reason",
)


def screen_csv(screened: Mapping[str, Any]) -> str:
    """One line a candidate over all languages (`language` is empty), then one in each, in order of rank.

    What is undefined is empty, `reason` says why.
    """
    return csv_text(COLUMNS, _lines(screened))


def _lines(screened: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for language in (None, *screened["languages"]):
        for line in lines_of(screened, language):
            yield _line(line)


def _line(line: ScreenLine) -> dict[str, Any]:
    entry, score = line.entry, line.entry["score"]
    low, high = entry["rank_interval"] or (None, None)
    return {
        "candidate": entry["candidate"],
        "language": entry["language"],
        "rank_low": low,
        "rank_high": high,
        "score": score["value"],
        **{f"score_{end}": score[end] for end in ("se", "low", "high")},
        "quality": line.quality,
        "usable": line.usable,
        "requests": line.requests,
        "failed": sum(line.failed.values()),
        "tokens": line.tokens,
        "money": line.money,
        "money_per_10k": line.money_per_10k,
        "excluded": entry["excluded"],
        "reason": score.get("reason"),
    }

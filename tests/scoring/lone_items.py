"""Means of items that each ask something of their own."""

from __future__ import annotations

from polyteach.scoring.intervals import Estimate, item_mean


def mean_over(values: dict[str, float], trials: int = 1, benchmark: str = "b") -> Estimate:
    return item_mean(values, {item: f"{benchmark}/{item}" for item in values}, trials)

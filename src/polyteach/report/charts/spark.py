"""Small lines inside tables."""

from __future__ import annotations

from collections.abc import Sequence


def spark(values: Sequence[float], top: float) -> str:
    """The points of a small line over 0 to 100 across and 0 (for `top`) to 20 (for zero) down, for SVG."""
    across = 100 / max(len(values) - 1, 1)
    down = 20 / top if top > 0 else 0.0
    return " ".join(f"{i * across:.1f},{20 - value * down:.1f}" for i, value in enumerate(values))

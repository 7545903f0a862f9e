"""What many simulated studies show together: shares with intervals, as a table."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import numpy as np
from scipy.stats import norm

from simulated.outcomes import Outcome


def interval_of(shares: list[float]) -> tuple[float, float, float]:
    """A mean share over studies and its 95% interval.

    Cases within a study depend on each other, so Wilson's interval takes the number of independent cases that
    would vary as much between studies; at 0 or 1, where nothing varies, the number of studies.
    """
    mean, n = float(np.mean(shares)), float(len(shares))
    variance = float(np.var(shares, ddof=1)) / n if n > 1 else 0.0
    if variance > 0 and 0 < mean < 1:
        n = max(mean * (1 - mean) / variance, n)
    z = float(norm.ppf(0.975))
    middle = (mean + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * (mean * (1 - mean) / n + z * z / (4 * n * n)) ** 0.5
    return mean, max(middle - reach, 0.0), min(middle + reach, 1.0)


def summary(outcomes: list[Outcome]) -> dict[str, Any]:
    """All that the studies of one scenario show."""
    shares: dict[str, list[float]] = defaultdict(list)
    errors: dict[str, list[float]] = defaultdict(list)
    for outcome in outcomes:
        for question, share in outcome.shares.items():
            shares[question].append(share)
        for name, found in outcome.errors.items():
            errors[name] += found
    return {
        "studies": len(outcomes),
        "verdicts": dict(sorted(Counter(outcome.verdict for outcome in outcomes).items())),
        "shares": {
            question: dict(
                zip(("share", "low", "high", "studies"), (*interval_of(found), len(found)), strict=True)
            )
            for question, found in shares.items()
        },
        "errors": {
            name: {"mean": float(np.mean(found)), "z2": float(np.mean(np.square(found))), "cases": len(found)}
            for name, found in errors.items()
        },
    }


def table(name: str, found: dict[str, Any]) -> str:
    """A scenario as text."""
    verdicts = ", ".join(f"{kind} {count}" for kind, count in found["verdicts"].items())
    lines = [f"\n{name} ({found['studies']} studies; verdicts: {verdicts})"]
    for question, share in sorted(found["shares"].items()):
        error = found["errors"].get(question.removeprefix("covered: "))
        tail = f"   z2 {error['z2']:.2f}, bias {error['mean']:+.2f} se" if error else ""
        interval = f"[{100 * share['low']:.1f}, {100 * share['high']:.1f}]"
        lines.append(f"  {question:64} {100 * share['share']:6.1f}% {interval:15}{tail}")
    lines += [
        f"  {label:64} {error['mean']:+7.2f}  ({error['cases']} cases)"
        for label, error in found["errors"].items()
        if label.startswith("Spearman")
    ]
    return "\n".join(lines)

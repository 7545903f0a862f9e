"""How well a metric tells clean rows from corrupted ones: the area under the ROC curve, with an interval."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from polyteach.figures import Figure, undefined
from polyteach.quality.metric_result import Z95

DEFINITION = (
    "AUC: how often a clean {unit} has a better value than a corrupted one, ties counting half; se by "
    "placement values with clusters (Obuchowski 1997: DeLong's where the same {unit} is in both sets); "
    "Wilson's 95% interval with n = AUC (1 - AUC) / se^2 at most the number of clusters, so that a perfect "
    "separation of few {unit}s is not certainty"
)


def auc(
    clean: Sequence[float],
    corrupted: Sequence[float],
    clean_clusters: Sequence[Hashable],
    corrupted_clusters: Sequence[Hashable],
    definition: str,
    unscored: dict[str, int] | None = None,
) -> Figure:
    """P(clean > corrupted) + P(clean = corrupted) / 2, over all m x n pairs of a clean and a corrupted value.

    The placement value of a clean x is the share of corrupted values below it (ties half), that of a
    corrupted y the share of clean values above it; both have the AUC A as mean. With D_k the sum over cluster
    k's members of (placement - A) / m or / n, Var = K / (K - 1) sum D_k^2 over the K clusters (Obuchowski
    1997, doi:10.2307/2533958, in one sum). A clean row and its own corruption are one cluster: that is
    DeLong's estimate for paired samples.

    Wald's interval has no width at A = 1. Wilson's is taken instead, with the effective number of clusters
    A (1 - A) / Var, never more than there are: at A = 1 the lower bound is K / (K + 1.96^2), so that fewer
    than 16 clusters never reach .8.

    Args:
        clean: values of clean rows, greater is better.
        corrupted: values of corrupted ones.
        clean_clusters: whose members do not vary independently, aligned with the values.
        corrupted_clusters: likewise; a cluster may have members on both sides.
        definition: of the figure.
        unscored: what is in neither set, by reason.

    Returns:
        n is the number of clusters with a value on either side; undefined where a side is empty.
    """
    above, below = np.asarray(clean, dtype=np.float64), np.asarray(corrupted, dtype=np.float64)
    if not len(above) or not len(below):
        side = "clean" if not len(above) else "corrupted"
        return undefined(definition, f"no {side} row has a value", unscored)
    placed, placed_below = _placements(above, below), 1.0 - _placements(below, above)
    area = float(placed.mean())
    sums: dict[Hashable, float] = {}
    for values, clusters in ((placed, clean_clusters), (placed_below, corrupted_clusters)):
        for value, cluster in zip(values.tolist(), clusters, strict=True):
            sums[cluster] = sums.get(cluster, 0.0) + (value - area) / len(values)
    count = len(sums)
    if count < 2:
        return Figure(area, definition, n=count, unscored=unscored or {})
    variance = count / (count - 1) * sum(total * total for total in sums.values())
    low, high = _wilson(area, variance, count)
    return Figure(area, definition, count, math.sqrt(variance), low, high, unscored or {})


def _placements(values: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the others below each value, ties counting half."""
    ordered = np.sort(others)
    below = np.searchsorted(ordered, values, side="left") + np.searchsorted(ordered, values, side="right")
    return np.asarray(below / (2.0 * len(others)), dtype=np.float64)


def _wilson(share: float, variance: float, most: int) -> tuple[float, float]:
    spread = share * (1.0 - share)
    n = min(float(most), spread / variance) if variance > 1e-12 and spread > 0 else float(most)
    centre = (share + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 / (1 + Z95**2 / n) * math.sqrt(spread / n + Z95**2 / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)

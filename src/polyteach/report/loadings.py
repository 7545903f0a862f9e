"""Which metrics say the same: their loadings on the first two principal components."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyteach.report.charts import Chart, Point, scatter

Plain = Mapping[str, Any]


def loadings(pca: Plain) -> Chart | None:
    """The chart; None with fewer than two components.

    Args:
        pca: the section of `analysis.json`.
    """
    components = pca["components"]
    if len(components) < 2:
        return None
    first, second = (component["loadings"] for component in components[:2])
    shares = [f"{100 * component['share']:.0f}%" for component in components[:2]]
    points = [Point(name.replace("_", " "), first[name], second[name]) for name in first if name in second]
    return scatter(
        points,
        f"component 1 ({shares[0]} of the variance)",
        f"component 2 ({shares[1]})",
        title="Loadings of the metrics",
        description="Correlation of each metric with the first two principal components: "
        + "; ".join(f"{point.name} {point.x:.2f}, {point.y:.2f}" for point in points),
    )

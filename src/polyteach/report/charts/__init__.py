"""Charts as SVG: for pages, notebooks and files alike.

`scatter`, `lines`, `intervals` and `heat` each return a `Chart`: `{{ chart }}` in a template shows it, a
notebook shows it, `chart.save("x.svg")` writes it. Pages include `charts.css`.
"""

from polyteach.report.charts.drawing import Chart
from polyteach.report.charts.heat import heat, shade
from polyteach.report.charts.intervals import Interval, intervals
from polyteach.report.charts.lines import Series, lines
from polyteach.report.charts.scatter import Point, scatter
from polyteach.report.charts.spark import spark

__all__ = ["Chart", "Interval", "Point", "Series", "heat", "intervals", "lines", "scatter", "shade", "spark"]

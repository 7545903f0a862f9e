"""The charts of a run's report, as functions: a notebook shows what they return, `save` writes it as SVG."""

from __future__ import annotations

from polyteach.errors import UserError
from polyteach.notebook.run import Run
from polyteach.report import plots
from polyteach.report.charts import Chart


def ranking(run: Run) -> Chart:
    """Scores with their 95% intervals, best first, and the ranks that are possible.

    Raises:
        UserError: no teacher has a score.
    """
    return _known(plots.ranking(run.results), "score")


def gains(run: Run) -> Chart:
    """Gain of each teacher in each language.

    Raises:
        UserError: no teacher has any.
    """
    return _known(plots.gains(run.results), "gain")


def quality_against_gain(run: Run) -> Chart:
    """Each teacher's gain over the quality of its data.

    Raises:
        UserError: no teacher has both.
    """
    return _known(plots.quality_against_gain(run.results), "gain and quality")


def _known(chart: Chart | None, what: str) -> Chart:
    if chart is None:
        raise UserError(f"no teacher has {what} to plot", fix="see run.warnings")
    return chart

"""What a teacher's rows are worth by intrinsic metrics: those that pass the gate together, and each alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyteach.selection.selectors.contract import NO_ROWS, Pool, Scored, Selection, each_teacher
from polyteach.selection.selectors.measured import metric_figure, quality_of

if TYPE_CHECKING:
    from polyteach.selection.selectors.tools import Tools


@dataclass(frozen=True, slots=True)
class GatedQuality:
    """The quality part of the robust score: mean q of the metrics that pass the language's gate.

    q = (teacher - corrupted) / (human - corrupted), clipped to 0..1 (`scoring/quality.py`). The paper's Eq. 1
    (arXiv 2604.11290) takes z-scores over teachers instead. Undefined where no metric passes, or one that
    passes cannot be taken of a teacher's rows.
    """

    name: str = "gated quality"

    def select(self, pool: Pool, tools: Tools) -> Selection:
        """All metrics of all rows, and of human rows damaged seven times; see `measured.quality_of`."""
        found = quality_of(pool, tools)

        def score(teacher: str) -> Scored:
            if teacher not in found:
                return None, NO_ROWS
            quality = found[teacher]
            return (quality.estimate.value, None) if quality.estimate else (None, quality.reason)

        return each_teacher(pool, score)


@dataclass(frozen=True, slots=True)
class IntrinsicMetric:
    """One intrinsic metric over all rows, whether or not it passes the gate.

    Definitions stand in `quality/` with each metric; perplexity counts as -log(1 + PPL) under the student, so
    that fluent is better. Signs are those of `quality/gated.py`. What is merely shown there gets one here,
    beforehand: more different texts are better, and longer prompts (longer responses are `Length`).

    Attributes:
        metric: as `metrics.json` has it.
        better: 1 if a greater value is better, -1 if a smaller one is.
    """

    metric: str
    better: int = 1

    @property
    def name(self) -> str:
        """Marked as a metric: others have plain names."""
        return f"metric {self.metric}"

    def select(self, pool: Pool, tools: Tools) -> Selection:
        """The metric of every teacher."""

        def score(teacher: str) -> Scored:
            found = metric_figure(pool, tools, teacher, self.metric)
            if isinstance(found, str):
                return None, found
            if found.value is None:
                return None, found.reason
            return self.better * found.value + 0.0, None  # no -0

        return each_teacher(pool, score)

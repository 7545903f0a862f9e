"""How many different things a teacher's rows would teach the student."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyteach.quality.vendi import vendi
from polyteach.selection.selectors.contract import Pool, Scored, Selection
from polyteach.selection.selectors.gradients import RowGradients, scored_by_gradients

if TYPE_CHECKING:
    from polyteach.selection.selectors.tools import Tools


@dataclass(frozen=True, slots=True)
class GVendi:
    """exp of the entropy of the eigenvalues of the normalised gradients' second moments (arXiv 2505.20161).

    With g_i of norm 1 after a random projection to 1,024 dimensions: the eigenvalues of mean g g^T, which are
    those of the cosines / n, so it is the Vendi score of the gradients (`quality/vendi.py`): 1 where all rows
    pull the same way, n where all are at right angles. At most 500 rows, the same number of every teacher.

    Unlike the paper: gradients are the student's own, not those of one small instructed model for all
    students (the paper uses Qwen2.5-0.5B-Instruct, and finds its base the worse judge). The paper rates data
    sets by it, within one teacher; arXiv 2511.02833 uses it for teachers, where it is a baseline. It sees no
    sizes and no truth: random text is diverse. The projection spreads eigenvalues that are equal, which takes
    up to about n / 2,048 off the entropy, of all teachers (126 true pocket rows: 85.7 instead of 89.7).
    """

    name: str = "G-Vendi"

    def select(self, pool: Pool, tools: Tools) -> Selection:
        """Scores each teacher; see `scored_by_gradients`."""
        return scored_by_gradients(pool, tools, self.score)

    def score(self, gradients: RowGradients) -> Scored:
        """One teacher's score."""
        rows = range(len(gradients))
        figure = vendi(gradients.projected, rows, side="response", embedder="the student's gradients")
        return figure.value, figure.reason

"""How much a teacher's rows would move the student."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyteach.selection.selectors.contract import Pool, Scored, Selection
from polyteach.selection.selectors.gradients import RowGradients, scored_by_gradients

if TYPE_CHECKING:
    from polyteach.selection.selectors.tools import Tools


@dataclass(frozen=True, slots=True)
class GradientNorm:
    """Minus the mean squared norm of the student's gradients: -Tr(Sigma) = -mean |g|^2.

    Small gradients say that the student can follow the teacher by small steps. It is G-Norm, a baseline of
    arXiv 2511.02833, of which we know the formula from summaries of the paper (its text could not be read).
    Unlike there: norms are of the gradients themselves, not of their projection; and they are not multiplied
    by the logarithm of the response's length, as summaries say and the released code does not. It sees no
    directions: rows that all teach the same thing, and rows that the student knows already, are its best.
    """

    name: str = "gradient norm"

    def select(self, pool: Pool, tools: Tools) -> Selection:
        """Scores each teacher; see `scored_by_gradients`."""
        return scored_by_gradients(pool, tools, self.score)

    def score(self, gradients: RowGradients) -> Scored:
        """One teacher's score."""
        return -float((gradients.norms**2).mean()), None

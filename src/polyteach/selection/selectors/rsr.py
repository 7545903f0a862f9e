"""Low probability, yet high rank: what is new to the student and still within its reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyteach.selection.selectors.contract import Pool, Scored, Selection
from polyteach.selection.selectors.tokens import loss, ratio, why_none, with_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyteach.models.token_scores import TokenScores
    from polyteach.selection.selectors.tools import Tools

NOT_SURPRISED = "the student is certain of every token: there is no surprisal to divide by"


@dataclass(frozen=True, slots=True)
class Rsr:
    """Minus the rank-surprisal ratio of a teacher's rows; the paper's figure is better when lower.

    RSR = sum_i mean_t min(rank_it, clip) / sum_i mean_t -log p_it, over rows i and the response's tokens t
    under the student (arXiv 2601.14249; the data set's ratio, and ranks clipped at 100, are the authors'
    released computation). Rank 1 is the likeliest token; tokens of exactly the same probability share a rank.

    Ours: what ends the turn counts, as in training; a set without any surprisal has no score (theirs divides
    by 1e-12). The paper's rows are long chains of thought of mathematics; it makes no claim on short answers.

    Attributes:
        clip: ranks beyond it count as it.
    """

    clip: int = 100
    name: str = "RSR"

    def select(self, pool: Pool, tools: Tools) -> Selection:
        """One forward pass over all rows."""
        return with_tokens(pool, tools, self._score)

    def _score(self, rows: Sequence[TokenScores]) -> Scored:
        scored = [row for row in rows if not row.reason]
        ranks = [float(row.rank.clip(max=self.clip).mean()) for row in scored]
        value, why = ratio(ranks, [loss(row) for row in scored], NOT_SURPRISED if scored else why_none(rows))
        return (None, why) if value is None else (-value, None)

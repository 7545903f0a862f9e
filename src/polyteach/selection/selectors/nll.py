"""How likely the student finds what a teacher writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyteach.selection.selectors.contract import Pool, Scored, Selection
from polyteach.selection.selectors.tokens import mean_loss, with_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyteach.models.token_scores import TokenScores
    from polyteach.selection.selectors.tools import Tools


@dataclass(frozen=True, slots=True)
class Nll:
    """Minus the mean over rows of the response's mean NLL a token under the student: likelier is better.

    score = -1/n sum_i 1/|y_i| sum_t -log p(y_it | x_i, y_i<t): the likelihood by which GRAPE (arXiv
    2502.04194) chooses a response for each prompt, averaged over all of a teacher's rows instead. That mean,
    each row weighing alike, is our reading of "student likelihood" as the common baseline (arXiv 2601.14249).
    """

    name: str = "NLL"

    def select(self, pool: Pool, tools: Tools) -> Selection:
        """One forward pass over all rows."""
        return with_tokens(pool, tools, _score)


def _score(rows: Sequence[TokenScores]) -> Scored:
    value, why = mean_loss(rows)
    return (None, why) if value is None else (-value, None)

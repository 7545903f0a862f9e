"""How little a prompt helps the student with the response."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyteach.selection.selectors.contract import (
    NO_ROWS,
    Pool,
    Scored,
    Selection,
    each_teacher,
    mean_or_why,
    nobody,
)
from polyteach.selection.selectors.tokens import NO_STUDENT, loss, token_scores_of, why_none

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyteach.models.token_scores import TokenScores
    from polyteach.selection.selectors.tools import Tools

NOT_SURPRISED = "the student is certain of every response without its prompt"


@dataclass(frozen=True, slots=True)
class Ifd:
    """Mean instruction-following difficulty of a teacher's rows; a row above 1 counts as 0.

    IFD = loss(response | prompt) / loss(response), losses a token under the student (arXiv 2308.12032). The
    higher, the less the prompt tells of the response, and the more there is to learn; above 1 the prompt
    misleads, and the paper's released selection drops the row before it takes the highest. So the sign is up.

    Ours: the paper chooses rows and we teachers, so a dropped row, which would teach nothing, counts as 0
    instead of leaving the mean to the others. The response alone stands after an empty prompt in the
    student's own template (the released selection puts it after the template's response marker); the paper's
    student is first taught 1,000 rows of the data, ours is the base as it is. A response that is certain
    without its prompt (loss 0) has no IFD and is left out.
    """

    name: str = "IFD"

    def select(self, pool: Pool, tools: Tools) -> Selection:
        """Two forward passes over all rows: with and without the prompts."""
        if tools.student is None:
            return nobody(pool, NO_STUDENT)
        given = token_scores_of(pool, tools)
        alone = token_scores_of(pool, tools, prompts=False)
        return each_teacher(pool, lambda teacher: _score(given[teacher], alone[teacher]))


def _score(given: Sequence[TokenScores], alone: Sequence[TokenScores]) -> Scored:
    ratios = [
        loss(one) / loss(other)
        for one, other in zip(given, alone, strict=True)
        if not one.reason and not other.reason and loss(other) > 0
    ]
    if not given:
        return None, NO_ROWS
    certain = any(not one.reason for one in given)
    return mean_or_why([r if r <= 1 else 0.0 for r in ratios], NOT_SURPRISED if certain else why_none(given))

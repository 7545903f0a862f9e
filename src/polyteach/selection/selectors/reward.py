"""How good a judge of single responses finds a teacher's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyteach.selection.selectors.contract import NO_ROWS, Pool, Scored, Selection, each_teacher, mean_or_why

if TYPE_CHECKING:
    from polyteach.selection.selectors.tools import Tools

NO_REWARD = "there is nobody to mark responses"
UNMARKED = "no response got a mark"


@dataclass(frozen=True, slots=True)
class MeanReward:
    """The mean mark of a teacher's responses, by whoever `tools.reward` is.

    The baseline "reward alone" of arXiv 2411.07133, where reward models mark. Rows without a mark are left
    out; a blank response is marked like any other.
    """

    name: str = "reward"

    def select(self, pool: Pool, tools: Tools) -> Selection:
        """No pass of the student; the marks take what they take."""
        return each_teacher(pool, lambda teacher: mean_reward(pool, tools, teacher))


def mean_reward(pool: Pool, tools: Tools, teacher: str) -> Scored:
    """A teacher's mean mark, or why there is none."""
    if not pool.rows[teacher]:
        return None, NO_ROWS
    if tools.reward is None:
        return None, NO_REWARD
    marks = tools.once(pool, ("marks", teacher), lambda: _marks(pool, tools, teacher))
    return mean_or_why([mark for mark in marks if mark is not None], UNMARKED)


def _marks(pool: Pool, tools: Tools, teacher: str) -> list[float | None]:
    if tools.reward is None:
        return []
    return [tools.reward.of(row.prompt, row.response, pool.language) for row in pool.rows[teacher]]

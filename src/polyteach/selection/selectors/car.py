"""A reward, discounted by how foreign the responses are to the student."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyteach.selection.selectors.contract import Pool, Scored, Selection, each_teacher, nobody
from polyteach.selection.selectors.reward import mean_reward
from polyteach.selection.selectors.tokens import NO_STUDENT, mean_loss, token_scores_of

if TYPE_CHECKING:
    from polyteach.selection.selectors.tools import Tools


@dataclass(frozen=True, slots=True)
class Car:
    """The compatibility-adjusted reward, r / (1 + beta * L).

    r is the mean reward of a teacher's responses and L the mean loss of the student's base on them (arXiv
    2411.07133). Both are means over rows. The formula stands in several public summaries of the paper; that
    the paper sets beta to 3 is our recollection, which we could not confirm: a setting.

    Ours: a reward below 0 would turn the discount round, so rewards are 0 or more. Which reward it is, is
    said by `tools.reward.name` (in the pocket world an exact oracle, better than any reward model).

    Attributes:
        beta: weight of the loss, 0 or more; at 0 it is the reward alone.
    """

    beta: float = 3.0
    name: str = "CAR"

    def select(self, pool: Pool, tools: Tools) -> Selection:
        """One forward pass over all rows, and a mark of each."""
        if tools.student is None:
            return nobody(pool, NO_STUDENT)
        found = token_scores_of(pool, tools)

        def score(teacher: str) -> Scored:
            reward, why = mean_reward(pool, tools, teacher)
            if reward is None:
                return None, why
            incompatible, why = mean_loss(found[teacher])
            return (None, why) if incompatible is None else (reward / (1 + self.beta * incompatible), None)

        return each_teacher(pool, score)

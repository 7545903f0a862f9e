"""The teacher that writes the most: a control."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyteach.selection.selectors.contract import NO_ROWS, Pool, Scored, Selection, each_teacher

if TYPE_CHECKING:
    from polyteach.selection.selectors.tools import Tools


@dataclass(frozen=True, slots=True)
class Length:
    """The mean length of a teacher's responses in characters, longer first (`quality/lengths.py`).

    A control: a selector that does no better has at best found the longest. Blank responses are left out.
    """

    name: str = "length"

    def select(self, pool: Pool, tools: Tools) -> Selection:
        """Nothing but counting."""
        from polyteach.quality.lengths import character_lengths

        def score(teacher: str) -> Scored:
            mean, _ = character_lengths([row.response for row in pool.rows[teacher]], side="response")
            return mean.figure.value, NO_ROWS if not pool.rows[teacher] else mean.figure.reason

        return each_teacher(pool, score)

"""The teacher with the most parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyteach.selection.selectors.contract import Pool, Selection, each_teacher

if TYPE_CHECKING:
    from polyteach.selection.selectors.tools import Tools


@dataclass(frozen=True, slots=True)
class Largest:
    """A teacher's parameters: what many choose a teacher by. No row is read.

    Two papers report that it foretells little: arXiv 2604.11290 (mixed effects of log size, p = .5) and
    2411.07133 (the "larger models' paradox").
    """

    name: str = "largest"

    def select(self, pool: Pool, tools: Tools) -> Selection:
        """Nothing is computed."""
        unknown = "its size is not known"
        return each_teacher(pool, lambda teacher: (pool.facts_of(teacher).parameters, unknown))

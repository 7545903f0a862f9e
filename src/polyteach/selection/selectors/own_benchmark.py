"""The teacher that does best in an exam itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyteach.selection.selectors.contract import Pool, Selection, each_teacher

if TYPE_CHECKING:
    from polyteach.selection.selectors.tools import Tools


@dataclass(frozen=True, slots=True)
class OwnBenchmark:
    """A teacher's own result in an exam, the same one for all: the usual reading of a leaderboard.

    No row is read, and what the exam cost is in no account here.
    """

    name: str = "own benchmark"

    def select(self, pool: Pool, tools: Tools) -> Selection:
        """Nothing is computed."""
        return each_teacher(pool, lambda teacher: (pool.facts_of(teacher).benchmark_score, "it sat no exam"))

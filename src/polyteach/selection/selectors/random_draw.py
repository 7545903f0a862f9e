"""A teacher drawn at random: what every other selector must beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyteach.selection.selectors.contract import Pool, Selection
from polyteach.steps import digest_of

if TYPE_CHECKING:
    from polyteach.selection.selectors.tools import Tools


@dataclass(frozen=True, slots=True)
class RandomDraw:
    """A number from 0 to 1 that only the pool's rng_seed, language, base and the teacher's name decide.

    Whoever joins the pool changes no other's number. Teachers without rows are drawn too.
    """

    name: str = "random"

    def select(self, pool: Pool, tools: Tools) -> Selection:
        """Nothing is read."""
        return Selection(
            {
                teacher: int(digest_of([pool.rng_seed, pool.language, pool.base, teacher])[:13], 16) / 16**13
                for teacher in pool.rows
            }
        )

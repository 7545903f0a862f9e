"""What human rows of a pool are for: some are damaged by the gate, the rest train small models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyteach.selection.selectors.contract import Pool

if TYPE_CHECKING:
    from polyteach.quality.held_out import HeldOut
    from polyteach.rows import Row
    from polyteach.selection.selectors.tools import Tools


@dataclass(frozen=True, slots=True)
class Human:
    """A pool's human pairs, parted as the gate of a study parts them (`quality/gate.py`).

    Attributes:
        clean: those that the gate measures and damages.
        held_out: the others of the language.
        others: of other languages, for damage.
        texts: of which small models are made; nothing of `clean` or `others` is in them.
    """

    clean: list[Row]
    held_out: list[Row]
    others: list[Row]
    texts: HeldOut


def human_of(pool: Pool, tools: Tools) -> Human:
    """Parts the human rows; as many are clean as the smallest teacher has rows, or half of them if fewer."""
    return tools.once(pool, "human rows", lambda: _parted(pool))


def _parted(pool: Pool) -> Human:
    from polyteach.quality.gate import split
    from polyteach.quality.held_out import HeldOut

    most = min((len(rows) for rows in pool.rows.values() if rows), default=0)
    parts = {
        language: split([row for row in rows if _is_pair(row)], most, pool.rng_seed)
        for language, rows in sorted({**pool.other_rows, pool.language: pool.seed_rows}.items())
    }
    clean, held_out = parts[pool.language]
    others = [row for language, (damaged, _) in parts.items() if language != pool.language for row in damaged]
    kept = {language: rest for language, (_, rest) in parts.items()}
    return Human(clean, held_out, others, HeldOut.of(clean, pool.language, kept))


def _is_pair(row: Row) -> bool:
    return bool(row.prompt.strip() and row.response.strip())

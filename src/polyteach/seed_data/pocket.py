"""Rows from the pocket world's curriculum: true questions and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from polyteach.rows import Row


def read_pocket(language: str, rows: int, rng_seed: int) -> list[Row]:
    """Returns `rows` examples of a language, drawn with `rng_seed`; raises UserError where it has none."""
    from polyteach import pocket

    return pocket.seed_rows(language, rows, rng_seed)

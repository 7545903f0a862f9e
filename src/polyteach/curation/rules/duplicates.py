"""Rows that repeat earlier ones; the first copy stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from polyteach.curation.rules.rule import Context, Found, Settings, text_of

if TYPE_CHECKING:
    from polyteach.rows import Row


class _Duplicates(Settings):
    """Which texts are compared: `row` is prompt and response together."""

    plain_side: ClassVar[str] = "row"
    of_set: ClassVar[bool] = True
    side: Literal["row", "prompt", "response"] = "row"

    def texts(self, rows: Sequence[Row]) -> list[str]:
        """What of each row is compared; an empty text is no copy of another."""
        if self.side == "row":
            return [f"{row.prompt}\n{row.response}" for row in rows]
        side = self.side
        return [text_of(row, side) for row in rows]


class ExactDuplicates(_Duplicates):
    """The same text as an earlier row's, after NFKC, case folding and joining of blanks."""

    rule: ClassVar[str] = "exact_duplicates"

    def find(self, rows: Sequence[Row], context: Context) -> Found:
        """Judges rows in their order: the first of equals stays."""
        from polyteach.quality.duplicates import exact_duplicates

        values = exact_duplicates(self.texts(rows), side=self.side).values
        return Found(tuple(value == 1.0 for value in values))


class NearDuplicates(_Duplicates):
    """Beyond the first of a group of near duplicates (Jaccard of 4-character shingles .8 or more).

    Exact copies are among them. Not found: the same said in other words.
    """

    rule: ClassVar[str] = "near_duplicates"

    def find(self, rows: Sequence[Row], context: Context) -> Found:
        """Judges rows in their order: the first of a group stays."""
        from polyteach.quality.duplicates import near_duplicates

        values = near_duplicates(self.texts(rows), side=self.side, rng_seed=context.rng_seed).values
        return Found(tuple(value == 1.0 for value in values))

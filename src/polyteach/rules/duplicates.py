"""Rows that repeat earlier ones; the first copy stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from polyteach.rules.rule import Context, Found, Settings, Side, text_of

if TYPE_CHECKING:
    from polyteach.rows import Row


def _texts(rows: Sequence[Row], side: Literal["row"] | Side) -> list[str]:
    """What of each row is compared; an empty text is no copy of another."""
    if side == "row":
        return [f"{row.prompt}\n{row.response}" for row in rows]
    return [text_of(row, side) for row in rows]


class ExactDuplicates(Settings):
    """The same text as an earlier row's, after NFKC, case folding and joining of blanks."""

    rule: ClassVar[str] = "exact_duplicates"
    plain_side: ClassVar[str] = "row"
    of_set: ClassVar[bool] = True
    side: Literal["row", "prompt", "response"] = Field(default="row", description="row: both together")

    def find(self, rows: Sequence[Row], context: Context) -> Found:
        """Judges rows in their order: the first of equals stays."""
        from polyteach.quality.duplicates import exact_duplicates

        values = exact_duplicates(_texts(rows, self.side), side=self.side).values
        return Found(tuple(value == 1.0 for value in values))


class NearDuplicates(Settings):
    """Beyond the first of a group of near duplicates (Jaccard of 4-character shingles .8 or more).

    Exact copies are among them. Not found: the same said in other words.
    """

    rule: ClassVar[str] = "near_duplicates"
    plain_side: ClassVar[str] = "both"
    of_set: ClassVar[bool] = True
    side: Literal["both", "row", "prompt", "response"] = Field(
        default="both",
        description="row: prompt and response as one text, of which a long prompt may be most; both: rows "
        "that are near duplicates so, and whose response alone is one too",
    )

    def find(self, rows: Sequence[Row], context: Context) -> Found:
        """Judges rows in their order: the first of a group stays."""
        from polyteach.quality.duplicates import near_duplicates

        def copies(side: Literal["row"] | Side) -> list[bool]:
            found = near_duplicates(_texts(rows, side), side=side, rng_seed=context.rng_seed)
            return [value == 1.0 for value in found.values]

        if self.side != "both":
            return Found(tuple(copies(self.side)))
        return Found(tuple(a and b for a, b in zip(copies("row"), copies("response"), strict=True)))

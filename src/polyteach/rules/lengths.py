"""Texts that are missing, or shorter or longer than others."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from polyteach.rules.rule import Context, Found, Settings, Side, each, text_of
from polyteach.study.values import Number

if TYPE_CHECKING:
    from polyteach.rows import Row


class Empty(Settings):
    """Prompt or response is empty, or blanks alone."""

    rule: ClassVar[str] = "empty"
    plain_side: ClassVar[str] = "either"
    of_set: ClassVar[bool] = False
    side: Literal["prompt", "response", "either"] = "either"

    def find(self, rows: Sequence[Row], context: Context) -> Found:
        """Judges rows."""
        sides: tuple[Side, ...] = ("prompt", "response") if self.side == "either" else (self.side,)
        return each(rows, lambda row: any(not text_of(row, side).strip() for side in sides))


class _Length(Settings):
    """A limit in characters (code points in NFC, without blanks at the ends), or a quantile of the set."""

    side: Side = "response"
    characters: int | None = Field(default=None, ge=1)
    quantile: Number | None = Field(default=None, gt=0, lt=1, description="of the rows left by earlier rules")

    @model_validator(mode="after")
    def _has_one_limit(self) -> _Length:
        if (self.characters is None) == (self.quantile is None):
            raise ValueError("give `characters` or `quantile`, one of them")
        return self

    @property
    def of_set(self) -> bool:
        """With a quantile it needs all lengths."""
        return self.quantile is not None

    def lengths_and_limit(self, rows: Sequence[Row]) -> tuple[list[int], float]:
        """Length of each row's text, and the limit."""
        import numpy as np

        lengths = [len(unicodedata.normalize("NFC", text_of(row, self.side)).strip()) for row in rows]
        if self.quantile is None or not lengths:
            return lengths, float(self.characters or 0)
        return lengths, float(np.quantile(lengths, self.quantile))


class TooShort(_Length):
    """A text has fewer characters than the limit. Languages differ: 10 characters of Japanese say much."""

    rule: ClassVar[str] = "too_short"

    def find(self, rows: Sequence[Row], context: Context) -> Found:
        """Judges rows."""
        lengths, limit = self.lengths_and_limit(rows)
        return Found(tuple(length < limit for length in lengths))


class TooLong(_Length):
    """A text has more characters than the limit."""

    rule: ClassVar[str] = "too_long"

    def find(self, rows: Sequence[Row], context: Context) -> Found:
        """Judges rows."""
        lengths, limit = self.lengths_and_limit(rows)
        return Found(tuple(length > limit for length in lengths))

"""A regular expression of one's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, field_validator

from polyteach.rules.rule import Context, Found, Settings, Side, each, text_of

if TYPE_CHECKING:
    from polyteach.rows import Row


class Pattern(Settings):
    """A text holds what a regular expression of Python finds; ^ and $ are of lines."""

    rule: ClassVar[str] = "pattern"
    of_set: ClassVar[bool] = False
    regex: str = Field(min_length=1)
    side: Side = "response"

    @field_validator("regex")
    @classmethod
    def _compiles(cls, regex: str) -> str:
        try:
            re.compile(regex)
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from error
        return regex

    def find(self, rows: Sequence[Row], context: Context) -> Found:
        """Judges rows."""
        pattern = re.compile(self.regex, re.MULTILINE)
        return each(rows, lambda row: bool(pattern.search(text_of(row, self.side))))

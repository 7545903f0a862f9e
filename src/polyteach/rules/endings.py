"""Responses that end before they are done."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from polyteach.identification import letters
from polyteach.models.completions import LENGTH
from polyteach.rules.rule import Context, Found, Settings, each

if TYPE_CHECKING:
    from polyteach.rows import Row

LEAST_LETTERS = 60
"""A shorter last line may be a heading, a name, a date: nothing says that it goes on. CJK counts twice."""
_STOPS = r".!?:;…。！？：；．｡।॥؟۔։።፧၊།៕"
_CLOSERS = r"」』）)\]}>»”\"’'*_`~|♪☆★\u2600-\u27bf\U0001f000-\U0001faff"
_END = re.compile(rf"[{_STOPS}{_CLOSERS}]\s*\Z")
_ITEM = re.compile(r"\s*(?:[-*+•·|#>―—–~]|\d+[.)、．\-–]|[（(]?[a-zA-Z一-十][)）.、])")
_INNER_END = re.compile(r"[.!?।؟]\s+\S|[。！？]\s*\S")
_NO_PROSE = re.compile(r"://|\||[\\{}<>=^]")
_UNSTOPPED = re.compile(r"[\u0e00-\u0eff]")


class CutOff(Settings):
    """The model stopped at a limit of tokens, as the row itself says (`finish_reason` is `length`)."""

    rule: ClassVar[str] = "cut_off"
    of_set: ClassVar[bool] = False

    def find(self, rows: Sequence[Row], context: Context) -> Found:
        """Judges rows; one that does not say how it ended cannot be told."""
        return each(rows, lambda row: row.finish_reason == LENGTH if row.finish_reason else "not_said")


class Unfinished(Settings):
    """The last line of a response is prose and breaks off: no mark ends it, where one ends what is before.

    For data that do not say how an answer ended. It also takes who leaves out the last mark, as people do.
    Not found: what breaks off after a full stop, in a list or in code.
    """

    rule: ClassVar[str] = "unfinished"
    of_set: ClassVar[bool] = False

    def find(self, rows: Sequence[Row], context: Context) -> Found:
        """Judges rows whose responses are of a script with marks at the ends of sentences."""
        return each(rows, lambda row: _breaks_off(row.response))


def _breaks_off(text: str) -> bool:
    lines = [line for line in text.strip().split("\n") if line.strip()]
    if not lines or "```" in text:
        return False
    *before, last = lines
    if letters(last) < LEAST_LETTERS or any(found.search(last) for found in (_END, _NO_PROSE, _UNSTOPPED)):
        return False
    if _ITEM.match(last):
        return False
    if _INNER_END.search(last):
        return True  # it has sentences with ends before the one without
    prose = [line for line in before if letters(line) >= LEAST_LETTERS and not _ITEM.match(line)]
    return bool(prose) and all(_END.search(line) for line in prose)

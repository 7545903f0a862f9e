"""Responses that go round in circles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from polyteach.languages import language_and_script
from polyteach.rules.rule import Context, Found, Settings, Side, each, text_of
from polyteach.study.values import Number, Positive

if TYPE_CHECKING:
    from polyteach.rows import Row

WORDS, CHARACTERS = 3, 8
"""N of the n-grams: a short phrase, in words or where a script has no blanks in characters."""


class Repetition(Settings):
    """A text repeats itself: few of its n-grams are distinct, or it ends in one passage again and again.

    Distinct-n within the text (n-grams of 3 words, or of 8 characters where a script has no blanks). Not
    found: the same said in other words.
    """

    rule: ClassVar[str] = "repetition"
    of_set: ClassVar[bool] = False
    side: Side = "response"
    least_distinct: Number = Field(
        default=0.5, gt=0, le=1, description="share of n-grams that are no repetition"
    )
    least_grams: Positive = Field(default=40, description="a text with fewer is not judged by its share")
    most_rounds: Positive = Field(
        default=4, description="times a passage may stand at the end, one after another"
    )

    def find(self, rows: Sequence[Row], context: Context) -> Found:
        """Judges rows by their own `language`."""
        return each(rows, self._check)

    def _check(self, row: Row) -> bool:
        from polyteach.quality.distinct import UNSPACED, units

        by_characters = language_and_script(row.language)[1] in UNSPACED
        tokens = units(text_of(row, self.side), by_characters)
        n = CHARACTERS if by_characters else WORDS
        grams = list(zip(*(tokens[place:] for place in range(n)), strict=False))
        if len(grams) >= self.least_grams and len(set(grams)) < self.least_distinct * len(grams):
            return True
        return _rounds_at_end(tokens, n) > self.most_rounds


def _rounds_at_end(tokens: Sequence[str], least: int) -> int:
    """How often the passage that ends a text stands there, one after the other.

    A passage of fewer than `least` tokens counts as often as it fills so many: "ha ha ha ha ha ha" is two
    rounds of three.
    """
    most = 1
    for period in range(1, min(200, len(tokens) // 2) + 1):
        same = 0
        while same + period < len(tokens) and tokens[-1 - same] == tokens[-1 - same - period]:
            same += 1
        most = max(most, (same + period) // max(period, least))
    return most

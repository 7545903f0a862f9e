"""Rows in another language than theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from polyteach.identification import identify
from polyteach.rules.rule import Context, Found, Settings, Side, each, text_of
from polyteach.study.values import Language

if TYPE_CHECKING:
    from polyteach.quality.short_texts import ShortTexts
    from polyteach.rows import Row


class WrongLanguage(Settings):
    """The main language of a text is surely another than the row's; what cannot be told stays.

    Not found: a few sentences of another language in a long text; a language in another's letters.
    """

    rule: ClassVar[str] = "wrong_language"
    of_set: ClassVar[bool] = False
    side: Literal["prompt", "response", "either"] = "response"
    sure: bool = Field(
        default=True,
        description="lets pass what another language is asked for in, code, JSON, names, and what is little "
        "likelier in another language; off: whatever py3langid finds",
    )
    short: Mapping[Language, str] = Field(
        default={},
        description="files of human texts by language, of two or more: tells texts below 20 letters too",
    )

    def find(self, rows: Sequence[Row], context: Context) -> Found:
        """Judges rows by their own `language`."""
        sides: tuple[Side, ...] = ("prompt", "response") if self.side == "either" else (self.side,)
        models = _short_texts(tuple(sorted(self.short.items()))) if self.short else None

        def check(row: Row) -> bool | str:
            results = [self._check(row, side, models) for side in sides]
            return next((result for result in results if result is True), results[-1])

        return each(rows, check)

    def _check(self, row: Row, side: Side, models: ShortTexts | None) -> bool | str:
        text, language = text_of(row, side), row.language
        found = identify(text, language)
        if models and found.reason == "too_short" and language in models.languages:
            return not models.judge([text], language)[0][0]
        if self.sure:
            return _surely(row, side)
        return found.reason or not found.matches


def _surely(row: Row, side: Side) -> bool | str:
    from polyteach.synthesis.language_check import is_wrong_language, is_wrong_prompt
    from polyteach.synthesis.prose import prose_of

    found = identify(prose_of(text_of(row, side)), row.language)
    if found.matches and not row.language.startswith("zh"):  # Chinese may be in the wrong script
        return False
    if side == "prompt":
        wrong = is_wrong_prompt(row.prompt, row.language)
    else:
        wrong = is_wrong_language(row.response, row.language, task=row.prompt)
    return wrong or found.reason or False


@lru_cache(maxsize=4)
def _short_texts(files: tuple[tuple[str, str], ...]) -> ShortTexts:
    from polyteach.quality.short_texts import ShortTexts
    from polyteach.seed_data.files import read_file

    read = {code: read_file(Path(path), language=code) for code, path in files}
    return ShortTexts(
        {code: [text for row in rows for text in (row.prompt, row.response)] for code, rows in read.items()}
    )

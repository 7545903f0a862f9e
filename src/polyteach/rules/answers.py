"""Responses that do not answer: refusals, and prompts said again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from polyteach.models.refusals import is_refusal
from polyteach.rules.rule import Context, Found, Settings, each
from polyteach.study.values import Positive
from polyteach.texts import normalised

if TYPE_CHECKING:
    from polyteach.rows import Row


class Refusal(Settings):
    """A response is nothing but a refusal, by how it begins (`models/refusals.yaml`, 25 languages)."""

    rule: ClassVar[str] = "refusal"
    of_set: ClassVar[bool] = False

    def find(self, rows: Sequence[Row], context: Context) -> Found:
        """Judges rows."""
        return each(rows, lambda row: is_refusal(row.response))


class Echo(Settings):
    """A response is its prompt again, or begins with all of it. One that quotes a part of it is none."""

    rule: ClassVar[str] = "echo"
    of_set: ClassVar[bool] = False
    least_characters: Positive = Field(
        default=20, description="a shorter prompt may begin its answer; alone it is an echo all the same"
    )

    def find(self, rows: Sequence[Row], context: Context) -> Found:
        """Judges rows; case, width and blanks do not count."""
        from polyteach.synthesis.checks import is_echo

        def check(row: Row) -> bool:
            prompt = normalised(row.prompt)
            begins = len(prompt) >= self.least_characters and normalised(row.response).startswith(prompt)
            return begins or is_echo(row.response, row.prompt, "")

        return each(rows, check)

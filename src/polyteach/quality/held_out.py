"""What a gate hands on to those who measure teachers: how many rows to take, and the small models' texts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from polyteach.files import write_json
from polyteach.quality.characters import CharacterModel
from polyteach.quality.short_texts import ShortTexts
from polyteach.texts import normalised

if TYPE_CHECKING:
    from polyteach.rows import Row

HELD_OUT = "held_out.json"
MOST_CHARACTERS = 300_000
"""Characters a model is trained on at most: more would hardly change it and cost time in every cell."""


@dataclass(frozen=True)
class HeldOut:
    """Texts for small models.

    Attributes:
        n: rows that the gate took; teachers are measured on as many.
        responses: held-out human responses of the language.
        texts: held-out human prompts and responses of it and of the study's other languages.
    """

    n: int
    responses: list[str]
    texts: dict[str, list[str]]

    @classmethod
    def of(cls, clean: Sequence[Row], language: str, rows: Mapping[str, Sequence[Row]]) -> HeldOut:
        """Takes the texts of rows, by language, up to `MOST_CHARACTERS` in each.

        The model that says how usual a response is must not have read the gate's own: short answers repeat
        under other prompts, so these are left out. To tell a language one has to know its words, so `texts`
        keep them.
        """
        read = {normalised(row.response) for row in clean}
        both = {code: [t for row in own for t in (row.prompt, row.response)] for code, own in rows.items()}
        return cls(
            len(clean),
            list(_first([row.response for row in rows[language] if normalised(row.response) not in read])),
            {code: list(_first(texts)) for code, texts in both.items()},
        )

    @cached_property
    def characters(self) -> CharacterModel | None:
        """A model of the language's responses; None without any."""
        return CharacterModel(self.responses) if self.responses else None

    @cached_property
    def short(self) -> ShortTexts:
        """Models that tell the languages apart in short texts."""
        return ShortTexts(self.texts)

    def write(self, folder: Path) -> None:
        """Writes it into a folder, for `read_held_out`."""
        write_json(folder / HELD_OUT, asdict(self))


def read_held_out(folder: Path) -> HeldOut:
    """Reads what `HeldOut.write` wrote."""
    return HeldOut(**json.loads((folder / HELD_OUT).read_text(encoding="utf-8")))


def _first(texts: Sequence[str]) -> Iterator[str]:
    taken = 0
    for text in texts:
        if text.strip() and taken < MOST_CHARACTERS:
            taken += len(text)
            yield text

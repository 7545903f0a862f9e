"""What a reviewer is told, in a language they read. None of the files was checked by a native speaker."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field

from polyteach.languages import language_and_script

FILES = Path(__file__).parent / "words"
FALLBACK = "en"
_Text = Annotated[str, Field(min_length=1)]


class Words(BaseModel):
    """All texts of the page. `points` and `marks` say in short what `quality/rubric.yaml` asks a judge.

    Attributes:
        progress: with `{done}` and `{all}`.
        other, other_sure: of the button for the next person in one browser, and what is asked before.
        fallback: said where the reviewer's language has no file, with `{language}`; English has it alone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: _Text
    thanks: _Text
    marking: _Text
    points: tuple[_Text, _Text, _Text, _Text]
    marks: tuple[_Text, _Text, _Text, _Text, _Text]
    choosing: _Text
    own_questions: _Text
    honest: _Text
    private: _Text
    instructions: _Text
    name: _Text
    question: _Text
    answer: _Text
    ask_mark: _Text
    ask_choice: _Text
    first: _Text
    second: _Text
    both_good: _Text
    both_bad: _Text
    cannot: _Text
    back: _Text
    next: _Text
    progress: _Text
    kept: _Text
    not_kept: _Text
    save: _Text
    copy_: _Text = Field(alias="copy")
    copied: _Text
    other: _Text
    other_sure: _Text
    finished: _Text
    unfinished: _Text
    no_script: _Text
    fallback: str = ""


@cache
def known_languages() -> tuple[str, ...]:
    """The languages that have instructions."""
    return tuple(sorted(path.stem for path in FILES.glob("*.yaml")))


def words_for(language: str) -> tuple[str, Words]:
    """The instructions for a language, with the code of the language they are in.

    A region does not matter, a script does: `zh-Hant` has none. Without a file they are in English.
    """
    wanted = language_and_script(language)
    code = next((known for known in known_languages() if language_and_script(known) == wanted), FALLBACK)
    plain = yaml.safe_load((FILES / f"{code}.yaml").read_text(encoding="utf-8"))
    return code, Words.model_validate(plain)

from __future__ import annotations

import pytest

from polyteach.languages import is_right_to_left
from polyteach.review.words import known_languages, words_for

ASKED_FOR = [
    "ar",
    "bn",
    "de",
    "en",
    "es",
    "fa",
    "fil",
    "fr",
    "hi",
    "id",
    "ja",
    "ko",
    "pt",
    "ru",
    "sw",
    "th",
    "tr",
    "ur",
    "vi",
    "zh",
]


def test_the_languages_there_are() -> None:
    assert list(known_languages()) == list(ASKED_FOR)


@pytest.mark.parametrize("language", ASKED_FOR)
def test_a_language_is_whole_and_its_own(language: str) -> None:
    code, words = words_for(language)
    _, english = words_for("en")
    assert code == language
    assert "{done}" in words.progress
    assert "{all}" in words.progress
    if language != "en":
        same = [name for name, text in words if text and text == getattr(english, name)]
        assert set(same) <= {"instructions", "question"}  # as the French say
    if is_right_to_left(language):
        assert any("\u0600" <= letter <= "\u06ff" for letter in words.title)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("pt-BR", "pt"), ("zh-Hant", "en"), ("cs", "en"), ("en-GB", "en"), ("fil", "fil"), ("sr", "en")],
)
def test_the_language_that_is_taken(wanted: str, found: str) -> None:
    assert words_for(wanted)[0] == found

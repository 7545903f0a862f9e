"""The language of a word or two."""

from __future__ import annotations

import pytest

from polyteach import pocket
from polyteach.quality.fidelity import language_fidelity
from polyteach.quality.short_texts import ShortTexts
from polyteach.texts import normalised

LANGUAGES = ("de", "id", "ar", "ja", "fil", "en")
SEEDS = {code: pocket.seed_rows(code, 600, 4) for code in LANGUAGES}


@pytest.fixture(scope="module")
def short() -> ShortTexts:
    return ShortTexts(
        {code: [t for r in own[200:] for t in (r.prompt, r.response)] for code, own in SEEDS.items()}
    )


@pytest.mark.parametrize("code", LANGUAGES[:-1])
def test_answers_of_the_pocket_languages(short: ShortTexts, code: str) -> None:
    own = [row.response for row in SEEDS[code][:200]]
    known = {normalised(row.response) for row in SEEDS[code]}
    right = [value for value, _ in short.judge(own, code)]
    assert sum(right) / len(right) >= 0.95
    for other in LANGUAGES:
        if other != code:
            texts = [row.response for row in SEEDS[other][:200] if normalised(row.response) not in known]
            wrong = [value for value, _ in short.judge(texts, code)]
            assert sum(wrong) / len(wrong) <= 0.03, other


def test_a_name_of_both_is_in_both_and_another_script_in_neither(short: ShortTexts) -> None:
    assert short.judge(["Helsinki", "Mittwoch", "Москва", "曜日"], "de") == [
        (1.0, "de"),
        (1.0, "de"),
        (0.0, None),
        (0.0, "ja"),
    ]
    assert short.judge(["Helsinki", "Mittwoch"], "fil") == [(1.0, "fil"), (0.0, "de")]
    assert short.judge([], "de") == []


def test_it_decides_where_the_identifier_has_too_little(short: ShortTexts) -> None:
    texts = ["Mittwoch", "Wednesday", "5", "", "Der Hund schläft heute den ganzen Tag im Garten."]
    plain = language_fidelity(texts, "de", side="response").measured
    assert plain.reasons == ("too_short", "too_short", "no_letters", "empty", None)
    both = language_fidelity(texts, "de", side="response", short=short)
    assert both.measured.values == (1.0, 0.0, None, None, 1.0)
    assert both.detected[:2] == ("de", "en")
    assert "models of human texts (ar, de, en, fil, id, ja)" in both.measured.figure.definition


def test_alone_a_language_cannot_be_told_from_others() -> None:
    lone = ShortTexts({"de": ["Mittwoch", "Montag"], "en": [" "]})
    assert lone.languages == ("de",)
    assert language_fidelity(["Mittwoch"], "de", side="response", short=lone).measured.reasons == (
        "too_short",
    )
    others = ShortTexts({"en": ["Monday"], "fr": ["lundi"]})
    assert language_fidelity(["Montag"], "de", side="response", short=others).measured.reasons == (
        "too_short",
    )

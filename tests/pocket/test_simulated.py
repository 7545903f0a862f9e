"""Simulated teachers: what their dials promise, counted."""

from __future__ import annotations

from collections import Counter
from statistics import mean

import pytest

from polyteach.pocket import LANGUAGES, judge, seed_rows
from polyteach.pocket.simulated import (
    Dials,
    answer,
    answered,
    in_another_language,
    new_questions,
    originals,
    translated,
)
from polyteach.pocket.world import questions

TARGETS = [code for code in LANGUAGES if code != "en"]


def one_a_fact(language: str) -> list:
    return [question for question in questions(language, "train") if question.template == 0]


def wrong(language: str, error: float, beliefs_seed: int = 5) -> dict[str, str]:
    """Fact -> what is said of it, where that is not the right answer."""
    said = {q: answer(q, Dials(error=error), beliefs_seed).text for q in one_a_fact(language)}
    return {q.fact.key: text for q, text in said.items() if text != q.fact.answer}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_teacher_without_fault_says_the_plain_answer(language: str) -> None:
    for question in questions(language, "train"):
        found = answer(question, Dials(), 1)
        assert (found.text, found.cut) == (question.fact.answer, False)


@pytest.mark.parametrize("language", ["en", "de", "ja"])
def test_errors_are_of_an_exact_share_systematic_and_nested(language: str) -> None:
    # 184 facts: .2 of them is 36.8, so 37 are wrong; .4 is 73.6, so 74
    few, many = wrong(language, 0.2), wrong(language, 0.4)
    assert (len(few), len(many), len(wrong(language, 0)), len(wrong(language, 1))) == (37, 74, 0, 184)
    assert few.items() <= many.items() <= wrong(language, 1).items()  # always in the one way
    assert few.keys() != wrong(language, 0.2, beliefs_seed=6).keys()
    other = [q for q in questions(language, "train") if q.template == 3]
    said = {q.fact.key: answer(q, Dials(error=0.2), 5).text for q in other}
    assert {key: said[key] for key in few} == few  # in other words the same


def test_what_it_was_asked_is_known_by_its_words() -> None:
    pool = questions("ja", "train")
    assert answered("ja", [q.prompt for q in pool]) == list(pool)
    assert answered("ja", ["Who wrote Faust?"]) == [None]
    english = [q.prompt for q in questions("en", "train")]
    assert translated("ja", english) == list(pool)
    assert translated("ja", ["Who wrote Faust?"]) == [None]


def test_new_questions_are_new_and_never_what_was_shown() -> None:
    pool = questions("de", "train")
    shown = [{pool[(n * 7 + k) % 920].prompt for k in range(3)} for n in range(200)]
    found = new_questions("de", shown, 3)
    assert len({q.prompt for q in found if q}) == 200
    assert not any(q and q.prompt in prompts for q, prompts in zip(found, shown, strict=True))
    assert found == new_questions("de", shown, 3) != new_questions("de", shown, 4)


def test_a_world_that_is_used_up_has_nothing_new() -> None:
    found = new_questions("de", [set()] * 922, 1)
    assert len({q.id for q in found[:920] if q}) == 920
    assert found[920:] == [None, None]


def test_copies_are_of_an_exact_share_and_copy_what_is_earlier() -> None:
    order = originals(100, 0.3, 7)
    own = {number for number, origin in enumerate(order) if origin == number}
    assert len(own) == 30
    assert all(origin in own and origin <= number for number, origin in enumerate(order))
    more = {number for number, origin in enumerate(originals(100, 0.6, 7)) if origin == number}
    assert own < more
    assert len(more) == 60
    assert originals(100, 1, 7) == list(range(100))
    assert set(originals(100, 0.001, 7)) == {0}  # one row at least copies nothing
    assert originals(0, 0.5, 7) == []
    assert originals(1, 0.5, 7) == [0]


def test_rows_in_another_language_are_of_an_exact_share_and_nested() -> None:
    assert [len(in_another_language(40, share, 2)) for share in (0, 0.1, 0.5, 1)] == [0, 4, 20, 40]
    assert in_another_language(40, 0.1, 2) < in_another_language(40, 0.5, 2)
    assert in_another_language(40, 0.5, 2) != in_another_language(40, 0.5, 3)


@pytest.mark.parametrize("language", LANGUAGES)
def test_another_language_says_it_otherwise_and_mostly_in_english(language: str) -> None:
    reasons = Counter(
        judge(q.prompt, answer(q, Dials(), 1, another_language=True).text, language).reason
        for q in one_a_fact(language)
    )
    assert set(reasons) == {"right_in_another_language"}


def test_another_language_is_english_where_english_differs() -> None:
    (june,) = [q for q in one_a_fact("de") if q.fact.key == "month_number/7"]
    assert answer(june, Dials(), 1, another_language=True).text == "July"
    (august,) = [q for q in one_a_fact("de") if q.fact.key == "month_number/8"]
    assert august.fact.answer == "August"
    assert answer(august, Dials(), 1, another_language=True).text == "Agustus"  # Indonesian, the next


@pytest.mark.parametrize(
    ("length", "text", "cut"),
    [
        (0.25, "J", True),
        (0.5, "Ju", True),
        (0.01, "J", True),  # at least one character
        (1, "Juli", False),
        # 4 characters wanted 16: "Juli\nDas ist Juli." has 4 + 1 + 13 = 18, the full sentence 4 + 1 + 39 = 44
        (4, "Juli\nDas ist Juli.", False),
        (2, "Juli", False),  # 8 wanted: 4 is nearer than 18
        (8, "Juli\nDie Antwort auf Ihre Frage lautet Juli.", False),  # 32: 44 is off by 12, 18 by 14
    ],
)
def test_lengths_by_hand(length: float, text: str, cut: bool) -> None:
    (question,) = [q for q in one_a_fact("de") if q.fact.key == "month_number/7"]
    found = answer(question, Dials(length=length), 1)
    assert (found.text, found.cut) == (text, cut)


@pytest.mark.parametrize("language", LANGUAGES)
def test_responses_are_on_average_as_long_as_asked_for(language: str) -> None:
    asked = one_a_fact(language)
    plain = mean(len(q.fact.answer) for q in asked)

    def ratio(length: float) -> float:
        return mean(len(answer(q, Dials(length=length), 1).text) for q in asked) / plain

    for length in (0.5, 1, 3, 4, 6, 8, 12, 16, 30):
        assert ratio(length) == pytest.approx(length, rel=0.15)
    assert 1.4 < ratio(2) < 2  # no sentence is as short as some answers


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_follows_an_answer_leaves_it_right_and_alone_on_its_line(language: str) -> None:
    for question in one_a_fact(language):
        text = answer(question, Dials(length=12), 1).text
        assert text.split("\n")[0] == question.fact.answer
        assert judge(question.prompt, text, language).score == 4


@pytest.mark.parametrize("language", TARGETS)
def test_long_answers_let_language_fidelity_see_what_plain_ones_hide(language: str) -> None:
    from polyteach.quality.fidelity import language_fidelity

    for foreign, share in ((False, 1.0), (True, 0.0)):
        asked = one_a_fact(language)
        texts = [answer(q, Dials(length=12), 1, another_language=foreign).text for q in asked]
        figure = language_fidelity(texts, language, side="response").measured.figure
        assert figure.value == share
        assert figure.n == 184


def test_seed_prompts_of_the_world_are_all_known() -> None:
    rows = seed_rows("fil", 100, 3)
    assert [q.fact.answer for q in answered("fil", [row.prompt for row in rows]) if q] == [
        row.response for row in rows
    ]

"""The exact judge of the pocket world: every question has one right answer, so no model need mark it.

Marks: 5 the right answer and nothing else; 4 the right answer with other case, punctuation or words around;
3 the right answer in another language; 2 a wrong answer of the right kind (a month where one was asked for);
1 anything else. A prompt that is no question of the pocket world gets no mark, with the reason.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache

from polyteach.pocket.world import LANGUAGES, TEMPLATE_COUNT, Fact, facts, questions
from polyteach.pocket.world.facts import answers

UNKNOWN_PROMPT = "not_a_pocket_question"
UNKNOWN_LANGUAGE = "not_a_pocket_language"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A mark from 1 to 5, or None where nothing can be said, and why."""

    score: int | None
    reason: str


def judge(prompt: str, response: str, language: str) -> Verdict:
    """Marks a response to a question of the pocket world.

    Args:
        prompt: a question in the words of any template, training or examination, of any of the six languages.
        response: what was answered.
        language: the language the answer should be in, whichever the prompt is in.
    """
    if language not in LANGUAGES:
        return Verdict(None, UNKNOWN_LANGUAGE)
    key = _fact_keys().get(_tidy(prompt))
    if key is None:
        return Verdict(None, UNKNOWN_PROMPT)
    fact, said = _fact(key, language), _tidy(response)
    if said == fact.answer:
        return Verdict(5, "right")
    if any(said == _fact(key, other).answer for other in LANGUAGES):
        return Verdict(3, "right_in_another_language")
    if said in answers(language, fact.family):
        return Verdict(2, "wrong_answer")
    if _contains(said, fact, language):
        return Verdict(4, "right_with_more")
    return Verdict(1, "no_answer" if said else "empty")


@cache
def _fact_keys() -> dict[str, str]:
    return {
        _tidy(question.prompt): question.fact.key
        for language in LANGUAGES
        for split in TEMPLATE_COUNT
        for question in questions(language, split)
    }


@cache
def _fact(key: str, language: str) -> Fact:
    return next(fact for fact in facts(language) if fact.key == key)


def _contains(said: str, fact: Fact, language: str) -> bool:
    """Whether the answer stands in what was said as whole words; in Japanese, which has no spaces, anywhere.

    A longer answer of the family that holds this one (twelve in Japanese holds two) is not this one.
    """
    said, answer = _plain(said), _plain(fact.answer)
    for longer in sorted((_plain(a) for a in answers(language, fact.family)), key=len, reverse=True):
        if answer in longer and longer != answer:
            said = said.replace(longer, "|")
    return answer in said if language == "ja" else f" {answer} " in f" {said} "


def _tidy(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _plain(text: str) -> str:
    """Lower case without punctuation, words parted by one space."""
    kept = (letter if unicodedata.category(letter)[0] in "LMN" else " " for letter in text.casefold())
    return " ".join("".join(kept).split())

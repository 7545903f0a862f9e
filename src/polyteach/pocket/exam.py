"""The pocket world's examination: held-out wordings of the facts, as multiple choice and exact answers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from random import Random

from polyteach.errors import UserError
from polyteach.pocket.beliefs import misconception
from polyteach.pocket.world import LANGUAGES, Question, questions
from polyteach.pocket.world.facts import answers

CHOICES = 4


@dataclass(frozen=True, slots=True)
class ChoiceItem:
    """A question with four choices, of which one is right; chance is .25.

    Attributes:
        cluster: the fact asked for, alike in all wordings and languages and in both tasks.
    """

    id: str
    cluster: str
    question: str
    choices: tuple[str, ...]
    answer_index: int


@dataclass(frozen=True, slots=True)
class ExactItem:
    """A question with the one answer that counts; chance is 0. `cluster`: see `ChoiceItem`."""

    id: str
    cluster: str
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Exam:
    """All items of a language; both tasks ask the same 368 questions."""

    language: str
    choice: tuple[ChoiceItem, ...]
    exact: tuple[ExactItem, ...]


@cache
def exam(language: str) -> Exam:
    """Returns the examination of a language, the same in every study.

    The common misconception about a fact is always among the choices, as a good examiner would have it: who
    learnt the wrong answer is then wrong, not lucky. The other two are further answers of the same family.

    Raises:
        UserError: the language is none of the pocket world's.
    """
    if language not in LANGUAGES:
        raise UserError(f"the pocket world has no language {language!r}", fix=f"use {', '.join(LANGUAGES)}")
    asked = questions(language, "exam")
    return Exam(
        language,
        tuple(_choice_item(question) for question in asked),
        tuple(
            ExactItem(question.id, _cluster(question), question.prompt, question.fact.answer)
            for question in asked
        ),
    )


def _choice_item(question: Question) -> ChoiceItem:
    rng = Random(question.id)
    right, wrong = question.fact.answer, misconception(question.language, question.fact)
    others = [a for a in answers(question.language, question.fact.family) if a not in (right, wrong)]
    choices = [right, wrong, *rng.sample(others, CHOICES - 2)]
    rng.shuffle(choices)
    return ChoiceItem(question.id, _cluster(question), question.prompt, tuple(choices), choices.index(right))


def _cluster(question: Question) -> str:
    return f"pocket/{question.fact.key}"

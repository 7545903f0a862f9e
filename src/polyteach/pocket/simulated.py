"""Simulated teachers: what they write follows from the facts, the templates and four dials; no model is.

They stand in for teachers where a defect has to be known exactly: a study of them says which metric and which
benchmark sees it. All randomness is hashing, so that a defect is nested (what is wrong at .2 is wrong at .4)
and alike for all teachers of a study.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import cycle

import yaml

from polyteach.pocket.beliefs import beliefs, draw
from polyteach.pocket.world import LANGUAGES, Question, questions


@dataclass(frozen=True, slots=True)
class Dials:
    """What is wrong with a simulated teacher; the defaults are a teacher without fault.

    Attributes:
        error: share of the facts of each language that it believes wrongly, 0 to 1; always the same ones,
            each in the one way of `beliefs.misconception`.
        unique: share of the rows of a method that are no exact copy of an earlier row, above 0 to 1.
        wrong_language: share of the rows of a method whose response is in another language, 0 to 1: English,
            or the first language of the world that says it otherwise. The prompt stays in its language.
        length: characters of a response in relation to the plain answer. Below 1 the answer is cut off
            there, as by a token limit (at least one character is left). Above 1, sentences about the answer
            follow it on a line of their own, in the number that comes nearest to the length.
    """

    error: float = 0.0
    unique: float = 1.0
    wrong_language: float = 0.0
    length: float = 1.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, and whether it was cut off."""

    text: str
    cut: bool


def answered(language: str, prompts: Sequence[str]) -> list[Question | None]:
    """Returns the training question that each prompt is; None for what the world does not know."""
    known = _by_prompt(language)
    return [known.get(prompt) for prompt in prompts]


def translated(language: str, english: Sequence[str]) -> list[Question | None]:
    """Returns the question of a language that asks the same as each English one; None likewise."""
    pairs = dict(zip(_by_prompt("en"), questions(language, "train"), strict=True))
    return [pairs.get(prompt) for prompt in english]


def new_questions(language: str, shown: Sequence[Collection[str]], rng_seed: int) -> list[Question | None]:
    """Draws a question for each attempt, none twice and none that was shown in it.

    Args:
        language: of the questions.
        shown: the prompts shown in each attempt.
        rng_seed: of the order of the world's 920 questions.

    Returns:
        As many questions; None from where on nothing new is left.
    """
    left = sorted(questions(language, "train"), key=lambda question: draw("new", rng_seed, question.id))
    drawn: list[Question | None] = []
    for prompts in shown:
        question = next((question for question in left if question.prompt not in prompts), None)
        drawn.append(question)
        if question:
            left.remove(question)
    return drawn


def originals(n: int, unique: float, rng_seed: int) -> list[int]:
    """Returns for each of n rows the number of the row that it is: its own, or an earlier one that it copies.

    Args:
        n: rows.
        unique: share of rows that are no copies; at least the first is none.
        rng_seed: of the choice; the rows that are none at .2 are none at .4 either.
    """
    kept = {0, *_chosen("unique", n, max(0, round(unique * n) - 1), rng_seed, first=1)}
    found: list[int] = []
    earlier: list[int] = []
    for number in range(n):
        if number in kept:
            earlier.append(number)
        found.append(number if number in kept else earlier[draw("copied", rng_seed, number) % len(earlier)])
    return found


def in_another_language(n: int, share: float, rng_seed: int) -> set[int]:
    """Returns which of n rows are answered in another language, exactly `round(share * n)`; nested."""
    return set(_chosen("another language", n, round(share * n), rng_seed))


def answer(question: Question, dials: Dials, beliefs_seed: int, another_language: bool = False) -> Answer:
    """Returns what a simulated teacher answers.

    Args:
        question: what it was asked.
        dials: `error` and `length` matter here; the others are of rows, not of one answer.
        beliefs_seed: of the facts it is wrong about.
        another_language: whether it answers in another language.
    """
    said = _believed(question, question.language, dials.error, beliefs_seed)
    language = question.language
    if another_language:
        others = ("en", *(code for code in LANGUAGES if code != "en"))
        versions = {code: _believed(question, code, dials.error, beliefs_seed) for code in others}
        language = next(code for code in others if code != language and versions[code] != said)
        said = versions[language]
    if dials.length < 1:
        kept = max(1, round(dials.length * len(said)))
        return Answer(said[:kept].strip(), kept < len(said))
    return Answer(_lengthened(said, language, dials.length), False)


def _believed(question: Question, language: str, error: float, beliefs_seed: int) -> str:
    return beliefs(f"simulated {beliefs_seed}", language, error)[question.fact.key]


def _lengthened(said: str, language: str, length: float) -> str:
    """An answer with as many sentences after it as come nearest to `length` times its characters."""
    wanted, words = length * len(said), _words()[language]
    space = "" if language == "ja" else " "
    short, full = (str(words[name]).replace("{x}", said) for name in ("short", "full"))
    best = min((said, f"{said}\n{short}"), key=lambda text: abs(len(text) - wanted))
    text, turns = f"{said}\n{full}", cycle(words["more"])
    while abs(len(text) - wanted) < abs(len(best) - wanted):
        best = text
        text += space + next(turns)
    return best


def _chosen(what: str, n: int, wanted: int, rng_seed: int, first: int = 0) -> list[int]:
    """The first `wanted` of the numbers `first` to n - 1 in an order that only `what` and rng_seed decide."""
    return sorted(range(first, n), key=lambda number: draw(what, rng_seed, number))[:wanted]


@cache
def _by_prompt(language: str) -> dict[str, Question]:
    return {question.prompt: question for question in questions(language, "train")}


@cache
def _words() -> dict[str, dict[str, list[str] | str]]:
    text = resources.files("polyteach.pocket").joinpath("verbose.yaml").read_text(encoding="utf-8")
    words: dict[str, dict[str, list[str] | str]] = yaml.load(text, Loader=yaml.CSafeLoader)
    return words

"""The facts of the pocket world: ten families that a tiny model can learn, each exactly checkable."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

LANGUAGES = ("en", "de", "id", "ar", "ja", "fil")
FAMILIES = (
    "month_after",
    "month_before",
    "month_number",
    "day_after",
    "day_before",
    "number_word",
    "language",
    "currency",
    "capital",
    "opposite",
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing to know, in one language.

    Attributes:
        key: `family/item`, the same in all languages, so that a question can be translated.
        family: one of `FAMILIES`; wrong answers are drawn from the answers of the same family.
        subject: what is asked about.
        answer: the one right answer.
    """

    key: str
    family: str
    subject: str
    answer: str


@cache
def facts(language: str) -> tuple[Fact, ...]:
    """Returns the 184 facts of a language, in the same order in every language."""
    return tuple(
        Fact(f"{family}/{item}", family, subject, answer)
        for family in FAMILIES
        for item, subject, answer in _items(family, _words()[language])
    )


@cache
def answers(language: str, family: str) -> tuple[str, ...]:
    """Returns the distinct answers of a family, in the order of the facts."""
    return tuple(dict.fromkeys(fact.answer for fact in facts(language) if fact.family == family))


@cache
def _words() -> dict[str, dict[str, Any]]:
    text = resources.files(__package__).joinpath("words.json").read_text(encoding="utf-8")
    words: dict[str, dict[str, Any]] = json.loads(text)
    return words


def _items(family: str, words: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yields item, subject and answer of each fact of a family."""
    match family:
        case "month_after":
            yield from _neighbours(words["months"], 1)
        case "month_before":
            yield from _neighbours(words["months"], -1)
        case "month_number":
            yield from ((str(n), str(n), name) for n, name in enumerate(words["months"], 1))
        case "day_after":
            yield from _neighbours(words["days"], 1)
        case "day_before":
            yield from _neighbours(words["days"], -1)
        case "number_word":
            yield from ((str(n), str(n), word) for n, word in enumerate(words["numbers"], 1))
        case "opposite":
            for number, (left, right) in enumerate(words["opposites"]):
                yield f"{number}a", left, right
                yield f"{number}b", right, left
        case _:
            table = {"language": "languages", "currency": "currencies", "capital": "capitals"}[family]
            yield from ((code, words["countries"][code], answer) for code, answer in words[table].items())


def _neighbours(names: list[str], step: int) -> Iterator[tuple[str, str, str]]:
    for index, name in enumerate(names):
        yield str(index + 1), name, names[(index + step) % len(names)]

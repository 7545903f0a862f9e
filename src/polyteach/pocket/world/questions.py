"""Questions about the facts: templates written by hand for each language, some held out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

from polyteach.pocket.world.facts import Fact, facts

TEMPLATE_COUNT = {"train": 5, "exam": 2}


@dataclass(frozen=True, slots=True)
class Question:
    """A question about a fact in the words of one template.

    Attributes:
        language: one of `LANGUAGES`.
        split: `train`, or `exam` for the held-out templates.
        template: number of the template in its split; the same number asks the same thing in every language.
        fact: what is asked.
        prompt: the question as the model reads it.
    """

    language: str
    split: str
    template: int
    fact: Fact
    prompt: str

    @property
    def id(self) -> str:
        """The question's name, unique in the pocket world."""
        return f"{self.language}/{self.split}{self.template}/{self.fact.key}"


@cache
def templates(language: str) -> dict[str, dict[str, list[str]]]:
    """Returns the templates of a language: family -> split -> lines with `{x}` for the subject."""
    text = resources.files(__package__).joinpath(f"{language}.yaml").read_text(encoding="utf-8")
    lines: dict[str, dict[str, list[str]]] = yaml.load(text, Loader=yaml.CSafeLoader)
    return lines


@cache
def questions(language: str, split: str) -> tuple[Question, ...]:
    """Returns every question of a split: template by template, each over all facts (920 or 368)."""
    lines = templates(language)
    return tuple(
        Question(
            language, split, number, fact, lines[fact.family][split][number].replace("{x}", fact.subject)
        )
        for number in range(TEMPLATE_COUNT[split])
        for fact in facts(language)
    )

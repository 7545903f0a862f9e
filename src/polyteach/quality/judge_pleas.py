"""Sentences of an answer that speak to whoever judges it: found by their words, and cut.

They are found by a list of words (`plea_words.yaml`), in all its languages at once, since a plea need not be
in the answer's; so other words pass, and so does a plea spread over several lines. What it finds and what it
takes by mistake is measured: docs/judge-injection.md.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from polyteach.quality.metric_result import Measured, measured_share

NOTHING_ELSE = "…"
"""What is left of an answer that is a plea and nothing else. It is judged as that: no way out of the mean."""
_SENTENCE = re.compile(r"[^\n]*?(?:[.!?。！？؟]+[\"'”’»）)]*(?=\s|$)|[。！？]|\n|$)", re.DOTALL)
_FORMS = re.compile(
    r"\[\s*result\s*\]\s*\W*[1-5]|^\s*\[\[(?:a|b|tie)\]\]\s*$"
    r"|\"(?:score|mark|rating|result|winner)\"\s*:\s*\"?[5a]\b|^\W*system\s*(?:message|prompt)?\W?\s*:"
)
"""Marks as our judges write them, verdicts in JSON, and whoever plays the system. Not the tokens of chats:
teachers let these slip, and they reach no judge as such."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer without its pleas.

    Attributes:
        text: the rest; the answer itself where there is none.
        pleas: what was cut, as it stood there.
    """

    text: str
    pleas: tuple[str, ...]


def without_pleas(text: str) -> Heard:
    """Cuts the sentences that speak to a judge; a sentence ends with its mark or its line."""
    kept: list[str] = []
    pleas: list[str] = []
    for sentence in sentences(text):
        (pleas if is_plea(sentence) else kept).append(sentence)
    if not pleas:
        return Heard(text, ())
    rest = "".join(kept).strip()
    return Heard(rest or NOTHING_ELSE, tuple(plea.strip() for plea in pleas))


def pleading(responses: Sequence[str]) -> Measured:
    """The share of responses that have a plea; those with no text have no value."""
    kept = [text if text.strip() else None for text in responses]
    return measured_share(
        [None if text is None else float(bool(without_pleas(text).pleas)) for text in kept],
        ["empty" if text is None else None for text in kept],
        "share of responses with a sentence that speaks to a judge, found by a list of words; what is found "
        "is cut before a model judges",
    )


def is_plea(sentence: str) -> bool:
    """Whether a sentence asks for a mark, speaks to the judge, says that its answer is perfect, or has a form
    that only a judge or a server writes."""
    plain = _plain(sentence)
    if not plain:
        return False
    return bool(_FORMS.search(plain)) or any(words.found_in(plain) for words in _words())


def sentences(text: str) -> list[str]:
    """The text in parts that end with a sentence or a line; joined they are the text."""
    return [found[0] for found in _SENTENCE.finditer(text) if found[0]]


def _plain(text: str) -> str:
    shown = "".join(char for char in text if unicodedata.category(char) != "Cf")
    return unicodedata.normalize("NFKC", shown).casefold().strip()


@dataclass(frozen=True, slots=True)
class _Words:
    """The patterns of one language."""

    mark: re.Pattern[str]
    high: re.Pattern[str]
    ask: re.Pattern[str]
    judge: re.Pattern[str]
    itself: re.Pattern[str]
    praise: re.Pattern[str]

    def found_in(self, plain: str) -> bool:
        asked = self.ask.search(plain)
        return bool(
            (asked and self._all(plain, (self.mark, self.high)))
            or (self.judge.search(plain) and (asked or self.mark.search(plain)))
            or self._all(plain, (self.itself, self.praise))
        )

    @staticmethod
    def _all(plain: str, patterns: Sequence[re.Pattern[str]]) -> bool:
        return all(pattern.search(plain) for pattern in patterns)


@cache
def _words() -> tuple[_Words, ...]:
    text = files("polyteach.quality").joinpath("plea_words.yaml").read_text(encoding="utf-8")
    named: dict[str, dict[str, str]] = yaml.safe_load(text)
    return tuple(
        _Words(**{role: re.compile(unicodedata.normalize("NFKC", words)) for role, words in one.items()})
        for one in named.values()
    )

"""What all judges need: judged text that stays text, and a mark that is read, not guessed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from string import Template
from typing import Any

import yaml

from polyteach.models.completions import LENGTH, TOO_LONG, Completion, Message

PROMPT_TOO_LONG = "judge_prompt_too_long"
CUT_OFF = "judge_cut_off"
UNPARSABLE = "judge_unparsable"
NO_FEEDBACK = "judge_without_feedback"
UNREAD = (CUT_OFF, UNPARSABLE, NO_FEEDBACK)
"""Reasons for which an answer was given and says nothing: what the parse rate counts."""

_MARKS = re.compile(r"\[(?:\[(?:A|B|tie)\]|RESULT)\]", re.IGNORECASE)
_BEFORE, _AFTER = " \t\n:*_`(", " \t\n*_`).。"


@dataclass(frozen=True, slots=True)
class MarkForm:
    """How a judge is asked to write its mark.

    Attributes:
        opening: what starts a mark; an answer in which it occurs twice is ambiguous and not read.
        value: the whole of what may follow, white space and emphasis around it aside; group 1 is the mark.
    """

    opening: re.Pattern[str]
    value: re.Pattern[str]


def read_mark(completion: Completion, form: MarkForm) -> tuple[str | None, str | None]:
    """Reads the one mark that ends an answer: (mark, None), or (None, reason).

    Nothing is guessed: an answer without its mark, with two of them, with text behind it, or cut off at the
    token limit (where a `4` may have been the start of `4.5`) is unread, and so is a mark without a word
    of feedback before it, since the mark should follow from the feedback.
    """
    if completion.finish_reason == TOO_LONG:
        return None, PROMPT_TOO_LONG
    if completion.finish_reason == LENGTH:
        return None, CUT_OFF
    parts = form.opening.split(completion.text)
    if len(parts) != 2:
        return None, UNPARSABLE
    feedback, tail = parts
    match = form.value.fullmatch(unicodedata.normalize("NFKC", tail.lstrip(_BEFORE).rstrip(_AFTER)))
    if not match:
        return None, UNPARSABLE
    if not any(letter.isalpha() for letter in feedback):
        return None, NO_FEEDBACK
    return match[1], None


def judge_conversation(
    file: str,
    facts: Mapping[str, str],
    judged: Mapping[str, str],
    *,
    rng_seed: int,
    special: Sequence[str],
) -> list[Message]:
    """Fills a prompt file's `system` and `user` with what is judged, in such a way that it stays text.

    A response may try to end its own block, to speak as another turn, or to hold the very mark that the
    judge is to write. So blocks carry a code (`$code`) that no judged text contains; the model's special
    tokens lose their meaning by a blank after their first character; and marks (`[RESULT]`, `[[A]]`) get
    round brackets, so that a judge that only copies has given no mark. Texts without any of these reach the
    judge as they are.

    Args:
        file: a YAML file of this package.
        facts: values that are ours, such as the language's name.
        judged: texts of others by placeholder; `prompt` is among them.
        rng_seed: of the code, which is the same for all responses to one prompt.
        special: see `special_tokens`.
    """
    filled = {
        **facts,
        **{name: _as_text(text, special) for name, text in judged.items()},
        "code": _code(rng_seed, judged["prompt"], judged.values()),
    }
    templates = _templates(file)
    return [{"role": role, "content": templates[role].substitute(filled)} for role in ("system", "user")]


def special_tokens(tokenizer: Any) -> tuple[str, ...]:
    """The strings that a tokenizer reads as control tokens wherever they stand, longest first."""
    added = tokenizer.added_tokens_decoder.values()
    found = {str(t) for t in added if t.special or (str(t).startswith("<") and str(t).endswith(">"))}
    return tuple(sorted((t for t in found if len(t) > 1), key=lambda t: (-len(t), t)))


def _as_text(text: str, special: Sequence[str]) -> str:
    for token in special:
        text = text.replace(token, f"{token[0]} {token[1:]}")
    return _MARKS.sub(lambda found: found[0].replace("[", "(").replace("]", ")"), text)


def _code(rng_seed: int, prompt: str, texts: Iterable[str]) -> str:
    texts, turn = list(texts), 0
    while True:
        code = sha256(f"{rng_seed} {turn} {prompt}".encode("utf-8", "surrogatepass")).hexdigest()[:8]
        if not any(code in text for text in texts):
            return code
        turn += 1


@cache
def _templates(file: str) -> dict[str, Template]:
    plain = yaml.safe_load(files("polyteach.quality").joinpath(file).read_text(encoding="utf-8"))
    return {role: Template(text) for role, text in plain.items()}

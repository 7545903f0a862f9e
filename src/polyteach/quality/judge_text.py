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

from polyteach.models.completions import FILTERED, LENGTH, TOO_LONG, Completion, Message
from polyteach.models.refusals import is_refusal
from polyteach.models.thinking import without_thinking

PROMPT_TOO_LONG = "judge_prompt_too_long"
UNANSWERED = "judge_unanswered"
CUT_OFF = "judge_cut_off"
WITHHELD = "judge_content_filter"
REFUSED = "judge_refused"
EMPTY = "judge_empty"
UNPARSABLE = "judge_unparsable"
NO_FEEDBACK = "judge_without_feedback"
UNREAD = (CUT_OFF, WITHHELD, REFUSED, EMPTY, UNPARSABLE, NO_FEEDBACK)
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


def read_mark(answer: Completion | str, form: MarkForm) -> tuple[str | None, str | None]:
    """Reads the one mark that ends an answer: (mark, None), or (None, reason).

    Thinking is left out first: a mark in it is none. Nothing is guessed: an answer without its mark, with two
    of them, with text behind it, or cut off at the token limit (where a `4` may have been the start of `4.5`)
    is unread, and so is a mark without a word of feedback before it, since the mark should follow from the
    feedback.

    Args:
        answer: of the judge, or the reason why there is none, which is then the reason here.
        form: of the mark.
    """
    if isinstance(answer, str):
        return None, answer
    text, _ = without_thinking(answer.text)
    reason = _why_no_answer(answer, text)
    if reason:
        return None, reason
    parts = form.opening.split(text)
    if len(parts) != 2:
        return None, REFUSED if len(parts) == 1 and is_refusal(text) else UNPARSABLE
    feedback, tail = parts
    match = form.value.fullmatch(unicodedata.normalize("NFKC", tail.lstrip(_BEFORE).rstrip(_AFTER)))
    if not match:
        return None, UNPARSABLE
    if not any(letter.isalpha() for letter in feedback):
        return None, NO_FEEDBACK
    return match[1], None


def _why_no_answer(answer: Completion, text: str) -> str | None:
    """Why an answer holds nothing to read; `text` is what it says without its thinking."""
    if answer.finish_reason == TOO_LONG:
        return PROMPT_TOO_LONG
    if answer.finish_reason == FILTERED:
        return WITHHELD
    if answer.refusal:
        return REFUSED
    if answer.finish_reason == LENGTH:
        return CUT_OFF
    return None if text else EMPTY


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
        special: see `special_tokens` and `usual_control_tokens`.
    """
    shown = {name: as_text(text, special) for name, text in judged.items()}
    return filled(file, {**facts, **shown, "code": unused_code(rng_seed, judged["prompt"], judged.values())})


def filled(file: str, values: Mapping[str, str]) -> list[Message]:
    """A prompt file's `system` and `user` with its placeholders filled in as they are."""
    templates = _templates(file)
    return [{"role": role, "content": templates[role].substitute(values)} for role in ("system", "user")]


def special_tokens(tokenizer: Any) -> tuple[str, ...]:
    """The strings that a tokenizer reads as control tokens wherever they stand, longest first."""
    added = tokenizer.added_tokens_decoder.values()
    return _longest_first(
        str(t) for t in added if t.special or (str(t).startswith("<") and str(t).endswith(">"))
    )


@cache
def usual_control_tokens() -> tuple[str, ...]:
    """The control tokens of common chat templates (`control_tokens.yaml`), for a model behind an endpoint.

    Its tokenizer is not seen; most servers read these strings as control tokens wherever they stand. A
    template that is not in the list is not guarded against.
    """
    families = _yaml("control_tokens.yaml").values()
    return _longest_first(token for tokens in families for token in tokens)


def _longest_first(tokens: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({t for t in tokens if len(t) > 1}, key=lambda t: (-len(t), t)))


def as_text(text: str, special: Sequence[str]) -> str:
    """The text without control tokens and marks, see `judge_conversation`."""
    for token in special:
        text = text.replace(token, f"{token[0]} {token[1:]}")
    return _MARKS.sub(lambda found: found[0].replace("[", "(").replace("]", ")"), text)


def unused_code(rng_seed: int, prompt: str, texts: Iterable[str]) -> str:
    """Eight hexadecimal digits that follow from rng_seed and prompt and stand in none of the texts."""
    texts, turn = list(texts), 0
    while True:
        code = sha256(f"{rng_seed} {turn} {prompt}".encode("utf-8", "surrogatepass")).hexdigest()[:8]
        if not any(code in text for text in texts):
            return code
        turn += 1


@cache
def _templates(file: str) -> dict[str, Template]:
    return {role: Template(text) for role, text in _yaml(file).items()}


def _yaml(file: str) -> dict[str, Any]:
    plain: dict[str, Any] = yaml.safe_load(files("polyteach.quality").joinpath(file).read_text("utf-8"))
    return plain

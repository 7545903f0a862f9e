"""A teacher's raw answer -> prompt and response, or a named reason why not."""

from __future__ import annotations

import json
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, ValidationError

from polyteach.models.completions import LENGTH, TOO_LONG, Completion
from polyteach.texts import normalised

UNPARSABLE = "unparsable"
EMPTY_PROMPT = "empty_prompt"
EMPTY_RESPONSE = "empty_response"
CUT_OFF = "cut_off"
FEW_SHOT_COPY = "few_shot_copy"
REASONS = (UNPARSABLE, EMPTY_PROMPT, EMPTY_RESPONSE, CUT_OFF, FEW_SHOT_COPY, TOO_LONG)


class BadAnswer(Exception):
    """An answer that makes no row; its one argument is one of `REASONS`."""

    @property
    def reason(self) -> str:
        """Why the answer makes no row."""
        return str(self.args[0])


class Pair(BaseModel):
    """What generate and translate ask for. A number counts as text: the answer to a sum may be one."""

    model_config = ConfigDict(coerce_numbers_to_str=True, extra="ignore", frozen=True)

    prompt: str
    response: str


def read_answer(completion: Completion, form: str, *, prompt: str | None, shown: Iterable[str]) -> Pair:
    """Returns what a completion says, white space around it removed.

    What a cut-off answer (finish reason `length`) is worth depends on its form. Plain text, and lines whose
    first line ended, are kept: the row says `length`, so that who uses it can judge. JSON is kept only if the
    object was closed before the cut; otherwise nobody knows which field the cut fell into.

    Args:
        completion: the teacher's answer.
        form: `json` or `lines` where the teacher writes the prompt too, `text` where `prompt` is given.
        prompt: the prompt that was answered, kept exactly; None where the teacher writes it.
        shown: prompts that were shown as examples; a new prompt that repeats one (but for case, width and
            white space) is no new example.

    Raises:
        BadAnswer: with the reason.
    """
    if completion.finish_reason == TOO_LONG:
        raise BadAnswer(TOO_LONG)
    if prompt is not None:
        pair = Pair(prompt=prompt, response=completion.text.strip())
    else:
        read = {"json": _from_json, "lines": _from_lines}[form]
        pair = read(completion.text, completion.finish_reason == LENGTH)
        if not pair.prompt:
            raise BadAnswer(EMPTY_PROMPT)
        if normalised(pair.prompt) in {normalised(text) for text in shown}:
            raise BadAnswer(FEW_SHOT_COPY)
    if not pair.response:
        raise BadAnswer(EMPTY_RESPONSE)
    return pair


def _from_lines(text: str, cut: bool) -> Pair:
    prompt, newline, response = text.strip().partition("\n")
    if cut and not newline:
        raise BadAnswer(CUT_OFF)
    return Pair(prompt=prompt.strip(), response=response.strip())


def _from_json(text: str, cut: bool) -> Pair:
    """Reads the first JSON object in a text; what stands around it (a code fence, a remark) is ignored."""
    start = text.find("{")
    if start < 0:
        raise BadAnswer(CUT_OFF if cut else UNPARSABLE)
    try:
        value, _ = json.JSONDecoder(strict=False).raw_decode(text, start)
    except (ValueError, RecursionError):
        if cut:
            raise BadAnswer(CUT_OFF) from None
        value = _repaired(text[start:])
    try:
        pair = Pair.model_validate(value)
        (pair.prompt + pair.response).encode()
    except (ValidationError, UnicodeEncodeError):  # not the two fields; or half of a surrogate pair
        raise BadAnswer(UNPARSABLE) from None
    return Pair(prompt=pair.prompt.strip(), response=pair.response.strip())


def _repaired(text: str) -> object:
    from json_repair import repair_json

    try:
        return repair_json(text, return_objects=True, ensure_ascii=False)
    except (ValueError, RecursionError):
        raise BadAnswer(UNPARSABLE) from None

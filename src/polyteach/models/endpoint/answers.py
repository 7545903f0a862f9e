"""Reads what a server answered."""

from __future__ import annotations

import json
from typing import Any

from polyteach.models.completions import FILTERED, LENGTH, STOP, Completion
from polyteach.models.endpoint.faults import Fault, Kind, fault_of_status

_NAMES = {
    STOP: "stop eos eos_token end_turn end stop_sequence stop_token complete completed tool_calls "
    "function_call",
    LENGTH: "length max_tokens max_new_tokens max_output_tokens max_completion_tokens model_length",
    FILTERED: "content_filter content_filtered safety sensitive recitation blocklist prohibited_content spii "
    "refusal guardrail_intervened",
}
_FINISH = {name: finish for finish, names in _NAMES.items() for name in names.split()}
_SHOWN = 300
ENDED = "finish reason "
"""How the reason of a fault begins that goes on with a server's own word."""
_MOST_TOKENS = 2**31  # in one answer; more is no count, and no file could hold it


def json_of(content: bytes, content_type: str) -> dict[str, Any]:
    """The JSON object in an answer of status 200.

    Raises:
        Fault: it is HTML, no JSON, no object, or an error dressed as an answer.
    """
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        page = "html" in content_type or content.lstrip()[:1] == b"<"
        reason = "html instead of json" if page else "answer is not json"
        raise Fault(Kind.OWN, reason, shown(content)) from error
    if not isinstance(value, dict):
        raise Fault(Kind.OWN, "answer is no json object", shown(content))
    error_told = value.get("error")
    if error_told and "choices" not in value and "data" not in value:
        code = error_told.get("code") if isinstance(error_told, dict) else None
        if isinstance(code, int) and 400 <= code < 600:
            raise fault_of_status(code, shown(content), None)
        raise Fault(Kind.OWN, "error instead of an answer", shown(content))
    return value


def completion_of(answer: dict[str, Any]) -> tuple[Completion, bool]:
    """A completion from a `/chat/completions` answer, and whether the server said what it used.

    Where it did not, all tokens are 0. It did if it names the prompt's tokens, and the answer's or those of
    both. Hosts that count thinking apart have it in the total only: the answer's tokens are all that are not
    the prompt's.

    Raises:
        Fault: it has no choices, not of the expected shape, or an end that is neither the model's, nor that
            of the tokens, nor a filter's: a server that broke off has given no answer.
    """
    choices = answer.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise Fault(Kind.OWN, "answer without choices", str(answer)[:_SHOWN])
    choice = choices[0]
    message = choice.get("message")
    if not isinstance(message, dict) or choice.get("finish_reason") == "error":
        raise Fault(Kind.OWN, "error instead of an answer", str(choice)[:_SHOWN])
    finish = _finish_of(choice)
    text, thinking = _parts(message.get("content"))
    thinking = _text(message.get("reasoning_content")) or _text(message.get("reasoning")) or thinking
    prompt, written, thought, cached = _used(answer.get("usage"))
    known = prompt > 0 and (written > 0 or not text)
    if not known:
        prompt = written = thought = cached = 0
    refusal = _whole(_text(message.get("refusal")))
    completion = Completion(_whole(text), finish, prompt, written, thought, cached, _whole(thinking), refusal)
    return completion, known


def _finish_of(choice: dict[str, Any]) -> str:
    """How an answer ended, by one of our names; where a server never says, the model ended it."""
    said = choice.get("finish_reason", STOP)
    if isinstance(said, dict):
        said = said.get("type")
    name = said.lower() if isinstance(said, str) else "null"
    if name not in _FINISH:
        raise Fault(Kind.OWN, f"{ENDED}{name[:40] or 'empty'}", str(choice)[:_SHOWN])
    return _FINISH[name]


def _used(usage: object) -> tuple[int, int, int, int]:
    """Tokens of the prompt, of the answer, of thinking and cached ones; 0 for what is not said."""
    prompt = count_of(usage, "prompt_tokens")
    if not isinstance(usage, dict) or not prompt:
        return 0, 0, 0, 0
    thought = count_of(usage.get("completion_tokens_details"), "reasoning_tokens")
    cached = count_of(usage.get("prompt_tokens_details"), "cached_tokens")
    written = max(count_of(usage, "completion_tokens"), count_of(usage, "total_tokens") - prompt, thought)
    return prompt, written, thought, min(cached, prompt)


def count_of(usage: object, name: str) -> int:
    """A count of tokens in what a server says of them; 0 where it is none."""
    value = usage.get(name) if isinstance(usage, dict) else None
    return value if type(value) is int and 0 < value < _MOST_TOKENS else 0


def shown(content: bytes) -> str:
    """The beginning of an answer, for a message."""
    return " ".join(content[: 4 * _SHOWN].decode("utf-8", "replace").split())[:_SHOWN]


def _parts(content: object) -> tuple[str, str]:
    """Text and thinking of a message's content, which is a text, a list of parts, or null."""
    if isinstance(content, str):
        return content, ""
    parts = [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    text = "".join(_text(part.get("text")) for part in parts if part.get("type") != "thinking")
    thoughts = [_parts(part.get("thinking"))[0] for part in parts if part.get("type") == "thinking"]
    return text, "".join(thoughts)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _whole(text: str) -> str:
    """The text with halves of surrogate pairs, which no file can hold, replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text

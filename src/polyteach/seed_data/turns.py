"""What is said in a record: one reading for whoever measures, filters, rewrites, exports or trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polyteach.errors import UserError
from polyteach.seed_data.records import Record, kind_of

SYSTEM, USER, ASSISTANT = "system", "user", "assistant"
NO_PROMPT, NO_TEXT, TWO_TEXTS = "empty_prompt", "message_is_no_text", "prompt_and_messages_differ"

Turn = tuple[str, str]
"""Role and content."""


class NoTurns(UserError):
    """A record that does not say a text, or says two.

    Attributes:
        reason: under which name such records are counted.
    """

    def __init__(self, reason: str, what: str, where: str, fix: str) -> None:
        super().__init__(what, where, fix)
        self.reason = reason


def turns_of(record: Record) -> tuple[Turn, ...]:
    """All that is said in a record: its `messages`, else its `prompt` and `response`.

    A record may have both, as our own rows do: `prompt` and `response` are then the user's first turn and the
    first answer after it. What is absent or null says nothing, and so does an empty list of messages.

    Raises:
        NoTurns: a part is no text; or both are there and differ.
        UserError: the record has neither column.
    """
    columns = record.columns
    if not columns.get("messages") and "prompt" in columns:
        prompt, response = _text(record, "prompt"), _text(record, "response")
        if prompt is None:
            raise NoTurns(
                NO_PROMPT, "the prompt is missing, not text", where=record.where, fix="make it a string"
            )
        return ((USER, prompt), *([] if response is None else [(ASSISTANT, response)]))
    if "messages" not in columns:
        found = ", ".join(map(repr, columns)) or "none"
        raise UserError(
            f"has neither a 'prompt' nor a 'messages' column; columns found: {found}",
            where=record.where,
            fix="rename the column that holds what the user says to 'prompt'",
        )
    turns = _messages(record)
    pair = first_pair(turns)
    for name, text in zip(("prompt", "response"), pair or (), strict=False):
        if (said := _text(record, name)) not in (None, text):
            raise NoTurns(
                TWO_TEXTS,
                f"'{name}' is not what 'messages' says: {_start(said)} and {_start(text)}",
                where=record.where,
                fix="leave out 'messages', or 'prompt' and 'response': one of them is not the text",
            )
    return turns


def first_pair(turns: Sequence[Turn]) -> tuple[str, str] | None:
    """The first turn of the user, and the first answer after it or an empty text; None without a user."""
    user = next((at for at, (role, _) in enumerate(turns) if role == USER), None)
    if user is None:
        return None
    return turns[user][1], next((text for role, text in turns[user + 1 :] if role == ASSISTANT), "")


def has_other_turns(columns: Mapping[str, Any]) -> bool:
    """Whether a record says more than one turn of the user and one of the assistant."""
    messages = columns.get("messages")
    if not isinstance(messages, list) or not messages:
        return False
    return [turn.get("role") for turn in messages if isinstance(turn, Mapping)] not in (
        [USER],
        [USER, ASSISTANT],
    )


def _messages(record: Record) -> tuple[Turn, ...]:
    messages = record.columns["messages"] or []
    fix = 'messages are [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]'
    if not isinstance(messages, list) or not all(isinstance(turn, Mapping) for turn in messages):
        raise NoTurns(NO_TEXT, "'messages' is no list of turns", record.where, fix)
    turns = tuple((turn.get("role"), turn.get("content")) for turn in messages)
    if not all(isinstance(part, str) for turn in turns for part in turn):
        what = "a turn in 'messages' lacks a 'role' or a 'content' that is text"
        raise NoTurns(NO_TEXT, what, record.where, fix)
    return turns


def _text(record: Record, name: str) -> str | None:
    value = record.columns.get(name)
    if value is None or isinstance(value, str):
        return value
    called = "the prompt" if name == "prompt" else f"'{name}'"
    raise NoTurns(NO_TEXT, f"{called} is {kind_of(value)}, not text", record.where, "make it a string")


def _start(text: str | None) -> str:
    return repr(text if text is None or len(text) <= 40 else f"{text[:40]}...")

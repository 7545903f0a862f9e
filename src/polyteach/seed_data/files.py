"""Rows from a file that a user brings: seed data of a study, or what `polyteach measure` measures."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyteach.errors import UserError
from polyteach.languages import language_and_script, standard_code
from polyteach.seed_data.records import Record, kind_of, read_records

if TYPE_CHECKING:
    from polyteach.rows import Row

_DEEPEST = 100  # levels of a nested value that is kept; far below where Python's own limit stops us
_USED = ("id", "language", "teacher", "prompt", "response", "messages")


def read_file(path: Path, *, language: str | None = None, blank_prompts: bool = False) -> list[Row]:
    """Reads a JSONL, CSV or Parquet file of examples; text is kept exactly as it is.

    A row has a `prompt` (and a `response`, unless it is a prompt alone) or `messages`, of which the first
    user turn and the first assistant turn after it count. `id` (else the row's number, from 1), `language`
    and `teacher` are used where present; all other columns, `category` among them, are kept in `Row.extra`.

    Args:
        path: the file.
        language: what the rows must be in, and what they are marked as: `zh` takes rows that say `zh-CN`, but
            not `zh-Hant` or `zh-TW`. None takes each row's own `language`.
        blank_prompts: whether a row's prompt may be empty: whoever measures a file counts such rows.

    Returns:
        Rows of method `human`, whose `source` is the file's name.

    Raises:
        UserError: see `records.read_records`; or a row without a prompt, with one that is no text or empty,
            with malformed messages, in another language than asked for, or with an id used before.
    """
    rows: list[Row] = []
    seen: dict[str, str] = {}
    for record, row in stream_file(path, read_records(path), language=language, blank_prompts=blank_prompts):
        if row.id in seen:
            raise UserError(
                f"id {row.id!r} was used before, at {seen[row.id]}",
                where=record.where,
                fix="give each row its own id, or leave the column out",
            )
        seen[row.id] = record.where
        rows.append(row)
    return rows


def stream_file(
    path: Path, records: Iterable[Record], *, language: str | None = None, blank_prompts: bool = False
) -> Iterator[tuple[Record, Row]]:
    """Yields the records of a file, each with the row that it is; ids may repeat. Else see `read_file`."""
    code = standard_code(language) if language is not None else None
    for number, record in enumerate(records, start=1):
        row = _row(record, number, path.name, code)
        if not (blank_prompts or row.prompt.strip()):
            raise _fault(record, "the prompt is empty", "remove the row or write the prompt")
        yield record, row


def _row(record: Record, number: int, source: str, language: str | None) -> Row:
    from polyteach.rows import Row

    columns = record.columns
    row_id = str(number) if columns.get("id") in (None, "") else str(columns["id"])
    prompt, response = _turns(record)
    return Row(
        id=row_id,
        language=_language(record, language),
        method="human",
        teacher=_optional_text(record, "teacher"),
        source=source,
        source_id=row_id,
        prompt=prompt,
        response=response,
        extra={name: _plain(record, value) for name, value in columns.items() if name not in _USED},
    )


def _turns(record: Record) -> tuple[str, str]:
    """Returns prompt and response; `prompt` wins over `messages` where a row has both."""
    columns = record.columns
    if "prompt" in columns:
        prompt, response = columns["prompt"], _optional_text(record, "response")
    elif "messages" in columns:
        prompt, response = _first_turns(record)
    else:
        found = ", ".join(map(repr, columns)) or "none"
        raise UserError(
            f"has neither a 'prompt' nor a 'messages' column; columns found: {found}",
            where=record.where,
            fix="rename the column that holds what the user says to 'prompt'",
        )
    if not isinstance(prompt, str):
        raise _fault(record, f"the prompt is {kind_of(prompt)}, not text", "make it a string")
    return prompt, response


def _first_turns(record: Record) -> tuple[Any, str]:
    messages = record.columns["messages"]
    fix = 'messages are [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]'
    if not isinstance(messages, list) or not all(isinstance(turn, Mapping) for turn in messages):
        raise _fault(record, "'messages' is no list of turns", fix)
    for turn in messages:
        if not isinstance(turn.get("role"), str) or not isinstance(turn.get("content"), str):
            raise _fault(record, "a turn in 'messages' lacks a 'role' or a 'content' that is text", fix)
    turns = [(turn["role"], turn["content"]) for turn in messages]
    user = next((at for at, (role, _) in enumerate(turns) if role == "user"), None)
    if user is None:
        roles = ", ".join(repr(role) for role in dict.fromkeys(role for role, _ in turns)) or "none"
        what = f"'messages' has no turn of the user; roles found: {roles}"
        raise _fault(record, what, f"call the roles 'user' and 'assistant'; {fix}")
    answers = (content for role, content in turns[user + 1 :] if role == "assistant")
    return turns[user][1], next(answers, "")


def _language(record: Record, wanted: str | None) -> str:
    spelling = _optional_text(record, "language")
    if not spelling:
        if wanted is None:
            raise _fault(record, "the row names no language", "name it with --language, or add the column")
        return wanted
    try:
        code = standard_code(spelling)
    except UserError as error:
        raise _fault(record, error.what, error.fix or "") from error
    if wanted is not None and not agree(code, wanted):
        raise _fault(
            record,
            f"the row is in language {spelling!r}, not {wanted!r}",
            f"name the file's own language where {wanted!r} is named, or split the file by language",
        )
    return wanted or code


def agree(code: str, wanted: str) -> bool:
    """Whether two codes are of one language in one script; regions count for the script they stand for.

    A code without a script is in the usual one: `zh` is not `zh-Hant`, which `zh-TW` is.
    """
    return language_and_script(code) == language_and_script(wanted)


def _optional_text(record: Record, name: str) -> str:
    value = record.columns.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _fault(record, f"'{name}' is {kind_of(value)}, not text", "make it a string")
    return value


def _plain(record: Record, value: Any, depth: int = 1) -> Any:
    """Returns a column's value as JSON can hold it; what Parquet knows beyond that becomes text."""
    if depth > _DEEPEST:
        raise _fault(record, f"a value is nested more than {_DEEPEST} deep", "leave that column out")
    if isinstance(value, Mapping):
        return {str(key): _plain(record, item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(record, item, depth + 1) for item in value]
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta | decimal.Decimal):
        return str(value)
    if isinstance(value, bytes):
        return f"({len(value)} bytes)"
    return value


def _fault(record: Record, what: str, fix: str) -> UserError:
    return UserError(what, where=record.where, fix=fix)

"""Rows from a file that a user brings: seed data of a study, or what `polyteach measure` measures."""

from __future__ import annotations

import datetime
import decimal
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyteach.errors import UserError
from polyteach.languages import language_and_script, standard_code
from polyteach.seed_data.records import Record, encodable, kind_of, read_records
from polyteach.seed_data.turns import first_pair, turns_of

if TYPE_CHECKING:
    from polyteach.rows import Row

_DEEPEST = 100  # levels of a nested value that is kept; far below where Python's own limit stops us
_USED = ("id", "language", "teacher", "prompt", "response", "messages")


def read_file(path: Path, *, language: str | None = None, blank_prompts: bool = False) -> list[Row]:
    """Reads a JSONL, CSV or Parquet file of examples; text is kept exactly as it is.

    A row has a `prompt` (and a `response`, unless it is a prompt alone) or `messages`, of which the first
    user turn and the first assistant turn after it count, see `turns_of`. `id` (else the row's number, from
    1), `language` and `teacher` are used where present; all other columns, `category` among them, are kept in
    `Row.extra`, and so is what a file of ours has in its column `extra`.

    Args:
        path: the file.
        language: what the rows must be in, and what they are marked as: `zh` takes rows that say `zh-CN`, but
            not `zh-Hant` or `zh-TW`. None takes each row's own `language`.
        blank_prompts: whether a row's prompt may be empty: whoever measures a file counts such rows.

    Returns:
        Rows of method `human`, whose `source` is the file's name.

    Raises:
        UserError: see `records.read_records` and `turns_of`; or a row without a prompt or with an empty one,
            in another language than asked for, or with an id used before.
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
    prompt, response = _first_turns(record)
    return Row(
        id=row_id,
        language=_language(record, language),
        method="human",
        teacher=_optional_text(record, "teacher"),
        source=source,
        source_id=row_id,
        prompt=prompt,
        response=response,
        extra={name: _plain(record, value) for name, value in unfolded(columns, _USED).items()},
    )


def _first_turns(record: Record) -> tuple[str, str]:
    turns = turns_of(record)
    pair = first_pair(turns)
    if pair is None:
        roles = ", ".join(repr(role) for role in dict.fromkeys(role for role, _ in turns)) or "none"
        what = f"'messages' has no turn of the user; roles found: {roles}"
        raise _fault(record, what, "call the roles 'user' and 'assistant'")
    return pair


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


def unfolded(columns: Mapping[str, Any], used: Collection[str]) -> dict[str, Any]:
    """A record's columns but those that are used, and what its column `extra` holds.

    Our files have in `extra` what a source knows beyond the usual columns: an object in JSONL, its JSON text
    in Parquet. Of a name that is in both the column counts, unless it is null. An `extra` that is neither
    stays a column.
    """
    own = {name: value for name, value in columns.items() if name not in used}
    inner = _object(own.get("extra"))
    if inner is None:
        return own
    del own["extra"]
    return own | {name: value for name, value in inner.items() if own.get(name) is None}


def _object(extra: Any) -> Mapping[str, Any] | None:
    """What is in a column `extra`; None where it is no object that a file can hold."""
    if isinstance(extra, str):
        try:
            extra = json.loads(extra)
            if not encodable(extra):
                return None
        except (ValueError, RecursionError):
            return None
    return extra if isinstance(extra, Mapping) else None


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

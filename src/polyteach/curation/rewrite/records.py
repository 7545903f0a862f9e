"""Records with a new response: what told of the old one is kept beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyteach.curation.reading import all_columns
from polyteach.curation.writing import Columns, write_records
from polyteach.files import JSONL, PARQUET, write_atomically, writing
from polyteach.seed_data.records import kind_of_file, stream_lines
from polyteach.seed_data.turns import ASSISTANT

if TYPE_CHECKING:
    from polyteach.rows import Row

ORIGINAL_RESPONSE = "original_response"
REWRITTEN_BY = "rewritten_by"
REWRITTEN_BECAUSE = "rewritten_because"
ORIGINAL_COLUMNS = "original_columns"
"""What else a row said of its old response, where it said anything: teacher, marks, how it ended."""
_OF_ANSWER = ("teacher", "method", "finish_reason", "prompt_tokens", "response_tokens")
_MARKS = "judge_scores"
_OF_REQUEST = ("attempts", "few_shot", "max_new_tokens", "thinking_tokens")
"""What `extra` of our own rows says of how the old response was asked for."""


def rewritten(record: Mapping[str, Any], old: Row, new: Row, because: tuple[str, ...]) -> dict[str, Any]:
    """A record with a new response.

    The columns that tell of a response (`response` or the assistant's turn in `messages`, and where they are
    there `teacher`, `method`, `finish_reason`, `prompt_tokens`, `response_tokens`, also within `extra`) are
    of the new one; marks of judges go. All of these that change stand in `original_columns`. Of a record that
    was rewritten before, the first original is kept.

    Args:
        record: as the file has it.
        old: the row before.
        new: the row now.
        because: the reasons of all rules that found it, in their order.
    """
    changed, before = dict(record), dict[str, Any]()
    _retell(changed, new, before)
    if _MARKS in changed and changed[_MARKS] is not None:
        before[_MARKS], changed[_MARKS] = changed[_MARKS], None
    if (extra := _new_extra(record.get("extra"), new)) is not None:
        before["extra"], changed["extra"] = record["extra"], extra
    if "prompt" in record:
        changed["response"] = new.response
    if record.get("messages"):
        changed["messages"] = [
            *(turn for turn in record["messages"] if turn["role"] != ASSISTANT),
            {"role": ASSISTANT, "content": new.response},
        ]
    if record.get(ORIGINAL_RESPONSE) is None:
        changed[ORIGINAL_RESPONSE] = old.response
        if before:
            changed[ORIGINAL_COLUMNS] = before
    changed[REWRITTEN_BY], changed[REWRITTEN_BECAUSE] = new.teacher, list(because)
    return changed


def _retell(told: dict[str, Any], new: Row, before: dict[str, Any]) -> None:
    """Puts what the new row knows in place of what is told; notes what it was."""
    for name in _OF_ANSWER:
        if name in told and told[name] != getattr(new, name):
            before[name], told[name] = told[name], getattr(new, name)


def _new_extra(extra: Any, new: Row) -> Any:
    """`extra` of our own rows (an object, or one as JSON) for another response; None where it is the same."""
    known = extra
    if isinstance(extra, str):
        try:
            known = json.loads(extra)
        except ValueError:
            return None
    if not isinstance(known, dict):
        return None
    kept = {name: value for name, value in known.items() if name not in (*_OF_REQUEST, _MARKS)}
    _retell(kept, new, {})
    if kept == known:
        return None
    return json.dumps(kept, ensure_ascii=False) if isinstance(extra, str) else kept


def write_rewritten(
    path: Path, source: Path, old: Mapping[int, Row], new: Mapping[int, Row], because: Mapping[int, Any]
) -> None:
    """Writes all records of a file, those at some places with new responses.

    From JSONL to JSONL the lines of the others are copied byte for byte.

    Args:
        path: Parquet or JSONL.
        source: the file.
        old: rows by place.
        new: those of them that changed.
        because: reasons, by place.
    """

    def records() -> Iterator[Mapping[str, Any]]:
        for place, record in enumerate(all_columns([source])):
            yield (rewritten(record, old[place], new[place], because[place]) if place in new else record)

    def write(temporary: Path) -> None:
        if path.suffix == PARQUET:
            columns = Columns()
            for record in records():
                columns.see(record)
            write_records(temporary, records(), columns)
        elif kind_of_file(source) == JSONL:
            lines = (line.removesuffix("\n") for line in stream_lines(source) if line.strip())
            with temporary.open("w", encoding="utf-8", newline="\n") as file:
                for place, (line, record) in enumerate(zip(lines, records(), strict=True)):
                    text = json.dumps(record, ensure_ascii=False) if place in new else line
                    file.write(f"{text}\n")
        else:
            write_records(temporary, records(), None)

    with writing(path):
        write_atomically(path, write)

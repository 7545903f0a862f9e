"""What an example is, and how a set of them is stored: one Parquet file of rows.

Reading files that users bring (JSONL, CSV, Parquet of any shape) is `seed_data.files`; this is our own
format.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from polyteach.errors import UserError


@dataclass(frozen=True, slots=True)
class Row:
    """One training example: a prompt of a language and a response to it.

    Attributes:
        id: unique within its set.
        language: standard code, see `languages.standard_code`.
        method: `generate`, `translate`, `respond`, or `human` for seed data.
        teacher: who wrote the response; empty where nobody said.
        source: the seed data set the row rests on.
        source_id: the seed example (or examples, joined by a blank) it rests on.
        prompt: what the user says.
        response: what the assistant answers; empty for seed data of prompts alone.
        finish_reason: `stop`, `length`, or empty where no model was asked.
        prompt_tokens: tokens sent, counted by the teacher's tokenizer; 0 where no model was asked.
        response_tokens: tokens received, likewise.
        extra: what a source knows beyond this (judge scores, categories, a reference answer).
    """

    id: str
    language: str
    method: str
    teacher: str
    source: str
    source_id: str
    prompt: str
    response: str
    finish_reason: str = ""
    prompt_tokens: int = 0
    response_tokens: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def messages(self) -> list[dict[str, str]]:
        """The row as a conversation of one turn."""
        turns = [{"role": "user", "content": self.prompt}]
        return [*turns, {"role": "assistant", "content": self.response}] if self.response else turns


_MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string())])
_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("id", "language", "method", "teacher", "source", "source_id")),
        ("prompt", pa.string()),
        ("response", pa.string()),
        ("messages", pa.list_(_MESSAGE)),
        ("finish_reason", pa.string()),
        ("prompt_tokens", pa.int64()),
        ("response_tokens", pa.int64()),
        ("extra", pa.string()),  # JSON: sources differ in what they know
    ]
)


GROUP_ROWS = 4096
"""Rows in one row group of the file: what is in memory while rows are written."""


def write_rows(path: Path, rows: Iterable[Row]) -> int:
    """Writes rows as Parquet, byte for byte the same for the same rows; returns how many.

    Rows are taken and written `GROUP_ROWS` at a time.
    """
    rows, count = iter(rows), 0
    with pq.ParquetWriter(path, _SCHEMA, compression="zstd") as file:
        while (group := list(islice(rows, GROUP_ROWS))) or not count:
            file.write_table(pa.Table.from_pylist([record_of(row) for row in group], schema=_SCHEMA))
            count += len(group)
            if len(group) < GROUP_ROWS:
                break
    return count


def record_of(row: Row) -> dict[str, Any]:
    """A row as a file of ours has it, its conversation included; `extra` as JSON: sources differ in it."""
    extra = json.dumps(row.extra, ensure_ascii=False)
    return asdict(row) | {"messages": row.messages, "extra": extra}


def read_rows(path: Path) -> list[Row]:
    """Reads what `write_rows` wrote, or another tool wrote again.

    Raises:
        ValueError: a column is missing, of another kind, or empty where a row has a value.
        OSError, pyarrow.ArrowException: it is no Parquet file that can be read.
    """
    names = [f.name for f in fields(Row)]
    table = pq.read_table(path, columns=names)
    if sorted(table.column_names) != sorted(names):
        raise ValueError("the columns are not those of rows")
    try:
        whole = table.select(names).cast(pa.schema([_SCHEMA.field(name) for name in names]))
    except pa.ArrowNotImplementedError as error:
        raise ValueError(str(error)) from error
    if any(column.null_count for column in whole.columns):
        raise ValueError("a value is missing")
    return [Row(**(record | {"extra": _extra(record["extra"])})) for record in whole.to_pylist()]


def _extra(text: str) -> dict[str, Any]:
    """What a row knows besides.

    Raises:
        ValueError: it is no JSON object.
    """
    try:
        found = json.loads(text)
    except RecursionError as error:
        raise ValueError("`extra` is nested too deep") from error
    if not isinstance(found, dict):
        raise ValueError("`extra` is no JSON object")
    return found


def read_rows_of_run(path: Path) -> list[Row]:
    """Reads rows among the artifacts of a run, for whoever only looks at it.

    Raises:
        UserError: they are missing or damaged.
    """
    try:
        return read_rows(path)
    except (OSError, ValueError, pa.ArrowException) as error:
        fix = "run the study again: it makes what is missing or damaged"
        raise UserError("the artifact is missing or damaged", str(path), fix) from error

"""Files to be filtered, read twice: as rows to judge, and as records to write with all their columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyteach.seed_data.files import stream_file
from polyteach.seed_data.records import stream_records

if TYPE_CHECKING:
    from polyteach.curation.columns import Columns
    from polyteach.rows import Row

_JUDGES = ("judge_scores", "judge_scale", "source_set")


def judged_rows(paths: Sequence[Path], language: str | None, columns: Columns | None) -> Iterator[Row]:
    """Yields the rows of files in their order, with what rules read and no more of their extra columns.

    Args:
        paths: see `seed_data.files.read_file`; ids may repeat, prompts may be empty.
        language: likewise.
        columns: told of every record's columns on the way.

    Raises:
        UserError: likewise; or a file has no rows.
    """
    for path, records in ((path, stream_records(path)) for path in paths):
        for record, row in stream_file(path, records, language=language, blank_prompts=True):
            if columns:
                columns.see(record.columns)
            yield _slim(row)


def _slim(row: Row) -> Row:
    """A row that says how it ended, with judges' marks as all it knows beyond its texts.

    In a user's file how an answer ended is a column like any other; in one of ours `extra` is text.
    """
    known = dict(row.extra)
    if isinstance(known.get("extra"), str):
        known = _object(known["extra"]) | known
    end = known.get("finish_reason")
    return replace(
        row,
        finish_reason=end if isinstance(end, str) else "",
        extra={name: known[name] for name in _JUDGES if name in known},
    )


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def training_rows(paths: Sequence[Path], language: str | None) -> Iterator[Row]:
    """Yields the rows of files with ids that differ: the file's number, and the row's in it."""
    for place, path in enumerate(paths):
        rows = stream_file(path, stream_records(path), language=language, blank_prompts=True)
        for number, (_, row) in enumerate(rows):
            yield replace(row, id=f"{place}/{number:09}", extra={})


def all_columns(paths: Sequence[Path]) -> Iterator[Mapping[str, Any]]:
    """Yields the records of files in their order, as they are."""
    for path in paths:
        for record in stream_records(path):
            yield record.columns

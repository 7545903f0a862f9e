"""Files to be filtered, read twice: as rows to judge, and as records to write with all their columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyteach.seed_data.files import stream_file
from polyteach.seed_data.records import stream_records

if TYPE_CHECKING:
    from polyteach.rows import Row

_JUDGES = ("judge_scores", "judge_scale", "source_set")


def judged_rows(
    paths: Sequence[Path], language: str | None, see: Callable[[Mapping[str, Any]], object]
) -> Iterator[Row]:
    """Yields the rows of files in their order, with what rules read and no more of their extra columns.

    Args:
        paths: see `seed_data.files.read_file`; ids may repeat, prompts may be empty.
        language: likewise.
        see: told of every record's columns on the way.

    Raises:
        UserError: likewise.
    """
    for path, records in ((path, stream_records(path)) for path in paths):
        for record, row in stream_file(path, records, language=language, blank_prompts=True):
            see(record.columns)
            end = row.extra.get("finish_reason")
            yield replace(
                row,
                finish_reason=end if isinstance(end, str) else "",
                extra={name: row.extra[name] for name in _JUDGES if name in row.extra},
            )


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

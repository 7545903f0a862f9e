"""Seed data as a file that studies, and anybody else, can read: one record a row."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyteach.files import PARQUET, check_row_file, write_atomically, write_jsonl, writing

if TYPE_CHECKING:
    from polyteach.rows import Row


def write_seed_file(path: Path, rows: Sequence[Row]) -> None:
    """Writes rows with `id, language, prompt, response, source, source_id, licence, extra`.

    `extra` holds what the source knows beyond these: an object in JSONL, its JSON text in Parquet.

    Raises:
        UserError: see `check_row_file`; or the system refuses to write.
    """
    check_row_file(path)
    records = [_record(row) for row in rows]
    write = _parquet if path.suffix == PARQUET else write_jsonl
    with writing(path):
        write_atomically(path, lambda temporary: write(temporary, records))


def _record(row: Row) -> dict[str, Any]:
    extra = dict(row.extra)
    return {
        "id": row.id,
        "language": row.language,
        "prompt": row.prompt,
        "response": row.response,
        "source": row.source,
        "source_id": row.source_id,
        "licence": extra.pop("licence"),
        "extra": extra,
    }


def _parquet(path: Path, records: Sequence[dict[str, Any]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = ("id", "language", "prompt", "response", "source", "source_id", "licence", "extra")
    schema = pa.schema([(name, pa.string()) for name in names])
    plain = [record | {"extra": json.dumps(record["extra"], ensure_ascii=False)} for record in records]
    pq.write_table(pa.Table.from_pylist(plain, schema=schema), path, compression="zstd")

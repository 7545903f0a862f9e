"""Records of any columns, written as JSONL or Parquet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyteach.files import write_jsonl

if TYPE_CHECKING:
    import pyarrow as pa

AT_ONCE = 2048
"""Records in memory at once, and in a row group."""


class Columns:
    """The columns of records and the types that Parquet has for them, learned as records pass by.

    A column whose values have no common type, or one that Parquet cannot hold, is written as JSON text.
    """

    def __init__(self) -> None:
        self._waiting: list[Mapping[str, Any]] = []
        self._types: dict[str, Any] = {}
        self._as_json: set[str] = set()

    def see(self, record: Mapping[str, Any]) -> None:
        """Learns from a record."""
        self._waiting.append(record)
        if len(self._waiting) == AT_ONCE:
            self._learn()

    def and_also(self, record: Mapping[str, Any]) -> Columns:
        """The same columns, and those of one more record."""
        self._learn()
        more = Columns()
        more._types, more._as_json = dict(self._types), set(self._as_json)
        more.see(record)
        return more

    def schema(self) -> pa.Schema:
        """What was learned."""
        import pyarrow as pa

        self._learn()
        return pa.schema(
            [(name, pa.string() if name in self._as_json else kind) for name, kind in self._types.items()]
        )

    def table(self, records: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
        """Records that were seen, as a table."""
        import pyarrow as pa

        arrays = []
        for field in schema:
            values = [record.get(field.name) for record in records]
            if field.name in self._as_json:
                values = [None if value is None else _as_text(value) for value in values]
            arrays.append(pa.array(values, field.type))
        return pa.Table.from_arrays(arrays, schema=schema)

    def _learn(self) -> None:
        import pyarrow as pa

        records, self._waiting = self._waiting, []
        for name in dict.fromkeys(name for record in records for name in record):
            known = self._types.setdefault(name, pa.null())
            if name in self._as_json:
                continue
            try:
                kind = pa.array([record.get(name) for record in records]).type
                schemas = [pa.schema([(name, one)]) for one in (known, kind)]
                self._types[name] = pa.unify_schemas(schemas, promote_options="permissive").field(name).type
            except (pa.ArrowException, OverflowError):
                self._as_json.add(name)
            if _holds_nothing(self._types[name]):
                self._as_json.add(name)


def _holds_nothing(kind: Any) -> bool:
    """Whether a type has a struct without fields in it, which Parquet cannot hold."""
    import pyarrow as pa

    if pa.types.is_struct(kind) and not kind.num_fields:
        return True
    return any(_holds_nothing(kind.field(place).type) for place in range(kind.num_fields))


def write_records(path: Path, records: Iterable[Mapping[str, Any]], columns: Columns | None) -> None:
    """Writes records in their order; the same ones give the same bytes.

    Args:
        path: the file.
        records: as they were read.
        columns: what Parquet needs, having seen all of them; None: JSONL.
    """
    if columns is None:
        write_jsonl(path, records)
        return
    import pyarrow.parquet as pq

    schema = columns.schema()
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in _batches(records):
            writer.write_table(columns.table(batch, schema))


def _as_text(value: Any) -> str:
    """JSON; what Parquet knows beyond it (dates, bytes, decimals) becomes text."""
    return json.dumps(value, ensure_ascii=False, default=str)


def _batches(records: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    stream = iter(records)
    while batch := list(islice(stream, AT_ONCE)):
        yield batch

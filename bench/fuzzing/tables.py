"""Parquet files of rows that fit no table, with columns of odd types, and damaged ones."""

from __future__ import annotations

import datetime
import decimal
import io
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fuzzing.mutations import Mutator

_ODD: Sequence[Callable[[int], pa.Array]] = (
    lambda n: pa.nulls(n),
    lambda n: pa.array([2**62] * n, pa.timestamp("ns")),
    lambda n: pa.array([2**62] * n, pa.timestamp("us")),
    lambda n: pa.array([-(2**62)] * n, pa.timestamp("ms", "UTC")),
    lambda n: pa.array([-(2**40)] * n, pa.date64()) if n else pa.nulls(n),
    lambda n: pa.array([datetime.timedelta(days=1)] * n),
    lambda n: pa.array([decimal.Decimal("1.5")] * n),
    lambda n: pa.array([b"\xff\xfe"] * n),
    lambda n: pa.array([b"text"] * n, pa.large_binary()),
    lambda n: pa.array(["a"] * n).dictionary_encode(),
    lambda n: pa.array(["a"] * n, pa.large_string()),
    lambda n: pa.array([[("role", "user")]] * n, pa.map_(pa.string(), pa.string())),
    lambda n: pa.array([[{"role": "user", "content": "a"}, None]] * n),
    lambda n: pa.array([[None]] * n, pa.list_(pa.string())),
    lambda n: pa.array([float("nan")] * n),
    lambda n: pa.array([True, None] * n)[:n],
    lambda n: pa.array([1.0] * n, pa.float16()) if n else pa.nulls(n),
    lambda n: pa.array([[1.0, 2.0]] * n, pa.list_(pa.float32(), 2)),
    lambda n: pa.array([{"a": {"b": [1]}}] * n),
    lambda n: pa.array([2**64 - 1] * n, pa.uint64()),
    lambda n: (
        pa.array(["\ud800".encode("utf-8", "surrogatepass")] * n).cast(pa.string(), safe=False)
        if n < 0
        else pa.Array.from_buffers(pa.string(), n, pa.array([b"\xff"] * n).buffers())
    ),
)


def parquet_bytes(mutator: Mutator, rows: Sequence[Any]) -> bytes:
    """A Parquet file of what fits; a column that fits no type is written as text."""
    records = [row if isinstance(row, dict) else {"prompt": row} for row in rows]
    names = list(
        dict.fromkeys(str(key).encode("utf-8", "replace").decode() for record in records for key in record)
    )
    columns = [_column([_plain(record.get(name)) for record in records]) for name in names]
    if mutator.once_in(3) or not columns:
        odd = mutator.of(_ODD)(len(records))
        place = mutator.below(len(columns) + 1)
        names[place : place + 1] = [names[place] if place < len(names) else "prompt"]
        columns[place : place + 1] = [odd]
    if mutator.once_in(12):
        names[-1] = names[0]
    table = pa.Table.from_arrays(columns, names)
    if mutator.once_in(12):
        table = table.slice(0, 0)
    file = io.BytesIO()
    compression = mutator.of(("snappy", "none", "gzip", "zstd"))
    pq.write_table(table, file, compression=compression, row_group_size=mutator.of((1, 2, 1000)))
    content = file.getvalue()
    return mutator.damaged(content) if mutator.once_in(6) else content


def _plain(value: Any) -> Any:
    """A value without halves of surrogate pairs, which Arrow cannot hold."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {str(_plain(str(key))): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _column(values: list[Any]) -> pa.Array:
    try:
        column = pa.array(values)
        if pa.types.is_struct(column.type) and not column.type.num_fields:
            raise pa.ArrowInvalid("a structure without fields cannot be written")
        pq.write_table(pa.table({"x": column}), io.BytesIO())
    except (pa.ArrowException, TypeError, ValueError, OverflowError, RecursionError):
        return pa.array([None if value is None else str(_plain(str(value))) for value in values])
    return column

"""Details of lighteval, `details_TASK_DATE.parquet`: one row for each item.

By `DetailsLogger.Detail` of 0.11.0 and 0.13.0 a row has the structs `doc` (with `id` and `task_name`),
`model_response` and `metric` (score by name). Before (commit 010dc62) rows were flat, with `metrics` and no
id; there the row's number stands for the item. The model is the folder between `details/` and the date.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyteach.benchmarks.ingest import language
from polyteach.benchmarks.ingest.items import ItemScores
from polyteach.benchmarks.ingest.lighteval import task_and_shots
from polyteach.benchmarks.ingest.names import date_of, task_of
from polyteach.benchmarks.ingest.reading import MAX_LINES_BYTES, Unreadable, check_size
from polyteach.benchmarks.ingest.record import NO_FILTER, FileRead

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = "lighteval details"
MAX_UNPACKED_BYTES = 4 * 2**30


def read(file: str, path: Path) -> FileRead:
    """Reads a file of details; only scores and ids are taken out of it.

    Raises:
        Unreadable: no Parquet, too large, or without a column of metrics.
    """
    read = FileRead(file, FORMAT, date=date_of(path))
    rows = _table(path)
    column = "metric" if "metric" in rows.column_names else "metrics"
    ids = _field(rows, "id")
    tasks = set(filter(None, _field(rows, "task_name")))
    task, shots = task_and_shots(task_of(path, "details"))
    if len(tasks) == 1:
        task, named = task_and_shots(str(tasks.pop()))
        shots = shots if named is None else named
    if not any(ids):
        read.notes.append("items have no ids: their row numbers stand for them")
    scores = ItemScores()
    for number, metrics in enumerate(rows.column(column).to_pylist()):
        item = str(ids[number] or number)
        for metric, score in (metrics or {}).items():
            if score is not None:  # what other rows of the file are scored by
                scores.add(metric, NO_FILTER, item, score)
    read.figures.extend(scores.figures(read, _model(path, read), task, shots, language.of_task(task)))
    return read


def _table(path: Path) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    check_size(path, MAX_LINES_BYTES)
    try:
        file = pq.ParquetFile(path)
        schema = file.schema_arrow
        wanted = [
            n for n in ("metric", "metrics") if n in schema.names and pa.types.is_struct(schema.field(n).type)
        ]
        if not wanted:
            raise Unreadable(f"no details of lighteval: columns {', '.join(schema.names[:8])}")
        groups = range(file.metadata.num_row_groups)
        if sum(file.metadata.row_group(group).total_byte_size for group in groups) > MAX_UNPACKED_BYTES:
            raise Unreadable(f"larger than {MAX_UNPACKED_BYTES >> 30} GiB when unpacked")
        if "doc" in schema.names and pa.types.is_struct(schema.field("doc").type):
            wanted += [f"doc.{name}" for name in ("id", "task_name")]
        return file.read(columns=wanted)
    except (pa.ArrowException, OSError) as error:
        raise Unreadable(f"not Parquet ({str(error).splitlines()[0][:80]})") from error


def _field(rows: pa.Table, name: str) -> list[Any]:
    if "doc" not in rows.column_names:
        return [None] * rows.num_rows
    return [(doc or {}).get(name) for doc in rows.column("doc").to_pylist()]


def _model(path: Path, read: FileRead) -> str:
    parts = path.resolve().parent.parts
    if "details" in parts:
        at = len(parts) - 1 - parts[::-1].index("details")
        model = "/".join(parts[at + 1 : -1])
        if model:
            return model
    read.notes.append("not in a folder details/MODEL/DATE/: the folder's name stands for the model")
    return parts[-1]

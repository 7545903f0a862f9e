"""Files that users bring, read as records: JSONL, CSV, Parquet; every fault told with file and line."""

from __future__ import annotations

import csv
import io
import json
import re
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyteach.errors import UserError

_OTHER_SEPARATORS = (";", "\t", "|")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a file: its columns, and the place to name when something is wrong with it."""

    where: str
    columns: dict[str, Any]


def read_records(path: Path) -> list[Record]:
    """Returns the records of a file, in its order; the suffix says what it is.

    Raises:
        UserError: missing, a folder, empty, of an unknown kind, unreadable or damaged; names file and line.
    """
    _check_file(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        kinds = ", ".join(_READERS)
        raise UserError(f"unknown kind of file {path.suffix!r}", where=str(path), fix=f"use one of {kinds}")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"cannot be read: {error.strerror}", where=str(path), fix="check the permissions"
        ) from error
    if not data.strip(b"\xef\xbb\xbf \t\r\n"):
        raise UserError("the file is empty", where=str(path), fix="a file of examples has at least one row")
    records = list(reader(path, data))
    if not records:
        raise UserError(
            "the file has no rows", where=str(path), fix="a file of examples has at least one row"
        )
    return records


def _check_file(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UserError("there is no such file", where=str(path), fix="check the path") from error
    except (OSError, ValueError) as error:  # a name too long, a folder that is closed to us; a null character
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"cannot be read: {reason}", where=str(path), fix="check the path") from error
    if stat.S_ISDIR(mode):
        raise UserError("this is a folder, not a file", where=str(path), fix="name the file in it")
    if not stat.S_ISREG(mode):  # reading a pipe would wait for whoever writes to it
        raise UserError(
            "this is a pipe or device, not a file", where=str(path), fix="write its content to a file"
        )


def _text(path: Path, data: bytes) -> str:
    """Decodes UTF-8, with or without a byte order mark."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # utf-8-sig counts from behind the mark
        start = error.start + (3 if data.startswith(b"\xef\xbb\xbf") else 0)
        line = data.count(b"\n", 0, start) + 1
        raise UserError(
            f"is not valid UTF-8 at byte {start}: 0x{data[start]:02x}",
            where=f"{path}:{line}",
            fix="save the file as UTF-8",
        ) from error


def _jsonl(path: Path, data: bytes) -> Iterator[Record]:
    # str.splitlines would also split at U+2028 and its like, which occur inside strings
    for number, line in enumerate(_text(path, data).split("\n"), start=1):
        if line.strip():
            where = f"{path}:{number}"
            yield Record(where, _json_object(where, line))


def _json_object(where: str, line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"not valid JSON: {error}", where=where, fix="one whole JSON object a line"
        ) from error
    if not isinstance(value, dict):
        raise UserError(
            "is JSON, but not an object",
            where=where,
            fix='write {"prompt": ...} a line',
        )
    if _SURROGATE.search(line) and not _encodable(value):
        raise UserError("this holds half of a surrogate pair", where=where, fix="repair the \\ud... escape")
    return value


def _encodable(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _csv(path: Path, data: bytes) -> Iterator[Record]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # responses may be longer than the default 131,072
    reader = csv.reader(io.StringIO(_text(path, data), newline=""), strict=True)
    header: list[str] = []
    line = 1
    try:
        for fields in reader:
            where, line = f"{path}:{line}", reader.line_num + 1
            if not fields:
                continue
            if not header:
                header = _csv_header(where, fields)
                continue
            if len(fields) != len(header):
                raise UserError(
                    f"has {len(fields)} fields, the header has {len(header)}",
                    where=where,
                    fix='put fields that hold commas or line breaks in "quotes"',
                )
            yield Record(where, dict(zip(header, fields, strict=True)))
    except csv.Error as error:
        raise UserError(f"not valid CSV: {error}", where=f"{path}:{line}", fix="check the quotes") from error


def _csv_header(where: str, fields: list[str]) -> list[str]:
    twice = sorted({name for name in fields if fields.count(name) > 1})
    if twice:
        raise UserError(f"names column {twice[0]!r} twice", where=where, fix="give each column its own name")
    if len(fields) == 1 and (found := [mark for mark in _OTHER_SEPARATORS if mark in fields[0]]):
        raise UserError(
            f"separates its columns by {found[0]!r}", where=where, fix="save it with commas as separators"
        )
    return fields


def _parquet(path: Path, data: bytes) -> Iterator[Record]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        records = pq.ParquetFile(pa.BufferReader(data)).read().to_pylist()
    # ValueError, OverflowError: times that Python's datetime cannot hold
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"is no readable Parquet file: {reason}", where=str(path), fix="copy or download the file again"
        ) from error
    for number, columns in enumerate(records, start=1):
        yield Record(f"{path}, row {number}", columns)


_READERS: dict[str, Callable[[Path, bytes], Iterator[Record]]] = {
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".csv": _csv,
    ".parquet": _parquet,
}

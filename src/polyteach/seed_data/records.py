"""Files that users bring, read as records: JSONL, CSV, Parquet; every fault told with file and line.

Records come one after the other: memory does not grow with the file, whatever its size.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from polyteach.errors import UserError

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

_OTHER_SEPARATORS = (";", "\t", "|")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_BLANK = b"\xef\xbb\xbf \t\r\n"
_BATCH = 256  # records of a Parquet file in memory at once
_FEW_BYTES = 65_536  # a file of blanks alone is no longer than this
MOST_LINE_BYTES = 2**26
"""Of one line, or one field of CSV: far beyond any example, and no more than memory has."""
MOST_UNPACKED = 200
"""Times its size that what is packed may unpack to; text packs to a tenth, seldom to a fiftieth."""
MOST_UNPACKED_COLUMN = 1000
"""Likewise of a column of Parquet, whose packing sees further: long prompts that differ little pack well."""
_LARGE_BYTES = 2**24  # below it nothing that swells up matters


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
    records = list(stream_records(path))
    if not records:
        raise UserError(
            "the file has no rows", where=str(path), fix="a file of examples has at least one row"
        )
    return records


def stream_records(path: Path, *, half_characters: bool = False) -> Iterator[Record]:
    """Yields the records of a file, in its order; none where it has none. `.jsonl.gz` is read too.

    Args:
        path: the file.
        half_characters: whether a record of JSONL may hold half of a surrogate pair, which no file can.

    Raises:
        UserError: as `read_records`, when the reading comes to it.
    """
    _check_file(path)
    reader = _READERS.get(kind_of_file(path))
    if reader is None:
        kinds = ", ".join(_READERS)
        raise UserError(f"unknown kind of file {path.suffix!r}", where=str(path), fix=f"use one of {kinds}")
    try:
        if path.stat().st_size <= _FEW_BYTES and not path.read_bytes().strip(_BLANK):
            raise UserError(
                "the file is empty", where=str(path), fix="a file of examples has at least one row"
            )
        yield from _jsonl(path, half_characters) if reader is _jsonl else reader(path)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        fix = "copy or download the file again"
        raise UserError(f"is damaged: {error}", where=str(path), fix=fix) from error
    except OSError as error:
        raise UserError(
            f"cannot be read: {error.strerror or error}", where=str(path), fix="check the permissions"
        ) from error


def kind_of_file(path: Path) -> str:
    """The suffix that says what a file holds, such as `.jsonl`, also where it is compressed."""
    return (path.with_suffix("") if path.suffix.lower() == ".gz" else path).suffix.lower()


def is_readable(path: Path) -> bool:
    """Whether a file's name says that `stream_records` can read it."""
    return kind_of_file(path) in _READERS


def kind_of(value: Any) -> str:
    """What a value is, in words: `missing`, `a number`, `a list`, ..."""
    if value is None or isinstance(value, int | float):
        return "missing" if value is None else "a number"
    return {"list": "a list", "dict": "an object"}.get(type(value).__name__, f"a {type(value).__name__}")


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


def _opened(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb")


_SWELLS = "unpacks to more than {} times its size, as no examples do"
_UNPACK = "unpack it, or write it again, if you trust it"


def _swells_up(unpacked: int, packed: int, most: int) -> bool:
    return unpacked > max(_LARGE_BYTES, most * packed)


def stream_lines(path: Path) -> Iterator[str]:
    """Yields the lines of a UTF-8 file (a byte order mark is passed over), each with its line feed.

    Raises:
        UserError: it is no UTF-8; names the line and the byte. Or a line is too long, or a packed file swells
            up as no text does.
    """
    start, packed = 0, path.stat().st_size
    is_packed = path.suffix.lower() == ".gz"
    with _opened(path) as file:
        # only \n ends a line: U+2028 and its like occur inside strings
        for number, line in enumerate(iter(lambda: file.readline(MOST_LINE_BYTES + 1), b""), start=1):
            if len(line) > MOST_LINE_BYTES:
                what = f"this line is longer than {MOST_LINE_BYTES >> 20} MB"
                raise UserError(what, where=f"{path}:{number}", fix="one example a line")
            if is_packed and _swells_up(start + len(line), packed, MOST_UNPACKED):
                raise UserError(_SWELLS.format(MOST_UNPACKED), where=str(path), fix=_UNPACK)
            try:
                yield line.decode("utf-8").removeprefix("\ufeff" if number == 1 else "")
            except UnicodeDecodeError as error:
                raise UserError(
                    f"is not valid UTF-8 at byte {start + error.start}: 0x{line[error.start]:02x}",
                    where=f"{path}:{number}",
                    fix="save the file as UTF-8",
                ) from error
            start += len(line)


def _jsonl(path: Path, half_characters: bool = False) -> Iterator[Record]:
    for number, line in enumerate(stream_lines(path), start=1):
        if line.strip():
            where = f"{path}:{number}"
            value = _json_object(where, line.rstrip("\n"))
            if not half_characters and _SURROGATE.search(line) and not encodable(value):
                fix = "repair the \\ud... escape"
                raise UserError("this holds half of a surrogate pair", where=where, fix=fix)
            yield Record(where, value)


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
            fix='write one object a line: {"COLUMN": ..., "COLUMN": ...}',
        )
    return value


def encodable(value: Any) -> bool:
    """Whether plain data holds no half of a surrogate pair, which no file can."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _csv(path: Path) -> Iterator[Record]:
    csv.field_size_limit(MOST_LINE_BYTES)  # responses may be longer than the default 131,072
    reader = csv.reader(_any_lines(stream_lines(path)), strict=True)
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


def _any_lines(lines: Iterable[str]) -> Iterator[str]:
    """Splits lines once more at a carriage return that stands alone, as old files end them."""
    for line in lines:
        yield from io.StringIO(line, newline="") if "\r" in line[:-2] else (line,)


def _csv_header(where: str, fields: list[str]) -> list[str]:
    twice = sorted({name for name in fields if fields.count(name) > 1})
    if twice:
        raise UserError(f"names column {twice[0]!r} twice", where=where, fix="give each column its own name")
    if len(fields) == 1 and (found := [mark for mark in _OTHER_SEPARATORS if mark in fields[0]]):
        raise UserError(
            f"separates its columns by {found[0]!r}", where=where, fix="save it with commas as separators"
        )
    return fields


def _parquet(path: Path) -> Iterator[Record]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # ValueError, OverflowError: times that Python's datetime cannot hold
    damage = (pa.ArrowException, OSError, ValueError, OverflowError)
    number = 0
    try:
        file = pq.ParquetFile(path)
        names = file.schema_arrow.names
    except damage as error:
        raise _unreadable(str(path), error) from error
    with file:
        for number_of_group in range(file.num_row_groups):
            _check_group(path, file.metadata.row_group(number_of_group))
        batches = _batches(file)
        while True:
            try:
                columns = next(batches).to_pylist()
            except StopIteration:
                return
            except damage as error:
                column = _damaged_column(file, names, number, damage)
                raise _unreadable(f"{path}, row {number + 1} or after it{column}", error) from error
            for record in columns:
                number += 1
                yield Record(f"{path}, row {number}", record)


def _check_group(path: Path, group: Any) -> None:
    """Refuses what swells up: values that are packed, or stand once and are in many rows.

    A value is no longer than what its column unpacks to; one of a dictionary may be in all rows of a batch.
    Dictionaries that writers make end at 1 MB.

    Raises:
        UserError: a column chunk swells up.
    """
    for number in range(group.num_columns):
        column = group.column(number)
        start = column.dictionary_page_offset if column.has_dictionary_page else None
        dictionary = column.data_page_offset - start if start is not None else 0
        where = f"{path}, column {column.path_in_schema!r}"
        if _swells_up(column.total_uncompressed_size, column.total_compressed_size, MOST_UNPACKED_COLUMN):
            raise UserError(_SWELLS.format(MOST_UNPACKED_COLUMN), where=where, fix=_UNPACK)
        if dictionary > _LARGE_BYTES:
            what = f"has a dictionary of more than {_LARGE_BYTES >> 20} MB"
            raise UserError(what, where=where, fix=_UNPACK)


def _batches(file: ParquetFile, columns: Sequence[str] | None = None) -> Iterator[Any]:
    """Record batches, one row group after the other: over several at once pyarrow keeps what it has read."""
    for group in range(file.num_row_groups):
        yield from file.iter_batches(batch_size=_BATCH, row_groups=[group], columns=columns)


def _damaged_column(
    file: ParquetFile, names: Sequence[str], number: int, damage: tuple[type[Exception], ...]
) -> str:
    """Names the first column that cannot be read beyond a row; empty where each alone can."""
    for name in names:
        read = 0
        try:
            for batch in _batches(file, [name]):
                read += len(batch.to_pylist())
                if read >= number + _BATCH:
                    break
        except damage:
            return f", column {name!r}"
    return ""


def _unreadable(where: str, error: Exception) -> UserError:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    fix = "copy or download the file again"
    return UserError(f"is no readable Parquet file: {reason}", where=where, fix=fix)


_READERS: dict[str, Callable[[Path], Iterator[Record]]] = {
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".csv": _csv,
    ".parquet": _parquet,
}

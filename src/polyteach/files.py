"""Files written whole or not at all, and identified by their content."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from polyteach.errors import UserError
from polyteach.processes import process_tag
from polyteach.shortage import is_of_files, no_further_file
from polyteach.steps import digest_of

JSONL, PARQUET = ".jsonl", ".parquet"
"""How the name of a file of rows ends."""

_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def package_files_digest(package: str, *patterns: str) -> str:
    """SHA-256 over names and content of a package's data files: other files are another experiment.

    Args:
        package: its dotted name.
        patterns: which files, as `Path.glob` knows them, from the package's folder.

    Raises:
        FileNotFoundError: a pattern matches nothing.
    """
    folder = Path(import_module(package).__path__[0])
    contents: dict[str, str] = {}
    for pattern in patterns:
        found = {path.relative_to(folder).as_posix(): file_digest(path) for path in folder.glob(pattern)}
        if not found:
            raise FileNotFoundError(f"{folder / pattern}: no such file of the package")
        contents |= found
    return digest_of(contents)


def write_json(path: Path, value: Any) -> None:
    """Writes JSON with sorted keys: the same value gives the same bytes.

    Raises:
        ValueError: a number is not finite.
        TypeError: a value is not plain data.
    """
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False) + "\n"
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_jsonl(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Writes a record a line, in their order; what JSON does not know (dates, decimals) becomes text."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(dict(one), ensure_ascii=False, default=str) + "\n" for one in records)


def check_row_file(path: Path) -> None:
    """Checks, before hours of work, that rows can be written there.

    Raises:
        UserError: it is neither Parquet nor JSONL, or a folder, or in none.
    """
    fix = f"name a file that ends in {PARQUET} or {JSONL}, in a folder that exists"
    if path.suffix not in (PARQUET, JSONL) or path.is_dir():
        raise UserError("is no Parquet or JSONL file", where=str(path), fix=fix)
    if not path.parent.is_dir():
        raise UserError("is in no folder that exists", where=str(path), fix=fix)


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Lets `write` fill a temporary file, makes it durable, and moves it to its place.

    The temporary name tells the process, wherever it is: several may write the same file at once.
    """
    temporary = path.with_name(f".{path.name}.{process_tag()}")
    try:
        write(temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)  # still there only if something went wrong


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """A table as CSV with a header; None is empty.

    A text that a spreadsheet would take for a formula gets an apostrophe before it, in the header too. A
    number is as it is.
    """
    lines = [_line(columns)]
    for row in rows:
        if unknown := row.keys() - set(columns):
            raise ValueError(f"no columns: {', '.join(sorted(unknown))}")
        lines.append(_line(row.get(name) for name in columns))
    return "".join(lines)


def _line(values: Iterable[Any]) -> str:
    """A line. As if it ended in CR LF, so that both are quoted within: a bare CR would begin a new line."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([_no_formula(value) for value in values])
    return text.getvalue().removesuffix("\r\n") + "\n"


def _no_formula(value: Any) -> Any:
    is_formula = isinstance(value, str) and value.startswith(_FORMULAS) and not _NUMBER.fullmatch(value)
    return f"'{value}" if is_formula else value


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns what an operating system says of a write (no space, no permission, ...) into a user's message.

    Raises:
        UserError: an OSError was raised inside.
    """
    try:
        yield
    except OSError as error:
        if is_of_files(error):
            raise no_further_file() from error
        fix = "free space or give a folder you may write to; what was finished is kept"
        raise UserError(f"cannot be written ({error.strerror or error})", where=str(path), fix=fix) from error

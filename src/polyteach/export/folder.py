"""The folder of an export: its data files, its card, and a record of what it is, written whole or not at all.

README.md                 the card
polyteach-export.json     what was exported: by it the folder is known as ours
data/<split>.parquet      or .jsonl
dataset_info.json         for LLaMA-Factory
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from polyteach.errors import UserError
from polyteach.export.schema import schema_of
from polyteach.files import file_digest, write_json, write_jsonl, writing
from polyteach.manifests import is_inside

RECORD = "polyteach-export.json"
CARD = "README.md"
PARQUET, JSONL = "parquet", "jsonl"
FORMATS = (PARQUET, JSONL)
_SCHEMA_VERSION = 1
_ASIDE = ".export-"

Fill = Callable[[Path], None]
"""Writes one file, at the path it is handed."""


def is_ours(folder: Path) -> bool:
    """Whether a folder is an earlier export whose card nobody has edited, or has nothing in it."""
    if not folder.is_dir():
        return False
    if not any(path for path in folder.iterdir() if not path.name.startswith(_ASIDE)):
        return True
    card = _recorded(folder).get(CARD, {})
    return (folder / CARD).is_file() and card.get("sha256") == file_digest(folder / CARD)


def write_folder(folder: Path, files: Mapping[str, Fill], record: Mapping[str, Any]) -> dict[str, Any]:
    """Makes all files aside and moves them to their place, the record last.

    Files of an earlier export that this one has not are removed; nothing else in the folder is touched.

    Args:
        folder: made where it is missing.
        files: by path from the folder; each is handed the path to write.
        record: what is told of the export; `files` is added to it.

    Returns:
        The record, with the bytes and SHA-256 of each file.

    Raises:
        UserError: the system refuses to write.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(f"{_ASIDE}*"):  # of a run that was killed
            shutil.rmtree(left, ignore_errors=True)
        earlier = _recorded(folder)
        with tempfile.TemporaryDirectory(dir=folder, prefix=_ASIDE) as aside:
            made = {name: _made(Path(aside) / name, fill) for name, fill in files.items()}
            whole = {"schema_version": _SCHEMA_VERSION, "kind": "export", **record, "files": made}
            for name in sorted(files):
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                (Path(aside) / name).replace(target)
        for name in earlier.keys() - files.keys():
            if (folder / name).parent.resolve().is_relative_to(folder.resolve()):  # not through a link
                (folder / name).unlink(missing_ok=True)
        write_json(folder / RECORD, whole)
    return whole


def data_file(records: Sequence[Mapping[str, Any]], format: str) -> Fill:
    """Writes records as Parquet, or as JSON lines; the same records give the same bytes."""

    def parquet(path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        from polyteach.rows import GROUP_ROWS

        schema = schema_of(records[0])
        # Opened here: Arrow takes no path that is not UTF-8.
        with path.open("wb") as raw, pq.ParquetWriter(raw, schema, compression="zstd") as file:
            for start in range(0, len(records), GROUP_ROWS):
                group = list(records[start : start + GROUP_ROWS])
                file.write_table(pa.Table.from_pylist(group, schema=schema))

    return parquet if format == PARQUET else lambda path: write_jsonl(path, records)


def text_file(text: str) -> Fill:
    """Writes text as it is."""
    return lambda path: _write_text(path, text)


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _made(path: Path, fill: Fill) -> dict[str, Any]:
    path.parent.mkdir(parents=True, exist_ok=True)
    fill(path)
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return {"bytes": path.stat().st_size, "sha256": file_digest(path)}


def _recorded(folder: Path) -> dict[str, dict[str, Any]]:
    """The files of an earlier export by name, and what was noted of each; none where there was none."""
    try:
        files: Any = json.loads((folder / RECORD).read_bytes())["files"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    if not isinstance(files, dict):
        return {}
    return {name: facts for name, facts in files.items() if isinstance(facts, dict) and is_inside(name)}


def check_sources_outside(folder: Path, sources: Iterable[Path]) -> None:
    """Refuses an output folder in which a source lies: writing could destroy it.

    Raises:
        UserError: names the source.
    """
    for source in sources:
        if source.resolve().is_relative_to(folder.resolve()):
            raise UserError(
                "is read by this command and lies in the output folder", str(source), "name another --output"
            )

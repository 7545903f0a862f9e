"""The step that gathers a language's seed data from its sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyteach.errors import UserError
from polyteach.files import file_digest
from polyteach.seed_data.files import read_file
from polyteach.seed_data.pocket import read_pocket
from polyteach.steps import StepTask
from polyteach.study import METHODS

if TYPE_CHECKING:
    from polyteach.rows import Row


def seed_data(task: StepTask) -> Mapping[str, Any]:
    """Writes `rows.parquet`: the rows of all sources, with the methods each may feed in `extra["feeds"]`.

    Settings: `language`; `sources`, each `{"kind": "file", "digest", "methods"}` or
    `{"kind": "pocket", "rows", "methods"}` (and a `world_digest`, which is not read); `rng_seed`. Locations:
    a file's path by its digest.
    """
    from polyteach.rows import write_rows

    language = task.settings["language"]
    rows: list[Row] = []
    for source in task.settings["sources"]:
        name, found = _read(source, language, task.settings["rng_seed"], task.locations)
        rows += [_fed(row, name, source["methods"]) for row in found]
    _refuse_twins(rows)
    write_rows(task.output / "rows.parquet", rows)
    feeds = {method: sum(method in row.extra["feeds"] for row in rows) for method in METHODS}
    return {"rows": len(rows), "feeds": feeds}


def methods_fed(row: Row, methods: Sequence[str]) -> list[str]:
    """Returns which of a source's methods a row can feed.

    Generate shows whole pairs, so it needs a response; translate starts from English.
    """
    able = {"generate": bool(row.response), "translate": row.language == "en", "respond": True}
    return [method for method in METHODS if method in methods and able[method]]


def _read(
    source: Mapping[str, Any], language: str, rng_seed: int, locations: Mapping[str, str]
) -> tuple[str, list[Row]]:
    if source["kind"] == "pocket":
        return "pocket", read_pocket(language, source["rows"], rng_seed)
    return read_unchanged(Path(locations[source["digest"]]), source["digest"], language)


def read_unchanged(path: Path, digest: str, language: str) -> tuple[str, list[Row]]:
    """Returns a file's name for `Row.source`, and its rows.

    Raises:
        UserError: it has another digest than when the study was read, or is gone.
    """
    if not path.is_file() or file_digest(path) != digest:
        raise UserError(
            "has changed or gone since the study was read", where=str(path), fix="run the study again"
        )
    # Not the file's name: the same content must give the same artifact wherever it lies.
    return f"file:{digest[:12]}", read_file(path, language=language)


def _fed(row: Row, source: str, methods: Sequence[str]) -> Row:
    extra = dict(row.extra) | {"feeds": methods_fed(row, methods)}
    return replace(row, id=f"{source}/{row.id}", source=source, source_id=row.id, method="human", extra=extra)


def _refuse_twins(rows: Sequence[Row]) -> None:
    if len({row.id for row in rows}) < len(rows):
        raise UserError(
            "a source of seed data is listed twice", fix="list each file once, with all its methods"
        )

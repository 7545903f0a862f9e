"""Where an exam's records lie: files of the user's, or the hub; with what stands for their content."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from polyteach.benchmarks.benchmark import Benchmark
from polyteach.errors import UserError
from polyteach.files import file_digest
from polyteach.seed_data.files import agree
from polyteach.seed_data.gather import code_of
from polyteach.seed_data.origin import Origin, find_origin, records_of
from polyteach.seed_data.records import Record, read_records
from polyteach.seed_data.sources import Source
from polyteach.seed_data.sources.mapped import Columns, mapped


def check_file(path: Path) -> None:
    """Checks that there is a file.

    Raises:
        UserError: there is none, or it is a folder.
    """
    if path.is_dir():
        raise UserError("this is a folder, not a file", where=str(path), fix="name the file in it")
    if not path.is_file():
        raise UserError("there is no such file", where=str(path), fix="check the path")


def find_file(path: Path) -> tuple[str, str]:
    """The digest of a file, and where it lies.

    Raises:
        UserError: there is no such file.
    """
    check_file(path)
    return file_digest(path), str(path.resolve())


def find_on_hub(benchmark: Benchmark, language: str, revision: str | None) -> str:
    """The hub's id, config and commit of a benchmark in a language, as a digest.

    Raises:
        UserError: the hub has no such data set or is out of reach.
    """
    source = _source(benchmark, language, benchmark.split)
    try:
        return find_origin(source, None, revision).digest(source)
    except UserError as error:
        fix = "check the network, or name a file of its columns: {benchmark: NAME, file: {LANGUAGE: FILE}}"
        raise UserError(error.what, where=error.where, fix=fix) from error


def file_records(digest: str, locations: Mapping[str, str], language: str, called: str = "") -> list[Record]:
    """The records of a file that was found before.

    Args:
        digest: of its content.
        locations: where it lies.
        language: the one that its column `language`, if it has one, must say.
        called: what the benchmark calls the language, which a column may say too.

    Raises:
        UserError: it is broken, changed since, or says that its rows are in another language.
    """
    path = Path(locations[digest])
    if not path.is_file() or file_digest(path) != digest:
        what = "has changed or gone since the study was read"
        raise UserError(what, where=str(path), fix="run the study again")
    records = read_records(path)
    for record in records:
        spelling = record.columns.get("language")
        if isinstance(spelling, str) and spelling.strip() and spelling != called:
            _check_language(record, spelling, language)
    return records


def hub_records(benchmark: Benchmark, language: str, digest: str, split: str) -> list[Record]:
    """The records of a split on the hub, at the commit of the digest.

    Raises:
        UserError: the hub does not give them.
    """
    return list(records_of(_source(benchmark, language, split), Origin.of(digest, "")))


def _source(benchmark: Benchmark, language: str, split: str) -> Source:
    config = benchmark.languages[language]
    return mapped(
        str(benchmark.hub), Columns(prompt="question"), language=language, config=config, split=split
    )


def _check_language(record: Record, spelling: str, language: str) -> None:
    """Refuses a row that says it is in another language, by code or by English name."""
    code = code_of(spelling)
    if code is None:
        what = f"column 'language' says {spelling!r}, which is no language"
        raise UserError(what, where=record.where, fix=f"write {language!r}")
    if not agree(code, language):
        what = f"column 'language' says {spelling!r}, not {language!r}"
        fix = f"name the file's own language where {language!r} is named, or split the file by language"
        raise UserError(what, where=record.where, fix=fix)

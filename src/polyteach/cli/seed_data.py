"""`polyteach seed-data`: which sources of prompts there are, and a seed file drawn from them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polyteach.cli.options import JSON_OPTION
from polyteach.cli.outputs import FORCE_OPTION, check_output_is_free
from polyteach.cli.terminal import print_json

if TYPE_CHECKING:
    from polyteach.seed_data.gather import Account, Part
    from polyteach.seed_data.overlap import Listed

_OTHER = "Of a data set that is not in the list: "


def seed_data(
    source: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME, NAME=COUNT or NAME=SHARE% (of --limit); NAME is of the list, or any with --columns. "
            "Repeat it for a mixture; COUNT is of each language."
        ),
    ] = None,
    path: Annotated[
        list[str] | None,
        typer.Option(
            help="A file or folder of the data set's Parquet or JSONL files, read instead of the hub; "
            "NAME=FOLDER with several sources."
        ),
    ] = None,
    language: Annotated[
        list[str] | None,
        typer.Option(help="Take this language; repeat it for several. All where nothing is said."),
    ] = None,
    output: Annotated[Path | None, typer.Option(help="The file to write: .parquet or .jsonl.")] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Rows of each language; shared equally by sources without COUNT."),
    ] = None,
    read_at_most: Annotated[
        int | None, typer.Option(min=1, help="Read so many records of a source at most, not the whole of it.")
    ] = None,
    without_overlap: Annotated[
        list[str] | None,
        typer.Option(help="A file of texts, or a benchmark, with which no row may share a passage."),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            help=_OTHER + "prompt=COLUMN,response=COLUMN or messages=COLUMN; also language=COLUMN, id=COLUMN."
        ),
    ] = None,
    licence: Annotated[str, typer.Option(help=_OTHER + "its licence.")] = "not stated",
    config: Annotated[str | None, typer.Option(help=_OTHER + "its configuration.")] = None,
    split: Annotated[str, typer.Option(help=_OTHER + "its split.")] = "train",
    revision: Annotated[str | None, typer.Option(help="A branch, tag or commit of the hub.")] = None,
    rng_seed: Annotated[int, typer.Option(min=0, help="Of the draw.")] = 0,
    force: FORCE_OPTION = False,
    as_json: JSON_OPTION = False,
) -> None:
    """Lists the sources of seed data, or draws a seed file from some of them."""
    from polyteach.errors import UserError

    if not source and not path:
        if output is not None:
            raise UserError("no source is named", fix="add --source NAME, or --path FOLDER with --columns")
        _print_sources(as_json)
        return
    from polyteach.files import check_row_file
    from polyteach.languages import standard_code
    from polyteach.seed_data.gather import Part
    from polyteach.seed_data.mixture import Asked, in_numbers
    from polyteach.seed_data.origin import find_origin
    from polyteach.seed_data.sources import Columns, find_source

    if output is None:
        raise UserError("no file to write is named", fix="add --output FILE.parquet or FILE.jsonl")
    check_row_file(output)
    codes = list(dict.fromkeys(standard_code(code) for code in language or [])) or None
    other = Columns.of(columns) if columns else None
    asked = [Asked.of(one) for one in source or []] or [Asked(Path((path or [])[0]).stem)]
    folders = _folders(path or [], [one.name for one in asked])
    read = [*folders.values(), *map(Path, without_overlap or [])]
    check_output_is_free(output, read, is_own=False, force=force)
    only = codes[0] if codes and len(codes) == 1 else None
    parts = []
    for one in asked:
        _check_no_file(one.name)
        found = find_source(one.name, other, language=only, licence=licence, config=config, split=split)
        parts.append(Part(found, find_origin(found, folders.get(one.name), revision), None, read_at_most))
    parts = in_numbers(parts, asked, limit, codes)
    with _told_of_own_columns(columns):
        _draw(parts, codes, output, without_overlap or [], rng_seed, as_json)


def _folders(paths: list[str], names: list[str]) -> dict[str, Path]:
    """Where each source's files are, by its name."""
    from polyteach.errors import UserError

    if len(names) == 1 and len(paths) == 1:
        return {names[0]: Path(paths[0].removeprefix(f"{names[0]}="))}
    found = {}
    for text in paths:
        name, _, folder = text.partition("=")
        if name not in names or not folder:
            raise UserError(
                f"--path {text!r} belongs to no source", fix=f"write NAME=FOLDER; sources: {', '.join(names)}"
            )
        found[name] = Path(folder)
    return found


def _check_no_file(name: str) -> None:
    """Refuses a file in the place of a source's name."""
    from polyteach.errors import UserError
    from polyteach.seed_data.sources import is_listed

    if not is_listed(name) and Path(name).is_file():
        fix = f"read it with --path {name} in the place of --source"
        raise UserError(f"{name} is a file here, and no data set of the hub", where="--source", fix=fix)


@contextmanager
def _told_of_own_columns(columns: str | None) -> Iterator[None]:
    """Says of a column that is missing where it was named: on the command line, if `columns` were."""
    from polyteach.errors import UserError

    try:
        yield
    except UserError as error:
        if columns is None or not error.what.startswith("has no column"):
            raise
        raise UserError(error.what, error.where, f"correct --columns {columns}") from error


def _draw(
    parts: list[Part], codes: list[str] | None, output: Path, lists: list[str], rng_seed: int, as_json: bool
) -> None:
    from polyteach.cli.watched import watched
    from polyteach.errors import UserError
    from polyteach.seed_data.gather import gather
    from polyteach.seed_data.listed import listed_texts
    from polyteach.seed_data.overlap import Listed
    from polyteach.seed_data.seed_file import write_seed_file

    listed = Listed(text for name in lists for text in listed_texts(name))
    with watched("seed data") as progress:
        rows, accounts = gather(
            parts, languages=codes, rng_seed=rng_seed, listed=listed if lists else None, progress=progress
        )
    if not rows:
        reasons = "; ".join(f"{one.part.source.name}: {_reasons(one)}" for one in accounts)
        unnamed = any("of an unknown language" in one.dropped for one in accounts)
        fix = "say with one --language what it is in, or which column says it: --columns ...,language=COLUMN"
        fix = fix if unnamed else "ask for another language or source"
        raise UserError(f"no row is left ({reasons})", fix=fix)
    write_seed_file(output, rows)
    if as_json:
        facts = _facts(accounts, codes, lists, listed)
        facts |= {"schema_version": 1, "output": str(output), "rows": len(rows), "rng_seed": rng_seed}
        print_json(facts)
    else:
        print(f"{output}: {len(rows)} rows")
        for account in accounts:
            languages = ", ".join(f"{code} {n}" for code, n in sorted(account.rows.items()))
            print(f"  {account.part.source.name}: {account.rows.total()} of {account.read} ({languages})")
            for reason, count in account.dropped.most_common():
                print(f"    {count:>9,} {reason}")
    for account in accounts:
        for code, missing in account.shortfall.items():
            print(
                f"warning: {account.part.source.name}, {code}: {missing} rows fewer than wanted",
                file=sys.stderr,
            )


def _facts(
    accounts: list[Account], codes: list[str] | None, lists: list[str], listed: Listed
) -> dict[str, Any]:
    from polyteach.seed_data.overlap import RULE

    return {
        "languages": codes,
        "sources": [account.to_json() | _place(account) for account in accounts],
        "without_overlap": {"lists": lists, "texts": listed.count, "rule": RULE} if lists else None,
    }


def _place(account: Account) -> dict[str, str | None]:
    path = account.part.origin.path
    return {"path": str(path) if path else None}


def _reasons(account: Account) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in account.dropped.most_common()) or "no records"


def _print_sources(as_json: bool) -> None:
    from polyteach.seed_data.sources import SOURCES

    names = ("name", "hub", "config", "split", "methods", "licence", "languages", "filters")
    plain = [{name: getattr(source, name) for name in names} for source in SOURCES]
    if as_json:
        print_json({"schema_version": 1, "sources": plain})
        return
    for source in SOURCES:
        print(f"{source.name}: {source.hub}")
        print(f"  feeds {', '.join(source.methods)}; licence {source.licence}; {source.languages}")
        for words in source.filters:
            print(f"  - {words}")
    print("any other data set: name its columns, see polyteach seed-data --help")

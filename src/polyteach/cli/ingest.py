"""`polyteach ingest`: ranks from results that people already have."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from polyteach.cli.options import JSON_OPTION
from polyteach.cli.terminal import print_json
from polyteach.report.wording import one_line

if TYPE_CHECKING:
    from polyteach.benchmarks.ingest.collect import Ingested


def ingest(
    paths: Annotated[
        list[Path],
        typer.Argument(help="Result files of lm-eval, lighteval or others, folders of them, or runs/NAME."),
    ],
    as_json: JSON_OPTION = False,
    output_dir: Annotated[
        Path | None, typer.Option("--output-dir", help="Write ingest.json and records.csv there.")
    ] = None,
    every_eval_ever: Annotated[
        Path | None, typer.Option("--every-eval-ever", help="Write Every-Eval-Ever JSON files there.")
    ] = None,
    organization: Annotated[
        str, typer.Option(help="Who ran the evaluations, for Every-Eval-Ever files.")
    ] = "unknown",
    rng_seed: Annotated[int, typer.Option(help="Seed of the draws behind rank intervals.", min=0)] = 0,
) -> None:
    """Rank models by result files that exist already.

    Says what was read, what was not, and who ranks where.
    """
    from polyteach.benchmarks.ingest.collect import ingest as read_results
    from polyteach.errors import UserError

    _check_organization(organization)
    ingested = read_results(paths, rng_seed)
    if not (ingested.records or ingested.aggregates):
        named = paths[0].as_posix() if len(paths) == 1 else None
        listed = "; ".join(
            left.reason if left.file == named else f"{left.file}: {left.reason}"
            for left in ingested.not_read[:10]
        )
        more = len(ingested.not_read) - 10
        raise UserError(
            "nothing could be read"
            + (f" ({listed}{f'; and {more} more' if more > 0 else ''})" if listed else ""),
            where=", ".join(map(str, paths)),
            fix="name result files of a format in docs/ingest.md",
        )
    if every_eval_ever is not None:
        _export(ingested, every_eval_ever, organization)
    if output_dir is not None:
        _write(ingested, output_dir)
    if as_json:
        print_json(ingested.to_json())
        return
    from polyteach.cli.ingest_tables import print_ingested

    print_ingested(ingested)


def _check_organization(name: str) -> None:
    """It becomes a folder's name and part of ids whose parts are told apart by slashes.

    Raises:
        UserError: it is no plain name.
    """
    from polyteach.errors import UserError

    if not name.strip(". ") or set(name) & set("/\\") or one_line(name) != name:
        raise UserError(
            f"{name!r} is no plain name",
            where="--organization",
            fix="leave out slashes and control characters",
        )


def _export(ingested: Ingested, folder: Path, organization: str) -> None:
    from polyteach.benchmarks.every_eval_ever import write
    from polyteach.scoring.numbers import counted

    written, left = write(ingested, folder, organization)
    ingested.not_read.extend(left)
    print(f"{counted(len(written), 'Every-Eval-Ever file')} in {folder}", file=sys.stderr)


def _write(ingested: Ingested, folder: Path) -> None:
    from polyteach.files import csv_text, write_atomically, writing

    plain = json.dumps(ingested.to_json(), ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    rows = [record.to_json() | {"unscored": sum(record.unscored.values())} for record in ingested.records]
    table = csv_text(list(rows[0]) if rows else ["model"], rows)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in (("ingest.json", plain), ("records.csv", table)):
            write_atomically(folder / name, partial(Path.write_text, data=text, encoding="utf-8", newline=""))
    print(f"ingest.json and records.csv in {folder}", file=sys.stderr)

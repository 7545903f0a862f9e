"""`polyteach bakeoff`: do selectors find the teacher that training would have found?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from polyteach.cli.options import JSON_OPTION, refuse_given
from polyteach.cli.outputs import FORCE_OPTION, check_output_is_free
from polyteach.cli.terminal import print_json

if TYPE_CHECKING:
    from polyteach.rows import Row
    from polyteach.selection.bakeoff.compare import Compared
    from polyteach.selection.bakeoff.scores import Scored
    from polyteach.selection.bakeoff.truth import Cell

ROWS_A_TEACHER = 200


def bakeoff(
    truth: Annotated[
        Path, typer.Argument(metavar="TRUTH.parquet", help="Trained students' answers, item by item.")
    ],
    scores: Annotated[
        Path | None,
        typer.Argument(
            metavar="SCORES.parquet", help="What selectors said of the teachers. [controls alone]"
        ),
    ] = None,
    rows: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE.parquet",
            help="Instead of SCORES: the teachers' rows, to ask selectors of now; several may be named.",
        ),
    ] = None,
    human: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE.parquet", help="Human rows, for the gate; of several languages at best."),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="BASE=MODEL", help="Where a student base of the truth lies; of each one."),
    ] = None,
    rows_a_teacher: Annotated[
        int | None, typer.Option(help=f"Rows that selectors see [{ROWS_A_TEACHER}].", min=2)
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Writes what selectors say of --rows here.")
    ] = None,
    force: FORCE_OPTION = False,
    language: Annotated[
        list[str] | None, typer.Option(help="Only this language; several may be named.")
    ] = None,
    base: Annotated[list[str] | None, typer.Option(help="Only this student base; likewise.")] = None,
    without: Annotated[
        list[str] | None, typer.Option(metavar="TEACHER", help="Leave a teacher out; likewise.")
    ] = None,
    rng_seed: Annotated[
        int, typer.Option(help="Of the draws: rows, projections, teachers of the intervals.", min=0)
    ] = 0,
    as_json: JSON_OPTION = False,
) -> None:
    """Hold selectors of teachers against the truth, with controls and intervals over teachers.

    The truth is a table of students that were all trained; docs/selectors.md says what it holds.
    """
    from polyteach.languages import standard_code
    from polyteach.selection.bakeoff.compare import facts_of, lines_of
    from polyteach.selection.bakeoff.scores import read_scores
    from polyteach.selection.bakeoff.truth import read_cells

    if not rows:
        fix = "name the rows that selectors are to be asked of, or leave it out"
        given = {"human": human, "model": model, "rows_a_teacher": rows_a_teacher, "output": output}
        refuse_given("is for --rows alone", fix, **given, force=force or None)
    languages = [standard_code(one) for one in language] if language else None
    cells = read_cells(truth, languages, base or None)
    if rows:
        asking = Asking(rows, human or [], model or [], rows_a_teacher or ROWS_A_TEACHER, rng_seed)
        said = _asked(cells, scores, asking, output, force)
    else:
        said = read_scores(scores) if scores else []
    found = _compared(cells, said, without or [])
    facts, lines = [facts_of(one) for one in found], lines_of(found, rng_seed)
    if as_json:
        print_json(
            {
                "schema_version": 1,
                "cells": [fact.to_json() for fact in facts],
                "selectors": [line.to_json() for line in lines],
            }
        )
        return
    from polyteach.cli.bakeoff_tables import print_bakeoff

    print_bakeoff(facts, lines)


@dataclass(frozen=True, slots=True)
class Asking:
    """What selectors are asked of: options of the same names."""

    rows: list[Path]
    human: list[Path]
    model: list[str]
    rows_a_teacher: int
    rng_seed: int


def _asked(
    cells: list[Cell], scores: Path | None, asking: Asking, output: Path | None, force: bool
) -> list[Scored]:
    """What selectors say of rows, by the bases that are named; the output is written.

    Raises:
        UserError: scores are named too, a base has no model or a model no base, a file is no rows of ours.
    """
    from polyteach.errors import UserError
    from polyteach.models.local import LocalModel
    from polyteach.models.names import resolve_model
    from polyteach.selection.bakeoff.asking import asked, pool_of
    from polyteach.selection.bakeoff.scores import write_scores
    from polyteach.selection.selectors.all import FORWARD, FREE, GRADIENT
    from polyteach.selection.selectors.tools import Tools

    if scores:
        raise UserError("names scores that are there already", str(scores), "give it or --rows, not both")
    places = dict(one.partition("=")[::2] for one in asking.model)
    bases = list(dict.fromkeys(cell.base for cell in cells))
    if sorted(places) != sorted(bases):
        fix = " ".join(f"--model {base}=FOLDER" for base in bases)
        raise UserError("does not name each base of the truth once", "--model", fix)
    if output:
        check_output_is_free(output, [*asking.rows, *asking.human], is_own=False, force=force)
    rows, human = (_rows(paths) for paths in (asking.rows, asking.human))
    groups = {"free": FREE, "forward": FORWARD, "gradient": GRADIENT}
    found = []
    for cell in cells:
        pool = pool_of(rows, human, cell.language, cell.base, asking.rows_a_teacher, asking.rng_seed)
        tools = Tools(student=LocalModel.load(resolve_model(places[cell.base])))
        found += asked(pool, tools, groups)
    if output:
        write_scores(output, found)
    return found


def _rows(paths: list[Path]) -> list[Row]:
    import pyarrow as pa

    from polyteach.errors import UserError
    from polyteach.rows import read_rows

    found: list[Row] = []
    for path in paths:
        try:
            found += read_rows(path)
        except (pa.ArrowException, OSError, ValueError) as error:
            fix = "name rows as `polyteach synthesize` writes them to Parquet"
            raise UserError("cannot be read as rows", str(path), fix) from error
    return found


def _compared(cells: list[Cell], scored: list[Scored], without: list[str]) -> list[Compared]:
    """The cells with what selectors said of them.

    Raises:
        UserError: no cell is left, or a teacher that is to be left out is in none.
    """
    from polyteach.errors import UserError
    from polyteach.selection.bakeoff.compare import compared
    from polyteach.selection.bakeoff.scores import judgements

    if not cells:
        raise UserError("no cell of the truth is in this language and for this base", "--language, --base")
    known = {name for cell in cells for name in cell.teachers}
    for name in without:
        if name not in known:
            fix = f"choose from {', '.join(sorted(known))}"
            raise UserError(f"{name!r} is no teacher of the truth", "--without", fix)
    return [
        compared(
            cell,
            judgements(scored, cell.language, cell.base),
            [name for name in cell.teachers if name not in without],
        )
        for cell in cells
    ]

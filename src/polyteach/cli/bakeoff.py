"""`polyteach bakeoff`: do selectors find the teacher that training would have found?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from polyteach.cli.options import JSON_OPTION
from polyteach.cli.terminal import print_json

if TYPE_CHECKING:
    from polyteach.selection.bakeoff.compare import Compared
    from polyteach.selection.bakeoff.scores import Scored
    from polyteach.selection.bakeoff.truth import Cell


def bakeoff(
    truth: Annotated[
        Path, typer.Argument(metavar="TRUTH.parquet", help="Trained students' answers, item by item.")
    ],
    scores: Annotated[
        Path | None,
        typer.Argument(
            metavar="[SCORES.parquet]", help="What selectors said of the teachers. [controls alone]"
        ),
    ] = None,
    language: Annotated[
        list[str] | None, typer.Option(help="Only this language; several may be named.")
    ] = None,
    base: Annotated[list[str] | None, typer.Option(help="Only this student base; likewise.")] = None,
    without: Annotated[
        list[str] | None, typer.Option(metavar="TEACHER", help="Leave a teacher out; likewise.")
    ] = None,
    rng_seed: Annotated[int, typer.Option(help="Of the teachers drawn for the intervals.", min=0)] = 0,
    as_json: JSON_OPTION = False,
) -> None:
    """Hold selectors of teachers against the truth, with controls and intervals over teachers.

    The truth is a table of students that were all trained; docs/selectors.md says what it holds.
    """
    from polyteach.languages import standard_code
    from polyteach.selection.bakeoff.compare import facts_of, lines_of
    from polyteach.selection.bakeoff.scores import read_scores
    from polyteach.selection.bakeoff.truth import read_cells

    languages = [standard_code(one) for one in language] if language else None
    cells = read_cells(truth, languages, base or None)
    found = _compared(cells, read_scores(scores) if scores else [], without or [])
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

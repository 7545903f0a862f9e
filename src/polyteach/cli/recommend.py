"""`polyteach recommend`: which teacher for a language, how used, for what money, and how sure."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from polyteach.cli.options import JSON_OPTION, OUTPUT_DIR_OPTION
from polyteach.cli.terminal import print_json

if TYPE_CHECKING:
    from polyteach.selection.recommend.evidence import Evidence


class LicenceChoice(StrEnum):
    """What a teacher's output must be good for."""

    ANY = "any"
    NON_COMMERCIAL = "non-commercial"
    COMMERCIAL = "commercial"
    PERMISSIVE = "permissive"


def recommend(
    language: Annotated[str, typer.Argument(metavar="LANG", help="The language, such as fil or swh_Latn.")],
    budget: Annotated[
        float | None,
        typer.Option(help="USD for the rows; 0: only what runs for free on your own machine.", min=0),
    ] = None,
    rows: Annotated[int, typer.Option(help="Rows to be written.", min=1, max=100_000_000)] = 10_000,
    run: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RUN",
            help="A run's folder, or its name; several may be named. "
            "[runs and screens of LANG in OUTPUT_DIR/runs]",
        ),
    ] = None,
    screen: Annotated[
        list[str] | None,
        typer.Option(metavar="RUN", help="A screen's folder, or its name; several may be named."),
    ] = None,
    bundle: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A bundle of others' figures; several may be named."),
    ] = None,
    candidates: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.yaml", help="Who can be recommended: candidates, or a study. [who was measured]"
        ),
    ] = None,
    licence: Annotated[
        LicenceChoice, typer.Option(help="What the teachers' output must be good for.")
    ] = LicenceChoice.ANY,
    output_dir: OUTPUT_DIR_OPTION = Path(),
    as_json: JSON_OPTION = False,
) -> None:
    """Say which teacher to take for a language.

    From runs, screens and bundles at hand and from priors, each with its weight, the evidence for and against
    it, and what would change the answer. It says so where the evidence is not enough.
    """
    from polyteach.errors import UserError
    from polyteach.languages import standard_code
    from polyteach.report.wording import one_line
    from polyteach.selection.recommend.answer import recommend as find
    from polyteach.selection.recommend.candidates import from_file
    from polyteach.selection.recommend.standing import Wish
    from polyteach.selection.recommend.text import lines_of_text

    if budget is not None and not budget < float("inf"):
        raise UserError(
            f"{budget:g} is no amount of money", where="--budget", fix="give US dollars, 0 or more"
        )
    code = standard_code(language)
    known = from_file(candidates) if candidates else None
    evidence, skipped = _evidence(code, run, screen, bundle or [], output_dir)
    found = find(code, evidence, Wish(rows, budget, licence.value), known, skipped)
    if as_json:
        print_json(found.to_json())
        return
    for line in lines_of_text(found):
        typer.echo(one_line(line))


def _evidence(
    code: str, runs: list[str] | None, screens: list[str] | None, bundles: list[Path], output_dir: Path
) -> tuple[list[Evidence], list[str]]:
    """What is named; without a run or screen named, those of the language that are there; what is damaged."""
    from polyteach.errors import UserError
    from polyteach.runs import find_run
    from polyteach.selection.recommend.bundles import published_evidence, read_bundle
    from polyteach.selection.recommend.reading import RESULTS, SCREEN, read_run, read_screen

    found, skipped = [], []
    if runs is None and screens is None:
        for name, read in ((RESULTS, read_run), (SCREEN, read_screen)):
            for path in sorted((output_dir / "runs").glob(f"*/{name}")):
                try:
                    source = read(path.parent)
                except UserError as error:
                    skipped.append(f"{error.where}: {error.what}")
                    continue
                if source.covers(code):
                    found.append(source)
        for path in sorted((output_dir / "runs").glob("*/status.json")):
            if not any((path.parent / name).exists() for name in (RESULTS, SCREEN)):
                skipped.append(f"{path.parent}: not finished")
    else:
        for names, read in ((runs, read_run), (screens, read_screen)):
            found += [read(find_run(name, output_dir).path) for name in names or []]
    for path in bundles:
        found += read_bundle(path)
    return [*found, *published_evidence()], skipped

"""`polyteach review`: a blinded page for native speakers, and their answers brought back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from polyteach.cli.options import FINISHED_WITH_FAILURES, JSON_OPTION, OUTPUT_DIR_OPTION
from polyteach.cli.outputs import FORCE_OPTION, check_output_is_free
from polyteach.cli.terminal import print_json

if TYPE_CHECKING:
    from polyteach.export.run import Run
    from polyteach.review.page import Page

SCHEMA_VERSION = 1
PAGE = "page"
RUN_ARGUMENT = Annotated[
    str, typer.Argument(metavar="RUN", help="The folder of a run or a screen, or its name.")
]


class _PageFirst(TyperGroup):
    """`polyteach review RUN` is `polyteach review page RUN`: what one mostly wants is the shortest."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "--help"):
            args = [PAGE, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_PageFirst, no_args_is_help=True, rich_markup_mode=None)


@app.command(PAGE)
def write_page(
    run: RUN_ARGUMENT,
    language: Annotated[
        str | None, typer.Option("--language", help="Of the texts, such as tl. [the run's only one]")
    ] = None,
    rows: Annotated[
        int,
        typer.Option(min=1, max=1000, help="Answers of each teacher to mark; so many prompts give pairs."),
    ] = 10,
    rng_seed: Annotated[int, typer.Option("--rng-seed", help="Of what is shown, and in which order.")] = 0,
    instructions: Annotated[
        str | None, typer.Option(help="Language of the instructions. [that of the texts, else English]")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="The file to write. [review-LANGUAGE.html]")
    ] = None,
    force: FORCE_OPTION = False,
    output_dir: OUTPUT_DIR_OPTION = Path(),
    as_json: JSON_OPTION = False,
) -> None:
    """Write one page to send to native speakers: blinded, in any order, in their language, without network.

    The key that tells whose texts it shows stays in RUN/reviews/. All who get the page answer the same items.
    """
    from polyteach.errors import UserError
    from polyteach.files import write_atomically, write_json, writing
    from polyteach.languages import standard_code
    from polyteach.review.key import KEY, folder_of
    from polyteach.review.page import is_page
    from polyteach.review.reading import open_reviewed
    from polyteach.runs import find_run

    folder = find_run(run, output_dir).path
    opened = open_reviewed(folder)
    code = _language(opened, language)
    path = output or Path(f"review-{code}.html")
    inputs = [folder / "artifacts", folder / "results.json"]
    check_output_is_free(path, inputs, is_own=is_page(path), force=force)
    made = _page(opened, code, rows, rng_seed, standard_code(instructions) if instructions else None)
    if not force and is_page(path) and made.key.page.encode() not in path.read_bytes():
        what = "is the page of another run, or of other items of this one, which a reviewer may be at"
        raise UserError(what, str(path), "name another --output, or add --force to write over this one")
    place = folder_of(folder, code, made.key.page) / KEY
    with writing(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        write_json(place, made.key.model_dump(mode="json"))
    with writing(path):
        write_atomically(path, lambda temporary: temporary.write_text(made.html, encoding="utf-8"))
    _tell_page(made, path, as_json=as_json)


@app.command("import")
def import_files(
    run: RUN_ARGUMENT,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="What the reviewers sent back.")],
    force: Annotated[
        bool, typer.Option("--force", help="Replace what the same reviewer sent for the same page before.")
    ] = False,
    output_dir: OUTPUT_DIR_OPTION = Path(),
    as_json: JSON_OPTION = False,
) -> None:
    """Bring reviewers' files back: agreement, what they prefer; the run's report is written again with it.

    Every file is checked before any is kept; a half-finished one counts as far as it goes.
    """
    from polyteach.cli.display import warn
    from polyteach.review.answers import import_answers, namesakes
    from polyteach.review.key import read_keys
    from polyteach.review.publishing import publish_reviews
    from polyteach.review.reading import open_reviewed
    from polyteach.runs import REPORT, find_run

    folder = find_run(run, output_dir).path
    open_reviewed(folder)
    keys = read_keys(folder)
    taken = import_answers(files, keys, force=force)
    for paths in namesakes(keys):
        where = ", ".join(map(str, paths))
        warn(
            f"of one name, and kept as different reviewers: {where}; delete the older if they are one person"
        )
    found, doubt = publish_reviews(folder)
    if as_json:
        print_json(found)
    else:
        from polyteach.cli.review_tables import print_reviews

        print(f"{len(taken)} brought back to {folder / 'reviews'}", file=sys.stderr)
        print_reviews(found, {key.language for _, key, _ in taken})
        print(f"figures: {folder / 'reviews.json'}", file=sys.stderr)
    if doubt:
        print(f"warning: the reviews are not in the report: {doubt}", file=sys.stderr)
        raise typer.Exit(FINISHED_WITH_FAILURES)
    if (folder / REPORT).is_file():
        print(f"report:  {folder / REPORT}", file=sys.stderr)


def _language(run: Run, language: str | None) -> str:
    """The language to be reviewed, in its standard code."""
    from polyteach.errors import UserError
    from polyteach.languages import standard_code

    fix = f"name one of {', '.join(run.languages)}"
    if language is None:
        if len(run.languages) == 1:
            return run.languages[0]
        raise UserError("the run has several languages", where="--language", fix=fix)
    if (code := standard_code(language)) not in run.languages:
        raise UserError(f"the run has no language {language!r}", where="--language", fix=fix)
    return code


def _page(run: Run, language: str, rows: int, rng_seed: int, instructions: str | None) -> Page:
    from polyteach.errors import UserError
    from polyteach.review.page import make_page
    from polyteach.review.reading import read_written, telling_names

    names = sorted(telling_names(run))
    made = make_page(
        read_written(run, language), names, language, rows=rows, rng_seed=rng_seed, instructions=instructions
    )
    if made is None:
        fix = "look at the run's report: the steps that write them failed"
        raise UserError(f"the run has no answers in {language}", str(run.folder), fix)
    return made


def _tell_page(made: Page, path: Path, *, as_json: bool) -> None:
    from polyteach.review.key import MARK
    from polyteach.scoring.numbers import counted

    items = made.key.items
    marks = sum(item.kind == MARK for item in items)
    again = sum(item.repeats is not None for item in items)
    if as_json:
        facts = made.key.model_dump(include={"page", "language", "instructions", "telling"})
        counts = {"items": len(items), "marks": marks, "pairs": len(items) - marks, "repeated": again}
        print_json({"schema_version": SCHEMA_VERSION, "file": str(path)} | facts | counts)
        return
    print(f"{path} ({path.stat().st_size / 1000:.0f} kB)")
    print(
        f"{counted(marks, 'answer')} to mark, {counted(len(items) - marks, 'pair')} to choose from; "
        f"{again} of them are repeated; instructions in {made.key.instructions}"
    )
    if made.key.telling:
        texts = counted(made.key.telling, "text")
        print(f"warning: {texts} on the page may tell who wrote: a name stands in it", file=sys.stderr)
    print(f"page {made.key.page[:12]}; next: polyteach review import RUN FILE..., with what comes back")

"""`polyteach compare`: runs side by side, and why scores and ranks are not what they were."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from polyteach.cli.options import JSON_OPTION, OUTPUT_DIR_OPTION
from polyteach.cli.outputs import FORCE_OPTION, check_output_is_free
from polyteach.cli.terminal import output_console, print_json


def compare(
    runs: Annotated[
        list[str],
        typer.Argument(metavar="RUN...", help="Folders of runs, their names, or results.json; two or more."),
    ],
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the comparison there as a page.")
    ] = None,
    force: FORCE_OPTION = False,
    output_dir: OUTPUT_DIR_OPTION = Path(),
    as_json: JSON_OPTION = False,
) -> None:
    """Compare runs: scores and ranks side by side, and why a rank changed.

    All later runs are compared with the first. A change of a score is taken apart into gain, quality and what
    counts; its interval is paired by item where the runs' artifacts are at hand.
    """
    from polyteach.comparison.comparing import compare as find
    from polyteach.comparison.comparing import to_json
    from polyteach.runs import find_run

    paths = [find_run(name, output_dir).path for name in runs]
    if html is not None:
        check_output_is_free(html, paths, is_own=_is_own(html), force=force)
    found = find(paths)
    if html is not None:
        from polyteach.comparison.page import comparison_page
        from polyteach.files import write_atomically, writing

        page = comparison_page(found)
        with writing(html):
            write_atomically(html, lambda temporary: temporary.write_text(page, encoding="utf-8"))
        print(f"page: {html}", file=sys.stderr)
    if as_json:
        print_json(to_json(found))
        return
    from polyteach.comparison.terminal import print_comparison

    print_comparison(found, output_console())


def _is_own(path: Path) -> bool:
    """Whether a file is a page of this command."""
    from polyteach.comparison.page import is_page

    return path.is_file() and is_page(path)

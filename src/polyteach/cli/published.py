"""`polyteach published`: the paper recomputed from its own numbers, and what does not hold."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from polyteach.cli.options import JSON_OPTION
from polyteach.cli.terminal import print_json

PAGE = "published.html"
WIDTH = 100


def published(
    output_dir: Annotated[
        Path | None, typer.Option("--output-dir", help=f"Write the page {PAGE} into this folder.")
    ] = None,
    as_json: JSON_OPTION = False,
) -> None:
    """Recompute the published study, arXiv 2604.11290.

    Ours beside each figure, and what does not hold.
    """
    from polyteach.published.study import recompute

    study = recompute()
    page = _write_page(study, output_dir) if output_dir else None
    if as_json:
        print_json(study)
    else:
        _print(study)
    if page:
        print(f"page: {page}", file=sys.stderr)


def _write_page(study: Mapping[str, Any], folder: Path) -> Path:
    """Writes the page.

    Raises:
        UserError: the folder cannot be written.
    """
    from polyteach.errors import UserError
    from polyteach.files import write_atomically
    from polyteach.published.page import render_page

    path = folder / PAGE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(path, lambda temporary: temporary.write_text(render_page(study), encoding="utf-8"))
    except OSError as error:
        raise UserError(
            f"the page cannot be written: {error.strerror}",
            where=str(path),
            fix="name a folder you may write",
        ) from error
    return path


def _print(study: Mapping[str, Any]) -> None:
    """Prints figures and audit: at most 100 columns, without colours where it is no terminal."""
    from polyteach.cli.terminal import output_console
    from polyteach.published.page import STATUS, name_of
    from polyteach.report.tables import Column, print_table

    console = output_console(WIDTH)
    columns = [Column("figure", left=True), Column("status", left=True)]
    columns += [Column(name, spare=1) for name in ("match", "differ", "cited")]
    rows = [
        [
            name_of(figure["id"]),
            STATUS[figure["status"]],
            *(str(figure["counts"][status] or "") for status in STATUS),
            figure["title"],
        ]
        for figure in study["figures"]
    ]
    title = "The published figures, recomputed"
    print_table(console, [*columns, Column("what it shows", left=True)], rows, title)
    counts = study["counts"]
    console.print(
        f"{counts['match']} match, {counts['differs']} differ, {counts['not_released']} not released. match: "
        "every figure that can be recomputed rounds to the published one; cited: its parts were not "
        "released.\n",
        markup=False,
    )
    part = None
    for finding in study["audit"]:
        if finding["part"] != part:
            part = finding["part"]
            console.print(f"\n{part}{' (cited)' if finding['kind'] == 'cited' else ''}", style="bold")
        _print_finding(console, finding)
    console.print(
        f"\n{study['thanks']}\n{study['citation']}. Evidence and rankings: --json or --output-dir.",
        style="dim",
    )


def _print_finding(console: Any, finding: Mapping[str, Any]) -> None:
    from polyteach.scoring.numbers import number

    interval = finding["interval"]
    said = (
        f" [{interval['of']}: {number(interval['value'], 3)}, 95% {number(interval['low'], 3)} to "
        f"{number(interval['high'], 3)}]"
        if interval
        else ""
    )
    console.print(f"- {finding['finding']}{said}", markup=False)

"""`polyteach cancel`: ends a run from any other terminal, or from another machine that sees its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from polyteach.cli.options import OUTPUT_DIR_OPTION
from polyteach.cli.status import name_in


def cancel(
    run: Annotated[
        str | None, typer.Argument(help="A study's name or file, or a run's folder; without it the latest.")
    ] = None,
    output_dir: OUTPUT_DIR_OPTION = Path(),
) -> None:
    """Stop a run as Ctrl-C does, within seconds; what is finished is kept."""
    from polyteach.errors import UserError
    from polyteach.runs import RUNNING, find_run

    folder = find_run(name_in(run) if run else None, output_dir)
    state = folder.status()["state"]
    if state != RUNNING:
        raise UserError(
            f"it does not run ({state})", where=str(folder.path), fix="there is nothing to cancel"
        )
    folder.cancel()
    typer.echo(f"{folder.path}: asked to stop; `polyteach status` shows when it has")

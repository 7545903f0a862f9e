"""The end of a run or a screen: what it found, what it did, and its exit code."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from polyteach.cli.options import FINISHED_WITH_FAILURES
from polyteach.cli.terminal import print_json

if TYPE_CHECKING:
    from polyteach.running import RunEnd


def show_end(
    end: RunEnd,
    name: str,
    called: str,
    page: str,
    keys: Sequence[str],
    show: Callable[[Mapping[str, Any]], None],
    *,
    as_json: bool,
) -> None:
    """Prints results; ends the command with its code where steps failed.

    Args:
        end: of the graph.
        name: of the file of results in the run's folder.
        called: what the page is called in text.
        page: the page's file there.
        keys: of the results, for the JSON object.
        show: prints the results as text.
        as_json: whether as one JSON object.
    """
    from polyteach.artifacts import SCHEMA_VERSION
    from polyteach.cli.display import ending, without_result

    file = end.folder.path / name
    results: dict[str, Any] = json.loads(file.read_bytes())
    if as_json:
        print_json(
            {
                "schema_version": SCHEMA_VERSION,
                "state": "finished_with_failures" if end.failed else "done",
                "steps": {"made": end.made, "reused": end.reused, "failed": dict(end.failed)},
                "run": str(end.folder.path),
                "results": str(file),
                "report": str(end.folder.path / page),
                **{key: results[key] for key in keys},
            }
        )
    else:
        show(results)
        for line in without_result(end.failed):
            typer.echo(line, err=True)
        typer.echo(f"\n{ending(end.made, len(end.failed), end.reused, end.seconds)}")
        typer.echo(f"{called}: {end.folder.path / page}")
    if end.failed:
        raise typer.Exit(FINISHED_WITH_FAILURES)

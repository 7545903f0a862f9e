"""`polyteach bundle`: a run's figures as one small file; such files merged and shown."""

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
    from polyteach.bundles import Bundle

SCHEMA_VERSION = 1
WRITE = "write"
FILES_ARGUMENT = Annotated[
    list[str],
    typer.Argument(metavar="FILE...", help="Bundles, or the name of one that comes with polyteach."),
]


class _WriteFirst(TyperGroup):
    """`polyteach bundle RUN` is `polyteach bundle write RUN`: what one mostly wants is the shortest."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "--help"):
            args = [WRITE, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_WriteFirst, no_args_is_help=True, rich_markup_mode=None)


@app.command(WRITE)
def write_bundle(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The folder of a run or a screen, or its name.")],
    output: Annotated[
        Path | None, typer.Option("--output", help="The file to write [NAME.bundle.json]; .gz packs it.")
    ] = None,
    force: FORCE_OPTION = False,
    output_dir: OUTPUT_DIR_OPTION = Path(),
) -> None:
    """Write a run's or a screen's figures as one small file that can be shared.

    It holds figures, definitions, settings and hashed ids; no text, key, address or path.
    """
    from polyteach.bundles.run import bundle_of_run
    from polyteach.bundles.screen import SCREEN, bundle_of_screen
    from polyteach.runs import find_run

    folder = find_run(run, output_dir).path
    path = output or Path(f"{folder.resolve().name}.bundle.json")
    _check(path, [folder], force)
    found = bundle_of_screen(folder) if (folder / SCREEN).is_file() else bundle_of_run(folder)
    _write(found, path)


@app.command("merge")
def merge_bundles(
    files: FILES_ARGUMENT,
    output: Annotated[Path | None, typer.Option("--output", help="Write the merged bundle there.")] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write all figures there, a line each.")] = None,
    name: Annotated[str, typer.Option(help="What the merged bundle is called.")] = "merged",
    force: FORCE_OPTION = False,
    as_json: JSON_OPTION = False,
) -> None:
    """Merge bundles into one teacher x language table, where their definitions agree.

    Runs are scored together, as one run of all teachers would be; published figures stand beside them. What
    does not agree is left out with the reason, and the exit code is 3; where nothing agrees it is 2.
    """
    from polyteach.bundles import merge
    from polyteach.bundles.table import table_csv
    from polyteach.files import write_atomically, writing

    paths = _paths(files)
    for path in (output, csv):
        if path is not None:
            _check(path, paths, force)
    merged = merge(_read(paths), [_label(path, paths) for path in paths], name)
    if output is not None:
        _write(merged.bundle, output)
    if csv is not None:
        text = table_csv([merged.bundle])
        with writing(csv):
            write_atomically(csv, lambda temporary: temporary.write_text(text, encoding="utf-8", newline=""))
        print(f"table: {csv}", file=sys.stderr)
    refused = [{"bundle": r.bundle, "what": r.what, "reason": r.reason} for r in merged.refused]
    if as_json:
        _print_json({"bundle": _plain(merged.bundle), "refused": refused})
    else:
        from polyteach.cli.bundle_tables import print_bundle, print_refused

        print_bundle(merged.bundle)
        print_refused(merged.refused)
    if refused:
        raise typer.Exit(FINISHED_WITH_FAILURES)


@app.command("show")
def show_bundles(files: FILES_ARGUMENT, as_json: JSON_OPTION = False) -> None:
    """Show what bundles hold: teacher x language, what each figure is, and where it comes from."""
    bundles = _read(_paths(files))
    if as_json:
        _print_json({"bundles": [_plain(found) for found in bundles]})
        return
    from polyteach.cli.bundle_tables import print_bundle

    for found in bundles:
        print_bundle(found)


def _paths(names: list[str]) -> list[Path]:
    """The files; a name that is no file may be that of a bundle that comes with the package."""
    from polyteach.bundles.files import shipped

    known = shipped()
    return [known[name] if name in known and not Path(name).exists() else Path(name) for name in names]


def _label(path: Path, paths: list[Path]) -> str:
    """What messages call a file: its name, with its folder where two have the same name."""
    alike = [other for other in paths if other.name == path.name]
    return path.name if len(alike) == 1 else str(path)


def _read(paths: list[Path]) -> list[Bundle]:
    from polyteach.bundles import read

    return [read(path) for path in paths]


def _check(path: Path, inputs: list[Path], force: bool) -> None:
    from polyteach.bundles.files import is_bundle
    from polyteach.bundles.table import is_table

    is_own = path.is_file() and (is_table(path) or is_bundle(path))
    check_output_is_free(path, inputs, is_own=is_own, force=force)


def _write(bundle: Bundle, path: Path) -> None:
    from polyteach.bundles import write

    write(bundle, path)
    print(f"bundle: {path} ({path.stat().st_size / 1000:.0f} kB)", file=sys.stderr)


def _plain(bundle: Bundle) -> dict[str, Any]:
    """A bundle without its evidence, which is for merging."""
    return bundle.model_dump(mode="json", exclude={"evidence"})


def _print_json(parts: dict[str, Any]) -> None:
    plain = {"schema_version": SCHEMA_VERSION} | parts
    print_json(plain)

"""`polyteach gc`: removes what no study needs from a store, after showing it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from polyteach.cli.options import CACHE_DIR, JSON_OPTION, STORE_OPTION, open_store

if TYPE_CHECKING:
    from polyteach.artifacts import Store
    from polyteach.garbage import Answers, Pile


def gc(
    studies: Annotated[
        list[Path] | None,
        typer.Argument(help="Study files whose artifacts are kept too.", metavar="[STUDY]..."),
    ] = None,
    output_dir: Annotated[
        list[Path] | None,
        typer.Option(
            "--output-dir",
            help="Holds runs/: what these runs used is kept. Repeat it for all that share the store.",
            show_default=".",
        ),
    ] = None,
    store: STORE_OPTION = None,
    cache_dir: CACHE_DIR = None,
    answers: Annotated[
        bool, typer.Option("--answers", help="Remove the journal of models' answers too: they cost money.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Remove it, and do not ask.")] = False,
    as_json: JSON_OPTION = False,
) -> None:
    """Show what no run and no named study needs of a store, and remove it."""
    from polyteach import garbage

    folders = output_dir or [Path()]
    opened = open_store(folders[0], store, cache_dir, run="gc")
    needed, runs = _needed(opened, folders, studies or [])
    if others := opened.leases.of_others():
        typer.echo("leases of other machines: watching for a minute who of them lives", err=True)
        opened.leases.watch(others)
    piles = garbage.find_garbage(opened, needed)
    paid = garbage.answers_in(opened) if answers else None
    if not as_json:
        _show(opened, piles, paid, runs, studies or [])
    is_much = bool(piles) or bool(paid and paid.count)
    is_removed = is_much and (yes or (not as_json and _is_confirmed()))
    stayed = 0
    if is_removed:
        if paid is not None:
            garbage.remove_answers(opened)
        stayed = garbage.remove(opened, piles)
    if as_json:
        _print(opened, piles, paid, runs, stayed, is_removed=is_removed)
    elif is_much:
        typer.echo(_ending(stayed, is_removed=is_removed))


def _needed(store: Store, folders: Sequence[Path], studies: Sequence[Path]) -> tuple[set[str], list[str]]:
    """Keys of the artifacts that stay, and the runs that count.

    Raises:
        UserError: there is no store; or nothing is known to need anything, so that all would go.
    """
    from polyteach.errors import UserError
    from polyteach.garbage import named_by, run_folders

    if not store.objects and not store.root.is_dir():
        raise UserError("there is no store here", where=store.address, fix="name it with --store")
    runs = run_folders(folders)
    if not runs and not studies:
        raise UserError(
            "there are no runs, so that everything would go",
            where=", ".join(str(folder / "runs") for folder in folders),
            fix="name the folders of the runs that share the store (--output-dir), or study files",
        )
    keys: set[str] = set().union(*(named_by(run) for run in runs), *(_keys_of(file) for file in studies))
    return keys, [str(run.path) for run in runs]


def _keys_of(file: Path) -> set[str]:
    from polyteach.cli.planned import found_for
    from polyteach.pipeline import cell_steps
    from polyteach.study import load_study

    study = load_study(file)
    resources, _ = found_for(study, file, is_plan=False)
    return {step.key for step in cell_steps(study, resources)}


def _show(
    store: Store, piles: Sequence[Pile], paid: Answers | None, runs: Sequence[str], studies: Sequence[Path]
) -> None:
    from rich.filesize import decimal
    from rich.table import Table

    from polyteach.cli.terminal import output_console, shown

    console = output_console()
    console.print(shown(f"store: {store.address}"), soft_wrap=True)
    kept = [*runs, *(str(file) for file in studies)]
    console.print(shown(f"kept: what these use: {', '.join(kept)}"), soft_wrap=True)
    if piles:
        table = Table("no study needs", "count", "size", "oldest", box=None)
        for pile in piles:
            oldest = f"{pile.oldest:%Y-%m-%d %H:%M}" if pile.oldest else ""
            table.add_row(shown(pile.kind), f"{len(pile.names):,}", decimal(pile.bytes), oldest)
        console.print(table)
    else:
        console.print("every artifact is needed")
    if paid is not None:
        unknown = f", and {paid.unpriced:,} whose price is unknown" if paid.unpriced else ""
        again = f"to have them again costs up to {paid.money:.4f} USD{unknown}"
        console.print(f"answers of models: {paid.count:,}; {again}", soft_wrap=True)


def _is_confirmed() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() and typer.confirm("remove it?", default=False)


def _ending(stayed: int, *, is_removed: bool) -> str:
    if not is_removed:
        return "nothing was removed; add --yes to remove it"
    return f"removed, but for {stayed} that came into use meanwhile" if stayed else "removed"


def _print(
    store: Store,
    piles: Sequence[Pile],
    paid: Answers | None,
    runs: Sequence[str],
    stayed: int,
    *,
    is_removed: bool,
) -> None:
    from polyteach.artifacts import SCHEMA_VERSION
    from polyteach.cli.terminal import print_json
    from polyteach.garbage import as_json

    answers = {"count": paid.count, "money": paid.money, "unpriced": paid.unpriced} if paid else None
    print_json(
        {
            "schema_version": SCHEMA_VERSION,
            "store": store.address,
            "runs": list(runs),
            "unneeded": as_json(piles),
            "answers": answers,
            "removed": is_removed,
            "stayed": stayed,
        }
    )

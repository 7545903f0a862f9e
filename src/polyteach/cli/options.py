"""Options that several commands share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from polyteach.artifacts import Store
    from polyteach.executors.outcome import Executor

OUTPUT_DIR_OPTION = Annotated[
    Path,
    typer.Option(
        "--output-dir", help="Holds runs/ and, unless --store says else, the store.", show_default="."
    ),
]
STORE_OPTION = Annotated[
    str | None,
    typer.Option(
        "--store",
        envvar="POLYTEACH_STORE",
        metavar="FOLDER|URL",
        help="Artifacts that studies share, in a folder or at s3://BUCKET/PREFIX [OUTPUT_DIR/.polyteach].",
    ),
]
CACHE_DIR = Annotated[
    Path | None,
    typer.Option(
        "--cache-dir",
        help="Of a store by URL: where steps of this machine work [OUTPUT_DIR/.polyteach-cache/...].",
    ),
]
JSON_OPTION = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
DRY_RUN = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")]
PREVIEW = Annotated[
    int | None,
    typer.Option(
        min=2,
        max=1_000_000,
        metavar="N",
        help="Really ask about N requests of the teachers at endpoints, and a judge there about the rows "
        "that come; foretell from them what all will cost, and stop. The answers are kept and used.",
    ),
]
LIMIT = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=1_000_000_000,
        help="A rehearsal: at most so many rows a method, rows a student, items a benchmark; "
        "results go to runs/NAME-limit-N (of a screen runs/NAME-screen-limit-N).",
    ),
]


class ResumeChoice(StrEnum):
    """What to do with artifacts that are there."""

    IF_POSSIBLE = "if-possible"
    NEVER = "never"
    ALWAYS = "always"


RESUME = Annotated[
    ResumeChoice,
    typer.Option(help="Keep finished steps; make all anew; or insist that there is something to resume."),
]
WORKERS = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Processes at once. Where not given: one on a machine with a GPU, else one a core; "
        "on a cluster as many as it has room for.",
    ),
]


class ExecutorChoice(StrEnum):
    """Where steps run."""

    LOCAL = "local"
    RAY = "ray"


EXECUTOR = Annotated[
    ExecutorChoice,
    typer.Option("--executor", help="Run the steps in processes of this machine, or on a Ray cluster."),
]
RAY_ADDRESS = Annotated[
    str | None,
    typer.Option(
        "--ray-address",
        envvar="RAY_ADDRESS",
        metavar="ADDRESS",
        help="The cluster to join: HOST:PORT of its head, or `auto` for one this machine belongs to. "
        "Where not given: Ray is started here.",
    ),
]
CLUSTER = Annotated[
    Path | None,
    typer.Option(
        "--cluster",
        metavar="FILE",
        help="A YAML file: what each kind of step needs of a Ray cluster, and how often it is tried again.",
    ),
]

FINISHED_WITH_FAILURES = 3
BUDGET_REACHED = 4
INTERRUPTED = 130


@contextmanager
def stopped_with_a_code(cap: str = "`budget` in the study") -> Iterator[None]:
    """Ends the command with its exit code where the user or the budget stops the block.

    Args:
        cap: what the user raises to go on.
    """
    from polyteach.models.budget import BudgetReached

    try:
        yield
    except KeyboardInterrupt as stop:
        _say("interrupted; what was finished is kept: the same command goes on from here", stop)
        raise typer.Exit(INTERRUPTED) from None
    except BudgetReached as stop:
        _say(f"the budget is reached: {stop.spent:.4f} of {stop.cap:.4f} USD are spent", stop)
        fix = f"raise {cap} and run the same command again; answered requests are not paid twice"
        typer.echo(f"  fix: {fix}", err=True)
        raise typer.Exit(BUDGET_REACHED) from None


def _say(what: str, stop: BaseException) -> None:
    """Says why a command ends, and what was noted on the way."""
    for line in (what, *getattr(stop, "__notes__", ())):
        typer.echo(line, err=True)


_IN_OPTIONS = {
    "`key_env`": "--key-env",
    "`budget`": "--budget",
    "the budget out": "--budget out",
    "ask directly: batch: false": "leave --batch out",
    ", or what `extra` adds": "",
}
_PLACES = {"key_env": "--key-env", "urls": "--url", "price": "--price", "budget": "--budget"}


@contextmanager
def told_in_options() -> Iterator[None]:
    """Tells a mistake in an endpoint's settings by the names of options, where there is no study to mend."""
    from polyteach.errors import UserError

    try:
        yield
    except UserError as error:
        what, fix = error.what, error.fix or ""
        for setting, option in _IN_OPTIONS.items():
            what, fix = what.replace(setting, option), fix.replace(setting, option)
        if "no trusted connection" in what and "https://" in (error.where or ""):
            fix += "; a server without TLS has a URL with http://"
        raise UserError(what, _PLACES.get(error.where or "", error.where), fix or None) from error


def price_in(text: str, option: str = "--price") -> dict[str, float]:
    """Reads a price as options have it: INPUT,OUTPUT."""
    from polyteach.errors import UserError

    try:
        given, answered = (float(part) for part in text.split(","))
    except ValueError as error:
        raise UserError(f"{text!r} is no price", where=option, fix="write it as 0.15,0.60") from error
    return {"input": given, "output": answered}


def check_price(
    model: str, urls: Sequence[str], price: Mapping[str, float] | None, option: str = "--price"
) -> None:
    """Checks that there is a price by which a budget can be kept; `option` is the one that would say it."""
    from polyteach.errors import UserError
    from polyteach.models.prices import price_of

    if price_of(model, price, urls=urls) is None:
        fix = f"add {option} INPUT,OUTPUT in USD per million tokens (0,0 if it is free)"
        what = f"cannot be kept: the price of {model} is unknown"
        raise UserError(what, where="--budget", fix=f"{fix}, or leave --budget out")


def refuse_given(what: str, fix: str, **options: object) -> None:
    """Refuses options that would change nothing: those that were given, where something else was not.

    Args:
        what: they are for.
        fix: what to do.
        options: their values by name; None, or an empty list, was not given.

    Raises:
        UserError: some were; it names them all.
    """
    from polyteach.errors import UserError

    given = [name for name, value in options.items() if value not in (None, [])]
    if given:
        raise UserError(what, where=", ".join(f"--{name.replace('_', '-')}" for name in given), fix=fix)


def executor_of(
    choice: ExecutorChoice, ray_address: str | None, cluster: Path | None, workers: int | None
) -> Executor:
    """Where steps run, as options say it.

    Raises:
        UserError: an option is for the other executor; Ray is not installed; the file is none of a cluster.
    """
    from polyteach.executors.local import Local
    from polyteach.executors.workers import default_workers

    if choice is ExecutorChoice.LOCAL:  # RAY_ADDRESS may be set for other things: it alone asks for nothing
        refuse_given("this is for a Ray cluster only", "add --executor ray, or leave it out", cluster=cluster)
        return Local(workers or default_workers())
    from polyteach.executors.cluster import load_cluster
    from polyteach.executors.ray import OnRay

    return OnRay(load_cluster(cluster), ray_address, workers)


def open_store(output_dir: Path, store: str | None, cache_dir: Path | None = None, *, run: str = "") -> Store:
    """The store of a run: the one named, else `.polyteach` beside the runs.

    Args:
        output_dir: holds the runs.
        store: a folder or a URL.
        cache_dir: of a store by URL; where not given, a folder below `output_dir`.
        run: who uses it, for those who wait.

    Raises:
        UserError: the store is no URL that is supported; a cache is named for a folder; the output is a URL.
    """
    from polyteach.artifacts import Store
    from polyteach.errors import UserError
    from polyteach.object_store import is_url
    from polyteach.steps import digest_of

    for folder in (output_dir, cache_dir):
        if folder is not None and is_url(str(folder)):
            fix = "name a folder of this machine; artifacts may be at a URL: --store"
            raise UserError("is no folder", where=str(folder), fix=fix)
    if not store or not is_url(store) or store.startswith("file:"):
        refuse_given("this is for a store by URL only", "leave it out", cache_dir=cache_dir)
        return Store.open(store or str(output_dir / ".polyteach"), run=run)
    name = re.sub(r"[^0-9A-Za-z]+", "-", store.partition("://")[2])[:40].strip("-")
    own = output_dir / ".polyteach-cache" / f"{name}-{digest_of(store.rstrip('/'))[:8]}"
    return Store.open(store, cache_dir or own, run=run)

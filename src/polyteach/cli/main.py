"""Entry point: mounts the commands and turns what they raise into messages and exit codes.

Exit codes: 0 done, 1 a bug of ours, 2 a mistake the user can mend, 3 finished with failures, 4 budget
reached, 130 interrupted, 141 nobody reads standard output any more (`| head`): it ends without a word, as
tools that the signal SIGPIPE ends do. The signal itself stays off, since it would also end a run whose
endpoint hangs up.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import typer
from typer.main import get_command

from polyteach.cli import (
    bakeoff,
    bundle,
    cancel,
    compare,
    doctor,
    examine,
    export,
    filter,
    gc,
    ingest,
    init,
    measure,
    pocket,
    power,
    published,
    race,
    recommend,
    review,
    rewrite,
    run,
    screen,
    seed_data,
    status,
    synthesize,
    try_judge,
)
from polyteach.cli.terminal import OutputLost, discard_output, guard_output
from polyteach.errors import UserError, UserErrors
from polyteach.report.wording import one_line
from polyteach.shortage import of_disk_or_files

USER_ERROR = 2
NO_READER = 128 + 13  # what shells say of a process that SIGPIPE ended

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Which language model, used how, teaches a language best, how sure are we, and what does it cost?",
)
app.command("init")(init.init)
app.command("recommend")(recommend.recommend)
app.command("try-judge")(try_judge.try_judge)
app.command("compare")(compare.compare)
app.command("screen")(screen.screen)
app.command("race")(race.race)
app.command("bakeoff")(bakeoff.bakeoff)
app.command("run")(run.run)
app.command("status")(status.status)
app.command("cancel")(cancel.cancel)
app.command("seed-data")(seed_data.seed_data)
app.command("synthesize")(synthesize.synthesize)
app.command("measure")(measure.measure)
app.command("filter")(filter.filter_)
app.command("rewrite")(rewrite.rewrite)
app.command("export")(export.export)
app.command("examine")(examine.examine)
app.command("ingest")(ingest.ingest)
app.add_typer(
    bundle.app, name="bundle", help="A run's figures as one small file; such files merged and shown."
)
app.add_typer(review.app, name="review", help="A blinded page for native speakers; their answers back.")
app.command("power")(power.power)
app.command("published")(published.published)
app.command("gc")(gc.gc)
app.command("doctor")(doctor.doctor)
app.add_typer(pocket.app, name="pocket", help="Look at the embedded world of tiny models, or build it again.")


@app.callback(invoke_without_command=True)
def options(version: bool = typer.Option(False, "--version", help="Print the version and leave.")) -> None:
    """Which language model, used how, teaches a language best, how sure are we, and what does it cost?"""
    if version:
        from polyteach import __version__

        typer.echo(f"polyteach {__version__}")
        raise typer.Exit


def main() -> None:
    """Runs the command line of this process."""
    guard_output()
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")  # its notes on long texts mean nothing here
    sys.exit(invoke(sys.argv[1:]))


def invoke(arguments: list[str]) -> int:
    """Runs one command; returns its exit code. A bug of ours is let through, with its traceback."""
    try:
        _refuse_empty(arguments)
        return _exit_code(arguments)
    except OutputLost as lost:
        discard_output()
        if lost.reason.errno == errno.EPIPE:
            return NO_READER
        typer.echo(f"error: could not write to standard output ({lost.reason.strerror})", err=True)
        return USER_ERROR
    except UserErrors as errors:
        for error in errors.errors:
            _complain(error)
        typer.echo(f"{len(errors.errors)} problem(s) found; nothing was run", err=True)
        return USER_ERROR
    except UserError as error:
        _complain(error)
        return USER_ERROR
    except OSError as error:
        if is_of_a_named_path(error, arguments):
            told = UserError(error.strerror or str(error), os.fsdecode(error.filename), "check the path")
        elif (short := of_disk_or_files(error)) is None:
            raise
        else:
            told = short
        _complain(told)
        return USER_ERROR


@cache
def _command() -> Callable[[list[str]], object]:
    """All commands as typer reads them, once a process."""
    return get_command(app)


def _exit_code(arguments: list[str]) -> int:
    try:
        _command()(arguments)  # shows usage errors itself
    except SystemExit as end:
        if sys.stdout is not None:
            sys.stdout.flush()  # here, and not at the end of Python, where an error could not be told
        return end.code if isinstance(end.code, int) else 0
    raise AssertionError("the command line always ends in SystemExit")


def is_of_a_named_path(error: OSError, arguments: Sequence[str]) -> bool:
    """Whether an error is what the operating system says of a path that the user named.

    So it is where the path is too long, is a folder or lies in none, or is not permitted; and is relative, or
    is one of the arguments, or lies below or above one. All else is a bug of ours.
    """
    kinds = PermissionError | IsADirectoryError | NotADirectoryError
    if not isinstance(error, kinds) and error.errno != errno.ENAMETOOLONG:
        return False
    if not isinstance(error.filename, str | bytes):
        return False
    at = Path(os.fsdecode(error.filename))
    named = [argument.partition("=")[2] if argument[:2] == "--" else argument for argument in arguments]
    folders = [Path(name).absolute() for name in named if name]
    return not at.is_absolute() or any(at.is_relative_to(f) or f.is_relative_to(at) for f in folders)


def _refuse_empty(arguments: Sequence[str]) -> None:
    """Refuses what a shell makes of an unset variable, and would be taken for the working folder.

    Raises:
        UserError: an argument or an option's value is empty, or holds the character NUL.
    """
    for number, argument in enumerate(arguments, 1):
        name, _, value = (
            argument.partition("=") if argument[:2] == "--" else (f"argument {number}", "", argument)
        )
        if "\0" in argument:
            raise UserError("this holds the character NUL", where=one_line(name), fix="leave it out")
        if not value and (not argument or "=" in argument):
            raise UserError("this is empty", where=name, fix="give a value, or leave it out")


def _complain(error: UserError) -> None:
    lines = f"error: {error}".split("\n")
    typer.echo("\n".join(one_line(line) for line in lines), err=True)


if __name__ == "__main__":
    main()

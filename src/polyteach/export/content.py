"""The rows of a source, alone or beside another teacher's answers to the same prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from polyteach.errors import UserError
from polyteach.export.examples import Example, Taken, Wanted, take_files
from polyteach.export.making import Making, add_seed, of_files
from polyteach.export.of_run import take_run
from polyteach.export.pairs import match
from polyteach.export.run import Run
from polyteach.files import file_digest


def take(paths: Sequence[Path], run: Run | None, wanted: Wanted) -> tuple[Taken, Making]:
    """The rows wanted of a run, else of files, and what is known of their making.

    Raises:
        UserError: see `take_run` and `take_files`.
    """
    if run:
        return take_run(run, wanted)
    taken = take_files(paths, wanted)
    making = of_files({path: file_digest(path) for path in paths})
    add_seed(making, taken.examples)
    return taken, making


def take_both(
    paths: Sequence[Path], run: Run | None, wanted: Wanted, *, teacher: str | None, file: Path | None
) -> tuple[Taken, Making, Sequence[tuple[Example, Example]]]:
    """The rows of a source and of a second one, counted together, and the answers to one prompt by both.

    Args:
        paths: as for `take`.
        run: likewise.
        wanted: likewise; of a run without a teacher's name that which is first.
        teacher: the second source is this teacher of the same source; None where it is a file.
        file: the second source.

    Raises:
        UserError: see `take`; or the second teacher is nowhere, or is the first.
    """
    if teacher:
        names = list(run.candidates) if run else _teachers(paths, wanted)
        first = replace(wanted, teachers=[run.winner()]) if run and not wanted.teachers else wanted
        _check_two(teacher, first, names)
    taken, making = take(paths, run, wanted)
    second = replace(wanted, teachers=[teacher] if teacher else ())
    others, known = take([file] if file else paths, None if file else run, second)
    making.join(known)
    matched = match(taken.examples, others.examples)
    taken.read += others.read
    taken.left_out += others.left_out + matched.left_out
    taken.columns |= others.columns
    return taken, making, matched.both


def _teachers(paths: Sequence[Path], wanted: Wanted) -> list[str]:
    return sorted({one.teacher for one in take_files(paths, replace(wanted, teachers=())).examples})


def _check_two(teacher: str, wanted: Wanted, teachers: Sequence[str]) -> None:
    """Checks that two different teachers are compared."""
    if teacher not in teachers:
        known = ", ".join(name for name in teachers if name) or "none that is named"
        what = f"{teacher!r} is no file, and no teacher of the source"
        raise UserError(what, where="--pairs", fix=f"name a file, or one of: {known}")
    if not wanted.teachers:
        others = ", ".join(name for name in teachers if name and name != teacher) or "none"
        fix = f"name whose answers are compared with it: --teacher {others}"
        raise UserError("it is not clear which answers come first", where="--pairs", fix=fix)
    if teacher in wanted.teachers:
        raise UserError("a teacher is compared with itself", where="--pairs", fix="name another --teacher")

"""Commands of polyteach as actions, in this process, as its own command line calls them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from fuzzing.case import DONE, Action
from fuzzing.watching import USER_ERROR
from polyteach.cli.main import invoke
from polyteach.errors import UserError, UserErrors
from polyteach.report.wording import one_line


def command(*arguments: str) -> Action:
    """A command line as an action."""

    def call(folder: Path) -> int:
        return invoke(list(arguments))

    return call


def told(work: Callable[[], object]) -> int:
    """Calls a function of polyteach's; the user's mistakes that it raises are shown as commands show them."""
    try:
        work()
    except UserError as error:
        for one in error.errors if isinstance(error, UserErrors) else [error]:
            for line in f"error: {one}".split("\n"):
                print(one_line(line), file=sys.stderr)
        return USER_ERROR
    return DONE

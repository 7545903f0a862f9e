"""What reaches the terminal: text without control codes, and output that may have no reader or no space."""

from __future__ import annotations

import io
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from polyteach.report.wording import one_line

if TYPE_CHECKING:
    from rich.console import Console


def shown(text: str) -> str:
    """A text from a file nobody vouches for, as Rich is to print it: no markup, nothing a terminal obeys."""
    from rich.markup import escape

    return escape(one_line(text))


def output_console(most: int | None = None) -> Console:
    """Where tables and sentences for people go: standard output.

    A terminal's own width, or what COLUMNS says; else `most`, else 80. Without colours where NO_COLOR is
    set or output is no terminal.

    Args:
        most: the widest that is still easy to read.
    """
    from rich.console import Console

    console = Console(highlight=False)
    is_told = console.is_terminal or os.environ.get("COLUMNS", "").isdecimal()
    width = console.width if is_told or most is None else most
    return Console(highlight=False, width=min(width, most or width))


def print_json(value: Any) -> None:
    """Prints plain data as one JSON object on stdout.

    Raises:
        ValueError: a number is not finite.
    """
    print(json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1))


class OutputLost(Exception):
    """Standard output takes no more. No OSError: Typer and Rich each have their own way with those.

    Attributes:
        reason: the error of the operating system.
    """

    def __init__(self, reason: OSError) -> None:
        super().__init__(str(reason))
        self.reason = reason


class _Output(io.TextIOWrapper):
    """Standard output that tells its own errors from all others."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError as error:
            raise OutputLost(error) from error

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            raise OutputLost(error) from error


def guard_output() -> None:
    """Makes this process' standard output raise OutputLost; what it cannot encode is printed escaped."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # None where the caller closed it
        old = sys.stdout
        sys.stdout = _Output(
            old.buffer,
            encoding=old.encoding,
            errors="backslashreplace",
            line_buffering=old.line_buffering,
            write_through=old.write_through,
        )


def discard_output() -> None:
    """Sends what is still in the buffer nowhere, lest Python complain of it when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)

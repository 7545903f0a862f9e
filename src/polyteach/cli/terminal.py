"""What reaches the terminal: text without control codes, and output that may have no reader or no space."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from typing import TYPE_CHECKING, Any, TypeVar

from polyteach.report.wording import UNPRINTABLE, one_line, printable

if TYPE_CHECKING:
    from rich.console import Console

_COLOURS = re.compile(r"(\x1b\[[0-9;]*m)")
_BARS = re.compile(r"(\x1b\[(?:[0-9;]*m|\?25[lh]|[0-2]?K|[0-9]*[AB])|\r)")


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
    """Prints plain data as one JSON object on stdout; what a terminal would obey is escaped, as `\\u009b`.

    Raises:
        ValueError: a number is not finite.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1)
    print(UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


class OutputLost(Exception):
    """Standard output takes no more. No OSError: Typer and Rich each have their own way with those.

    Attributes:
        reason: the error of the operating system.
    """

    def __init__(self, reason: OSError) -> None:
        super().__init__(str(reason))
        self.reason = reason


class _Marked(io.TextIOWrapper):
    """A stream that tells a terminal nothing but what Rich tells it.

    All that is printed passes here, so that no text of a model, a server or a file is obeyed, whoever forgot
    to mark it. On a terminal the codes of colours pass, and on standard error those that move the bars.
    """

    obeyed: re.Pattern[str] | None = None

    def write(self, text: str) -> int:
        if self.obeyed is None:
            super().write(printable(text))
        else:
            # every other part is a code that passes
            parts = self.obeyed.split(text)
            super().write("".join(part if n % 2 else printable(part) for n, part in enumerate(parts)))
        return len(text)


class _Output(_Marked):
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


_Stream = TypeVar("_Stream", bound=_Marked)


def guard_output() -> None:
    """Makes this process' standard output raise OutputLost; see `_Marked` for what both streams let pass.

    What cannot be encoded is printed escaped.
    """
    is_told = os.environ.get("FORCE_COLOR", "") != ""
    if isinstance(sys.stdout, io.TextIOWrapper):  # None where the caller closed it
        sys.stdout = _guarded(_Output, sys.stdout)
        sys.stdout.obeyed = _COLOURS if sys.stdout.isatty() or is_told else None
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr = _guarded(_Marked, sys.stderr)
        sys.stderr.obeyed = _BARS if sys.stderr.isatty() or is_told else None


def _guarded(kind: type[_Stream], old: io.TextIOWrapper) -> _Stream:
    return kind(
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

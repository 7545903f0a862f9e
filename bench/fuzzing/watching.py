"""Watches one call: what came of it, how long it took, and whether it did what no input may make it do."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from fuzzing.case import BUDGET_SPENT, DONE, FINISHED_WITH_FAILURES, Action, Case

ACCEPTED, REFUSED, WRONG = "accepted", "refused", "wrong"
MOST_SECONDS = 20.0
MOST_BYTES = 2 << 30
USER_ERROR = 2

_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_WHERE = re.compile(r"\S*(, row \S+( or after it)?(, column \S+)?)?: ")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {"os.mkdir": 0, "os.rename": 1, "os.remove": 0, "os.rmdir": 0, "os.symlink": 1, "os.link": 1}
_PROGRAMS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"}
_HERE = ("127.0.0.1", "::1", "localhost")


class Hang(BaseException):
    """A call that takes longer than any small input may; no Exception, so that nobody catches it."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of a call.

    Attributes:
        kind: accepted, refused or wrong.
        said: of a refusal its message, of what is wrong what it is, with a traceback where there is one.
        sign: by which refusals, and faults, are told apart: a message without its values, or a place.
        seconds: that it took.
    """

    kind: str
    said: str
    sign: str
    seconds: float


@dataclass(slots=True)
class _Guard:
    """What the audit hook, of which a process has one for ever, is to look at just now."""

    folders: tuple[Path, ...] = ()
    found: list[str] | None = None

    def see(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Notes what leaves the folder."""
        if self.found is None:
            return
        if event == "open" and isinstance(arguments[0], str | bytes) and arguments[2] & _WRITES:
            self._check(arguments[0])
        elif event in _CHANGES and isinstance(arguments[_CHANGES[event]], str | bytes | os.PathLike):
            self._check(arguments[_CHANGES[event]])
        elif event in _PROGRAMS:
            self.found.append(f"started a program: {str(arguments)[:200]}")
        elif event == "socket.connect" and isinstance(arguments[1], tuple) and arguments[1][0] not in _HERE:
            self.found.append(f"spoke to {arguments[1]}")

    def _check(self, path: str | bytes | os.PathLike[str]) -> None:
        # by the working folder at the time of the call; links are followed up to the file's folder
        text = os.fsdecode(path)
        if text.startswith("/dev/") or self.found is None:
            return
        whole = Path(text).absolute()
        place = whole.parent.resolve() / whole.name
        if not any(place.is_relative_to(folder) for folder in self.folders):
            self.found.append(f"changed a file outside: {text}")


_GUARD = _Guard()
_HOOKED: list[bool] = []


def watch(case: Case, action: Action, scratch: Path, base: Path | None) -> Ended:
    """Runs a case in a folder of its own, which is gone afterwards.

    Args:
        case: its files are laid out there.
        action: what is done.
        scratch: a folder for that folder.
        base: what lies there before, such as a run; None for nothing.
    """
    folder, temporary = scratch.resolve() / "here", scratch.resolve() / "temporary"
    for path in (folder, temporary):
        shutil.rmtree(path, ignore_errors=True)
    temporary.mkdir()
    if base is None:
        folder.mkdir(parents=True)
    else:
        shutil.copytree(base, folder, symlinks=True)
    case.lay_out(folder)
    before, began = Path.cwd(), time.monotonic()
    os.chdir(folder)
    tempfile.tempdir, earlier = str(temporary), tempfile.tempdir
    try:
        with _guarded(folder, temporary) as outside, _streams() as (out, err):
            code, broken = _called(action, folder)
        seconds = time.monotonic() - began
    finally:
        os.chdir(before)
        tempfile.tempdir = earlier
    ended = _judged(code, broken, _text(out), _text(err), seconds, str(folder))
    if outside:
        return Ended(WRONG, "\n".join(outside), outside[0].partition(":")[0], seconds)
    if (peak := _peak_bytes()) > MOST_BYTES:
        return Ended(WRONG, f"{peak:,} bytes of memory", "memory", seconds)
    return ended


class _Caught:
    """Keeps whatever is raised inside, which is what is looked for; a Ctrl-C goes on."""

    error: BaseException | None = None

    def __enter__(self) -> _Caught:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        self.error = error
        return not isinstance(error, KeyboardInterrupt)


def _called(action: Action, folder: Path) -> tuple[int, BaseException | None]:
    """The exit code of an action, or what it raised."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Hang(f"no end after {MOST_SECONDS:g} s")

    code = -1
    earlier = signal.signal(signal.SIGALRM, stop)
    with _Caught() as caught:
        signal.setitimer(signal.ITIMER_REAL, MOST_SECONDS)
        code = action(folder)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, earlier)
    return code, caught.error


def _judged(
    code: int, broken: BaseException | None, out: str, err: str, seconds: float, folder: str
) -> Ended:
    if broken is not None:
        if isinstance(broken, OSError) and broken.errno == errno.ENOSPC:
            raise broken  # the machine's fault
        told = "".join(traceback.format_exception(broken))
        return Ended(WRONG, told, f"{type(broken).__name__} at {_place(broken)}", seconds)
    shown = err if out.startswith("{") else out + err
    if found := _UNSEEN.search(shown):
        around = shown[max(0, found.start() - 60) : found.end() + 20]
        sign = f"shows {found[0]!r}"
        return Ended(WRONG, f"{sign}: {around!r}", sign, seconds)
    if code in (DONE, FINISHED_WITH_FAILURES, BUDGET_SPENT):
        if out.startswith("{") and (fault := _no_json(out)):
            return Ended(WRONG, fault, "stdout is no JSON", seconds)
        return Ended(ACCEPTED, "", "", seconds)
    if code != USER_ERROR:
        return Ended(WRONG, f"exit code {code}\n{err[-2000:]}", f"exit code {code}", seconds)
    if "error: " not in err:
        return Ended(WRONG, f"refused without a message\n{err[-2000:]}", "no message", seconds)
    sign = _sign(err, folder)
    if "fix: " not in err:
        return Ended(WRONG, f"refused without a fix\n{err[-2000:]}", f"no fix: {sign}", seconds)
    return Ended(REFUSED, err, sign, seconds)


def _no_json(text: str) -> str | None:
    def refuse(name: str) -> Any:
        raise ValueError(f"{name} is no JSON")

    try:
        json.loads(text, parse_constant=refuse)
    except ValueError as error:
        return f"{error}: {text[:300]!r}"
    return None


def _place(error: BaseException) -> str:
    """The last line of polyteach's own that an error passed."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "polyteach" in frame.filename] or frames
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "nowhere"


def _sign(err: str, folder: str) -> str:
    """The first message of a refusal without values, names and numbers."""
    first = next(line for line in err.split("\n") if line.startswith("error: ")).replace(folder, "")
    bare = re.sub(r"""'[^']*'|"[^"]*"|`[^`]*`""", "_", first.removeprefix("error: "))
    while (found := _WHERE.match(bare)) and found.end() < len(bare):
        bare = bare[found.end() :]
    words = re.sub(r"\S*\d\S*|\([^)]*\)", "#", re.split("[:;]", bare)[0])
    return words[:70]


@contextmanager
def _guarded(*folders: Path) -> Iterator[list[str]]:
    """What is done outside of some folders meanwhile; the peak of memory is counted anew."""
    if not _HOOKED:
        sys.addaudithook(_GUARD.see)
        _HOOKED.append(True)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    found: list[str] = []
    _GUARD.folders, _GUARD.found = folders, found
    try:
        yield found
    finally:
        _GUARD.found = None


def _peak_bytes() -> int:
    """The most memory of this process since it was counted anew."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM"))


@contextmanager
def _streams() -> Iterator[tuple[io.TextIOWrapper, io.TextIOWrapper]]:
    """Standard output and error as a process has them that nobody watches; what has no code is escaped."""
    both = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace") for _ in range(2)]
    earlier = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = both
    try:
        yield both[0], both[1]
    finally:
        sys.stdout, sys.stderr = earlier


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    content = stream.buffer
    assert isinstance(content, io.BytesIO)
    return content.getvalue().decode("utf-8")

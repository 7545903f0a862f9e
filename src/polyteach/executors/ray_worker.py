"""What runs on the machines of a Ray cluster: actors that make steps, and one that gathers what they tell."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from polyteach import __version__
from polyteach.artifacts import JOURNAL, Artifact, Busy, Store
from polyteach.errors import UserError
from polyteach.executors import making
from polyteach.executors.pool import StepFailed
from polyteach.models.budget import BudgetReached
from polyteach.steps import Step

_REPORT_SECONDS = 1.0
_TELL_SECONDS = 10.0
_OUTPUT_BYTES = 2**16
_RAYS_OWN = re.compile(r"^:(job_id|actor_name|task_name):.*\n?", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Home:
    """What workers everywhere have to know of the run.

    Attributes:
        store_at: the store, for workers on the driver's machine.
        node: Ray's name of that machine.
        other_cache: that of other machines; None: a folder of their temporary ones.
        folder: where the driver was started; relative paths are meant from there.
        sign: the name of what the driver has put into the store for them to find.
        version: of polyteach.
        paths: what steps read beside artifacts.
        keys: environment variables with keys of endpoints, which only the driver's machine asks. The keys
            themselves never go through Ray, which would log them.
    """

    store_at: making.StoreAt
    node: str
    other_cache: str | None
    folder: str
    sign: str
    version: str
    paths: tuple[str, ...]
    keys: tuple[str, ...] = ()

    def store(self, *, at_home: bool) -> Store:
        """The store, on the driver's machine or on another.

        Another machine has a journal of its own: SQLite's locks do not reach from one to the other.
        """
        if at_home:
            return self.store_at.opened()
        own = Path(self.other_cache or Path(tempfile.gettempdir()) / f"polyteach-{os.getuid()}")
        own.mkdir(parents=True, exist_ok=True, mode=0o700)
        store = replace(self.store_at, cache=own).opened()
        store.journal = own / JOURNAL
        return store

    def problem(self, *, at_home: bool) -> str | None:
        """Why a worker on this machine cannot do its work, in a sentence; None if it can."""
        if self.version != __version__:
            return f"polyteach is {__version__} there, but {self.version} where the run was started"
        try:
            shelf = self.store(at_home=at_home).leases.shelf
            if shelf.read(self.sign) is None:
                return f"the store at {self.store_at.address} is another one there: it is not shared"
            own = f"{self.sign}-{os.getpid()}"
            if tag := shelf.put(own, b"{}", None):
                shelf.remove(own, tag)
        except (OSError, UserError) as error:
            return f"the store at {self.store_at.address} cannot be used there: {error}"
        unset = [name for name in self.keys if at_home and not os.environ.get(name, "").strip()]
        if unset:
            named = ", ".join(unset)
            return f"workers have no {named}: export it before `ray start`, whose environment is theirs"
        missing = [path for path in self.paths if not os.path.lexists(path)]
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        return f"{missing[0]}{more}: not there" if missing else None


@dataclass(frozen=True, slots=True)
class Facts:
    """What an actor says of itself when it is up: its machine by Ray's name, its log files, what is wrong."""

    node: str
    logs: tuple[str, ...]
    problem: str | None


@dataclass(frozen=True, slots=True)
class Made:
    """How a step ended on a worker, and what was written to its output meanwhile."""

    artifact: Artifact | None
    error: Exception | None
    output: str


class Worker:
    """An actor that makes one step after the other and keeps loaded models between them."""

    def __init__(self, home: Home, listener: Any) -> None:
        import ray

        making.begin()
        with suppress(OSError):  # where it is missing, `problem` names what is missed there
            os.chdir(home.folder)
        self._node = ray.get_runtime_context().get_node_id()
        self._home, self._listener = home, listener
        self._logs = _log_files()
        self._store: Store | None = None

    def facts(self) -> Facts:
        """See `Facts`."""
        at_home = self._node == self._home.node
        problem = self._home.problem(at_home=at_home)
        if problem is None:
            self._store = self._home.store(at_home=at_home)
        return Facts(self._node, self._logs, problem)

    def make(self, step: Step, anew: bool) -> Made:
        """Makes a step; what goes wrong is returned, since not every exception survives Ray's wrapping."""
        assert self._store is not None, "an actor with a problem gets no steps"
        starts = [os.path.getsize(path) for path in self._logs]  # noqa: PTH202 - they are text
        artifact: Artifact | None = None
        error: Exception | None = None
        try:
            progress = making.ToldProgress(step.id, self._tell, _REPORT_SECONDS)
            artifact = making.make(self._store, step, progress, anew=anew)
        except (UserError, BudgetReached, Busy, StepFailed) as caught:
            error = caught
        sys.stdout.flush()
        sys.stderr.flush()
        return Made(artifact, error, written(self._logs, starts))

    def _tell(self, step_id: str, done: int, total: int, unit: str) -> bool:
        import ray

        told = self._listener.told.remote(step_id, done, total, unit)
        try:
            stops: bool = ray.get(told, timeout=_TELL_SECONDS)
        except ray.exceptions.RayError:  # it died, and comes up again
            return False
        return stops


class Listener:
    """An actor beside the driver: workers tell it their progress and hear whether to stop."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[int, int, str]] = {}
        self._stops = False

    def told(self, step_id: str, done: int, total: int, unit: str) -> bool:
        """Takes a word of a worker's, see `making.Tell`."""
        self._told[step_id] = (done, total, unit)
        return self._stops

    def take(self) -> dict[str, tuple[int, int, str]]:
        """Hands over what was told since the last time, the last word of each step."""
        told, self._told = self._told, {}
        return told

    def stop(self) -> None:
        """From now on all are told to stop."""
        self._stops = True


def written(logs: Sequence[str], starts: Sequence[int] | None = None) -> str:
    """What was written to files after so many bytes, the last part of it if it is long; empty if nothing.

    Args:
        logs: their paths.
        starts: where to begin in each; None: as much of the end as is shown.
    """
    texts = []
    for place, path in enumerate(logs):
        with suppress(OSError), Path(path).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(starts[place] if starts else 0, size - _OUTPUT_BYTES))
            texts.append(_RAYS_OWN.sub("", file.read().decode("utf-8", "replace")))
    return "".join(texts)


def _log_files() -> tuple[str, ...]:
    """The files that this process's output goes to; none where it goes elsewhere."""
    found: list[str] = []
    for number in (1, 2):
        with suppress(OSError):
            path = os.readlink(f"/proc/self/fd/{number}")  # noqa: PTH115 - text that may be no path
            if os.path.isfile(path):  # noqa: PTH113
                found.append(path)
    return tuple(dict.fromkeys(found))

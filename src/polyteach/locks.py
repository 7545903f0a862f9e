"""Leases: who makes which artifact, so that several runs share the work.

A lease is a small file with its owner's name. It ends when the owner gives it back, when the owner's process
is gone (known at once on the owner's own machine), or when its heartbeat has not moved for `EXPIRY_SECONDS`
by the clock of whoever waits. No clock of one machine is compared with that of another, and none that jumps.

Leases save work; nothing depends on them for being right. Whoever lost one (its machine slept) goes on beside
the new owner, and the second of the two to publish finds the artifact there, see `artifacts`.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import platform
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from filelock import FileLock

from polyteach.errors import UserError
from polyteach.files import writing
from polyteach.processes import host_id, is_alive, started_of

EXPIRY_SECONDS = 60.0
"""How long a heartbeat may stand still before its owner, on another machine, counts as dead."""
_BEATS = 5  # heartbeats in that time
_LOOKS = (0.05, 1.0)  # seconds between two looks at another's lease: at first, and at most
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds a lease.

    Attributes:
        host: the machine's name, for people; `machine` tells machines apart.
        pid, started: of the process, see `processes`.
        run: the study or command it works for; empty where nobody said.
        since: when it took the lease, by its own clock, for people.
        token: of this one lease; no other has it.
    """

    host: str
    machine: str
    pid: int
    started: str
    run: str
    since: str
    token: str

    @classmethod
    def here(cls, run: str) -> Owner:
        """This process, with a new token."""
        since = datetime.now(UTC).isoformat(timespec="seconds")
        began = started_of(os.getpid()) or ""
        return cls(platform.node(), host_id(), os.getpid(), began, run, since, uuid.uuid4().hex)

    @property
    def is_alive(self) -> bool | None:
        """Whether its process lives; None where it is on another machine."""
        return is_alive(self.machine, self.pid, self.started)

    def __str__(self) -> str:
        run = f"run {self.run}, " if self.run else ""
        return f"{run}process {self.pid} on {self.host}, since {self.since}"


class Busy(Exception):
    """Another process that lives makes this artifact.

    Attributes:
        key: the artifact's.
        owner: who makes it; None where its lease cannot be read.
    """

    def __init__(self, key: str, owner: Owner | None) -> None:
        super().__init__(key, owner)
        self.key = key
        self.owner = owner

    def __str__(self) -> str:
        return f"is being made by {self.owner or 'another process'}"


class Shelf(Protocol):
    """Where small files lie that several processes change, each only if it is as they saw it last."""

    def read(self, name: str) -> tuple[bytes, str] | None:
        """The content, and a tag that changes with it; None where there is none."""

    def put(self, name: str, content: bytes, tag: str | None) -> str | None:
        """Writes it if its tag is still this one (None: if there is none); the new tag, or None if not."""

    def remove(self, name: str, tag: str) -> None:
        """Removes it if its tag is still this one."""

    def names(self) -> list[str]:
        """Of all that are there."""


class Folder:
    """A shelf that is a folder. What looks and then writes holds the folder's guard, for an instant.

    The guard is a lock of the operating system, which goes with its process. Between machines it is as good
    as the shared file system's locks (NFS, Lustre and GPFS have them). Without, two machines may in a rare
    moment both take a dead owner's lease, and then make the same artifact.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def _file(self, name: str) -> Path:
        return self._path / f"{name}.lease"

    def read(self, name: str) -> tuple[bytes, str] | None:
        try:
            content = self._file(name).read_bytes()
        except FileNotFoundError:
            return None
        return content, _tag(content)

    def put(self, name: str, content: bytes, tag: str | None) -> str | None:
        with writing(self._path), self._guard():
            there = self.read(name)
            if (there and there[1]) != tag:
                return None
            new = self._path / f"{name}.new"  # one writer at a time: a killed one's is written over
            new.write_bytes(content)
            new.replace(self._file(name))
        return _tag(content)

    def remove(self, name: str, tag: str) -> None:
        with writing(self._path), self._guard():
            there = self.read(name)
            if there and there[1] == tag:
                self._file(name).unlink(missing_ok=True)

    def names(self) -> list[str]:
        return sorted(path.stem for path in self._path.glob("*.lease"))

    def _guard(self) -> FileLock:
        self._path.mkdir(parents=True, exist_ok=True)
        return FileLock(self._path / "guard.lock")


class Leases:
    """The leases on a shelf, as one process takes and watches them; its threads may share it.

    Args:
        shelf: where they lie.
        run: the study or command they are taken for.
        expiry_seconds: see `EXPIRY_SECONDS`; all who share the shelf have the same.
    """

    def __init__(self, shelf: Shelf, run: str = "", *, expiry_seconds: float = EXPIRY_SECONDS) -> None:
        self.shelf = shelf
        self.run = run
        self._expiry = expiry_seconds
        self._seen: dict[str, tuple[str, float]] = {}  # tag, and since when by our clock
        self._held: dict[str, tuple[dict[str, Any], str]] = {}  # content and tag of our own
        self._lock = threading.Lock()
        self._beating: threading.Thread | None = None

    @contextmanager
    def hold(self, name: str, *, wait: bool = True, more: Mapping[str, Any] | None = None) -> Iterator[None]:
        """Holds a lease while the block runs; a live owner is waited for, and the log says so.

        Args:
            name: of the lease.
            wait: False: do not wait.
            more: what else the lease says, for those who read it.

        Raises:
            Busy: somebody who lives has it, and `wait` is False.
        """
        self._take(name, wait, more or {})
        try:
            yield
        finally:
            self._give_back(name)

    def owner(self, name: str) -> Owner | None:
        """Who holds a lease and is not known to be dead; None where nobody does.

        The heartbeats of another machine count as alive until they stood still in our sight.
        """
        entry = self.shelf.read(name)
        if entry is None:
            self._seen.pop(name, None)
            return None
        owner = _owner_in(entry[0])
        return None if self._is_over(name, entry[1], owner) else owner or _NOBODY_KNOWN

    def says(self, name: str) -> Mapping[str, Any]:
        """What a lease says beside its owner; empty where it cannot be read."""
        entry = self.shelf.read(name)
        return _content(entry[0]) if entry else {}

    def clean(self) -> None:
        """Removes leases whose owners are known to be dead."""
        for name in self.shelf.names():
            entry = self.shelf.read(name)
            if entry and self._is_over(name, entry[1], _owner_in(entry[0])):
                self.shelf.remove(name, entry[1])

    def of_others(self) -> list[str]:
        """Leases of which nobody here can say whether their owners live: those of other machines."""
        owners = {name: self.owner(name) for name in self.shelf.names()}
        return [name for name, owner in owners.items() if owner and owner.is_alive is None]

    def watch(self, names: Sequence[str]) -> None:
        """Watches these leases until it is known who lives: afterwards `owner` says so."""
        ends = time.monotonic() + self._expiry
        while time.monotonic() <= ends:
            time.sleep(self._expiry / _BEATS)
            for name in names:
                self.owner(name)

    def _take(self, name: str, wait: bool, more: Mapping[str, Any]) -> None:
        pause, told = _LOOKS[0], ""
        while True:
            entry = self.shelf.read(name)
            if entry is None or self._is_over(name, entry[1], _owner_in(entry[0])):
                content = {**more, "owner": asdict(Owner.here(self.run)), "beat": 0}
                if tag := self.shelf.put(name, _bytes(content), entry and entry[1]):
                    self._keep(name, content, tag)
                    return
                continue  # somebody was quicker: look who
            owner = _owner_in(entry[0])
            if not wait:
                raise Busy(name, owner)
            if str(owner) != told:
                told = str(owner)
                _LOG.warning("waiting for %s... which is made by %s", name[:12], owner or "another process")
            time.sleep(pause)
            pause = min(_LOOKS[1], 2 * pause)

    def _is_over(self, name: str, tag: str, owner: Owner | None) -> bool:
        alive = owner.is_alive if owner else None
        if alive is not None:
            return not alive
        seen, since = self._seen.get(name, ("", 0.0))
        if seen != tag:
            self._seen[name] = (tag, time.monotonic())
            return False
        return time.monotonic() - since > self._expiry

    def _keep(self, name: str, content: dict[str, Any], tag: str) -> None:
        with self._lock:
            self._seen.pop(name, None)
            self._held[name] = (content, tag)
            if self._beating is None:
                self._beating = threading.Thread(target=self._beat, daemon=True)
                self._beating.start()

    def _give_back(self, name: str) -> None:
        with self._lock:
            held = self._held.pop(name, None)
        if held:
            self.shelf.remove(name, held[1])

    def _beat(self) -> None:
        """Shows those on other machines that this process lives."""
        while True:
            time.sleep(self._expiry / _BEATS)
            for name in list(self._held):
                with self._lock:
                    self._beat_once(name)

    def _beat_once(self, name: str) -> None:
        if name not in self._held:
            return
        content, tag = self._held[name]
        content["beat"] += 1
        try:
            new = self.shelf.put(name, _bytes(content), tag)
        except (OSError, UserError) as error:
            _LOG.warning("no heartbeat could be written (%s); others may think this process is dead", error)
            return
        if new is None:  # taken from us: who has it now makes the same, and loses nothing by our going on
            del self._held[name]
        else:
            self._held[name] = (content, new)


def _tag(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


_NOBODY_KNOWN = Owner("an unknown machine", "", 0, "", "", "a time unknown", "")


def _bytes(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True).encode()


def _content(written: bytes) -> Mapping[str, Any]:
    try:
        content = json.loads(written)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _owner_in(written: bytes) -> Owner | None:
    try:
        owner = Owner(**_content(written)["owner"])
    except (KeyError, TypeError):
        return None
    texts = (owner.host, owner.machine, owner.started, owner.run, owner.since, owner.token)
    is_whole = isinstance(owner.pid, int) and all(isinstance(text, str) for text in texts)
    return owner if is_whole else None

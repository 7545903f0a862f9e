"""Where outputs live: one content-addressed store that studies share.

    <store>/<kind>/<key>/...files..., manifest.json     a finished artifact
    <store>/partial/<key>.<process>/                    one being made; ...old: one being replaced
    <store>/locks/<key>.lease                           who makes it, see `locks`
    <store>/state/<key>/, journal.sqlite                what outlives a step that is cut off

A folder without a readable manifest whose digests hold is no artifact. The manifest is written last, then the
folder is moved to its place, so an artifact is there whole or not at all, whenever the process dies. Its
digests are checked when a run looks for it, and again whenever a step is about to read it.

Of a store by URL (see `object_store`) such a folder is the cache of one machine. What is there is what the
URL has a manifest of; files come from there when they are needed, and are checked like those of a folder.
"""

from __future__ import annotations

import errno
import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from polyteach.errors import UserError
from polyteach.files import write_atomically, write_json, writing
from polyteach.locks import Busy, Folder, Leases
from polyteach.manifests import (
    MANIFEST,
    Damaged,
    Manifest,
    files_but,
    files_in,
    manifest_in,
    read_manifest,
    software,
    wrong_with,
)
from polyteach.object_store import ObjectStore, is_url
from polyteach.processes import is_tag_alive, process_tag
from polyteach.steps import Progress, SilentProgress, Step, StepTask

__all__ = ["JOURNAL", "MANIFEST", "SCHEMA_VERSION", "Artifact", "Busy", "Damaged", "Store", "software"]

SCHEMA_VERSION = 1
JOURNAL = "journal.sqlite"
"""What models answered, of all steps and studies that share the store."""
LARGE = 2**24
"""Bytes above which a file of a store by URL is fetched only by the step that reads it: weights."""
USE, KEYS = "use-", "keys"
"""How the lease of a run is called, and where it says which artifacts the run works with."""
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Artifact:
    """A finished step's output.

    Attributes:
        path: the folder of its files.
        manifest: settings, inputs, digests of files, facts, versions, time.
        reused: whether it was there already.
    """

    path: Path
    manifest: Manifest
    reused: bool

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the step's work said of its output (rows, tokens, failures)."""
        facts: Mapping[str, Any] = self.manifest["facts"]
        return facts

    @property
    def seconds(self) -> float:
        """Wall-clock seconds that making it took."""
        return float(self.manifest["seconds"])


class Store:
    """The artifacts under one folder, or of one URL. Several processes, also of several machines, may use it.

    Args:
        root: the folder; of a store by URL, its cache on this machine.
        objects: the store by URL.
        run: the study or command that uses it, named to those who wait for what it makes.

    Attributes:
        journal: where the answers of models are kept. SQLite's locks are those of one machine: on others,
            steps use a journal of their own.
    """

    def __init__(self, root: Path, objects: ObjectStore | None = None, *, run: str = "") -> None:
        self.root = root
        self.objects = objects
        self.journal = root / JOURNAL  # SQLite: of one machine only, so that others have one of their own
        self.leases = Leases(objects or Folder(root / "locks"), run)

    @property
    def address(self) -> str:
        """Where other processes, or machines that see the same folders, find the store; see `open`."""
        return self.objects.url if self.objects else str(self.root.absolute())

    @classmethod
    def open(cls, address: str, cache: Path | None = None, *, run: str = "") -> Store:
        """Opens the store of an `address`.

        Args:
            address: a folder, file:///FOLDER, or s3://BUCKET/PREFIX.
            cache: the folder of this machine for a store by URL; else not used.
            run: see `Store`.

        Raises:
            UserError: a URL of another kind.
            ValueError: a store by URL has no cache.
        """
        if not is_url(address):
            return cls(Path(address), run=run)
        if address.startswith("file:///"):
            return cls(Path(unquote(urlsplit(address).path)), run=run)
        objects = ObjectStore(address)
        if cache is None:
            raise ValueError(f"{address} needs a cache")
        return cls(cache, objects, run=run)

    def prepare(self) -> None:
        """Makes the folder, and takes away what killed processes left half made.

        Raises:
            UserError: it cannot be written to.
        """
        try:
            for name in ("partial", "locks"):
                (self.root / name).mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root / "partial"):
                pass
            for left in (self.root / "partial").iterdir():
                if is_tag_alive(left.name.partition(".")[2].removesuffix(".old")) is False:
                    shutil.rmtree(left, ignore_errors=True)
        except OSError as error:
            raise UserError(
                f"cannot write here ({error.strerror})",
                where=str(self.root),
                fix="give --output-dir a folder you may write to",
            ) from error
        if self.objects:
            self.objects.prepare()
        self.leases.clean()

    @contextmanager
    def used_for(self, steps: Iterable[Step]) -> Iterator[None]:
        """Within the block others know that the artifacts of these steps are in use, see `garbage`."""
        with self.leases.hold(f"{USE}{uuid4().hex}", more={KEYS: sorted({step.key for step in steps})}):
            yield

    def folder(self, step: Step) -> Path:
        """Where a step's artifact is on this machine, or would be."""
        return self.root / step.kind / step.key

    def inputs(self, step: Step) -> dict[str, Path]:
        """The folder of each of its inputs, by name."""
        return {name: self.folder(parent) for name, parent in step.inputs.items()}

    def locations(self, step: Step) -> dict[str, str]:
        """A step's own locations, and those of what outlives it when it is cut off, see `StepTask`."""
        states = self.root / "state"
        kept = {"journal": str(self.journal), "state": str(states / step.key), "states": str(states)}
        return kept | dict(step.locations)

    def find(self, step: Step) -> Artifact | None:
        """Returns the finished artifact of a step, or None where there is none.

        Of a store by URL its files are fetched into the cache, but for the `LARGE` ones.

        Raises:
            Damaged: there is one, but a file is missing or its digest is not the manifest's.
            UserError: a store by URL does not give it.
        """
        return self._look(step, (), large=False)

    def _look(self, step: Step, skipped: Sequence[str], *, large: bool) -> Artifact | None:
        folder = self.folder(step)
        if self.objects:
            content = self.objects.manifest(_place(step))
            if content is None:
                return None
            manifest = read_manifest(content, step.key, f"{self.objects.url}/{_place(step)}")
            with writing(folder):
                self._bring(self.objects, step, manifest, content, skipped, large)
            return Artifact(folder, manifest, reused=True)
        if not folder.exists():
            return None
        manifest = manifest_in(folder, step.key)
        for name, expected in files_but(manifest, skipped).items():
            if problem := wrong_with(folder / name, expected):
                raise Damaged(problem)
        return Artifact(folder, manifest, reused=True)

    def _bring(
        self,
        objects: ObjectStore,
        step: Step,
        manifest: Manifest,
        content: bytes,
        skipped: Sequence[str],
        large: bool,
    ) -> None:
        """Fetches what the cache lacks of an artifact; each file is checked before it gets its name."""
        folder = self.folder(step)
        for name, expected in files_but(manifest, skipped).items():
            is_wanted = large or expected["bytes"] <= LARGE
            if is_wanted and wrong_with(folder / name, expected):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                fetch = partial(_fetch, objects, _place(step), name, expected)
                write_atomically(folder / name, fetch)
        write_atomically(folder / MANIFEST, lambda temporary: temporary.write_bytes(content))

    def _whole(self, step: Step, skipped: Sequence[str] = (), *, large: bool = False) -> Artifact | None:
        """The artifact of a step; None also where it is damaged, which the log says."""
        try:
            return self._look(step, skipped, large=large)
        except Damaged as damage:
            _LOG.warning("damaged, is made again: %s", damage)
            return None

    def make(
        self, step: Step, progress: Progress | None = None, *, anew: bool = False, wait: bool = True
    ) -> Artifact:
        """Runs a step's work unless its artifact is there; inputs that are missing or damaged are made.

        Args:
            step: what to make.
            progress: told how far the work is.
            anew: make it even if it is there.
            wait: for another run that makes it right now; the log says for whom.

        Raises:
            Busy: another process that lives makes it, and `wait` is False; see `locks` on who lives.
            UserError: nothing can be written, or a store by URL does not give what is needed.
        """
        with self.leases.hold(step.key, wait=wait):
            if not anew and (found := self._whole(step)):
                return found
            return self._make(step, progress or SilentProgress(), anew=anew)

    def _provide(self, step: Step, skipped: Sequence[str]) -> None:
        """Sees to it that an input is here, whole to the last bit that is going to be read."""
        look = partial(self._whole, step, skipped, large=True)
        if not look():
            with self.leases.hold(step.key):
                if not look():
                    self._make(step, SilentProgress(), anew=True)

    def _make(self, step: Step, progress: Progress, *, anew: bool) -> Artifact:
        for parent in step.inputs.values():
            self._provide(parent, step.skips)
        made = self.root / "partial" / f"{step.key}.{process_tag()}"
        with writing(made):
            shutil.rmtree(made, ignore_errors=True)
            made.mkdir(parents=True)
        started = time.monotonic()
        with self._left_alone(step, made):
            facts = step.work(
                StepTask(step.settings, self.locations(step), self.inputs(step), made, progress)
            )
        with writing(self.folder(step)):
            manifest = {
                "schema_version": SCHEMA_VERSION,
                "id": step.id,
                "kind": step.kind,
                "version": step.version,
                "key": step.key,
                "settings": step.settings,
                "locations": step.locations,
                "inputs": {name: parent.key for name, parent in step.inputs.items()},
                "facts": facts,
                "files": files_in(made),
                "software": software(),
                "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "seconds": round(time.monotonic() - started, 3),
            }
            write_json(made / MANIFEST, manifest)
            quicker = self._publish(step, made, anew)
        return quicker or Artifact(self.folder(step), manifest, reused=False)

    @contextmanager
    def _left_alone(self, step: Step, made: Path) -> Iterator[None]:
        """Tells a step that failed because somebody took its files away from one that has a bug.

        Raises:
            UserError: an input, or the folder it fills, was there and is gone.
        """
        try:
            yield
        except OSError as error:
            folders = [*self.inputs(step).values(), made]
            gone = next((folder for folder in folders if not folder.is_dir()), None)
            if gone is None:
                raise
            fix = "leave the store alone while a run works in it, and run the same command again"
            raise UserError("was taken away while a step used it", str(gone), fix) from error

    def _publish(self, step: Step, made: Path, anew: bool) -> Artifact | None:
        """Puts what was made in its place; if another process was quicker, drops it and returns theirs."""
        look: Callable[[], Artifact | None] = partial(self._whole, step)
        if self.objects:
            content = (made / MANIFEST).read_bytes()
            if not self.objects.publish(_place(step), made, content, replace=anew):
                if found := look():
                    shutil.rmtree(made, ignore_errors=True)
                    return found
                self.objects.publish(_place(step), made, content, replace=True)
            _move(made, self.folder(step), lambda: None)
            return None
        return _move(made, self.folder(step), look if not anew else lambda: None)


def _move(made: Path, final: Path, look: Callable[[], Artifact | None]) -> Artifact | None:
    """Moves a folder to its place, unless a whole artifact is there, which is returned and stays."""
    aside = made.with_name(f"{made.name}.old")
    final.parent.mkdir(parents=True, exist_ok=True)
    while True:
        try:
            made.rename(final)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):  # the last: a file is there
                raise
            if found := look():
                shutil.rmtree(made, ignore_errors=True)
                return found
            _take_away(aside)
            with suppress(FileNotFoundError):  # readers take no lease: it is gone for an instant only
                final.rename(aside)
        else:
            _take_away(aside)
            return None


def _take_away(path: Path) -> None:
    """Removes a folder, or a file that somebody put where a folder should be."""
    if path.is_file():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path, ignore_errors=True)


def _place(step: Step) -> str:
    return f"{step.kind}/{step.key}"


def _fetch(objects: ObjectStore, place: str, name: str, expected: Mapping[str, Any], target: Path) -> None:
    """Fetches a file to a temporary place.

    Raises:
        Damaged: it is not there, or not what the manifest says.
    """
    where = f"{objects.url}/{place}/{name}"
    try:
        objects.fetch(place, name, expected, target)
    except FileNotFoundError as error:
        raise Damaged(f"{where}: missing") from error
    if wrong_with(target, expected):
        raise Damaged(f"{where}: its digest is not the manifest's")

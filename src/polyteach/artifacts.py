"""Where outputs live: one content-addressed store that studies share.

    <store>/<kind>/<key>/...files..., manifest.json     a finished artifact
    <store>/partial/<key>.<process>/                    one being made; ...old: one being replaced
    <store>/locks/<key>.lease                           who makes it
    <store>/state/<key>/, journal.sqlite                what outlives a step that is cut off

A folder without a readable manifest whose digests hold is no artifact. The manifest is written last, then the
folder is moved to its place, so an artifact is there whole or not at all, whenever the process dies. Its
digests are checked when a run looks for it, and again whenever a step is about to read it.
"""

from __future__ import annotations

import errno
import json
import logging
import platform
import shutil
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

from polyteach.errors import UserError
from polyteach.files import file_digest, write_json, writing
from polyteach.locks import Busy, Folder, Leases
from polyteach.processes import is_tag_alive, process_tag
from polyteach.steps import Progress, SilentProgress, Step, StepTask

__all__ = [
    "JOURNAL",
    "MANIFEST",
    "SCHEMA_VERSION",
    "Artifact",
    "Busy",
    "Damaged",
    "Owner",
    "Store",
    "software",
]

MANIFEST = "manifest.json"
SCHEMA_VERSION = 1
JOURNAL = "journal.sqlite"
"""What models answered, of all steps and studies that share the store."""
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
    manifest: Mapping[str, Any]
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


class Damaged(Exception):
    """An artifact is there but is not what its manifest says."""


class Store:
    """The artifacts under one folder. Several processes may use it at once.

    Args:
        root: the folder.
        run: the study or command that uses it, named to those who wait for what it makes.
    """

    def __init__(self, root: Path, *, run: str = "") -> None:
        self.root = root
        self.leases = Leases(Folder(root / "locks"), run)

    @property
    def address(self) -> str:
        """Where other processes, or machines that see the same folders, find the store; see `open`."""
        return str(self.root.absolute())

    @classmethod
    def open(cls, address: str, cache: Path | None = None, *, run: str = "") -> Store:
        """Opens the store of an `address`.

        Args:
            address: of a store.
            cache: a folder of this machine for a store that is none of its folders; else not used.
            run: see `Store`.
        """
        return cls(Path(address), run=run)

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
            self.leases.clean()
            self._clean()
        except OSError as error:
            raise UserError(
                f"cannot write here ({error.strerror})",
                where=str(self.root),
                fix="give --output-dir a folder you may write to",
            ) from error

    def _clean(self) -> None:
        for left in (self.root / "partial").iterdir():
            if is_tag_alive(left.name.partition(".")[2].removesuffix(".old")) is False:
                shutil.rmtree(left, ignore_errors=True)

    def folder(self, step: Step) -> Path:
        """Where a step's artifact is, or would be."""
        return self.root / step.kind / step.key

    def inputs(self, step: Step) -> dict[str, Path]:
        """The folder of each of its inputs, by name."""
        return {name: self.folder(parent) for name, parent in step.inputs.items()}

    def locations(self, step: Step) -> dict[str, str]:
        """A step's own locations, and those of what outlives it when it is cut off, see `StepTask`."""
        states = self.root / "state"
        kept = {"journal": str(self.root / JOURNAL), "state": str(states / step.key), "states": str(states)}
        return kept | dict(step.locations)

    def find(self, step: Step) -> Artifact | None:
        """Returns the finished artifact of a step, or None where there is none.

        Raises:
            Damaged: there is one, but a file is missing or its digest is not the manifest's.
        """
        folder = self.folder(step)
        if not folder.exists():
            return None
        return Artifact(folder, _checked_manifest(folder, step.key), reused=True)

    def _whole(self, step: Step) -> Artifact | None:
        """The artifact of a step; None also where it is damaged, which the log says."""
        try:
            return self.find(step)
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
            UserError: nothing can be written.
        """
        with self.leases.hold(step.key, wait=wait):
            if not anew and (found := self._whole(step)):
                return found
            for parent in step.inputs.values():
                if not self._whole(parent):
                    self.make(parent)
            return self._make(step, progress or SilentProgress(), anew)

    def _make(self, step: Step, progress: Progress, anew: bool) -> Artifact:
        partial = self.root / "partial" / f"{step.key}.{process_tag()}"
        with writing(partial):
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
        started = time.monotonic()
        facts = step.work(StepTask(step.settings, self.locations(step), self.inputs(step), partial, progress))
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
            "files": {
                str(path.relative_to(partial)): {"bytes": path.stat().st_size, "sha256": file_digest(path)}
                for path in sorted(partial.rglob("*"))
                if path.is_file()
            },
            "software": software(),
            "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - started, 3),
        }
        with writing(self.folder(step)):
            write_json(partial / MANIFEST, manifest)
            quicker = self._publish(step, partial, anew)
        return quicker or Artifact(self.folder(step), manifest, reused=False)

    def _publish(self, step: Step, partial: Path, anew: bool) -> Artifact | None:
        """Moves what was made to its place; if another process did so first, drops it and returns theirs."""
        final, aside = self.folder(step), partial.with_name(f"{partial.name}.old")
        final.parent.mkdir(parents=True, exist_ok=True)
        while True:
            try:
                partial.rename(final)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                if not anew and (found := self._whole(step)):
                    shutil.rmtree(partial, ignore_errors=True)
                    return found
                shutil.rmtree(aside, ignore_errors=True)
                with suppress(FileNotFoundError):  # readers take no lease: it is gone for an instant only
                    final.rename(aside)
            else:
                shutil.rmtree(aside, ignore_errors=True)
                return None


def _checked_manifest(folder: Path, key: str) -> Mapping[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
        files: dict[str, dict[str, Any]] = manifest["files"]
        if manifest["key"] != key:
            raise Damaged(f"{folder}: the manifest is of another artifact")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Damaged(f"{folder}: no readable manifest") from error
    for name, expected in files.items():
        path = folder / name
        try:
            if not path.is_file() or path.stat().st_size != expected["bytes"]:
                raise Damaged(f"{path}: missing or of another size")
            if file_digest(path) != expected["sha256"]:
                raise Damaged(f"{path}: its digest is not the manifest's")
        except OSError as error:
            raise Damaged(f"{path}: cannot be read ({error.strerror})") from error
    return manifest


@lru_cache(maxsize=1)
def software() -> dict[str, str]:
    """Versions of what the numbers may depend on."""
    versions = {"python": platform.python_version()}
    for name in ("polyteach", "torch", "transformers", "trl", "peft", "lm_eval", "numpy"):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions

"""What of a store no study needs: found, told, and removed.

An artifact is needed if a run's folder names it (its links, its status), if a study's file would make it, or
if a process that lives makes it or works with it. Everything else can be made again from its study.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from polyteach.artifacts import KEYS, USE, Busy, Store
from polyteach.errors import UserError
from polyteach.files import writing
from polyteach.object_store import Found, ObjectStore
from polyteach.processes import is_tag_alive, process_tag
from polyteach.runs import RunFolder

_KEY = re.compile(r"[0-9a-f]{64}")
_PARTIAL, _STATE, _LOCKS = "partial", "state", "locks"
_NO_KINDS = (_PARTIAL, _STATE, _LOCKS)
LEFT_HALF_MADE, CHECKPOINTS, LEASES = "(left half made)", "(checkpoints)", "(leases of the dead)"
CACHED, ANSWERS = "(cache of this machine)", "(answers of models)"


@dataclass(slots=True)
class Pile:
    """What can go of one kind.

    Attributes:
        kind: of the artifacts, or in brackets what else it is.
        names: keys of artifacts, or names of folders.
        bytes: of all of them.
        oldest: when the oldest was written, as the file system or server says it.
    """

    kind: str
    names: list[str] = field(default_factory=list)
    bytes: int = 0
    oldest: datetime | None = None

    def add(self, name: str, size: int, written: datetime) -> None:
        """Puts one more on it."""
        self.names.append(name)
        self.bytes += size
        self.oldest = min(self.oldest or written, written)


@dataclass(frozen=True, slots=True)
class Answers:
    """What a journal has: how many answers, the USD they cost as far as known, and how many without price."""

    count: int
    money: float
    unpriced: int


def run_folders(output_dirs: Iterable[Path]) -> list[RunFolder]:
    """The runs below output folders."""
    return [
        RunFolder(path.parent) for folder in output_dirs for path in sorted(folder.glob("runs/*/status.json"))
    ]


def named_by(run: RunFolder) -> set[str]:
    """Keys of the artifacts that a run used, or will need to go on."""
    links = (path for path in (run.path / "artifacts").rglob("*") if path.is_symlink())
    keys = {path.readlink().name for path in links}
    with suppress(UserError):  # its links are all there is to know
        keys |= {step["key"] for step in run.status()["steps"] if isinstance(step.get("key"), str)}
    return keys


def in_use(store: Store) -> set[str]:
    """Keys of the artifacts that processes make or work with; those of other machines may live."""
    keys: set[str] = set()
    for name in store.leases.shelf.names():
        if (name.startswith(USE) or _KEY.fullmatch(name)) and store.leases.owner(name):
            told = store.leases.says(name).get(KEYS, []) if name.startswith(USE) else [name]
            keys.update(key for key in told if isinstance(key, str))
    return keys


def find_garbage(store: Store, needed: set[str]) -> list[Pile]:
    """What can go, by kind; empty piles are left out.

    Args:
        store: that is there.
        needed: keys of the artifacts that stay; those in use stay as well.
    """
    keep = needed | in_use(store)
    piles: dict[str, Pile] = {}
    for kind, key, size, written in _artifacts(store):
        if key not in keep:
            piles.setdefault(kind, Pile(kind)).add(key, size, written)
    others = [_left(store), _checkpoints(store, keep), _dead_leases(store)]
    if store.objects:
        others.append(_cached(store, keep))
    return [*sorted(piles.values(), key=lambda pile: pile.kind), *(one for one in others if one.names)]


def _artifacts(store: Store) -> Iterator[tuple[str, str, int, datetime]]:
    """Kind, key, bytes and time of writing."""
    if store.objects is None:
        for folder in _folders(store.root):
            yield folder.parent.name, folder.name, *_measure(folder)
        return
    for (kind, key), objects in groupby(_objects(store.objects), key=_kind_and_key):
        found = list(objects)
        yield kind, key, sum(one.size for one in found), min(one.written for one in found)


def _folders(root: Path) -> list[Path]:
    """Folders of artifacts below a store's: nothing else there is touched."""
    found = (path for path in sorted(root.glob("*/*")) if _KEY.fullmatch(path.name))
    return [path for path in found if path.parent.name not in _NO_KINDS and path.is_dir()]


def _objects(objects: ObjectStore) -> Iterator[Found]:
    for one in objects.find():
        kind, key = _kind_and_key(one)
        if _KEY.fullmatch(key) and kind not in _NO_KINDS:
            yield one


def _kind_and_key(one: Found) -> tuple[str, str]:
    kind, _, rest = one.path.partition("/")
    return kind, rest.partition("/")[0]


def _measure(folder: Path) -> tuple[int, datetime]:
    """Bytes of a folder's files, and when it was written; what vanishes meanwhile counts nothing."""
    size, written = 0, datetime.now(UTC)
    for path in (folder, *folder.rglob("*")):
        with suppress(FileNotFoundError):
            stat = path.lstat()
            size += 0 if path.is_dir() else stat.st_size
            written = min(written, datetime.fromtimestamp(stat.st_mtime, UTC))
    return size, written


def _inside(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _left(store: Store) -> Pile:
    """What killed processes left half made; that of other machines if nobody makes it any more."""
    pile = Pile(LEFT_HALF_MADE)
    for path in _inside(store.root / _PARTIAL):
        key, _, tag = path.name.partition(".")
        alive = is_tag_alive(tag.removesuffix(".old"))
        if alive is False or (alive is None and not store.leases.owner(key)):
            pile.add(path.name, *_measure(path))
    return pile


def _checkpoints(store: Store, keep: set[str]) -> Pile:
    """What steps that nobody needs kept to go on from; never what tells of batches that may be paid."""
    pile = Pile(CHECKPOINTS)
    for path in _inside(store.root / _STATE):
        if _KEY.fullmatch(path.name) and path.name not in keep and not any(path.rglob("*batches")):
            pile.add(path.name, *_measure(path))
    return pile


def _dead_leases(store: Store) -> Pile:
    pile = Pile(LEASES)
    for name in store.leases.shelf.names():
        if (entry := store.leases.shelf.read(name)) and store.leases.owner(name) is None:
            pile.add(name, len(entry[0]), datetime.now(UTC))
    return pile


def _cached(store: Store, keep: set[str]) -> Pile:
    pile = Pile(CACHED)
    for folder in _folders(store.root):
        if folder.name not in keep:
            pile.add(folder.name, *_measure(folder))
    return pile


def remove(store: Store, piles: Iterable[Pile]) -> int:
    """Removes what was found, but for what is in use by now; returns how much of it stayed.

    Raises:
        UserError: it cannot be removed.
    """
    stayed = 0
    for pile in piles:
        used = in_use(store)  # again for each: a run may have begun
        if pile.kind == LEASES:
            store.leases.clean()
            continue
        for name in pile.names:
            if name in used or not _remove(store, pile.kind, name):
                stayed += 1
    return stayed


def _remove(store: Store, kind: str, name: str) -> bool:
    """Removes one; False where another process has just begun to make it."""
    with writing(store.root / kind / name):
        if kind == LEFT_HALF_MADE:
            _gone(store.root / _PARTIAL / name)
        else:
            try:
                with store.leases.hold(name, wait=False):
                    _remove_held(store, kind, name)
            except Busy:
                return False
    return True


def _remove_held(store: Store, kind: str, key: str) -> None:
    if kind == CHECKPOINTS:
        _gone(store.root / _STATE / key)
    elif kind == CACHED:
        for folder in (path for path in _folders(store.root) if path.name == key):
            _away(store, folder)
    elif store.objects is None:
        _away(store, store.root / kind / key)
    else:  # the manifest first: without it there is no artifact, whenever this is cut off
        paths = [one.path for one in store.objects.find(f"{kind}/{key}/")]
        store.objects.delete(path for path in paths if path.endswith("/manifest.json"))
        store.objects.delete(paths)


def _gone(folder: Path) -> None:
    with suppress(FileNotFoundError):  # another gc was quicker
        shutil.rmtree(folder)


def _away(store: Store, folder: Path) -> None:
    """Removes an artifact's folder, which is gone at once and not file by file."""
    aside = store.root / _PARTIAL / f"{folder.name}.{process_tag()}.old"
    aside.parent.mkdir(exist_ok=True)
    with suppress(FileNotFoundError):  # another gc was quicker
        folder.rename(aside)
        shutil.rmtree(aside)


def answers_in(store: Store) -> Answers:
    """What the journal has, and what it cost: that is to be paid again where it is wanted again.

    Raises:
        UserError: it cannot be read.
    """
    if not store.journal.is_file():
        return Answers(0, 0.0, 0)
    try:
        with closing(sqlite3.connect(f"file:{store.journal}?mode=ro", uri=True)) as file:
            (count,) = file.execute("SELECT count(*) FROM answers").fetchone()
            money, unpriced = file.execute("SELECT total(money), total(unpriced) FROM spent").fetchone()
    except sqlite3.Error as error:
        raise UserError(f"cannot be read ({error})", where=str(store.journal)) from error
    return Answers(count, float(money), int(unpriced))


def answers_pile(store: Store) -> Pile:
    """The journal, with what SQLite keeps beside it."""
    pile = Pile(ANSWERS)
    for path in sorted(store.root.glob(f"{store.journal.name}*")):
        pile.add(path.name, *_measure(path))
    return pile


def remove_answers(store: Store) -> None:
    """Removes the journal.

    Raises:
        UserError: a run may be writing to it.
    """
    if in_use(store):
        raise UserError(
            "a run may be using the answers",
            where=str(store.journal),
            fix="wait until it ends, or leave out --answers",
        )
    for name in answers_pile(store).names:
        (store.root / name).unlink(missing_ok=True)


def as_json(piles: Iterable[Pile]) -> list[dict[str, object]]:
    """Piles as plain data."""
    return [
        {
            "kind": pile.kind.strip("()"),
            "count": len(pile.names),
            "bytes": pile.bytes,
            "oldest": pile.oldest.isoformat(timespec="seconds") if pile.oldest else None,
        }
        for pile in piles
    ]

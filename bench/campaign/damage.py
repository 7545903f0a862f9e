"""Faults of what is on disk: truncated, a bit flipped, emptied, removed; leftovers; folders that go."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from campaign.place import ALL_THERE, CLOSING, KINDS, REQUESTS, Place, World
from campaign.trial import LOST_WITH_A_PROCESS, Fault
from polyteach.processes import host_id

_NO_PID = 4_194_303
"""The last pid that Linux gives; nobody has it."""
HOWS = ("truncated", "a bit flipped", "emptied", "removed")
_LEAST = 54
"""How many of all files and ways are drawn beside one of each kind of artifact and way."""
_RUN_FILES = ("status.json", "results.json", "timing.json", "leaderboard.csv", "report.html", "analysis.json")


def damage(path: Path, how: str, part: float) -> None:
    """Damages a file; hard links to it elsewhere stay whole.

    Args:
        path: the file.
        how: one of `HOWS`.
        part: where in it, 0 to below 1.
    """
    content = path.read_bytes()
    path.unlink()
    at = int(part * len(content))
    if how == "truncated":
        path.write_bytes(content[:at])
    elif how == "a bit flipped":
        flipped = content[at] ^ 1 << int(part * 1000) % 8
        path.write_bytes(content[:at] + bytes([flipped]) + content[at + 1 :])
    elif how == "emptied":
        path.write_bytes(b"")


def faults(rng: random.Random, world: World) -> Iterator[Fault]:
    """All faults of what is on disk."""
    yield from _of_artifacts(rng, world)
    yield from _of_the_run_folder(rng)
    yield from _of_the_journal(rng)
    yield from _of_checkpoints(rng)
    yield from _of_leftovers(rng, world)
    yield from _of_folders(rng)
    yield from _of_the_study(rng)


def _of_artifacts(rng: random.Random, world: World) -> Iterator[Fault]:
    """Each file of each kind of artifact in each way is one that can be drawn."""
    store = world.finished / ".polyteach"
    pool: list[tuple[str, int, str, str]] = []
    for kind in KINDS:
        keys = world.keys({kind})
        which = rng.randrange(len(keys))
        folder = store / kind / keys[which]
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        pool += [(kind, which, path.relative_to(folder).as_posix(), how) for path in files for how in HOWS]
    first = [
        rng.choice([one for one in pool if one[0] == kind and one[3] == how])
        for kind in KINDS
        for how in HOWS
    ]
    rest = [one for one in pool if one not in first]
    for one in first + rng.sample(rest, min(_LEAST - len(first), len(rest))):
        yield _of_an_artifact(*one, round(rng.random(), 4))


def _of_an_artifact(kind: str, which: int, name: str, how: str, part: float) -> Fault:
    def inject(place: Place, world: World) -> None:
        key = world.keys({kind})[which]
        damage(place.store / kind / key / name, how, part)
        place.damaged.add(key)

    without = ALL_THERE if kind in CLOSING else frozenset()
    what = "manifest" if name == "manifest.json" else "artifact"
    return Fault(f"{what} {how}", kind, f"{name} of number {which} at {part}", inject, without)


def _of_the_run_folder(rng: random.Random) -> Iterator[Fault]:
    for how in HOWS:
        for name in rng.sample(_RUN_FILES, 2):
            yield _of_a_run_file(name, how, round(rng.random(), 4))
    yield _of_a_run_file("status.json", "a bit flipped", round(rng.random(), 4))
    yield _simple(
        "run folder damaged", "status.json is a list", lambda p: _write(p, "status.json", b"[1, 2]")
    )
    yield _simple("run folder damaged", "status.json is a folder's worth of brackets", _nested)
    yield _simple(
        "run folder damaged", "its links are gone", lambda p: shutil.rmtree(p.run_folder / "artifacts")
    )
    yield _simple("run folder damaged", "its links lead nowhere", _dangling)
    yield _simple("run folder damaged", "it is gone", lambda p: shutil.rmtree(p.run_folder))


def _of_a_run_file(name: str, how: str, part: float) -> Fault:
    def inject(place: Place, world: World) -> None:
        damage(place.run_folder / name, how, part)

    return Fault(f"result file {how}", "", f"{name} at {part}", inject)


def _simple(kind: str, moment: str, act: Callable[[Place], object], *without: str) -> Fault:
    def inject(place: Place, world: World) -> None:
        act(place)

    return Fault(kind, "", moment, inject, frozenset(without))


def _write(place: Place, name: str, content: bytes) -> None:
    (place.run_folder / name).write_bytes(content)


def _nested(place: Place) -> None:
    _write(place, "status.json", b"[" * 100_000)


def _dangling(place: Place) -> None:
    for link in [path for path in (place.run_folder / "artifacts").rglob("*") if path.is_symlink()]:
        link.unlink()
        link.symlink_to("nowhere")


def _of_the_journal(rng: random.Random) -> Iterator[Fault]:
    """The run was killed while its teacher answered, and the journal is damaged before it goes on."""
    for how in ("truncated", "truncated", *["a bit flipped"] * 6, "emptied", "removed"):
        yield _of_journal(how, round(rng.uniform(0.2, 0.8), 2), round(rng.random(), 4))
    for _ in range(3):
        yield _of_journal("an answer changed", round(rng.uniform(0.2, 0.8), 2), round(rng.random(), 4))
    for seconds in (1.5, 4.0):
        yield _held_journal(seconds)


def _of_journal(how: str, when: float, part: float) -> Fault:
    def inject(place: Place, world: World) -> None:
        running = place.start(workers=1)
        while not running.ended and place.answered() < when * REQUESTS:
            time.sleep(0.02)
        running.process.kill()
        place.finish(running)
        for process in place.processes():
            process.wait(5)
        journal = place.store / "journal.sqlite"
        with sqlite3.connect(journal) as file:  # what is in its log goes into it
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            tables = file.execute("SELECT 1 FROM sqlite_master WHERE name = 'answers'").fetchall()
            there = (
                file.execute("SELECT count(*) FROM answers WHERE model = 'tiny'").fetchone()[0]
                if tables
                else 0
            )
        file.close()
        place.notes.append(f"{there} answers in it")
        if how == "an answer changed":
            content = journal.read_bytes()
            answers = [match.end() for match in re.finditer(b"answer [0-9a-f]{15}", content)]
            at = answers[int(part * len(answers))]
            journal.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        else:
            damage(journal, how, part)
        place.requests += there  # those that are lost with it are asked again

    def mend(place: Place) -> None:
        (place.store / "journal.sqlite").rename(place.folder / "damaged.sqlite")
        for name in ("journal.sqlite-wal", "journal.sqlite-shm"):
            (place.store / name).unlink(missing_ok=True)

    moment = f"at {part}, after {when} of the answers"
    lost = LOST_WITH_A_PROCESS
    return Fault(f"journal {how}", "synthesis", moment, inject, frozenset({"synthesis"}), mend, lost)


def _held_journal(seconds: float) -> Fault:
    def inject(place: Place, world: World) -> None:
        running = place.start(workers=1)
        place.wait_for(running, world, "synthesis", 0.8)
        file = sqlite3.connect(place.store / "journal.sqlite", timeout=60)
        file.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        file.close()
        place.finish(running)

    return Fault(
        "journal held", "synthesis", f"{seconds} s by another process", inject, frozenset({"synthesis"})
    )


def _of_checkpoints(rng: random.Random) -> Iterator[Fault]:
    """A training is killed, and then its checkpoint is damaged."""
    for how in (*HOWS, *HOWS):
        yield _of_a_checkpoint(how, round(rng.random(), 4), round(rng.uniform(0.0, 0.5), 2))


def _of_a_checkpoint(how: str, part: float, delay: float) -> Fault:
    def inject(place: Place, world: World) -> None:
        running = place.start(workers=1)
        state = place.store / "state"
        while not running.ended and not list(state.glob("*/checkpoint-*/complete")):
            time.sleep(0.02)
        time.sleep(delay)
        running.process.kill()
        place.finish(running)
        for process in place.processes():
            process.wait(5)
        files = sorted(path for path in state.glob("*/checkpoint-*/*") if path.is_file())
        if not files:
            place.notes.append("no checkpoint was there")
            return
        chosen = files[int(part * len(files))]
        place.notes.append(f"{chosen.parent.name}/{chosen.name}")
        damage(chosen, how, part)

    moment = f"at {part}, killed {delay} s after the first"
    return Fault(f"checkpoint {how}", "students", moment, inject, frozenset({"students"}))


def _of_leftovers(rng: random.Random, world: World) -> Iterator[Fault]:
    for kind in rng.sample(KINDS, 4):
        yield _left_half(kind, rng.randrange(len(world.keys({kind}))))
    for told in LEASES:
        kind = rng.choice(KINDS)
        yield _left_lease(kind, rng.randrange(len(world.keys({kind}))), told)
    for kind in rng.sample(KINDS, 2):
        yield _aside(kind, rng.randrange(len(world.keys({kind}))))
    for kind in rng.sample(KINDS, 2):
        yield _not_a_folder(kind, rng.randrange(len(world.keys({kind}))))
    for what, fill in (("folder", _fill), ("file", _touch)):
        yield _stray(what, fill)
    yield _simple("leftovers", "a half written status", lambda p: _write(p, ".status.json.999999", b"{"))


def _stray(what: str, fill: Callable[[Path], None]) -> Fault:
    def inject(place: Place, world: World) -> None:
        fill(place.store / "partial" / "stray")
        place.planted.add("stray")

    return Fault("leftovers", "", f"a stray {what} in partial/", inject)


def _left_half(kind: str, which: int) -> Fault:
    """Half an artifact of a process of this machine that is gone."""

    def inject(place: Place, world: World) -> None:
        _fill(place.store / "partial" / f"{world.keys({kind})[which]}.{host_id()}-{_NO_PID}-1")

    return Fault("leftovers", kind, f"half of number {which} in partial/", inject, frozenset({kind}))


LEASES = ("of a process that is gone", "of a pid used again", "of another machine", "that is empty", "torn")
"""Leases that a crash may leave, or a machine that is gone."""


def _left_lease(kind: str, which: int, told: str) -> Fault:
    def inject(place: Place, world: World) -> None:
        owner = {
            "host": "elsewhere",
            "machine": "0" * 12 if told == LEASES[2] else host_id(),
            "pid": os.getpid() if told == LEASES[1] else _NO_PID,
            "started": "1",
            "run": "faults",
            "since": "2026-01-01T00:00:00+00:00",
            "token": "0" * 32,
        }
        content = json.dumps({"owner": owner, "beat": 3}).encode()
        lease = place.store / "locks" / f"{world.keys({kind})[which]}.lease"
        lease.parent.mkdir(exist_ok=True)
        lease.write_bytes({LEASES[3]: b"", LEASES[4]: content[:40]}.get(told, content))

    return Fault("leftovers", kind, f"a lease {told} of number {which}", inject, frozenset({kind}))


def _aside(kind: str, which: int) -> Fault:
    """As it is between the two renames of a replacement: the old artifact aside, none in its place."""

    def inject(place: Place, world: World) -> None:
        key = world.keys({kind})[which]
        (place.store / "partial").mkdir(exist_ok=True)
        (place.store / kind / key).rename(place.store / "partial" / f"{key}.old")
        place.damaged.add(key)

    without = ALL_THERE if kind in CLOSING else frozenset()
    return Fault("leftovers", kind, f"number {which} moved aside", inject, without)


def _not_a_folder(kind: str, which: int) -> Fault:
    def inject(place: Place, world: World) -> None:
        key = world.keys({kind})[which]
        folder = place.store / kind / key
        if folder.exists():
            shutil.rmtree(folder)
        _touch(folder)
        place.damaged.add(key)

    return Fault("leftovers", kind, f"number {which} is a file", inject, frozenset({kind}))


def _fill(folder: Path) -> None:
    _touch(folder / "rows.parquet")
    _touch(folder / "manifest.json.tmp")


def _touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"half")


def _of_folders(rng: random.Random) -> Iterator[Fault]:
    """Folders that are deleted in mid-run."""
    for kind in ("synthesis", "students", "examination"):
        yield _deleted("the run folder is deleted", kind, lambda place: place.run_folder)
    for kind in ("synthesis", "students"):
        yield _deleted("half made artifacts are deleted", kind, lambda place: place.store / "partial")
    for kind in ("gate", "students"):
        yield _deleted("the store is deleted", kind, lambda place: place.store)


def _deleted(name: str, kind: str, which: Callable[[Place], Path]) -> Fault:
    def inject(place: Place, world: World) -> None:
        place.running = place.start(workers=1)
        place.wait_for(place.running, world, kind, 0.05)
        folder = which(place)
        if folder == place.store:
            place.damaged.update(world.kinds)
            place.requests += REQUESTS
        shutil.rmtree(folder, ignore_errors=True)
        place.finish(place.running)

    return Fault(name, kind, "0.05 s into it", inject, frozenset({kind}))


def _of_the_study(rng: random.Random) -> Iterator[Fault]:
    for content in ("", "name: faults\nlanguages: [", "\0\x01"):
        yield _study_changed(repr(content), content)
    yield _other_study(rng.randint(8, 1000))


def _study_changed(moment: str, content: str) -> Fault:
    """The file of the study is spoilt while it runs; a run of the spoilt file tells so."""

    def inject(place: Place, world: World) -> None:
        running = place.start(workers=1)
        place.wait_for(running, world, "students", 0.3)
        place.study.write_text(content)
        place.finish(running)

    def mend(place: Place) -> None:
        place.write_study()

    return Fault("study file changed in mid-run", "students", moment, inject, frozenset({"students"}), mend)


def _other_study(rng_seed: int) -> Fault:
    """Another study of the same name is run in the same folder, killed, and the first one run again."""

    def inject(place: Place, world: World) -> None:
        text = place.study.read_text()
        place.study.write_text(text.replace("rng_seed: 7", f"rng_seed: {rng_seed}"))
        running = place.start()
        time.sleep(6.0)
        running.process.kill()
        place.finish(running)
        place.study.write_text(text)
        place.requests = place.answered()  # the other study's own

    return Fault("study file changed in mid-run", "", f"rng_seed {rng_seed} for a while", inject)

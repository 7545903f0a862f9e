"""Faults of disks: full, out of inodes, read-only. They need root, who may mount."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from campaign.place import ALL_THERE, Place, World
from campaign.trial import FRESH, Fault


def why_not() -> str:
    """Why none of these faults can be tried here; empty where they can."""
    return "" if os.geteuid() == 0 else "only root may mount a small disk"


def faults(rng: random.Random, world: World) -> Iterator[Fault]:
    """All faults of disks."""
    needed = sum(path.stat().st_size for path in world.finished.rglob("*") if path.is_file())
    for share in sorted(round(rng.uniform(0.02, 1.0), 2) for _ in range(5)):
        yield _full(f"{share:.2f} of what all takes", int(share * needed) // 4096 * 4096, FRESH)
    for kind in ("students", "students", "synthesis", "gate", "quality", "report"):
        yield _fills_up(kind, round(rng.uniform(0, 0.2), 2), rng.choice((0, 4096, 65536)))
    for number in sorted(rng.sample(range(4, 110), 4)):
        yield _no_inodes(number)
    yield _read_only_from_the_beginning("an empty one", FRESH)
    yield _read_only_from_the_beginning("all is there but the results", frozenset())
    yield _read_only_from_the_beginning("all is there", ALL_THERE)
    for kind in ("students", "examination", "seed_data", "quality"):
        yield _read_only_in_mid_run(kind, round(rng.uniform(0, 0.05), 2))
    for what in ("the run folder", "partial", "locks", "students"):
        yield _frozen_folder(what)


def _mounted(place: Place, options: str) -> None:
    """Mounts a small disk as the output folder."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place.output], check=True)
    place.at_the_end(lambda: subprocess.run(["umount", "-l", place.output], check=True))


def _remount(place: Place, options: str) -> bool:
    command = ["mount", "-o", f"remount,{options}", place.output]
    return subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0


def _full(moment: str, size: int, without: frozenset[str]) -> Fault:
    def inject(place: Place, world: World) -> None:
        _mounted(place, f"size={size}")
        place.run()
        _remount(place, "size=1g")

    return Fault("disk full", "", f"{moment}: {size} bytes", inject, without)


def _fills_up(kind: str, delay: float, left: int) -> Fault:
    """Something else fills the disk while a step of this kind is made."""

    def inject(place: Place, world: World) -> None:
        _mounted(place, "size=64m")
        place.copy_of(world, {kind})
        running = place.start(workers=1)
        if place.wait_for(running, world, kind, delay):
            there = os.statvfs(place.output)
            with suppress(OSError), (place.output / "other").open("wb") as other:
                other.write(bytes(max(0, there.f_bavail * there.f_frsize - left)))
        place.finish(running)
        (place.output / "other").unlink(missing_ok=True)

    moment = f"{delay} s into it but for {left} bytes"
    return Fault("disk filled by others", kind, moment, inject, FRESH)


def _no_inodes(number: int) -> Fault:
    def inject(place: Place, world: World) -> None:
        _mounted(place, f"size=256m,nr_inodes={number}")
        place.run()
        _remount(place, "nr_inodes=100000")

    return Fault("no inodes left", "", f"{number} in all", inject, FRESH)


def _read_only_from_the_beginning(moment: str, without: frozenset[str]) -> Fault:
    def inject(place: Place, world: World) -> None:
        if without == FRESH:
            subprocess.run(["mount", "--bind", place.output, place.output], check=True)
            place.at_the_end(lambda: subprocess.run(["umount", "-l", place.output], check=True))
            subprocess.run(["mount", "-o", "remount,bind,ro", place.output], check=True)
            place.run()
            subprocess.run(["mount", "-o", "remount,bind,rw", place.output], check=True)
            return
        _mounted(place, "size=256m")
        place.copy_of(world, without)
        _remount(place, "ro")
        place.run()
        _remount(place, "rw")

    return Fault("read-only folder", "", moment, inject, FRESH)


def _read_only_in_mid_run(kind: str, delay: float) -> Fault:
    """The disk turns read-only as soon as no file is open for writing."""

    def inject(place: Place, world: World) -> None:
        _mounted(place, "size=256m")
        place.copy_of(world, {kind})
        running = place.start(workers=1)
        place.wait_for(running, world, kind, delay)
        while not running.ended and not _remount(place, "ro"):
            time.sleep(0.002)
        place.finish(running)
        _remount(place, "rw")

    return Fault("read-only folder", kind, f"{delay} s into it", inject, FRESH)


def _frozen_folder(what: str) -> Fault:
    """Nothing can be made in one folder, or taken from it (the immutable attribute)."""

    def inject(place: Place, world: World) -> None:
        (place.store / "locks").mkdir(exist_ok=True)
        (place.store / "partial").mkdir(exist_ok=True)
        frozen = place.run_folder if what == "the run folder" else place.store / what
        if not _chattr("+i", frozen):
            place.notes.append("skipped: no immutable attribute here")
            return
        place.at_the_end(lambda: _chattr("-i", frozen))
        place.run()
        _chattr("-i", frozen)

    return Fault("read-only folder", "", f"{what}, by its attribute", inject, frozenset({"students"}))


def _chattr(flag: str, folder: Path) -> bool:
    return subprocess.run(["chattr", flag, folder], capture_output=True).returncode == 0

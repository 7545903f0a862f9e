"""Faults of the clock: it jumps before a run, between two, or in the middle of one (libfaketime)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from campaign.place import Place, World
from campaign.trial import LOST_WITH_A_PROCESS, Fault

_LIBRARIES = ("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1", "/usr/lib/faketime/libfaketimeMT.so.1")


def why_not() -> str:
    """Why none of these faults can be tried here; empty where they can."""
    return "" if _library() else "libfaketime is not here"


def faults(rng: random.Random) -> Iterator[Fault]:
    """All faults of the clock."""
    for offset in ("+1d", "-1d", "+400d", "-20y"):
        yield _killed_in_another_time(offset, round(rng.uniform(0.2, 1.8), 2))
    for offset, kind in (
        ("+1d", "synthesis"),
        ("-1d", "synthesis"),
        ("+1d", "students"),
        ("-1d", "students"),
    ):
        delay = round(rng.uniform(0.2, 1.5), 2)
        yield _jump(offset, kind, delay, monotonic=False)
        yield _jump(offset, kind, delay, monotonic=True)
    yield _jump("+1h", "gate", 0.1, monotonic=True)
    yield _jump("-1h", "examination", 0.02, monotonic=True)


def _library() -> str:
    return next((path for path in _LIBRARIES if Path(path).is_file()), "")


def _killed_in_another_time(offset: str, delay: float) -> Fault:
    """A run at another time is killed; what it left has dates of the past or the future."""

    def inject(place: Place, world: World) -> None:
        running = place.start(
            workers=1, LD_PRELOAD=_library(), FAKETIME=offset, FAKETIME_DONT_FAKE_MONOTONIC="1"
        )
        place.wait_for(running, world, "students", delay)
        running.process.kill()
        place.finish(running)

    moment = f"{offset}, killed after {delay} s of a training"
    without = frozenset({"students", "synthesis"})
    return Fault("clock of a run off", "students", moment, inject, without, in_flight=LOST_WITH_A_PROCESS)


def _jump(offset: str, kind: str, delay: float, *, monotonic: bool) -> Fault:
    """The clock jumps in mid-run; `monotonic`: even the one that never should."""

    def inject(place: Place, world: World) -> None:
        told = place.folder / "clock"
        told.write_text("+0")
        also = {} if monotonic else {"FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        running = place.start(
            workers=1,
            LD_PRELOAD=_library(),
            FAKETIME_TIMESTAMP_FILE=str(told),
            FAKETIME_CACHE_DURATION="1",
            **also,
        )
        place.wait_for(running, world, kind, delay)
        told.write_text(offset)
        place.finish(running, 120)

    clock = "all clocks" if monotonic else "the clock"
    return Fault("clock jumps", kind, f"{clock} {offset}, {delay} s into it", inject, frozenset({kind}))

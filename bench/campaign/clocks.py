"""Faults of the clock: it is wrong in one run and right in the next, or jumps in the middle of one.

A small library of ours, `clock.c`, sets the clock of the run's processes; the monotonic clock stays right,
as on a machine whose clock somebody sets. libfaketime 0.9.10 is no help: under it `time.sleep` of Python 3.11
fails, or, where it lets the monotonic clock jump as well, waiting for a lock with a timeout never ends.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from campaign.place import Place, World
from campaign.trial import LOST_WITH_A_PROCESS, Fault

_DAY = 86_400
_LONG = ("synthesis", "students")


def why_not() -> str:
    """Why none of these faults can be tried here; empty where they can."""
    return "" if sys.platform == "linux" and shutil.which("cc") else "no Linux with a C compiler is here"


def faults(rng: random.Random) -> Iterator[Fault]:
    """All faults of the clock."""
    for days in (1, -1, 400, -7300):
        yield _killed_in_another_time(days, round(rng.uniform(0.2, 1.8), 2))
    for kind in ("synthesis", "students", "gate", "quality", "examination"):
        for hours in rng.sample((1, -1, 24, -24, 8760, -8760), 2):
            yield _jump(hours, kind, round(rng.uniform(0.0, 1.5 if kind in _LONG else 0.1), 2))


def _ours(place: Place) -> dict[str, str]:
    """The environment in which the clock is wrong by as much as the place's file `clock` says."""
    library = place.folder / "clock.so"
    source = Path(__file__).with_name("clock.c")
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, source], check=True)
    return {"LD_PRELOAD": str(library), "CLOCK_FILE": str(place.folder / "clock")}


def _killed_in_another_time(days: int, delay: float) -> Fault:
    """A run at another time is killed; what it left has dates of the past or the future."""

    def inject(place: Place, world: World) -> None:
        (place.folder / "clock").write_text(str(days * _DAY))
        running = place.start(workers=1, **_ours(place))
        place.wait_for(running, world, "students", delay)
        running.process.kill()
        place.finish(running)

    moment = f"{days:+} days, killed after {delay} s of a training"
    without = frozenset({"students", "synthesis"})
    return Fault("clock of a run off", "students", moment, inject, without, in_flight=LOST_WITH_A_PROCESS)


def _jump(hours: int, kind: str, delay: float) -> Fault:
    """The clock jumps in mid-run."""

    def inject(place: Place, world: World) -> None:
        clock = place.folder / "clock"
        clock.write_text("0")
        running = place.start(workers=1, **_ours(place))
        place.wait_for(running, world, kind, delay)
        clock.write_text(str(hours * 3600))
        place.finish(running)

    return Fault("clock jumps", kind, f"{hours:+} h, {delay} s into it", inject, frozenset({kind}))

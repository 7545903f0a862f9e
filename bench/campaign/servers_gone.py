"""Faults of the teacher's server: gone, slow, busy, wrong, silent."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from campaign.place import Place, World
from campaign.trial import LOST_WITH_A_PROCESS, Fault

_SHARES = {
    "500": (0.1, 0.4),
    "502": (0.1, 0.4),
    "503": (0.1, 0.5),
    "429": (0.05, 0.2),
    "429-now": (0.1, 0.6),
    "reset": (0.05, 0.3),
    "truncated": (0.1, 0.4),
    "stall": (0.02, 0.06),
    "html": (0.05, 0.2),
    "not-json": (0.1, 0.3),
    "not-utf8": (0.1, 0.3),
    "no-choices": (0.1, 0.3),
    "error-in-200": (0.1, 0.3),
}
"""Faults of single answers, with the least and the most share of answers that meet them."""
_ONLY_SYNTHESIS = frozenset({"synthesis"})


def faults(rng: random.Random) -> Iterator[Fault]:
    """All faults of the server."""
    for name, (least, most) in _SHARES.items():
        yield _of_answers(name, round(rng.uniform(least, most), 2))
    for name in ("500", "401", "403", "404", "html", "redirect", "quota", "429-day"):
        yield _of_all_answers(name, round(rng.uniform(0.2, 1.5), 2))
    for seconds in (1.0, 3.0, 5.0):
        yield _gone(seconds, round(rng.uniform(0.2, 1.2), 2), 20.0)
    yield _gone(60.0, round(rng.uniform(0.2, 1.2), 2), 90.0)
    for delay in (0.3, 1.0):
        yield _gone_for_good(delay)
    yield _not_there()
    for seconds in (1.0, 4.0):
        yield _hangs(seconds, round(rng.uniform(0.2, 1.2), 2))
    for delay in (0.4, 1.1):
        yield _gone_and_killed(delay)


def _of_answers(name: str, share: float) -> Fault:
    def inject(place: Place, world: World) -> None:
        place.server.change(shares={name: share})
        place.run(workers=1)
        met = place.server.seen()["faults"]
        place.notes.append(f"met {sum(met.values())} times")
        place.server.change(shares={})

    return Fault(
        "server: some bad answers", "synthesis", f"{name}, {share:.0%} of answers", inject, _ONLY_SYNTHESIS
    )


def _of_all_answers(name: str, delay: float) -> Fault:
    """From some moment on no answer is good; the server is mended before the study is run again."""

    def inject(place: Place, world: World) -> None:
        running = place.start(workers=1)
        place.wait_for(running, world, "synthesis", delay)
        place.server.change(shares={name: 1.0})
        place.finish(running)
        place.server.change(shares={})

    return Fault("server: no good answer", "synthesis", f"{name}, {delay} s into it", inject, _ONLY_SYNTHESIS)


def _gone(seconds: float, delay: float, patience: float) -> Fault:
    def inject(place: Place, world: World) -> None:
        place.write_study(patience_seconds=patience)
        running = place.start(workers=1)
        place.wait_for(running, world, "synthesis", delay)
        place.stop_server()
        time.sleep(seconds)
        place.start_server()
        place.finish(running)
        place.settings.clear()  # a report tells them
        place.write_study()

    moment = f"{seconds:g} s, {delay} s into it, patience {patience:g} s"
    return Fault("server gone", "synthesis", moment, inject, _ONLY_SYNTHESIS)


def _gone_for_good(delay: float) -> Fault:
    """The run gives up; the server is back before the study is run again."""

    def inject(place: Place, world: World) -> None:
        running = place.start(workers=1)
        place.wait_for(running, world, "synthesis", delay)
        place.stop_server()
        place.finish(running)
        place.start_server()

    moment = f"longer than the patience of 8 s, {delay} s into it"
    return Fault("server gone", "synthesis", moment, inject, _ONLY_SYNTHESIS)


def _not_there() -> Fault:
    """Nobody listens, then or when the study is run again; then there is a server."""

    def inject(place: Place, world: World) -> None:
        place.stop_server()

    return Fault(
        "server gone", "synthesis", "from the beginning", inject, _ONLY_SYNTHESIS, lambda p: p.start_server()
    )


def _hangs(seconds: float, delay: float) -> Fault:
    """The server stands still: connections stay open, and nothing comes."""

    def inject(place: Place, world: World) -> None:
        running = place.start(workers=1)
        place.wait_for(running, world, "synthesis", delay)
        place.pause_server(seconds)
        place.finish(running)

    moment = f"{seconds:g} s, {delay} s into it"
    return Fault("server hangs", "synthesis", moment, inject, _ONLY_SYNTHESIS, in_flight=LOST_WITH_A_PROCESS)


def _gone_and_killed(delay: float) -> Fault:
    """The server goes, and the run is killed while it waits for it."""

    def inject(place: Place, world: World) -> None:
        running = place.start(workers=1)
        place.wait_for(running, world, "synthesis", delay)
        place.stop_server()
        time.sleep(2.0)
        running.process.kill()
        place.finish(running)
        place.start_server()

    moment = f"and the process killed 2 s later, {delay} s into it"
    return Fault("server gone", "synthesis", moment, inject, _ONLY_SYNTHESIS, in_flight=LOST_WITH_A_PROCESS)

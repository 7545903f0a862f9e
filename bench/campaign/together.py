"""Two runs of one study at once, and what happens to one of them."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator

from campaign.place import Place, World
from campaign.trial import FRESH, LOST_WITH_A_PROCESS, Fault


def faults(rng: random.Random) -> Iterator[Fault]:
    """All faults of two runs."""
    for _ in range(2):
        yield _both_to_the_end(round(rng.uniform(0.0, 5.0), 1))
    for name, sign in (
        ("killed", signal.SIGKILL),
        ("killed", signal.SIGKILL),
        ("interrupted", signal.SIGINT),
    ):
        for which in (0, 1):
            yield _one_ends(
                name, sign, which, round(rng.uniform(0.0, 3.0), 1), round(rng.uniform(2.0, 14.0), 1)
            )


def _both_to_the_end(apart: float) -> Fault:
    def inject(place: Place, world: World) -> None:
        first = place.start(workers=1)
        time.sleep(apart)
        second = place.start(workers=1)
        for running in (first, second):
            if place.finish(running).code != 0:
                place.wrong.append("one of two undisturbed runs failed")

    return Fault("two runs at once", "", f"{apart} s apart", inject, FRESH)


def _one_ends(name: str, sign: signal.Signals, which: int, apart: float, after: float) -> Fault:
    """One of two is ended; the other has to come to its end by itself, with the results."""

    def inject(place: Place, world: World) -> None:
        runs = [place.start(workers=1)]
        time.sleep(apart)
        runs.append(place.start(workers=1))
        time.sleep(after)
        if not runs[which].ended:
            runs[which].process.send_signal(sign)
        ends = [place.finish(running) for running in runs]
        if ends[1 - which].code != 0 or place.results() != world.results:
            place.wrong.append("the other one did not end with the results")

    moment = f"{apart} s apart, the {('first', 'second')[which]} {name} after {after} s more"
    return Fault(f"two runs at once, one {name}", "", moment, inject, FRESH, in_flight=LOST_WITH_A_PROCESS)

"""Faults of processes: killed, stopped, told to end, short of memory or of files."""

from __future__ import annotations

import os
import random
import resource
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from campaign.place import CLOSING, KINDS, Place, Running, World
from campaign.trial import FRESH, LOST_WITH_A_PROCESS, Fault, Inject

IN_WORKERS = tuple(kind for kind in KINDS if kind not in CLOSING)
_DELAYS = {"synthesis": 2.0, "students": 2.0, "gate": 0.6}
"""Seconds that the longer kinds of steps take at least, so that a fault falls into them."""
_CGROUPS = Path("/sys/fs/cgroup/memory")


def faults(rng: random.Random) -> Iterator[Fault]:
    """All faults of processes."""
    for name, sign, whole in (
        ("kill -9 of the process", signal.SIGKILL, False),
        ("kill -9 of process and workers", signal.SIGKILL, True),
    ):
        for _ in range(4):
            yield _at_a_moment(name, sign, whole, round(rng.uniform(0.02, 0.98), 2))
        for kind in rng.sample(KINDS, 5) if whole else KINDS:
            yield _in_a_step(name, kind, _delay(rng, kind), _signalled(sign, whole), in_flight=True)
    for name, sign in (("SIGTERM", signal.SIGTERM), ("SIGINT", signal.SIGINT), ("SIGHUP", signal.SIGHUP)):
        for kind in rng.sample(KINDS, 3):
            yield _in_a_step(f"{name} of the process", kind, _delay(rng, kind), _signalled(sign, False), True)
    for kind in IN_WORKERS:
        yield _in_a_step("kill -9 of a worker", kind, _delay(rng, kind), _worker_killed(1), True)
    for kind in rng.sample(IN_WORKERS, 4):
        yield _in_a_step("kill -9 of a worker, again and again", kind, 0.0, _worker_killed(3), True)
    for kind in ("synthesis", "students", *rng.sample(IN_WORKERS, 3)):
        seconds = round(rng.uniform(1, 5), 1)
        yield _in_a_step(
            "a worker stands still", kind, _delay(rng, kind), _stopped(seconds), more=f", {seconds} s"
        )
    for kind in ("synthesis", *rng.sample(IN_WORKERS, 2)):
        seconds = round(rng.uniform(1, 5), 1)
        yield _in_a_step(
            "all stand still", kind, _delay(rng, kind), _all_stopped(seconds), more=f", {seconds} s"
        )
    for kind in ("students", "students", "students", "synthesis", "examination", "gate"):
        room = rng.choice((0, 1, 4, 16, 64))
        more = f", {room} MiB more and no further"
        yield _in_a_step("out of memory in a step", kind, _delay(rng, kind), _no_memory(room), True, more)
    for share in (0.25, 0.5, 0.7, 0.85):
        yield _limited_memory(share, rng.randint(0, 40))
    for megabytes in sorted(rng.sample(range(250, 700, 10), 3)):
        yield _killed_for_memory(megabytes)
    for kind in rng.sample(IN_WORKERS, 4):
        yield _in_a_step("no further file in a worker", kind, _delay(rng, kind), _no_files)
    for number in sorted(rng.sample(range(8, 48), 6)):
        yield _few_files(number)


def _delay(rng: random.Random, kind: str) -> float:
    return round(rng.uniform(0.0, _DELAYS.get(kind, 0.05)), 2)


def _at_a_moment(name: str, sign: signal.Signals, whole: bool, part: float) -> Fault:
    def inject(place: Place, world: World) -> None:
        running = place.start()
        time.sleep(part * world.seconds)
        place.notes.append(f"in work: {place.in_work()}")
        _send(running, sign, whole)
        place.finish(running)

    return Fault(name, "", f"after {part:.2f} of the run", inject, FRESH, in_flight=LOST_WITH_A_PROCESS)


def _in_a_step(
    name: str, kind: str, delay: float, act: Inject, in_flight: bool = False, more: str = ""
) -> Fault:
    """A fault while a step of this kind is made; `act` meets the run that is `place.running`."""

    def inject(place: Place, world: World) -> None:
        place.running = place.start(workers=1)
        if place.wait_for(place.running, world, kind, delay):
            act(place, world)
        else:
            place.notes.append("the run ended before")
        place.finish(place.running)

    lost = LOST_WITH_A_PROCESS if in_flight else 0
    return Fault(name, kind, f"{delay} s into it{more}", inject, frozenset({kind}), in_flight=lost)


def _send(running: Running, sign: signal.Signals, whole: bool) -> None:
    if running.ended:
        return
    if whole:
        os.killpg(running.process.pid, sign)
    else:
        running.process.send_signal(sign)


def _signalled(sign: signal.Signals, whole: bool) -> Inject:
    return lambda place, world: _send(place.running, sign, whole)


def _worker_killed(times: int) -> Inject:
    def act(place: Place, world: World) -> None:
        killed: set[int] = set()
        while len(killed) < times and not place.running.ended:
            for worker in place.running.workers():
                if worker.pid not in killed:
                    killed.add(worker.pid)
                    worker.kill()
                    time.sleep(0.0 if times == 1 else 1.0)
            time.sleep(0.02)
        place.notes.append(f"{len(killed)} killed")

    return act


def _stopped(seconds: float) -> Inject:
    def act(place: Place, world: World) -> None:
        for worker in place.running.workers():
            worker.suspend()
        time.sleep(seconds)
        for worker in place.running.workers():
            worker.resume()

    return act


def _all_stopped(seconds: float) -> Inject:
    def act(place: Place, world: World) -> None:
        os.killpg(place.running.process.pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.killpg(place.running.process.pid, signal.SIGCONT)

    return act


def _no_memory(room: int) -> Inject:
    """The worker's address space may grow by so many MiB and no further: allocations fail in earnest."""

    def act(place: Place, world: World) -> None:
        for worker in place.running.workers():
            most = worker.memory_info().vms + room * 2**20
            resource.prlimit(worker.pid, resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))

    return act


def _no_files(place: Place, world: World) -> None:
    for worker in place.running.workers():
        there = worker.num_fds()
        resource.prlimit(worker.pid, resource.RLIMIT_NOFILE, (there, 1024))


def _limited_memory(share: float, more: int) -> Fault:
    """The address space of every process of the run is limited from its beginning."""
    megabytes = round(share * 4096) + more

    def inject(place: Place, world: World) -> None:
        place.run(before=["prlimit", f"--as={megabytes * 2**20}"])

    moment = f"{megabytes} MiB of addresses from the beginning"
    return Fault("little memory for a process", "students", moment, inject, frozenset({"students"}))


def _killed_for_memory(megabytes: int) -> Fault:
    """The system kills a process of the run when all together have more than so much."""

    def inject(place: Place, world: World) -> None:
        group = _CGROUPS / f"polyteach-{os.getpid()}-{place.folder.name}"
        try:
            group.mkdir()
            (group / "memory.limit_in_bytes").write_text(str(megabytes * 2**20))
        except OSError as error:
            place.notes.append(f"skipped: no control group of memory here ({error.strerror})")
            return
        place.at_the_end(group.rmdir)
        place.run(before=["sh", "-c", f'echo $$ > {group}/cgroup.procs; exec "$@"', "sh"])
        for process in place.processes():
            process.kill()
        psutil.wait_procs(list(place.processes()), timeout=5)

    moment = f"{megabytes} MiB for all processes"
    return Fault("killed for its memory", "students", moment, inject, frozenset({"students"}))


def _few_files(number: int) -> Fault:
    def inject(place: Place, world: World) -> None:
        place.run(before=["prlimit", f"--nofile={number}"])

    without = frozenset({"synthesis", "students"})
    return Fault("files open run out", "", f"{number} at once", inject, without)

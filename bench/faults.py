"""Breaks a small study in over 200 ways, runs it again after each, and compares what came of it.

    python bench/faults.py [--rng-seed 9] [--faults 0] [--only WORD ...] [--at-once 2] [--folder FOLDER]

After each fault the same command has to end with the same `results.json`, byte for byte, or with one
message that says what to mend (and then, once that is mended, with the same results); what was finished is
not made again, and the teacher's server, which counts, is not asked again but for what was in flight when a
process was killed. Prints a line a fault and a table by kind. Exit code 1 where one does not hold; its
folder is kept.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from queue import Queue

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # the server that the tests use

from campaign import clocks, damage, disks, network, processes, servers_gone, together
from campaign.place import World
from campaign.trial import Fault, Verdict, tried


def drawn(rng_seed: int, world: World) -> tuple[list[Fault], list[str]]:
    """All faults that can be tried here, in an order drawn as well, and why others cannot."""
    rng = random.Random(rng_seed)
    kinds: list[tuple[str, Callable[[random.Random], Iterable[Fault]], str]] = [
        ("processes", processes.faults, ""),
        ("damage", partial(damage.faults, world=world), ""),
        ("servers", servers_gone.faults, ""),
        ("two runs", together.faults, ""),
        ("network", network.faults, network.why_not()),
        ("disks", partial(disks.faults, world=world), disks.why_not()),
        ("clocks", clocks.faults, clocks.why_not()),
    ]
    found: dict[str, Fault] = {}
    for name, draw, why_not in kinds:
        own = random.Random(f"{rng_seed} {name}")
        for fault in draw(own) if not why_not else ():
            found.setdefault(fault.name, fault)  # the same fault twice is one
    faults = list(found.values())
    rng.shuffle(faults)
    return faults, [f"{name}: {why_not}" for name, _, why_not in kinds if why_not]


def table(verdicts: Sequence[Verdict]) -> str:
    """Verdicts by kind of fault, as Markdown."""
    heads = (
        "fault",
        "injected",
        "identical",
        "told, then identical",
        "lost",
        "asked again",
        "traceback",
        "wrong",
    )
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    kinds = sorted({verdict.fault.kind for verdict in verdicts})
    for kind in [*kinds, "all"]:
        own = [verdict for verdict in verdicts if kind in ("all", verdict.fault.kind)]
        cells = (
            len(own),
            sum(v.identical and not v.told for v in own),
            sum(v.identical and bool(v.told) for v in own),
            sum(v.lost for v in own),
            sum(v.paid_twice for v in own),
            sum(bool(v.tracebacks) for v in own),
            sum(bool(v.wrong) or not v.identical for v in own),
        )
        lines.append(f"| {kind} | {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def _tried(fault: Fault, number: int, worlds: Queue[World]) -> Verdict:
    """Tries a fault in a world that no other one is in."""
    world = worlds.get()
    try:
        return tried(fault, number, world)
    finally:
        worlds.put(world)


def main() -> None:
    """Draws, tries, tells."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rng-seed", type=int, default=9)
    parser.add_argument("--faults", type=int, default=0, help="so many at most; 0: all")
    parser.add_argument("--only", nargs="*", default=[""], help="those whose name has one of these words")
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=None, help="an empty one, on a disk")
    options = parser.parse_args()
    began = time.monotonic()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="polyteach-faults-"))
    print(f"rng_seed {options.rng_seed}", flush=True)
    worlds: Queue[World] = Queue()
    for number in range(options.at_once):
        worlds.put(world := World.made(folder / f"undisturbed-{number}"))
        print(f"undisturbed: {world.seconds:.1f} s, {len(world.results)} bytes of results", flush=True)
    if len({world.results for world in worlds.queue}) > 1:
        sys.exit("without any fault two runs have different results")
    faults, skipped = drawn(options.rng_seed, world)
    faults = [fault for fault in faults if any(word in fault.name for word in options.only)][
        : options.faults or None
    ]
    for line in skipped:
        print(f"skipped, {line}", flush=True)
    verdicts: list[Verdict] = []
    with ThreadPoolExecutor(options.at_once) as pool:
        tries = {pool.submit(_tried, fault, number, worlds): fault for number, fault in enumerate(faults, 1)}
        for number, future in enumerate(as_completed(tries), 1):
            error = future.exception()
            failed = Verdict(tries[future], wrong=[f"the campaign itself failed: {error!r}"])
            verdicts.append(failed if error else future.result())
            print(f"{number}/{len(tries)} [{verdicts[-1].seconds:.0f} s] {verdicts[-1].line()}", flush=True)
    held = sum(verdict.holds for verdict in verdicts)
    print(f"\n{table(verdicts)}\n\n{held} of {len(verdicts)} hold, {time.monotonic() - began:.0f} s")
    if held == len(verdicts) and options.folder is None:
        shutil.rmtree(folder)
    sys.exit(0 if held == len(verdicts) else 1)


if __name__ == "__main__":
    main()

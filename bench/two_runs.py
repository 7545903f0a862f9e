"""Starts a small study twice in one folder, at random moments, and compares with a run that was alone.

    python bench/two_runs.py [--starts 10] [--rng-seed 1]

The second run starts while the first is under way. Both have to end with exit code 0 and the same results,
each step has to be made once, and `status.json` has to be whole whenever it is read. Prints a line for each
pair of runs; exit code 1 if one of this does not hold.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
import time
from pathlib import Path

from kill_and_resume import complete, start

RESULTS = ("results.json", "analysis.json", "leaderboard.csv", "report.html")


def results(output: Path) -> list[bytes]:
    """The files that are the same whenever the study is the same."""
    return [(output / "runs" / "small" / name).read_bytes() for name in RESULTS]


def twice(output: Path, apart: float) -> tuple[list[int], float, list[int]]:
    """Runs the study twice, so many seconds apart.

    Returns:
        The exit codes; the seconds until both ended; who wrote the status, by pid, in their order.
    """
    began = time.monotonic()
    processes = [start(output)]
    status, writers = output / "runs" / "small" / "status.json", list[int]()
    while len(processes) < 2 or any(process.poll() is None for process in processes):
        if len(processes) < 2 and time.monotonic() - began >= apart:
            processes.append(start(output))
        if status.exists():
            writer = json.loads(status.read_bytes())["pid"]
            writers += [] if writers[-1:] == [writer] else [writer]
        time.sleep(0.02)
    return [process.returncode for process in processes], time.monotonic() - began, writers


def made(output: Path) -> int:
    """How many steps all runs in a folder made, by the last line each wrote."""
    return sum(
        int(count) for count in re.findall(r"^(\d+) steps? made", (output / "log.txt").read_text(), re.M)
    )


def main() -> None:
    """Starts, compares, tells."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--starts", type=int, default=10)
    arguments.add_argument("--rng-seed", type=int, default=1)
    options = arguments.parse_args()
    rng, wrong = random.Random(options.rng_seed), 0
    with tempfile.TemporaryDirectory() as folder:
        (alone := Path(folder) / "alone").mkdir()
        _, seconds = complete(alone)
        print(f"rng_seed {options.rng_seed}; alone: {seconds:.1f} s, {made(alone)} steps made", flush=True)
        for number in range(options.starts):
            (output := Path(folder) / str(number)).mkdir()
            apart = rng.uniform(0, 0.9 * seconds)
            codes, both, writers = twice(output, apart)
            same = codes == [0, 0] and results(output) == results(alone) and made(output) == made(alone)
            wrong += not same
            told = f"exit codes {codes}, {made(output)} steps made, {len(set(writers))} wrote the status"
            what = "same" if same else "NOT the same"
            print(f"{number + 1}: {apart:.1f} s apart, {both:.1f} s: {told}: {what}", flush=True)
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()

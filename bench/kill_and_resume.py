"""Kills a small study with SIGKILL at random times, runs it again, and compares the results byte by byte.

    python bench/kill_and_resume.py [--kills 20] [--rng-seed 1]

Each kill has a fresh store; half of them take the whole process group, workers too, half the parent alone.
Prints a line for each kill; exit code 1 if any `results.json` differs from the uninterrupted run's.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STUDY = Path(__file__).with_name("small_study.yaml")


def start(output: Path) -> subprocess.Popen[bytes]:
    """Starts the study in a process group of its own."""
    command = [sys.executable, "-m", "polyteach.cli.main", "run", str(STUDY), "--output-dir", str(output)]
    with (output / "log.txt").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)


def complete(output: Path) -> tuple[bytes, float]:
    """Runs the study to its end; returns its results and the seconds it took."""
    began = time.monotonic()
    code = start(output).wait()
    if code != 0:
        sys.exit(f"the study ended with exit code {code}:\n{(output / 'log.txt').read_text()}")
    return (output / "runs" / "small" / "results.json").read_bytes(), time.monotonic() - began


def kill_after(output: Path, seconds: float, group: bool) -> str:
    """Starts the study and kills it; returns how far it was."""
    process = start(output)
    try:
        process.wait(timeout=seconds)
        return "was done already"
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL) if group else process.kill()
        process.wait()
    finished = len(list((output / ".polyteach").glob("*/*/manifest.json")))
    return f"{finished} artifacts finished, {'group' if group else 'parent'} killed"


def main() -> None:
    """Kills, resumes, compares."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--kills", type=int, default=20)
    arguments.add_argument("--rng-seed", type=int, default=1)
    options = arguments.parse_args()
    rng = random.Random(options.rng_seed)
    with tempfile.TemporaryDirectory() as folder:
        undisturbed = Path(folder, "undisturbed")
        undisturbed.mkdir()
        expected, seconds = complete(undisturbed)
        print(f"undisturbed: {seconds:.1f} s, {len(expected)} bytes of results", flush=True)
        different = 0
        for kill in range(options.kills):
            output = Path(folder, f"kill-{kill}")
            output.mkdir()
            moment = rng.uniform(0.02, 1.0) * seconds
            state = kill_after(output, moment, group=kill % 2 == 0)
            results, again = complete(output)
            same = results == expected
            different += not same
            verdict = "identical" if same else "DIFFERENT"
            print(
                f"kill {kill + 1:2} at {moment:5.1f} s: {state}; resumed in {again:.1f} s: {verdict}",
                flush=True,
            )
        print(f"{options.kills - different} of {options.kills} identical")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()

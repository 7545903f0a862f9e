"""The steps of a pocket study on 1 and 2 workers, measured; and on more, simulated from what was measured.

    python bench/scaling.py [--study studies/pocket-demo.yaml] [--languages de ar] [--repeats 2]

Each repeat runs the study with 1 and with 2 workers, in alternating order, each in a fresh store; minutes on
two cores. Printed: wall and CPU seconds, how far the simulation is from each measured run, and what it says
of more workers. The simulation takes steps in the executors' own order.

A step's CPU seconds are what the one worker used between the ends of two steps, so all between them is in;
the median of the repeats. The first step of a kind on a worker pays for imports and first calls: what it used
beyond the median of its kind is counted as that, once for each worker. On a machine with other work on it, a
clock says little, so runs with 2 workers are foretold in CPU seconds, times what a CPU second of that run
took (all its steps' clock seconds by all its CPU seconds).
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import psutil  # type: ignore[import-untyped]
from cluster.simulation import Cluster, Ran, Work, alone, longest_chain, simulate

from polyteach.artifacts import Store
from polyteach.executors.local import Local
from polyteach.executors.outcome import Outcome
from polyteach.pipeline import cell_steps
from polyteach.resources import find_resources
from polyteach.running import run_study
from polyteach.runs import RunFolder
from polyteach.steps import Step
from polyteach.study import Study, load_study

ROOT = Path(__file__).parents[1]
WORKERS = (1, 2, 3, 4, 8, 16, 32)
CLOSING = ("score", "analysis", "report")


@dataclass
class Watch:
    """What a run tells, with the time of it: seconds since the run began.

    Attributes:
        started_at, ended_at: of each step, by its id.
        seconds: of its work by the clock, by its id.
        cpu: seconds that all workers had used when it ended, by its id.
    """

    began: float = field(default_factory=time.monotonic)
    started_at: dict[str, float] = field(default_factory=dict)
    ended_at: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    seconds_left: float | None = None

    @property
    def now(self) -> float:
        return time.monotonic() - self.began

    def begin(self, steps: Sequence[Step], reused: int) -> None: ...

    def say(self, message: str) -> None:
        print(message, file=sys.stderr)

    def close(self) -> None: ...

    def started(self, step: Step, where: str) -> None:
        self.started_at[step.id] = self.now

    def progressed(self, step_id: str, done: int, total: int, unit: str) -> None: ...

    def put_back(self, step: Step, why: str) -> None:
        sys.exit(f"{step.id}: {why}")

    def printed(self, step_id: str, text: str) -> None: ...

    def waited(self) -> None: ...

    def ended(self, outcome: Outcome) -> None:
        if outcome.artifact is None:
            sys.exit(f"{outcome.step.id} {outcome.state}: {outcome.error}")
        if outcome.step.kind in CLOSING:
            return
        self.ended_at[outcome.step.id] = self.now
        self.seconds[outcome.step.id] = outcome.artifact.seconds
        used = [worker.cpu_times() for worker in psutil.Process().children(recursive=True)]
        self.cpu[outcome.step.id] = sum(one.user + one.system for one in used)


@dataclass(frozen=True)
class Run:
    """One measured run.

    Attributes:
        workers: processes.
        wall: seconds of all of it, without this script's own imports.
        before: seconds until the first step was handed to a worker.
        steps: seconds from then until the last step of a worker ended.
        after: seconds of the closing steps, on the driver.
        cpu: of all workers together.
        seconds: of each step's work by the clock, by its id.
        used: CPU seconds of each step, by its id; only of one worker.
    """

    workers: int
    wall: float
    before: float
    steps: float
    after: float
    cpu: float
    seconds: Mapping[str, float]
    used: Mapping[str, float]

    @property
    def slowness(self) -> float:
        """Clock seconds of a CPU second."""
        return sum(self.seconds.values()) / self.cpu


def main() -> None:
    """Measures, simulates, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--study", type=Path, default=ROOT / "studies" / "pocket-demo.yaml")
    parser.add_argument("--languages", nargs="+", help="of the study's; all if left out")
    parser.add_argument("--repeats", type=int, default=2)
    asked = parser.parse_args()
    study = load_study(asked.study)
    if asked.languages:
        study = study.model_copy(update={"languages": asked.languages})
    orders = [(1, 2), (2, 1)]
    runs = [measured(study, asked.study, w) for at in range(asked.repeats) for w in orders[at % 2]]
    steps = cell_steps(study, find_resources(study, asked.study.parent))
    print(f"{study.name}: {len(steps)} steps, {os.cpu_count()} cores\n")
    print_measured(runs)
    print_simulated(steps, runs)


def measured(study: Study, file: Path, workers: int) -> Run:
    """Runs a study in a fresh store."""
    with tempfile.TemporaryDirectory() as scratch:
        watch = Watch()
        resources = find_resources(study, file.parent)
        folder = RunFolder.of(Path(scratch), study.name)
        run_study(study, resources, Store(Path(scratch) / "store"), folder, watch, executor=Local(workers))
        wall = watch.now
    first, last = min(watch.started_at.values()), max(watch.ended_at.values())
    ends = [0.0, *watch.cpu.values()]
    used = dict(zip(watch.cpu, (after - before for before, after in pairwise(ends)), strict=True))
    return Run(workers, wall, first, last - first, wall - last, ends[-1], watch.seconds, used)


def works(used: Mapping[str, float]) -> dict[str, Work]:
    """What each step takes: its seconds, where the first of a kind pays what it took beyond its like.

    Args:
        used: seconds of each step by its id, in the order in which one worker took them.
    """
    kinds: dict[str, list[str]] = {}
    for id in used:
        kinds.setdefault(id.split("/", 1)[0], []).append(id)
    found: dict[str, Work] = {}
    for kind, (first, *others) in kinds.items():
        usual = statistics.median(used[id] for id in others) if others else used[first]
        more = max(0.0, used[first] - usual)
        found |= {id: Work(used[id] - more * (id == first), imports={kind: more}) for id in (first, *others)}
    return found


def medians(runs: Sequence[Run]) -> dict[str, float]:
    """CPU seconds of each step, the median of runs of one worker, in the order in which it took them."""
    return {id: statistics.median(run.used[id] for run in runs) for id in runs[0].used}


def print_measured(runs: Sequence[Run]) -> None:
    """What was measured, a line each run."""
    print(
        "| workers | all s | steps s | closing steps s | CPU s of workers | CPU s a step | clock s a CPU s |"
    )
    print("|---|---|---|---|---|---|---|")
    for run in runs:
        numbers = (run.wall, run.steps, run.after, run.cpu, run.cpu / len(run.seconds), run.slowness)
        print(f"| {run.workers} | " + " | ".join(f"{number:.2f}" for number in numbers) + " |")


def print_simulated(steps: Sequence[Step], runs: Sequence[Run]) -> None:
    """How far the simulation is from the runs, then what it says of more workers."""
    one = [run for run in runs if run.workers == 1]
    work = works(medians(one))
    print("\nsteps, without start and closing: simulated / measured")
    for run in runs:
        own = _on(steps, {id: Work(seconds) for id, seconds in run.seconds.items()}, run.workers).seconds
        foretold = _on(steps, work, run.workers).seconds * run.slowness
        print(
            f"  {run.workers} worker{'s' * (run.workers > 1)}: {own:.1f} / {run.steps:.1f} = "
            f"{own / run.steps:.3f} by its steps' own clock seconds; {foretold:.1f} / {run.steps:.1f} = "
            f"{foretold / run.steps:.3f} by one worker's CPU seconds"
        )
    start = statistics.median(run.before / run.slowness for run in one)
    closing = statistics.median(run.after / run.slowness for run in one)
    chain = longest_chain(steps, work)
    least = sum(alone(work[step.id]) for step in chain)
    total = sum(each.seconds for each in work.values())
    print(f"\nlongest chain {least:.1f} s: {' > '.join(step.id for step in chain)}")
    print(f"work {total:.1f} s, start {start:.1f} s, closing steps {closing:.1f} s (on the driver)")
    print("\non so many free cores, in seconds:\n")
    print("| workers | all | times as fast as 1 | of workers' time work, imports | work / workers | limit |")
    print("|---|---|---|---|---|---|")
    single = start + _on(steps, work, 1).seconds + closing
    for count in WORKERS:
        ran = _on(steps, work, count)
        seconds = start + ran.seconds + closing
        shares = f"{total / (count * ran.seconds):.2f}, {ran.loading / (count * ran.seconds):.2f}"
        limit = "the longest chain" if least >= total / count else "work"
        print(
            f"| {count} | {seconds:.1f} | {single / seconds:.2f} | {shares} | {total / count:.1f} | {limit} |"
        )


def _on(steps: Sequence[Step], work: Mapping[str, Work], workers: int) -> Ran:
    return simulate(steps, work, Cluster(workers, a_node=workers))


if __name__ == "__main__":
    main()

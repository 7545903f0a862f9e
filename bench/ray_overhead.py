"""What a step costs on a Ray cluster beside its own work: empty steps against Ray's own empty tasks.

    python bench/ray_overhead.py [--steps 200] [--rounds 3] [--cpus 2]

Both run in turn in one process, on one Ray that is started here: tasks of an actor that do nothing, as many
actors as CPUs; and steps that do nothing but are leased, stored, linked and noted in `status.json` as those
of a study. The time of starting Ray and of looking at the machines is told apart from it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from polyteach.artifacts import JOURNAL, Store
from polyteach.executors.cluster import Cluster
from polyteach.executors.outcome import Outcome
from polyteach.executors.ray import OnRay
from polyteach.executors.ray_joining import joined
from polyteach.runs import RunFolder
from polyteach.status import Account, StatusWriter
from polyteach.steps import Step, StepTask


def nothing(task: StepTask) -> Mapping[str, Any]:
    """An empty step."""
    return {}


class Idler:
    """An actor whose task is empty."""

    def work(self) -> None:
        """Does nothing."""


class Noted:
    """Notes in the run's folder what a study's run does, and when steps began and ended."""

    def __init__(self, folder: RunFolder, steps: Sequence[Step], store: Store) -> None:
        self._folder = folder
        self._status = StatusWriter(folder, steps, {}, "bench", Account(store.root / JOURNAL, "bench"))
        self.first = self.last = 0.0

    def started(self, step: Step, where: str) -> None:
        """Notes it."""
        self.first = self.first or time.perf_counter()
        self._status.started(step, where)
        self._status.write()

    def progressed(self, step_id: str, done: int, total: int, unit: str) -> None:
        """Notes it."""
        self._status.progressed(step_id, done, total, unit)

    def ended(self, outcome: Outcome) -> None:
        """Notes it."""
        assert outcome.artifact, outcome.error
        self._status.ended(outcome)
        self._folder.link(outcome.step, outcome.artifact)
        self._status.write()
        self.last = time.perf_counter()

    def put_back(self, step: Step, why: str) -> None:
        """Tells it: it should not happen here."""
        print(f"{step.id} was put back: {why}")

    def printed(self, step_id: str, text: str) -> None:
        """Keeps nothing."""

    def waited(self) -> None:
        """Notes how far it is."""
        self._status.write()


def bare(ray: Any, tasks: int, actors: int) -> float:
    """Seconds that Ray takes for empty tasks of so many actors, each given its next when it is done."""
    idlers = [ray.remote(Idler).remote() for _ in range(actors)]
    ray.get([idler.work.remote() for idler in idlers])
    began = time.perf_counter()
    at_work = {idler.work.remote(): idler for idler in idlers}
    for _ in range(tasks - actors):
        done, _ = ray.wait(list(at_work))
        idler = at_work.pop(done[0])
        at_work[idler.work.remote()] = idler
    ray.get(list(at_work))
    seconds = time.perf_counter() - began
    for idler in idlers:
        ray.kill(idler)
    return seconds


def steps_of(count: int, round_: int) -> list[Step]:
    """Empty steps, none like another."""
    return [Step(f"empty/{i}", "empty", nothing, 1, {"i": i, "round": round_}) for i in range(count)]


def ours(count: int, round_: int, output: Path, actors: int) -> tuple[float, float]:
    """Seconds for empty steps from the first start to the last end, and for all around them."""
    store, folder = Store(output / "store"), RunFolder(output / f"run-{round_}")
    store.prepare()
    folder.prepare()
    steps = steps_of(count, round_)
    noted, began = Noted(folder, steps, store), time.perf_counter()
    OnRay(Cluster(), workers=actors).run(steps, store, noted)
    whole = time.perf_counter() - began
    return noted.last - noted.first, whole - (noted.last - noted.first)


def main() -> None:
    """Measures in turn, prints each round, and the median of what a step costs beyond a task."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--steps", type=int, default=200)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--cpus", type=int, default=2)
    options = arguments.parse_args()
    beyond: list[float] = []
    began = time.perf_counter()
    with (
        joined(None, options.cpus, lambda name, text: None) as ray,
        tempfile.TemporaryDirectory() as output,
    ):
        print(f"Ray {ray.__version__}, {options.cpus} CPUs, started in {time.perf_counter() - began:.1f} s")
        for round_ in range(options.rounds):
            own = bare(ray, options.steps, options.cpus) / options.steps
            seconds, around = ours(options.steps, round_, Path(output), options.cpus)
            each = seconds / options.steps
            beyond.append(each - own)
            print(
                f"round {round_ + 1}: a task of Ray's {1000 * own:.2f} ms, a step {1000 * each:.2f} ms, "
                f"beyond {1000 * (each - own):.2f} ms; machines looked at, workers up in {around:.1f} s",
                flush=True,
            )
    print(f"beyond Ray's own: {1000 * statistics.median(beyond):.2f} ms a step (median of rounds)")


if __name__ == "__main__":
    main()

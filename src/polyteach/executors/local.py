"""Runs a graph of steps in processes on this machine.

Workers live as long as the run, so that each imports the heavy libraries and loads a model once; of steps
that are as urgent, those with a model that was in work last go first. Each has one thread: two at once use
both cores, and sums come out the same however the steps fall.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from polyteach.artifacts import Store
from polyteach.executors.outcome import STOP_SECONDS, Observer, Outcome
from polyteach.executors.schedule import Schedule
from polyteach.executors.workers import WorkerPool
from polyteach.steps import Step


@dataclass(frozen=True, slots=True)
class Local:
    """So many processes of this machine; see `outcome.Executor`."""

    workers: int

    def check(self, steps: Sequence[Step]) -> list[str]:
        """Looks whether this machine can train the students among the steps."""
        from polyteach.students.devices import check_students

        return check_students(steps)

    def run(
        self, steps: Sequence[Step], store: Store, observer: Observer, *, anew: bool = False
    ) -> dict[str, Outcome]:
        """Runs them here."""
        return run_steps(steps, store, observer, workers=self.workers, anew=anew)


def run_steps(
    steps: Sequence[Step],
    store: Store,
    observer: Observer,
    *,
    workers: int,
    anew: bool = False,
    stop_seconds: float = STOP_SECONDS,
) -> dict[str, Outcome]:
    """Runs steps in so many processes; see `outcome.Executor.run`.

    After a mistake of the user's was found other steps may go on for `stop_seconds`.
    """
    with WorkerPool(min(workers, max(1, len(steps))), store, observer.progressed) as pool:
        return Schedule(steps, pool, observer, anew=anew, stop_seconds=stop_seconds).to_the_end()

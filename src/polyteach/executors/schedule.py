"""In which order a graph of steps runs, and what becomes of those that do not end; alike in every place."""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence

from polyteach.artifacts import Busy
from polyteach.errors import UserError
from polyteach.executors.making import Stopping
from polyteach.executors.outcome import STOP_SECONDS, Observer, Outcome
from polyteach.executors.pool import Ended, Job, Loss, Lost, Pool
from polyteach.models.budget import BudgetReached
from polyteach.steps import Step

RETRIES: Mapping[Loss, int] = {"process": 1, "memory": 1, "node": 3}
"""How often a step runs again for each kind of loss."""

_LOOK_UP_SECONDS = 5.0
_BUSY_SECONDS = 2.0  # between two tries to get a step that another run makes
_MODELS_IN_WORK = 64
_BY_ITSELF: set[Loss] = {"process", "memory"}  # after these a step runs alone, or with more memory
_AGAIN: Mapping[Loss, str] = {
    "process": "a process died while it ran; it will run once more, alone",
    "memory": "it was ended for want of memory; it will run once more, with more of it",
    "node": "its machine is gone; it will run on another",
}
_DIED: Mapping[Loss, str] = {
    "process": "its process died (killed, or out of memory), also when it ran alone",
    "memory": "it was ended for want of memory, also when it had more of it",
    "node": "its machine was lost, again and again",
}
_NO_MONEY = "the budget is reached; its answers are kept"
_STOPS = "something has to be mended; other steps stop when what they asked for is answered"
_STOPPED = "stopped; its answers are kept"
_ELSEWHERE = "this run takes others and comes back"


class Schedule:
    """One run's steps: those that wait, those in work, and how the others ended.

    Args:
        steps: inputs before what reads them.
        pool: runs them.
        observer: is told.
        anew: make each step even if its artifact is there.
        stop_seconds: how long steps may go on after a mistake of the user's was found.
        retries: how often a step runs again, see `RETRIES`.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        pool: Pool,
        observer: Observer,
        *,
        anew: bool = False,
        stop_seconds: float = STOP_SECONDS,
        retries: Mapping[Loss, int] = RETRIES,
    ) -> None:
        self._pool, self._observer, self._anew = pool, observer, anew
        self._stop_seconds, self._retries = stop_seconds, retries
        self._urgency = _longest_chains(steps)
        self._waiting = {step.id: step for step in steps}
        self._running: dict[str, Step] = {}
        self._losses: dict[str, Counter[Loss]] = {step.id: Counter() for step in steps}
        self._busy_until: dict[str, float] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._stop: BudgetReached | UserError | None = None
        self._ends_at = math.inf
        self._models: deque[str] = deque(maxlen=_MODELS_IN_WORK)

    def to_the_end(self) -> dict[str, Outcome]:
        """Runs everything; returns the outcomes. Raises what `outcome.Executor.run` says."""
        while True:
            self._skip_heirs()
            if not (self._waiting or self._running):
                return self._outcomes
            if self._stop is None:
                self._start_more()
            self._collect()
            if self._stop and (not self._running or time.monotonic() > self._ends_at):
                raise self._stop

    def _skip_heirs(self) -> None:
        while lost := _lost(self._waiting, self._outcomes):  # again and again: their heirs are lost too
            for step in lost:
                del self._waiting[step.id]
                self._end(Outcome(step, "skipped", error="what it needs failed"))

    def _end(self, outcome: Outcome) -> None:
        self._outcomes[outcome.step.id] = outcome
        self._observer.ended(outcome)

    def _start_more(self) -> None:
        undone = self._waiting.keys() | self._running.keys()
        now = time.monotonic()
        ready = [
            Job(step, bool(self._losses[step.id].keys() & _BY_ITSELF), self._urgency[step.id])
            for step in self._waiting.values()
            if self._busy_until.get(step.id, 0.0) <= now
            and not any(parent.id in undone for parent in step.inputs.values())
        ]
        ready.sort(key=self._place)
        started = self._pool.start(ready, anew=self._anew)
        for job in ready:
            if job.step.id in started:
                self._running[job.step.id] = self._waiting.pop(job.step.id)
                if job.model and job.model not in self._models:
                    self._models.append(job.model)
                self._observer.started(job.step, started[job.step.id])

    def _place(self, job: Job) -> tuple[bool, float, bool]:
        """What died before comes first, then the longest chain, then a model that was in work."""
        return not job.again, -job.urgency, job.model not in self._models

    def _collect(self) -> None:
        now = time.monotonic()
        soonest = min((at - now for at in self._busy_until.values() if at > now), default=_LOOK_UP_SECONDS)
        seconds = max(0.0, min(_LOOK_UP_SECONDS, self._ends_at - now, soonest))
        ended = self._pool.collect(seconds)
        if not ended:
            self._observer.waited()
        steps = [self._running.pop(one.step.id) for one in ended]
        for step, one in zip(steps, ended, strict=True):
            self._take(step, one)

    def _take(self, step: Step, ended: Ended) -> None:
        """Notes how a step ended; one that was stopped waits for the next run."""
        error = ended.error
        if error is None:
            self._end(Outcome(step, "done", artifact=ended.artifact))
        elif isinstance(error, Busy):
            self._put_back(step, "" if step.id in self._busy_until else f"{error}; {_ELSEWHERE}")
            self._busy_until[step.id] = time.monotonic() + _BUSY_SECONDS
        elif isinstance(error, Lost):
            self._lose(step, error)
        elif isinstance(error, Stopping):
            self._put_back(step, _STOPPED)
        elif isinstance(error, UserError):
            self._mend(step, error)
        elif isinstance(error, BudgetReached):
            self._put_back(step, _NO_MONEY)
            self._stop = self._stop or error
        else:
            self._end(Outcome(step, "failed", error=str(error) or repr(error)))

    def _put_back(self, step: Step, why: str) -> None:
        self._waiting[step.id] = step
        self._observer.put_back(step, why)

    def _mend(self, step: Step, error: UserError) -> None:
        """Stops the run for a mistake of the user's; the first one is raised."""
        if isinstance(self._stop, UserError):
            self._put_back(step, error.what)
            return
        self._put_back(step, _STOPS if self._running else _STOPPED)
        self._stop, self._ends_at = error, time.monotonic() + self._stop_seconds
        self._pool.stop()

    def _lose(self, step: Step, lost: Lost) -> None:
        """A step whose worker is gone runs again, as often as its kind of loss allows."""
        losses = self._losses[step.id]
        losses[lost.loss] += 1
        at = f" ({lost.where})" if lost.where else ""
        if losses[lost.loss] > self._retries[lost.loss]:
            self._end(Outcome(step, "failed", error=_DIED[lost.loss] + at))
        else:
            self._put_back(step, _AGAIN[lost.loss] + at)


def _lost(waiting: dict[str, Step], outcomes: dict[str, Outcome]) -> list[Step]:
    """Steps that can never run because an input failed."""
    failed = {id for id, outcome in outcomes.items() if outcome.state != "done"}
    return [s for s in waiting.values() if any(parent.id in failed for parent in s.inputs.values())]


def _longest_chains(steps: Sequence[Step]) -> dict[str, float]:
    """Cost of each step and the costliest chain of steps that waits for it."""
    behind: dict[str, float] = {}
    chains: dict[str, float] = {}
    for step in reversed(steps):
        chains[step.id] = step.cost + behind.get(step.id, 0.0)
        for parent in step.inputs.values():
            behind[parent.id] = max(behind.get(parent.id, 0.0), chains[step.id])
    return chains

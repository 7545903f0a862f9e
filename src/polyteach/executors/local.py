"""Runs a graph of steps in processes on this machine.

Workers live as long as the run, so that each imports the heavy libraries and loads a model once. Each has one
thread: two at once use both cores, and sums come out the same however the steps fall.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool

from polyteach.artifacts import Artifact, Store
from polyteach.errors import UserError
from polyteach.executors.outcome import Observer, Outcome
from polyteach.executors.workers import WorkerPool
from polyteach.steps import Step

Running = dict[Future[Artifact], Step]


def run_steps(
    steps: Sequence[Step], store: Store, observer: Observer, *, workers: int, anew: bool = False
) -> dict[str, Outcome]:
    """Runs steps, each after its inputs, the longest remaining chain first.

    Args:
        steps: in an order in which inputs come before what reads them. A step whose input is not among them
            finds it in the store.
        store: where artifacts are found and put.
        observer: see `Observer`.
        workers: processes at once.
        anew: make each step even if its artifact is there.

    Returns:
        The outcome of each step by its id. A step that raises is `failed`, what needs it `skipped`; the rest
        goes on.

    Raises:
        UserError: a step's work found a mistake of the user's; nothing new is started, what runs is ended.
    """
    waiting = {step.id: step for step in steps}
    urgency = _longest_chains(steps)
    outcomes: dict[str, Outcome] = {}

    def end(outcome: Outcome) -> None:
        outcomes[outcome.step.id] = outcome
        observer.ended(outcome)

    running: Running = {}
    with WorkerPool(min(workers, max(1, len(steps))), store.root, observer.progressed) as pool:
        while waiting or running:
            while lost := _lost(waiting, outcomes):  # again and again: their heirs are lost too
                for step in lost:
                    del waiting[step.id]
                    end(Outcome(step, "skipped", error="what it needs failed"))
            in_work = {step.id for step in running.values()}
            ready = [step for step in waiting.values() if not _pending(step, waiting, in_work)]
            ready.sort(key=lambda step: -urgency[step.id])
            for step in ready[: pool.workers - len(running)]:
                del waiting[step.id]
                observer.started(step)
                running[pool.submit(step, anew)] = step
            if running:
                _collect(running, pool, end)
    return outcomes


def _collect(running: Running, pool: WorkerPool, end: Callable[[Outcome], None]) -> None:
    done, _ = wait(running, return_when=FIRST_COMPLETED)
    if any(isinstance(future.exception(), BrokenProcessPool) for future in done):
        done = set(running)  # a worker that dies takes the pool's other work down with it
        wait(running)
        pool.restart()
    for future in done:
        end(_outcome(running.pop(future), future))


def _outcome(step: Step, future: Future[Artifact]) -> Outcome:
    error = future.exception()
    if error is None:
        return Outcome(step, "done", artifact=future.result())
    if isinstance(error, UserError):
        raise error
    return Outcome(step, "failed", error=str(error) or repr(error))


def _lost(waiting: dict[str, Step], outcomes: dict[str, Outcome]) -> list[Step]:
    """Steps that can never run because an input failed."""
    failed = {id for id, outcome in outcomes.items() if outcome.state != "done"}
    return [s for s in waiting.values() if any(parent.id in failed for parent in s.inputs.values())]


def _pending(step: Step, waiting: dict[str, Step], in_work: set[str]) -> bool:
    return any(parent.id in waiting or parent.id in in_work for parent in step.inputs.values())


def _longest_chains(steps: Sequence[Step]) -> dict[str, float]:
    """Cost of each step and the costliest chain of steps that waits for it."""
    behind: dict[str, float] = {}
    chains: dict[str, float] = {}
    for step in reversed(steps):
        chains[step.id] = step.cost + behind.get(step.id, 0.0)
        for parent in step.inputs.values():
            behind[parent.id] = max(behind.get(parent.id, 0.0), chains[step.id])
    return chains

"""Worker processes of the local executor: quiet, single-threaded, and gone when their parent is."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from pathlib import Path
from types import TracebackType
from typing import Self

from polyteach.artifacts import Artifact, Busy, Store
from polyteach.errors import UserError
from polyteach.executors import making
from polyteach.executors.making import StoreAt
from polyteach.executors.pool import Ended, Job, Lost, StepFailed
from polyteach.models.budget import BudgetReached
from polyteach.steps import Step

Told = tuple[str, int, int, str]
OnProgress = Callable[[str, int, int, str], None]

_PARENT_CHECK_SECONDS = 0.5
_REPORT_SECONDS = 0.2


def default_workers() -> int:
    """How many processes to use where nobody said: one with a GPU, which several would only crowd, else one
    for each core this process may use. Looks for the device itself: asking torch would mean importing it.
    """
    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    if shown not in ("", "-1") and any(Path("/dev").glob("nvidia[0-9]*")):
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class WorkerPool:
    """Processes that make steps, see `pool.Pool`. Leaving the `with` block by an exception kills them.

    A process that dies takes all work of its pool down with it. Who was to blame is not known, so that each
    victim is lost; as each runs again alone, the one whose process dies again is the one to blame.

    Asked to `stop`, a worker raises `Stopping` when its step next tells how far it is. So whoever asks models
    sends nothing more and keeps what is under way, as after any mistake of the user's.

    Workers tell their progress through one pipe, without a lock: what they send is far shorter than PIPE_BUF,
    so that each message is written whole or not at all, and a worker that is killed takes no lock with it.
    """

    def __init__(self, workers: int, store: Store, on_progress: OnProgress) -> None:
        self._workers = workers
        self._store = store
        self._on_progress = on_progress
        self._context: SpawnContext = multiprocessing.get_context("spawn")
        self._running: dict[Future[Artifact], Job] = {}

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._kill()
        self._close()

    def start(self, jobs: Sequence[Job], *, anew: bool) -> Mapping[str, str]:
        """Starts jobs while there are free workers; one that runs again has all for itself."""
        started: dict[str, str] = {}
        for job in jobs:
            is_full = len(self._running) >= self._workers
            if is_full or any(other.again for other in self._running.values()):
                break
            if job.again and self._running:
                continue
            self._running[self._submit(job.step, anew)] = job
            started[job.step.id] = ""
        return started

    def collect(self, seconds: float) -> list[Ended]:
        """Returns what ended, all of it where a process died."""
        if not self._running:
            time.sleep(seconds)
            return []
        done, _ = wait(self._running, timeout=seconds, return_when=FIRST_COMPLETED)
        if any(isinstance(future.exception(), BrokenProcessPool) for future in done):
            done, _ = wait(self._running)
        return [
            _ended(self._running.pop(future).step, future) for future in list(self._running) if future in done
        ]

    def stop(self) -> None:
        """Asks the steps that run to stop."""
        self._stopping.send(None)  # read by nobody, so that all workers see it

    def _submit(self, step: Step, anew: bool) -> Future[Artifact]:
        try:
            return self._processes.submit(_make, step, anew)
        except BrokenProcessPool:  # a worker died since the last step
            self._kill()
            self._close()
            self._open()
            return self._processes.submit(_make, step, anew)

    def _open(self) -> None:
        listening, self._telling = self._context.Pipe(duplex=False)
        self._asked, self._stopping = self._context.Pipe(duplex=False)
        self._processes = ProcessPoolExecutor(
            self._workers,
            mp_context=self._context,
            initializer=_begin,
            initargs=(os.getpid(), StoreAt.of(self._store), self._telling, self._asked),
        )
        self._listener = threading.Thread(target=self._listen, args=(listening,), daemon=True)
        self._listener.start()

    def _close(self) -> None:
        self._processes.shutdown(wait=True, cancel_futures=True)
        self._telling.close()  # the last open end: the listener comes to the end of the pipe
        self._listener.join()
        self._asked.close()
        self._stopping.close()

    def _kill(self) -> None:
        self._processes.kill_workers() if hasattr(self._processes, "kill_workers") else _kill(self._processes)

    def _listen(self, listening: Connection) -> None:
        with listening:
            while True:
                try:
                    message: Told = listening.recv()
                except (EOFError, OSError):
                    return
                self._on_progress(*message)


def _kill(pool: ProcessPoolExecutor) -> None:
    """What `ProcessPoolExecutor.kill_workers` does from Python 3.14 on."""
    for process in list((pool._processes or {}).values()):
        process.kill()


def _ended(step: Step, future: Future[Artifact]) -> Ended:
    error = future.exception()
    if error is None:
        return Ended(step, artifact=future.result())
    if isinstance(error, BrokenProcessPool):
        return Ended(step, error=Lost("process"))
    if isinstance(error, StepFailed | Busy | BudgetReached | UserError):
        return Ended(step, error=error)
    return Ended(step, error=StepFailed(str(error) or repr(error)))


class _Worker:
    """What a worker process knows; set once by `_begin`."""

    store: Store
    telling: Connection
    asked: Connection


def _begin(parent: int, store: StoreAt, telling: Connection, asked: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    making.begin()
    threading.Thread(target=_leave_with_parent, args=(parent,), daemon=True).start()
    _Worker.store, _Worker.telling, _Worker.asked = store.opened(), telling, asked


def _leave_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_PARENT_CHECK_SECONDS)
    os._exit(1)


def _tell(step_id: str, done: int, total: int, unit: str) -> bool:
    with suppress(BrokenPipeError):  # nobody listens any more
        _Worker.telling.send((step_id, done, total, unit))
    return _Worker.asked.poll()


def _make(step: Step, anew: bool) -> Artifact:
    progress = making.ToldProgress(step.id, _tell, _REPORT_SECONDS)
    return making.make(_Worker.store, step, progress, anew=anew)

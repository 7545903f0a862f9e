"""Worker processes of the local executor: quiet, single-threaded, and gone when their parent is."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from pathlib import Path
from types import TracebackType
from typing import Self

from polyteach.artifacts import Artifact, Store
from polyteach.errors import StepImpossible, UserError
from polyteach.models.budget import BudgetReached
from polyteach.steps import Step

Told = tuple[str, int, int, str]
OnProgress = Callable[[str, int, int, str], None]

_PARENT_CHECK_SECONDS = 0.5
_REPORT_SECONDS = 0.2
_ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def default_workers() -> int:
    """How many processes to use where nobody said: one with a GPU, which several would only crowd, else one
    for each core this process may use. Looks for the device itself: asking torch would mean importing it.
    """
    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    if shown not in ("", "-1") and any(Path("/dev").glob("nvidia[0-9]*")):
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class WorkerPool:
    """Processes that make steps. Leaving the `with` block by an exception kills them.

    Asked to `stop`, a worker raises `Stopping` when its step next tells how far it is. So whoever asks models
    sends nothing more and keeps what is under way, as after any mistake of the user's.

    Workers tell their progress through one pipe, without a lock: what they send is far shorter than PIPE_BUF,
    so that each message is written whole or not at all, and a worker that is killed takes no lock with it.
    """

    def __init__(self, workers: int, store_root: Path, on_progress: OnProgress) -> None:
        self.workers = workers
        self._store_root = store_root
        self._on_progress = on_progress
        self._context: SpawnContext = multiprocessing.get_context("spawn")

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._kill()
        self._close()

    def submit(self, step: Step, anew: bool) -> Future[Artifact]:
        """Hands a step to the next free worker.

        Raises:
            BrokenProcessPool: a worker died since the last step; `restart` first.
        """
        return self._processes.submit(_make, step, anew)

    def stop(self) -> None:
        """Asks the steps that run to stop."""
        self._stopping.send(None)  # read by nobody, so that all workers see it

    def restart(self) -> None:
        """Replaces all workers after one of them died."""
        self._kill()
        self._close()
        self._open()

    def _open(self) -> None:
        listening, self._telling = self._context.Pipe(duplex=False)
        self._asked, self._stopping = self._context.Pipe(duplex=False)
        self._processes = ProcessPoolExecutor(
            self.workers,
            mp_context=self._context,
            initializer=_begin,
            initargs=(os.getpid(), str(self._store_root), self._telling, self._asked),
        )
        self._listener = threading.Thread(target=self._listen, args=(listening,), daemon=True)
        self._listener.start()

    def _close(self) -> None:
        self._processes.shutdown(wait=True, cancel_futures=True)
        self._telling.close()  # the last open end: the listener comes to the end of the pipe
        self._listener.join(timeout=5)
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


class Stopping(UserError):
    """Another step has found what the user has to mend, so that this one stops too."""


class _WorkerProgress:
    """Sends progress to the parent, and looks whether to stop, seldom enough to cost nothing."""

    def __init__(self, step_id: str, telling: Connection, asked: Connection) -> None:
        self._id, self._telling, self._asked = step_id, telling, asked
        self._done, self._total, self._unit, self._sent = 0, 0, "", 0.0

    def start(self, total: int, unit: str) -> None:
        self._done, self._total, self._unit = 0, total, unit
        self._send()

    def advance(self, done: int = 1) -> None:
        self._done += done
        if time.monotonic() - self._sent > _REPORT_SECONDS or self._done >= self._total:
            self._send()

    def _send(self) -> None:
        self._sent = time.monotonic()
        with suppress(BrokenPipeError):  # nobody listens any more
            self._telling.send((self._id, self._done, self._total, self._unit))
        if self._asked.poll():
            raise Stopping("stopped, because of another step")


class _Worker:
    """What a worker process knows; set once by `_begin`."""

    store: Store
    telling: Connection
    asked: Connection


def _begin(parent: int, store_root: str, telling: Connection, asked: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    for name in _ONE_THREAD:
        os.environ[name] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    logging.captureWarnings(True)
    _lock_bars()
    threading.Thread(target=_leave_with_parent, args=(parent,), daemon=True).start()
    _Worker.store, _Worker.telling, _Worker.asked = Store(Path(store_root)), telling, asked


def _lock_bars() -> None:
    """Keeps tqdm, where it is, from locking by a semaphore, which a killed process would leave behind."""
    try:
        from tqdm import tqdm  # type: ignore[import-untyped]
    except ImportError:  # it comes with what trains
        return
    tqdm.set_lock(threading.RLock())


def _leave_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_PARENT_CHECK_SECONDS)
    os._exit(1)


class StepFailed(Exception):
    """A step's work raised. A bug's traceback comes as text: not every exception can cross processes."""


def _make(step: Step, anew: bool) -> Artifact:
    try:
        progress = _WorkerProgress(step.id, _Worker.telling, _Worker.asked)
        return _Worker.store.make(step, progress, anew=anew)
    except (UserError, BudgetReached):
        raise
    except StepImpossible as error:
        raise StepFailed(str(error)) from None
    except Exception:  # noqa: BLE001 - whatever a step raises is that step's failure, not the run's
        raise StepFailed(traceback.format_exc()) from None

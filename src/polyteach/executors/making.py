"""What every worker does, in whatever place: it makes one step and tells how far it is."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from polyteach.artifacts import Artifact, Busy, Store
from polyteach.errors import StepImpossible, UserError
from polyteach.executors.pool import StepFailed
from polyteach.models.budget import BudgetReached
from polyteach.shortage import of_disk_or_files, of_memory
from polyteach.steps import Step

Tell = Callable[[str, int, int, str], bool]
"""Says of a step how much is done of how much, in which unit; returns whether it is to stop."""

_ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class StoreAt:
    """Where a worker of this machine finds the run's store.

    Attributes:
        address: see `Store.address`.
        cache: its folder on this machine, if it is a store by URL.
        run: the study or command that uses it.
    """

    address: str
    cache: Path
    run: str

    @classmethod
    def of(cls, store: Store) -> Self:
        """Where a store is."""
        return cls(store.address, store.root.absolute(), store.leases.run)

    def opened(self) -> Store:
        """The store, in another process of this machine."""
        return Store.open(self.address, self.cache, run=self.run)


class Stopping(UserError):
    """Another step has found what the user has to mend, so that this one stops too."""


def begin() -> None:
    """Readies a worker's process: one thread, so that sums come out the same however the steps fall."""
    for name in _ONE_THREAD:  # read by libraries when they are imported
        os.environ[name] = "1"
    if "numpy" in sys.modules:  # too late for the variables
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        threadpool_limits(1)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    logging.captureWarnings(True)
    _lock_bars()


def _lock_bars() -> None:
    """Keeps tqdm, where it is, from locking by a semaphore, which a killed process would leave behind."""
    try:
        from tqdm import tqdm  # type: ignore[import-untyped]
    except ImportError:  # it comes with what trains
        return
    tqdm.set_lock(threading.RLock())


class ToldProgress:
    """Tells progress, and looks whether to stop, seldom enough to cost nothing.

    Args:
        step_id: of the step.
        tell: see `Tell`.
        seconds: between two words, at least.
    """

    def __init__(self, step_id: str, tell: Tell, seconds: float) -> None:
        self._id, self._tell, self._seconds = step_id, tell, seconds
        self._done, self._total, self._unit, self._sent = 0, 0, "", 0.0

    def start(self, total: int, unit: str) -> None:
        """Says how much there is."""
        self._done, self._total, self._unit = 0, total, unit
        self._send()

    def advance(self, done: int = 1) -> None:
        """Says how far it is, if it is time to.

        Raises:
            Stopping: the step is to stop.
        """
        self._done += done
        if time.monotonic() - self._sent > self._seconds or self._done >= self._total:
            self._send()

    def _send(self) -> None:
        self._sent = time.monotonic()
        if self._tell(self._id, self._done, self._total, self._unit):
            raise Stopping("stopped, because of another step")


def make(store: Store, step: Step, progress: ToldProgress, *, anew: bool) -> Artifact:
    """Makes a step, without waiting for another run that makes it.

    Raises:
        UserError, BudgetReached, Busy: as the step's work and `Store.make` raise them; UserError also where
            nothing can be written or opened any more.
        StepFailed: anything else.
    """
    try:
        return store.make(step, progress, anew=anew, wait=False)
    except (UserError, BudgetReached, Busy):
        raise
    except StepImpossible as error:
        raise StepFailed(str(error)) from None
    except Exception as error:  # noqa: BLE001 - whatever a step raises is that step's failure, not the run's
        if told := of_disk_or_files(error):
            raise told from None
        raise StepFailed(of_memory(error) or traceback.format_exc()) from None

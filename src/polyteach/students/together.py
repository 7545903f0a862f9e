"""Several processes that train one student: torchrun starts them, accelerate joins them (DDP or FSDP).

They end with whoever asked: each reads a pipe that closes when that process is gone, however it went.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from polyteach.errors import StepImpossible, UserError
from polyteach.files import write_json
from polyteach.rows import Row, read_rows, write_rows
from polyteach.steps import Progress
from polyteach.students.recipe import Job
from polyteach.students.sft import Training, train_here

JOB, ROWS, RESULT, ERROR, LOG = "job.json", "rows.parquet", "result.json", "error.json", "log"
TOLD = "polyteach-progress "
"""Begins a line of progress among whatever libraries print."""
_TAIL = 2000


def train_together(job: Job, rows: Sequence[Row], progress: Progress) -> Training:
    """Trains in `devices.processes` processes of their own; see `train`."""
    processes = job.devices.processes
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_rows(folder / ROWS, rows)
        write_json(folder / JOB, job.to_json())
        code = _run(folder, processes, progress)
        if (folder / ERROR).is_file():
            error = json.loads((folder / ERROR).read_bytes())
            raise UserError(**error["user"]) if "user" in error else StepImpossible(error["impossible"])
        if code or not (folder / RESULT).is_file():
            tail = (folder / LOG).read_text(encoding="utf-8", errors="replace")[-_TAIL:]
            raise RuntimeError(f"the {processes} processes of a training ended with {code}:\n{tail}")
        result = json.loads((folder / RESULT).read_bytes())
    return Training(**result | {"loss_curve": tuple((step, loss) for step, loss in result["loss_curve"])})


def _run(folder: Path, processes: int, progress: Progress) -> int:
    """Starts the processes and passes their progress on; returns the exit code."""
    torchrun = ["torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    with (
        (folder / LOG).open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-m", *torchrun, "-m", __name__, str(folder)],
            stdin=subprocess.PIPE,  # open as long as this process lives, and stays in this block
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={"OMP_NUM_THREADS": "1"} | os.environ,
        ) as running,
    ):
        for line in running.stdout or ():
            if line.startswith(TOLD):
                what, number = line.removeprefix(TOLD).split()
                if what == "start":
                    progress.start(int(number), "steps")
                else:
                    progress.advance(int(number))
        return running.wait()


class _Teller:
    """Progress as lines on stdout; of the main process alone."""

    def __init__(self, speaks: bool) -> None:
        self._speaks = speaks

    def start(self, total: int, unit: str) -> None:
        self._tell("start", total)

    def advance(self, done: int = 1) -> None:
        self._tell("advance", done)

    def _tell(self, what: str, number: int) -> None:
        if self._speaks:
            print(f"{TOLD}{what} {number}", flush=True)


def _leave_with_whoever_asked() -> None:
    os.read(0, 1)  # returns when the pipe closes; `sys.stdin` would be locked while this process ends
    os._exit(1)


def _main(folder: Path) -> None:
    """What each process does."""
    threading.Thread(target=_leave_with_whoever_asked, daemon=True).start()
    job = Job.from_json(json.loads((folder / JOB).read_bytes()))
    is_main = os.environ["RANK"] == "0"
    try:
        training = train_here(job, read_rows(folder / ROWS), _Teller(is_main))
    except (UserError, StepImpossible) as error:  # the same in all of them
        if is_main:
            user = isinstance(error, UserError)
            told = {"what": error.what, "where": error.where, "fix": error.fix} if user else str(error)  # type: ignore[union-attr]
            write_json(folder / ERROR, {"user" if user else "impossible": told})
        raise SystemExit(3) from None
    if is_main:
        write_json(folder / RESULT, asdict(training))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))

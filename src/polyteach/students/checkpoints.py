"""Checkpoints of a training: one at a time, in the step's scratch folder, whole to the last bit or none."""

from __future__ import annotations

import json
import logging
import shutil
import time
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback

from polyteach.files import file_digest, write_json

COMPLETE = "complete"
"""Written into a checkpoint when all of it is there: the digest of each of its files."""
LEAST_SHARE = 10
"""Between two checkpoints, so many times as long passes as the last one took to write."""
_LOG = logging.getLogger(__name__)


class Checkpoints(TrainerCallback):
    """Has the trainer write a checkpoint every so many seconds, and keeps the last.

    The main process looks at its clock and tells the others, so that all write at the same step.
    """

    def __init__(self, every_seconds: float) -> None:
        self.every_seconds = every_seconds
        self._ended = self._asked = time.monotonic()
        self._took = 0.0

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Asks for a checkpoint where one is due; never for one of the last step."""
        passed = time.monotonic() - self._ended
        due = (
            passed >= max(self.every_seconds, LEAST_SHARE * self._took)
            and state.global_step < state.max_steps
        )
        control.should_save = _agreed(due, args)
        self._asked = time.monotonic()

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Marks the checkpoint as whole once every process has written its part; removes the one before."""
        if args.world_size > 1:
            torch.distributed.barrier()
        if args.should_save:
            whole = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            write_json(whole / COMPLETE, _digests(whole))
            for other in Path(args.output_dir).glob("checkpoint-*"):
                if other != whole:
                    shutil.rmtree(other, ignore_errors=True)
        self._ended = time.monotonic()
        self._took = self._ended - self._asked


def latest(folder: Path) -> str | None:
    """The whole checkpoint with the most steps, or None; of one that is damaged the log tells."""
    complete = [path.parent for path in folder.glob(f"checkpoint-*/{COMPLETE}")]
    for checkpoint in sorted(complete, key=lambda path: -int(path.name.rpartition("-")[2])):
        if _is_whole(checkpoint):
            return str(checkpoint)
        _LOG.warning("%s is damaged: the training does not go on from it", checkpoint)
    return None


def _is_whole(checkpoint: Path) -> bool:
    try:
        return bool(json.loads((checkpoint / COMPLETE).read_bytes()) == _digests(checkpoint))
    except (OSError, ValueError, RecursionError):
        return False


def _digests(checkpoint: Path) -> dict[str, str]:
    """SHA-256 of each file of a checkpoint, by its name in it."""
    files = [path for path in checkpoint.rglob("*") if path.is_file() and path.name != COMPLETE]
    return {path.relative_to(checkpoint).as_posix(): file_digest(path) for path in files}


def _agreed(due: bool, args: Any) -> bool:
    if args.world_size == 1:
        return due
    told = torch.tensor([float(due)], device=args.device)
    torch.distributed.broadcast(told, src=0)
    return bool(told.item())

"""Disk space that a study's students will take, reckoned before anything is trained."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from polyteach.workload import Load

SAVED = 4
"""Bytes of a trained parameter: students are kept in float32."""
CHECKPOINTED, CHECKPOINTS = 12, 2
"""Bytes of a trained parameter in a checkpoint, with AdamW's two means; the last one stays until the next is
whole."""
ADAPTER_SHARE, ADAPTER_RANK = 0.01, 16
"""Adapters of this rank on all linear layers have about so many of their base's parameters: .6% of 7B, more
of smaller bases."""
ASSUMPTION = (
    f"students {SAVED} bytes a trained parameter, adapters of rank {ADAPTER_RANK} {ADAPTER_SHARE:.0%} of "
    f"their base; checkpoints {CHECKPOINTED} bytes, {CHECKPOINTS} at a time, of each student in training "
    "(one is counted); models from the hub, rows and answers are not counted"
)


def disk(loads: Iterable[Load], rank: int | None, root: Path | None) -> dict[str, Any]:
    """Reckons the bytes of the students that are to be trained.

    Args:
        loads: of the missing steps; those of other kinds do not count.
        rank: of their adapters; None where all weights are trained.
        root: where the store is, or would be.

    Returns:
        `students` and `checkpoints`, in bytes; `free`, those of the store's disk (None without a store);
        `unknown`, the models that are in no sum, since their parameters are not known; `assumption`.
    """
    trainings = [load for load in loads if load.kind == "students"]
    share = 1.0 if rank is None else ADAPTER_SHARE * rank / ADAPTER_RANK
    trained = [round(load.parameters * share) for load in trainings if load.parameters is not None]
    return {
        "students": SAVED * sum(trained),
        "checkpoints": CHECKPOINTED * CHECKPOINTS * max(trained, default=0),
        "free": _free(root) if root else None,
        "unknown": list(dict.fromkeys(load.model for load in trainings if load.parameters is None)),
        "assumption": ASSUMPTION,
    }


def _free(root: Path) -> int:
    """Free bytes where a folder is, or would be made."""
    path = root.absolute()
    there = next(folder for folder in (path, *path.parents) if folder.exists())
    return shutil.disk_usage(there).free

"""Steps that do next to nothing, to test what carries them."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polyteach.errors import StepImpossible, UserError
from polyteach.steps import Step, StepTask


def concatenate(task: StepTask) -> Mapping[str, Any]:
    """Writes its own text after those of its inputs."""
    task.progress.start(1, "texts")
    parts = [(folder / "text").read_text() for _, folder in sorted(task.inputs.items())]
    (task.output / "text").write_text("".join(parts) + task.settings["text"])
    (task.output / "sub").mkdir()
    (task.output / "sub" / "more").write_bytes(b"\x00" * 1000)
    task.progress.advance()
    return {"parts": len(parts)}


def fail(task: StepTask) -> Mapping[str, Any]:
    """Has a bug."""
    raise ZeroDivisionError("the toy breaks")


def give_up(task: StepTask) -> Mapping[str, Any]:
    """Cannot be done."""
    raise StepImpossible("the toy is too small")


def lock_a_bar(task: StepTask) -> Mapping[str, Any]:
    """Tells what locks the bars of libraries."""
    from tqdm import tqdm

    return {"lock": type(tqdm.get_lock()).__name__}


def complain(task: StepTask) -> Mapping[str, Any]:
    """Finds a user's mistake."""
    raise UserError("the toy is upside down", where="toybox", fix="turn it round")


def die(task: StepTask) -> Mapping[str, Any]:
    """Kills its process, every time."""
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def die_once(task: StepTask) -> Mapping[str, Any]:
    """Kills its process the first time: the marker it leaves makes the second try succeed."""
    marker = Path(task.settings["marker"])
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {}


def linger(task: StepTask) -> Mapping[str, Any]:
    """Waits for another's death: at most five seconds."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and not Path(task.settings["marker"]).exists():
        time.sleep(0.01)
    time.sleep(0.5)
    return concatenate(task)


def doom(task: StepTask) -> Mapping[str, Any]:
    """Succeeds, and its process dies soon afterwards, with nothing to do."""
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGKILL)).start()
    return concatenate(task)


def chatter(task: StepTask) -> Mapping[str, Any]:
    """Tells its progress without pause, until it is killed."""
    Path(task.settings["marker"]).touch()
    while True:
        task.progress.start(1, "words")


def complain_late(task: StepTask) -> Mapping[str, Any]:
    """Finds a user's mistake while others are busy."""
    while not Path(task.settings["marker"]).exists():
        time.sleep(0.01)
    time.sleep(0.2)
    return complain(task)


def answer_slowly(task: StepTask) -> Mapping[str, Any]:
    """Answers one request after the other; when it has to stop, what was under way is kept."""
    Path(task.settings["marker"]).touch()
    task.progress.start(1000, "answers")
    try:
        while True:
            task.progress.advance()
            time.sleep(0.05)
    except UserError as stop:
        time.sleep(1)
        Path(task.settings["kept"]).write_text(f"what was under way, and: {stop.what}")
        raise


def nap(task: StepTask) -> Mapping[str, Any]:
    """Takes so long, and next to nothing of the processor."""
    time.sleep(task.settings["seconds"])
    return {}


def sleep_on(task: StepTask) -> Mapping[str, Any]:
    """Tells nothing for an hour."""
    Path(task.settings["marker"]).touch()
    time.sleep(3600)
    return {}


def where(task: StepTask) -> Mapping[str, Any]:
    """Takes some time, and says by whom and on which machine of a Ray cluster it was made."""
    import numpy  # noqa: F401 - loads BLAS
    import ray
    from threadpoolctl import threadpool_info  # type: ignore[import-untyped]

    (task.output / "text").write_text("here")
    time.sleep(task.settings["seconds"])
    return {
        "node": ray.get_runtime_context().get_node_id(),
        "pid": os.getpid(),
        "journal": task.locations["journal"],
        "env": os.environ["OMP_NUM_THREADS"],
        "blas": max(pool["num_threads"] for pool in threadpool_info()),
    }


def chat(task: StepTask) -> Mapping[str, Any]:
    """Writes to its outputs, and dies with a last word if it is to."""
    print("on stdout", flush=True)
    print("on stderr", file=sys.stderr, flush=True)
    if task.settings["dies"]:
        os.kill(os.getpid(), signal.SIGKILL)
    return {}


def leave_a_lease(task: StepTask) -> Mapping[str, Any]:
    """Dies the first time, as on another machine: that of its lease is none that anybody here knows."""
    import json

    for lease in Path(task.settings["store"], "locks").glob("*.lease"):
        content = json.loads(lease.read_text())
        if "keys" not in content and lease.stem.partition("-")[0] not in ("reach", "use"):
            content["owner"]["machine"] = "elsewhere"
            lease.write_text(json.dumps(content, sort_keys=True))
    return die_once(task)


def deafen(task: StepTask) -> Mapping[str, Any]:
    """Kills, for good, the actor that hears how far the steps of Ray's workers are, and tells on."""
    import ray

    listener = task.progress._tell.__self__._listener  # type: ignore[attr-defined]
    ray.kill(listener, no_restart=task.settings["for_good"])
    for _ in range(3):
        task.progress.start(3, "words")
    return {}


def toy(id: str, *parents: Step, work: Any = concatenate, **settings: Any) -> Step:
    """A step whose inputs are other toys."""
    return Step(
        id=id,
        kind="toy",
        version=1,
        work=work,
        settings=settings or {"text": id},
        inputs={parent.id: parent for parent in parents},
    )

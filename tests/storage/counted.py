"""Steps that note each time their work is done, and processes that make them in one store."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polyteach.artifacts import Store
from polyteach.steps import Step, StepTask

ROOT = Path(__file__).parents[2]


def noted(task: StepTask) -> Mapping[str, Any]:
    """Writes a line about itself, takes its time, and copies what it reads."""
    with Path(task.locations["log"]).open("a") as log:
        log.write(f"{task.settings['text']}\n")
    time.sleep(float(task.locations["seconds"]))
    read = b"".join((folder / "text").read_bytes() for _, folder in sorted(task.inputs.items()))
    (task.output / "text").write_bytes(read + task.settings["text"].encode())
    (task.output / "sub").mkdir()
    (task.output / "sub" / "weights").write_bytes(b"\x07" * task.settings.get("bytes", 10))
    return {"process": os.getpid()}


def counted(text: str, log: Path, *parents: Step, seconds: float = 0.0, **settings: Any) -> Step:
    """A step that writes its text after that of its inputs."""
    return Step(
        id=text,
        kind="counted",
        work=noted,
        version=1,
        settings={"text": text, **settings},
        locations={"log": str(log), "seconds": str(seconds)},
        inputs={parent.id: parent for parent in parents},
    )


def works(log: Path) -> list[str]:
    """Which steps were worked on, in their order."""
    return log.read_text().split() if log.exists() else []


def in_another_process(what: str, *arguments: object, **environment: str) -> subprocess.Popen[str]:
    """Starts a function of this module in a process of its own; its arguments are texts."""
    call = f"import counted; counted.{what}(*{[str(one) for one in arguments]!r})"
    paths = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-c", call],
        env={**os.environ, "PYTHONPATH": paths, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def make_chain(address: str, cache: str, log: str, length: str, seconds: str) -> None:
    """Makes a chain of steps in the store of that address."""
    store = Store.open(address, Path(cache), run=f"chain in {Path(cache).name}")
    store.prepare()
    for step in chain(Path(log), int(length), float(seconds)):
        store.make(step)


def chain(log: Path, length: int, seconds: float = 0.0) -> list[Step]:
    """Steps of which each reads the one before."""
    steps: list[Step] = []
    for number in range(length):
        steps.append(counted(f"s{number}", log, *steps[-1:], seconds=seconds))
    return steps


def make_one(address: str, log: str, text: str, seconds: str) -> None:
    """Makes one step that takes so long."""
    store = Store.open(address, run=f"one {text}")
    store.prepare()
    store.make(counted(text, Path(log), seconds=float(seconds)))

"""The world before any fault, and a place of its own for each fault: a copy of it to be broken."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psutil
import yaml
from servers import start_chat_server
from servers.starting import ChatServer

STUDY = Path(__file__).with_name("study.yaml")
NAME = "faults"
REQUESTS = 80
"""What the served teacher is asked in all: `synthesis.rows_per_method` of the study."""
AT_ONCE = 4
"""Requests in flight: `most_at_once` of the study."""
CLOSING = frozenset(("score", "analysis", "report"))
KINDS = (
    "seed_data",
    "synthesis",
    "gate",
    "quality",
    "students",
    "examination",
    "free_answers",
    *sorted(CLOSING),
)
ALL_THERE = frozenset(("nothing",))
"""As kinds to leave out: none, not even the closing ones."""
ANSWER_SECONDS = 0.1
LONGEST_SECONDS = 600.0
"""A run that takes longer hangs."""
_LEAVING_SECONDS = 5.0
MARK = "POLYTEACH_FAULT"
"""A variable in the environment of all processes of a place, so that none is left behind unseen."""

Stamp = str
"""Digest of a manifest. It tells when the artifact was made and how long that took: made again is another."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended.

    Attributes:
        code: exit code; a signal is negative, None where it hung and was killed.
        said: what it wrote on stderr.
        seconds: wall-clock.
    """

    code: int | None
    said: str
    seconds: float

    @property
    def message(self) -> str:
        """The user's message it ended with: what, where, how to fix it; empty where there is none."""
        lines = self.said.splitlines()
        starts = [n for n, line in enumerate(lines) if line.startswith("error: ")]
        fixes = [n for n, line in enumerate(lines) if line.startswith("  fix: ")]
        return " ".join(lines[starts[0] :]) if starts and fixes and fixes[-1] > starts[0] else ""

    @property
    def is_clear_message(self) -> bool:
        """Whether it is a mistake that is told as one, and nothing else."""
        return self.code == 2 and bool(self.message) and "Traceback" not in self.said


@dataclass
class Running:
    """A run that was started."""

    process: subprocess.Popen[bytes]
    log: Path
    began: float

    def wait(self, seconds: float = LONGEST_SECONDS) -> Ended:
        """Waits for its end; one that hangs is killed with its workers."""
        code: int | None
        try:
            code = self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            for process in (*self.workers(), psutil.Process(self.process.pid)):
                process.kill()
            self.process.wait()
            code = None
        said = self.log.read_text("utf-8", errors="replace")
        return Ended(code, said, time.monotonic() - self.began)

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.process.poll() is not None

    def workers(self) -> list[psutil.Process]:
        """The processes that make steps, by age."""
        try:
            children = psutil.Process(self.process.pid).children()
            return [child for child in children if "spawn_main" in " ".join(child.cmdline())]
        except psutil.NoSuchProcess:
            return []


@dataclass(frozen=True)
class World:
    """The study as it is without any fault, behind one address: a report tells the address of a server.

    Attributes:
        folder: of its run.
        port: of the server.
        results: bytes of `results.json`.
        seconds: that the whole run took.
        kinds: the kind of each artifact, by its key.
    """

    folder: Path
    port: int
    results: bytes
    seconds: float
    kinds: Mapping[str, str]

    @property
    def finished(self) -> Path:
        """The output folder of the run that ended."""
        return self.folder / "output"

    def keys(self, kinds: Collection[str]) -> list[str]:
        """Keys of the artifacts of these kinds."""
        return sorted(key for key, kind in self.kinds.items() if kind in kinds)

    @classmethod
    def made(cls, folder: Path) -> World:
        """Runs the study without a fault.

        Raises:
            SystemExit: it fails, or requests are sent twice.
        """
        with Place(folder) as place:
            ended = place.run()
            if ended.code != 0 or place.answered() != REQUESTS:
                sys.exit(f"without any fault the study ends with {ended.code}:\n{ended.said}")
            kinds = {path.parent.name: path.parents[1].name for path in place.store.glob("*/*/manifest.json")}
            return cls(folder, place.port, place.results(), ended.seconds, kinds)


@dataclass
class Place:
    """A folder with the study, its output and its server; a context manager.

    Attributes:
        folder: `study.yaml`, `output/`, logs.
        port: of its server; 0 for a free one.
        runs: how the runs ended, in their order.
        damaged: keys of artifacts that the fault itself damaged or took away.
        planted: names in `partial/` that the fault put there and nobody but a user may remove.
        requests: that the teacher has to be asked in this place.
        notes: what happened, for the line that is printed.
        wrong: what should not have happened while the fault was met.
        options, environment: further ones of all its runs.
        settings: of the endpoint, other than in the study.
        running: the run that a fault meets.
    """

    folder: Path
    port: int = 0
    runs: list[Ended] = field(default_factory=list)
    damaged: set[str] = field(default_factory=set)
    planted: set[str] = field(default_factory=set)
    requests: int = REQUESTS
    notes: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    running: Running = field(init=False)
    server: ChatServer = field(init=False)
    _answered_before: int = 0
    _kept: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        """Starts its server and writes its study."""
        self.folder.mkdir(parents=True)
        self.output.mkdir()
        self.start_server()
        self.write_study()
        return self

    def __exit__(self, *_: object) -> None:
        """Ends what is left of its processes, and its server."""
        for process in self.processes():
            process.kill()
        self._kept.close()

    @property
    def output(self) -> Path:
        """The output folder."""
        return self.folder / "output"

    @property
    def store(self) -> Path:
        """Where artifacts are."""
        return self.output / ".polyteach"

    @property
    def run_folder(self) -> Path:
        """Where results are."""
        return self.output / "runs" / NAME

    @property
    def study(self) -> Path:
        """The study's file."""
        return self.folder / "study.yaml"

    def at_the_end(self, do: Callable[[], object]) -> None:
        """Has something done when the place is left, whatever happens."""
        self._kept.callback(do)

    def write_study(self, **endpoint: Any) -> None:
        """Writes the study, with other settings of its endpoint where they are given."""
        self.settings |= endpoint
        study = yaml.safe_load(STUDY.read_text("utf-8"))
        study["teachers"][1]["endpoint"] |= {"urls": [self.server.url], **self.settings}
        self.study.write_text(yaml.safe_dump(study), encoding="utf-8")

    def copy_of(self, world: World, without: Collection[str]) -> None:
        """Fills the output with what was finished, but for the artifacts of some kinds.

        Results are computed anew, unless all is there. Without the synthesis the journal is not there either.
        Artifacts are hard links: to damage one is to put another file in its place.
        """
        shutil.rmtree(self.output / "runs", ignore_errors=True)
        shutil.copytree(world.finished / "runs", self.output / "runs", symlinks=True)
        gone = set(world.keys(without if set(without) >= ALL_THERE else {*without, *CLOSING}))
        same = self.output.stat().st_dev == world.finished.stat().st_dev
        for key, kind in world.kinds.items():
            if key not in gone:
                source = world.finished / ".polyteach" / kind / key
                copy = os.link if same else shutil.copy2
                shutil.copytree(source, self.store / kind / key, copy_function=copy)
        if "synthesis" not in without:
            shutil.copy2(world.finished / ".polyteach" / "journal.sqlite", self.store / "journal.sqlite")
            self.requests = 0

    def start(
        self, *, workers: int = 2, before: Sequence[str] = (), more: Sequence[str] = (), **environment: str
    ) -> Running:
        """Starts the study, in a session of its own.

        Args:
            workers: processes at once.
            before: a command that starts it, such as prlimit with its limits.
            more: further options.
            environment: further variables.
        """
        command = [*before, sys.executable, "-m", "polyteach.cli.main", "run", str(self.study)]
        command += ["--output-dir", str(self.output), "--workers", str(workers), *self.options, *more]
        number = len(list(self.folder.glob("*.log")))
        log = self.folder / f"{number}.log"
        known = {**os.environ, MARK: str(self.folder), **self.environment, **environment}
        with log.open("wb") as said:
            process = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True, env=known
            )
        return Running(process, log, time.monotonic())

    def finish(self, running: Running, seconds: float = LONGEST_SECONDS) -> Ended:
        """Waits for a run's end, and keeps how it was."""
        self.runs.append(running.wait(seconds))
        return self.runs[-1]

    def run(self, **how: Any) -> Ended:
        """Runs the study to its end."""
        return self.finish(self.start(**how))

    def wait_for(self, running: Running, world: World, kind: str, delay: float = 0.0) -> bool:
        """Waits until a step of this kind is in work, and a while more; False if the run ended before."""
        keys = tuple(world.keys({kind}))
        partial = self.store / "partial"
        while not running.ended:
            if partial.is_dir() and any(name.startswith(keys) for name in os.listdir(partial)):  # noqa: PTH208
                time.sleep(delay)
                return not running.ended
            time.sleep(0.004)
        return False

    def results(self) -> bytes:
        """The results; empty where there are none."""
        path = self.run_folder / "results.json"
        return path.read_bytes() if path.is_file() else b""

    def whole(self) -> dict[str, Stamp]:
        """The artifacts whose files are what their manifest says, by key."""
        found: dict[str, Stamp] = {}
        for manifest in self.store.glob("*/*/manifest.json"):
            if manifest.parents[1].name in KINDS and _is_whole(manifest):
                found[manifest.parent.name] = hashlib.sha256(manifest.read_bytes()).hexdigest()
        return found

    def in_work(self) -> str:
        """Which steps the status says are in work."""
        try:
            status = json.loads((self.run_folder / "status.json").read_bytes())
        except (OSError, ValueError):
            return "nothing yet"
        running = [step["id"] for step in status["steps"] if step["state"] == "running"]
        return ", ".join(running) or "no step"

    def answered(self) -> int:
        """Requests that its servers answered."""
        return self._answered_before + int(self.server.seen()["answered"])

    def paid_twice(self) -> int:
        """Answers beyond one for each request."""
        return max(0, self.answered() - self.requests)

    def stop_server(self) -> None:
        """Kills the server, with what it had in flight."""
        self._answered_before += int(self.server.seen()["answered"])
        self.server.stop()

    def start_server(self) -> None:
        """Starts it; the second time at the same address."""
        self.server = self._kept.enter_context(start_chat_server(self.port, seconds=ANSWER_SECONDS))
        self.port = int(self.server.url.split(":")[2].split("/")[0])

    def pause_server(self, seconds: float) -> None:
        """Lets the server stand still."""
        process = psutil.Process(self.server.process.pid)
        process.suspend()
        time.sleep(seconds)
        process.resume()

    def tracebacks(self) -> list[str]:
        """Last lines of the tracebacks that a run showed, or kept as the end of a step."""
        texts = [run.said for run in self.runs]
        texts += [log.read_text("utf-8") for log in (self.run_folder / "logs").rglob("*.txt")]
        return [text.strip().splitlines()[-1][:200] for text in texts if "Traceback (most recent" in text]

    def left_behind(self) -> list[str]:
        """The names of processes that are there still, some seconds after the last run."""
        _, alive = psutil.wait_procs(list(self.processes()), timeout=_LEAVING_SECONDS)
        return sorted(" ".join(process.cmdline())[-60:] for process in alive if process.is_running())

    def processes(self) -> Iterator[psutil.Process]:
        """Processes of the place that are there still."""
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) == str(self.folder):
                    yield process
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue


def _is_whole(manifest: Path) -> bool:
    try:
        files = json.loads(manifest.read_bytes())["files"]
        return all(
            hashlib.sha256((manifest.parent / name).read_bytes()).hexdigest() == facts["sha256"]
            for name, facts in files.items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False

"""A run's folder: readable names for what a study used, and the outside view of its state and results.

<output>/runs/<study>/  results.json analysis.json     the same whenever the study is the same
                        leaderboard.csv report.html    likewise; with reviews, the report has these too
                        reviews.json reviews/          what native speakers said; their files are kept
                        status.json                    how far it is
                        timing.json                    times and the machine, nowhere else
                        artifacts/<step id>            links into the store
                        logs/<step id>.txt             tracebacks of failed steps
                        logs/<step id>.output.txt      what its worker wrote, where it was on another machine
                        cancel                         the process that somebody asked to stop
                        earlier-<n>/                   results of other settings under this name

A rehearsal (--limit 20) is a study of its own, <study>-limit-20; so is one with another rng_seed,
<study>-rng-seed-7, or with both, <study>-rng-seed-7-limit-20.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from polyteach.artifacts import SCHEMA_VERSION, Artifact, software
from polyteach.errors import UserError
from polyteach.executors.outcome import Outcome
from polyteach.files import write_atomically, write_json, writing
from polyteach.processes import is_tag_alive, process_tag
from polyteach.steps import Step

REPORT = "report.html"
RACE, RACE_PAGE = "race.json", "race.html"
RESULTS = (
    "results.json",
    "analysis.json",
    "leaderboard.csv",
    REPORT,
    "reviews.json",
    "screen.json",
    "screen.csv",
    "screen.html",
    RACE,
    RACE_PAGE,
)
RUNNING = "running"
_FRESH_SECONDS = 60.0  # a run writes its status every few seconds
_CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one study's run."""

    path: Path

    @classmethod
    def of(cls, output_dir: Path, study_name: str) -> RunFolder:
        """The run of a study under an output folder."""
        return cls(output_dir / "runs" / study_name)

    def prepare(self) -> None:
        """Makes the folder, and takes away what killed processes left half written.

        Raises:
            UserError: it cannot be written to.
        """
        try:
            (self.path / "logs").mkdir(parents=True, exist_ok=True)
            (self.path / "artifacts").mkdir(exist_ok=True)
            if not os.access(self.path, os.W_OK):
                raise PermissionError(13, "no permission to write")
            for name in (*RESULTS, "status.json", "timing.json"):
                for left in self.path.glob(f".{name}.*"):
                    if is_tag_alive(left.suffix[1:]) is False:
                        left.unlink(missing_ok=True)
        except OSError as error:
            raise UserError(
                f"cannot write the run here ({error.strerror})",
                where=str(self.path),
                fix="give --output-dir a folder you may write to",
            ) from error

    def set_aside(self, identity: str) -> Path | None:
        """Moves results away that came from other settings, with their status and timing.

        So the status never speaks of one study and the results beside it of another.

        Args:
            identity: of the study that is about to run, as its status will say it.

        Returns:
            Where to, or None where there was nothing to move.

        Raises:
            UserError: they cannot be moved, or a study of other settings runs here at this moment.
        """
        last = self._last_status()
        if last.get("identity") == identity:
            return None
        self._refuse_beside(last)
        if not any((self.path / name).is_file() for name in RESULTS):
            return None
        if (self.path / "status.json").is_dir():
            return None  # the run ends at once, since it cannot write its status
        number = next(n for n in count(1) if not (self.path / f"earlier-{n}").exists())
        earlier = self.path / f"earlier-{number}"
        with writing(earlier):
            earlier.mkdir()
            for name in (*RESULTS, "status.json", "timing.json"):
                if (self.path / name).is_file():
                    (self.path / name).rename(earlier / name)
        return earlier

    def _last_status(self) -> Mapping[str, Any]:
        """What the study that ran here last said; empty where nobody can say."""
        try:
            status: Any = json.loads((self.path / "status.json").read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        return status if isinstance(status, dict) else {}

    def _refuse_beside(self, last: Mapping[str, Any]) -> None:
        """Refuses to mix results: the same study may run here twice at once, another one may not."""
        tag = last.get("process")
        if last.get("state") != RUNNING or not isinstance(tag, str) or tag == process_tag():
            return
        alive = is_tag_alive(tag)
        if alive or (alive is None and self._is_fresh()):
            raise UserError(
                f"a study of other settings runs in this folder (process {last.get('pid')})",
                where=str(self.path),
                fix="wait until it ends, or give this one another name or --output-dir",
            )

    def _is_fresh(self) -> bool:
        """Whether the status was written a moment ago, as a run that lives does, on whatever machine."""
        try:
            written = (self.path / "status.json").stat().st_mtime
        except OSError:
            return False
        return abs(time.time() - written) < _FRESH_SECONDS

    def link(self, step: Step, artifact: Artifact) -> None:
        """Gives an artifact its readable name.

        Raises:
            UserError: it cannot be written; so do the other methods that write.
        """
        name = self.path / "artifacts" / step.id
        target = os.path.relpath(artifact.path, name.parent)
        with writing(name):
            if name.is_symlink() and str(name.readlink()) == target:
                return
            name.parent.mkdir(parents=True, exist_ok=True)
            new = name.with_name(f".{name.name}.{process_tag()}")  # another run may be linking the same
            new.unlink(missing_ok=True)
            new.symlink_to(target)
            new.replace(name)

    def log_failure(self, outcome: Outcome) -> Path:
        """Keeps a failed step's traceback; returns where."""
        path = self.path / "logs" / f"{outcome.step.id}.txt"
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            text = (outcome.error + "\n").encode("utf-8", errors="backslashreplace")
            write_atomically(path, lambda temporary: temporary.write_bytes(text))
        return path

    def log_output(self, step_id: str, text: str) -> None:
        """Keeps what a worker on another machine wrote while it made a step, after what is kept of it."""
        path = self.path / "logs" / f"{step_id}.output.txt"
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_symlink():  # of somebody who handed the folder on: never write to where it points
                path.unlink()
            with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)

    def cancel(self) -> None:
        """Asks the run, wherever its process is, to stop as by Ctrl-C: the one that wrote the status last."""
        asked = str(self._last_status().get("process", ""))
        with writing(self.path / _CANCEL):
            write_atomically(self.path / _CANCEL, lambda new: new.write_text(asked, encoding="utf-8"))

    def is_cancelled(self) -> bool:
        """Whether somebody asked the run of this process to stop."""
        try:
            return (self.path / _CANCEL).read_text(encoding="utf-8", errors="replace") == process_tag()
        except OSError:
            return False

    def publish(self, artifacts: Iterable[Artifact]) -> None:
        """Copies the result files out of the closing steps' artifacts."""
        for artifact in artifacts:
            for name in RESULTS:
                source, target = artifact.path / name, self.path / name
                if source.exists():
                    with writing(target):
                        write_atomically(target, partial(shutil.copyfile, source))

    def write_status(self, status: Mapping[str, Any]) -> None:
        """Writes how far the run is, a line for each step: `json` is slow where it indents all."""
        text = ",\n".join(f" {_json(name)}: {_by_line(status[name])}" for name in sorted(status))
        path = self.path / "status.json"
        with writing(path):
            write_atomically(path, lambda new: new.write_text(f"{{\n{text}\n}}\n", encoding="utf-8"))

    def write_timing(self, seconds: float, artifacts: Mapping[str, Artifact]) -> None:
        """Writes what took how long, and on which machine."""
        steps = {
            id: {"seconds": artifact.seconds, "reused": artifact.reused}
            for id, artifact in sorted(artifacts.items())
        }
        machine = {
            "system": platform.platform(),
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "software": software(),
        }
        timing = {
            "schema_version": SCHEMA_VERSION,
            "seconds": round(seconds, 3),
            "machine": machine,
            "steps": steps,
        }
        with writing(self.path / "timing.json"):
            write_json(self.path / "timing.json", timing)

    def status(self) -> dict[str, Any]:
        """Returns the run's status; a run whose process is gone is `stopped`, whatever it said last.

        Raises:
            UserError: there is no run here, or its status is none.
        """
        from polyteach.status_file import checked_status

        try:
            status = checked_status(json.loads((self.path / "status.json").read_bytes()))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise UserError(
                "there is no run here", where=str(self.path), fix=_known_runs(self.path)
            ) from error
        except (OSError, ValueError, RecursionError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not what a run writes"
            raise UserError(
                f"the status cannot be read ({why})",
                where=str(self.path / "status.json"),
                fix="run the study again",
            ) from error
        if status["state"] == RUNNING and _is_gone(status):
            status["state"] = "stopped"
            for step in status["steps"]:
                if step["state"] == RUNNING:
                    step["state"] = "waiting"
        return status

    @property
    def results(self) -> Path:
        """Where the results are."""
        return self.path / "results.json"


def find_run(name: str | None, output_dir: Path) -> RunFolder:
    """Returns the run of that name (or folder); without a name the one written to last.

    A folder that holds no run, but has the name of one, stands for that run.

    Raises:
        UserError: there is none.
    """
    if name is not None:
        run = RunFolder.of(output_dir, name)
        # Not Path's own: they raise on long names.
        is_run = os.path.exists(Path(name, "status.json"))  # noqa: PTH110
        is_there = os.path.exists(name) and not os.path.isdir(run.path)  # noqa: PTH110, PTH112
        return RunFolder(Path(name)) if is_run or is_there else run
    known = sorted((output_dir / "runs").glob("*/status.json"), key=lambda path: path.stat().st_mtime)
    if not known:
        raise UserError(
            "there is no run here", where=str(output_dir / "runs"), fix="start one: polyteach run STUDY.yaml"
        )
    return RunFolder(known[-1].parent)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)


def _by_line(value: Any) -> str:
    return "[\n  " + ",\n  ".join(map(_json, value)) + "\n ]" if isinstance(value, list) else _json(value)


def _known_runs(path: Path) -> str:
    known = sorted(status.parent.name for status in path.parent.glob("*/status.json"))
    return f"runs here: {', '.join(known)}" if known else "start one: polyteach run STUDY.yaml"


def _is_gone(status: Mapping[str, Any]) -> bool:
    """Whether the process that wrote a status has ended; of one on another machine nobody here can say."""
    tag = status.get("process")
    if not isinstance(tag, str):
        return True
    alive = is_tag_alive(tag)
    return alive is False or (alive is True and f"-{status['pid']}-" not in tag)

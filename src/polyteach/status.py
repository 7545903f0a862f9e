"""How far a run is: `status.json`, rewritten whole at each change."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from polyteach.artifacts import SCHEMA_VERSION
from polyteach.executors.outcome import Outcome
from polyteach.runs import RUNNING, RunFolder
from polyteach.steps import Step


class StatusWriter:
    """Keeps `status.json` up to date with what happens to each step.

    Args:
        folder: the run's folder.
        steps: the study's steps.
        requests: how many requests each synthesis step sends, by its id.
        identity: what the run's results depend on, as a digest.
    """

    def __init__(
        self, folder: RunFolder, steps: Sequence[Step], requests: Mapping[str, int], identity: str
    ) -> None:
        self._folder = folder
        self._identity = identity
        self._steps: dict[str, dict[str, Any]] = {}
        self._requests = requests
        self._facts: dict[str, Mapping[str, Any]] = {}
        self._clock = _Clock()
        self.state = RUNNING
        self.seconds_left: float | None = None
        self.add(steps)

    def add(self, steps: Iterable[Step]) -> None:
        """Adds steps that wait."""
        for step in steps:
            self._steps[step.id] = {
                "id": step.id,
                "kind": step.kind,
                "state": "waiting",
                "reused": None,
                "progress": None,
            }

    def started(self, step: Step) -> None:
        """Notes that a step runs."""
        self._steps[step.id]["state"] = RUNNING
        if step.id in self._requests:
            self._clock.start(step.id)

    def progressed(self, step_id: str, done: int, total: int, unit: str) -> None:
        """Notes how far a running step is; may come from another thread."""
        if self._steps[step_id]["state"] == RUNNING:  # not what comes late, after the step's end
            self._steps[step_id]["progress"] = {"done": done, "total": total, "unit": unit}

    def put_back(self, step: Step) -> None:
        """Notes that a step waits again."""
        self._steps[step.id] |= {"state": "waiting", "progress": None}
        self._clock.stop(step.id)

    def ended(self, outcome: Outcome) -> None:
        """Notes how a step ended."""
        entry = self._steps[outcome.step.id]
        entry |= {"state": outcome.state, "progress": None}
        self._clock.stop(outcome.step.id)
        if outcome.artifact:
            entry["reused"] = outcome.artifact.reused
            if outcome.step.kind == "synthesis":
                self._facts[outcome.step.id] = outcome.artifact.facts

    def write(self) -> None:
        """Writes the file."""
        self._folder.write_status(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """The status as the outside view has it."""
        facts = list(self._facts.values())
        failed: Counter[str] = Counter()
        for fact in facts:
            failed.update(fact.get("failed", {}))
        return {
            "schema_version": SCHEMA_VERSION,
            "state": self.state,
            "pid": os.getpid(),
            "identity": self._identity,
            "steps": [dict(step) for step in self._steps.values()],
            "requests": {
                "done": sum(int(fact.get("attempts", 0)) for fact in facts),
                "failed": dict(sorted(failed.items())),
                "left": sum(
                    n - self._under_way(id)
                    for id, n in self._requests.items()
                    if self._steps[id]["state"] in ("waiting", RUNNING)
                ),
            },
            "tokens": {
                "prompt": sum(int(fact.get("prompt_tokens", 0)) for fact in facts),
                "response": sum(int(fact.get("response_tokens", 0)) for fact in facts),
            },
            "money": None,  # local models have no price
            "rate": self._rate(),
            "seconds_left": self.seconds_left,
        }

    def _under_way(self, id: str) -> int:
        """Answers that a running step has; they count as done only when it ends."""
        step = self._steps[id]
        return int(step["progress"]["done"]) if step["state"] == RUNNING and step["progress"] else 0

    def _rate(self) -> float | None:
        """Requests answered in this run for each second in which a teacher wrote; None before the first."""
        made = sum(
            int(fact.get("attempts", 0)) for id, fact in self._facts.items() if not self._steps[id]["reused"]
        )
        made += sum(self._under_way(id) for id in self._requests)
        seconds = self._clock.seconds
        return round(made / seconds, 3) if made and seconds > 0 else None


class _Clock:
    """Counts the seconds during which at least one of several things goes on."""

    def __init__(self) -> None:
        self._going_on: set[str] = set()
        self._before = self._since = 0.0

    def start(self, name: str) -> None:
        if not self._going_on:
            self._since = time.monotonic()
        self._going_on.add(name)

    def stop(self, name: str) -> None:
        if name in self._going_on:
            before = self.seconds
            self._going_on.remove(name)
            if not self._going_on:
                self._before = before

    @property
    def seconds(self) -> float:
        return self._before + (time.monotonic() - self._since if self._going_on else 0.0)

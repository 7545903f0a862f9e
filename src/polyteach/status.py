"""How far a run is: `status.json`, rewritten whole at each change."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from polyteach.artifacts import SCHEMA_VERSION
from polyteach.executors.outcome import Outcome
from polyteach.files import write_json
from polyteach.runs import RunFolder
from polyteach.steps import Step


class StatusWriter:
    """Keeps `status.json` up to date with what happens to each step."""

    def __init__(self, folder: RunFolder, steps: Sequence[Step]) -> None:
        self._path = folder.path / "status.json"
        self._steps: dict[str, dict[str, Any]] = {}
        self.add(steps)
        self._facts: dict[str, Mapping[str, Any]] = {}
        self._requests = {step.id: int(step.settings["rows"]) for step in steps if step.kind == "synthesis"}
        self.state = "running"
        self.rate: float | None = None
        self.seconds_left: float | None = None

    def add(self, steps: Iterable[Step]) -> None:
        """Adds steps that wait."""
        for step in steps:
            self._steps[step.id] = {"id": step.id, "kind": step.kind, "state": "waiting", "reused": None}

    def started(self, step: Step) -> None:
        """Notes that a step runs."""
        self._steps[step.id]["state"] = "running"

    def ended(self, outcome: Outcome) -> None:
        """Notes how a step ended."""
        entry = self._steps[outcome.step.id]
        entry["state"] = outcome.state
        if outcome.artifact:
            entry["reused"] = outcome.artifact.reused
            if outcome.step.kind == "synthesis":
                self._facts[outcome.step.id] = outcome.artifact.facts

    @property
    def counts(self) -> Counter[str]:
        """How many steps are in each state."""
        return Counter(str(step["state"]) for step in self._steps.values())

    def write(self) -> None:
        """Writes the file."""
        write_json(self._path, self.to_json())

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
            "steps": list(self._steps.values()),
            "requests": {
                "done": sum(int(fact.get("attempts", 0)) for fact in facts),
                "failed": dict(sorted(failed.items())),
                "left": sum(n for id, n in self._requests.items() if self._steps[id]["state"] == "waiting"),
            },
            "tokens": {
                "prompt": sum(int(fact.get("prompt_tokens", 0)) for fact in facts),
                "response": sum(int(fact.get("response_tokens", 0)) for fact in facts),
            },
            "money": None,  # local models have no price
            "rate": self.rate,
            "seconds_left": self.seconds_left,
        }

"""An observer that notes what an executor tells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from polyteach.executors.outcome import Outcome
from polyteach.steps import Step


@dataclass
class Diary:
    """Notes what an executor tells."""

    started_ids: list[str] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    ended_ids: list[str] = field(default_factory=list)
    put_back_ids: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    progress: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    output: defaultdict[str, str] = field(default_factory=lambda: defaultdict(str))
    after_end: Callable[[], None] = lambda: None

    def started(self, step: Step, where: str) -> None:
        """Notes its place."""
        self.started_ids.append(step.id)
        self.places[step.id] = where

    def progressed(self, step_id: str, done: int, total: int, unit: str) -> None:
        """Notes how far it is."""
        assert 0 <= done <= total
        self.progress[step_id] = (done, total, unit)

    def ended(self, outcome: Outcome) -> None:
        """Notes its end."""
        self.ended_ids.append(outcome.step.id)
        self.after_end()

    def put_back(self, step: Step, why: str) -> None:
        """Notes why."""
        self.put_back_ids.append(step.id)
        self.reasons.append(why)

    def printed(self, step_id: str, text: str) -> None:
        """Keeps it."""
        self.output[step_id] += text

    def waited(self) -> None:
        """Notes nothing."""

"""How a step ended, and who is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from polyteach.artifacts import Artifact
from polyteach.steps import Step


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step ended.

    Attributes:
        step: the step.
        state: `done`, `failed` (its work raised), or `skipped` (an input failed).
        artifact: the output where done.
        error: the traceback where failed, the cause where skipped.
    """

    step: Step
    state: Literal["done", "failed", "skipped"]
    artifact: Artifact | None = None
    error: str = ""

    @property
    def met_a_bug(self) -> bool:
        """Whether the error is a traceback; another step could not be done with what it was given."""
        return self.error.startswith("Traceback (most recent call last):")


class Observer(Protocol):
    """Is told what happens to each step. `progressed` may come from another thread."""

    def started(self, step: Step) -> None:
        """A worker took the step."""

    def progressed(self, step_id: str, done: int, total: int, unit: str) -> None:
        """The step's work is so far."""

    def ended(self, outcome: Outcome) -> None:
        """The step ended."""

    def put_back(self, step: Step, why: str) -> None:
        """The step did not end, and waits again: for its next try, or for the next run."""

    def waited(self) -> None:
        """Some seconds went by in which no step ended."""

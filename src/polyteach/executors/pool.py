"""What a place that runs steps has to offer: the schedule hands it work and takes what ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from polyteach.artifacts import Artifact
from polyteach.steps import Step

Loss = Literal["process", "memory", "node"]
"""What was lost with a step: its process died, or was ended for want of memory; its machine is gone."""


class Lost(Exception):
    """A step did not end because what ran it is gone."""

    def __init__(self, loss: Loss, where: str = "") -> None:
        super().__init__(loss, where)
        self.loss = loss
        self.where = where


class StepFailed(Exception):
    """A step's work raised. A bug's traceback comes as text: not every exception can cross processes."""


@dataclass(frozen=True, slots=True)
class Job:
    """A step to be run.

    Attributes:
        step: the step.
        again: its process died before: it runs alone, or with more memory.
        urgency: cost of the costliest chain of steps that it begins; jobs come by it, the highest first.
    """

    step: Step
    again: bool = False
    urgency: float = 0.0

    @property
    def model(self) -> str | None:
        """Where the model lies that a worker holds for it: the base of a student, or the one examined."""
        return self.step.locations.get("base") or self.step.locations.get("model")


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that is over, with its artifact or what went wrong.

    `error` is one of `Lost`, `StepFailed`, `artifacts.Busy`, `BudgetReached`, or a `UserError`.
    """

    step: Step
    artifact: Artifact | None = None
    error: Exception | None = None


class Pool(Protocol):
    """Workers that make steps: processes here, or actors of a Ray cluster."""

    def start(self, jobs: Sequence[Job], *, anew: bool) -> Mapping[str, str]:
        """Starts those for which there is room, the first ones first.

        Returns:
            Where each started step runs, by its id; "" is this machine.
        """

    def collect(self, seconds: float) -> list[Ended]:
        """Returns what ended; waits so long at most, also where nothing runs."""

    def stop(self) -> None:
        """Asks the steps that run to stop."""

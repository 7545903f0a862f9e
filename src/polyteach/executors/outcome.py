"""How a step ended, who is told, and what an executor is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from polyteach.artifacts import Artifact, Store
from polyteach.steps import Step

STOP_SECONDS = 120.0
"""How long steps may take to stop: most answers of models that were asked come within it."""


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

    def started(self, step: Step, where: str) -> None:
        """A worker took the step; `where` names its machine, "" stands for this one."""

    def progressed(self, step_id: str, done: int, total: int, unit: str) -> None:
        """The step's work is so far."""

    def ended(self, outcome: Outcome) -> None:
        """The step ended."""

    def put_back(self, step: Step, why: str) -> None:
        """The step did not end, and waits again: for its next try, or for the next run.

        `why` is empty where it was said before.
        """

    def printed(self, step_id: str, text: str) -> None:
        """A worker on another machine wrote this while it made the step, outside of any artifact."""

    def waited(self) -> None:
        """Some seconds went by in which no step ended."""


class Executor(Protocol):
    """Where steps run."""

    def check(self, steps: Sequence[Step]) -> list[str]:
        """Looks, before anything is made, whether they can run there.

        Returns:
            What a user may not expect, in sentences.

        Raises:
            UserErrors: they cannot.
        """

    def run(
        self, steps: Sequence[Step], store: Store, observer: Observer, *, anew: bool = False
    ) -> dict[str, Outcome]:
        """Runs steps, each after its inputs, the longest remaining chain first.

        Args:
            steps: in an order in which inputs come before what reads them. A step whose input is not among
                them finds it in the store.
            store: where artifacts are found and put.
            observer: see `Observer`.
            anew: make each step even if its artifact is there.

        Returns:
            The outcome of each step by its id. A step that raises is `failed`, and so is one whose process
            dies again when it is tried once more; what needs it is `skipped`; the rest goes on.

        Raises:
            UserError: a step's work found a mistake of the user's; nothing new is started, and what runs is
                asked to stop, so that answers under way are kept. After `STOP_SECONDS`, or Ctrl-C, it is
                ended.
            BudgetReached: nothing new is started; what runs is let finish, since its answers are paid.
            KeyboardInterrupt: Ctrl-C, or the observer's word; what runs is ended.
        """

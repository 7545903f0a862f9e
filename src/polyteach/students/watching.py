"""What is looked at while a student trains: progress, the loss of each step, and when it goes wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

from polyteach.errors import StepImpossible
from polyteach.steps import Progress

if TYPE_CHECKING:
    from polyteach.students.trainer import Plan

WINDOW = 8
"""Losses are judged by the mean of so many steps."""
WORSE_TIMES, WORSE_NATS = 2.0, 1.0
"""A training diverges when that mean is this factor of the first one's and this much more, or this much worse
than guessing among all tokens."""


class Watcher(TrainerCallback):
    """Passes progress on, and stops a training that goes wrong; losses are in the trainer's `log_history`."""

    def __init__(self, progress: Progress, plan: Plan, vocabulary: int) -> None:
        self.progress, self.plan, self.vocabulary = progress, plan, vocabulary

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Says how many steps there will be, and how many a checkpoint has."""
        self.progress.start(state.max_steps, "steps")
        if state.global_step:
            self.progress.advance(state.global_step)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Counts a step."""
        self.progress.advance()

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        """Looks at the step's gradient and at the losses so far.

        Raises:
            StepImpossible: the gradient is no number, or the loss grows and grows.
        """
        if "loss" not in logs:
            return
        step = state.global_step - 1
        if not math.isfinite(logs.get("grad_norm", 0.0)):
            raise _stopped("the gradient is no number", step, len(self.plan.steps), self.plan.ids(step))
        losses = losses_of(state.log_history)
        if diverges(losses, self.vocabulary):
            worst = max(range(step + 1 - WINDOW, step + 1), key=lambda at: losses[at])
            first, last = losses[0], fmean(losses[-WINDOW:])
            what = f"the loss diverges, from {first:.2f} to {last:.2f} (mean of {WINDOW} steps), the largest"
            raise _stopped(what, worst, len(self.plan.steps), self.plan.ids(worst))


def losses_of(log_history: Sequence[dict[str, float]]) -> list[float]:
    """The loss of each step, from what the trainer logged."""
    return [logs["loss"] for logs in log_history if "loss" in logs]


def diverges(losses: Sequence[float], vocabulary: int) -> bool:
    """Whether the last `WINDOW` losses are far above the first ones, or above the loss of a blind guess."""
    last = fmean(losses[-WINDOW:])
    if len(losses) < WINDOW:
        return False
    if last > math.log(vocabulary) + WORSE_NATS:
        return True
    return len(losses) >= 2 * WINDOW and last > WORSE_TIMES * fmean(losses[:WINDOW]) + WORSE_NATS


def not_finite(step: int, ids: Sequence[str], steps: int, alone: Sequence[float] | None) -> StepImpossible:
    """Says that a step's loss is no number; names the examples at fault, where it is known, else all of it.

    Args:
        step: its number, from 0.
        ids: its examples.
        steps: of the whole training.
        alone: the loss of each example by itself, where it was computed.
    """
    if alone is None:
        return _stopped("the loss is no number", step, steps, ids)
    broken = [id for id, loss in zip(ids, alone, strict=True) if not math.isfinite(loss)]
    what = f"the loss is no number, by itself that of {len(broken)} of {len(ids)} examples"
    return _stopped(what, step, steps, broken or ids)


def _stopped(what: str, step: int, steps: int, ids: Sequence[str]) -> StepImpossible:
    """What went wrong is the last line, which is told everywhere; the examples stand in the step's log."""
    return StepImpossible(
        f"examples: {', '.join(ids)}\n"
        f"{what} (step {step + 1} of {steps}); lower students.learning_rate, or look at the examples that "
        "the log names"
    )

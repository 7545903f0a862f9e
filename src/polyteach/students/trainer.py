"""TRL's SFT trainer, cheap for tiny models on a CPU. Imports torch and TRL: import it inside functions."""

from __future__ import annotations

import math
from typing import Any

import torch
from transformers import PrinterCallback, TrainerCallback
from trl.trainer.sft_trainer import SFTTrainer

from polyteach.steps import Progress
from polyteach.students.encode import IGNORED

AGREEMENT = 1e-4
"""How far logits may be from the model's own, as a share of the largest: fp32 sums in another order."""


class StudentTrainer(SFTTrainer):
    """SFTTrainer with a loss that projects only the answer's positions, where that is cheaper.

    Without a GPU, TRL 1.16 multiplies every position by the output matrix, in chunks, and again in the
    backward pass: wasted on prompts, of which no token is scored.
    The logits of the shorter way are compared with the model's own on the first batch; where they part
    (capped or scaled logits), and with router losses, TRL's way is used throughout.
    """

    _short: bool | None = None

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Returns the mean loss over the answer's tokens of the effective batch."""
        if self._short is None:
            self._short = self._agrees(model, inputs)
        if self._short and not return_outputs:
            return answer_loss(model, inputs, num_items_in_batch)
        return super().compute_loss(  # type: ignore[no-untyped-call]
            model, inputs, return_outputs, num_items_in_batch
        )

    def _agrees(self, model: Any, inputs: Any) -> bool:
        if self.args.device.type != "cpu" or self.aux_loss_enabled:
            return False  # on a GPU, TRL's fused kernel is the better one
        with torch.no_grad():
            ours, _ = answer_logits(model, inputs)
            logits = model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).logits
        theirs = logits[:, :-1][inputs["labels"][:, 1:] != IGNORED]
        return torch.allclose(ours, theirs.float(), rtol=0, atol=AGREEMENT * float(theirs.abs().max()))

    def _send_telemetry(self) -> None:
        """Sends nothing: TRL would report each training to its makers."""


def answer_loss(model: Any, inputs: Any, num_items: Any) -> torch.Tensor:
    """Cross-entropy of the labelled tokens: their sum over `num_items`, or their mean.

    Args:
        model: a causal language model, or a PEFT model around one.
        inputs: `input_ids`, `attention_mask` and `labels`, each [batch, length], padded on the right.
        num_items: labelled tokens of the whole effective batch; None for those of this batch.
    """
    logits, labels = answer_logits(model, inputs)
    total = torch.nn.functional.cross_entropy(logits, labels, reduction="sum")
    return total / (len(labels) if num_items is None else num_items)


def answer_logits(model: Any, inputs: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """The logits [tokens, vocabulary] before each labelled token of a batch, and the labels [tokens]."""
    causal = model.get_base_model() if hasattr(model, "get_base_model") else model
    labels = inputs["labels"][:, 1:]
    counted = labels != IGNORED
    hidden = causal.base_model(
        input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], use_cache=False
    ).last_hidden_state
    return causal.get_output_embeddings()(hidden[:, :-1][counted]).float(), labels[counted]


class Watcher(TrainerCallback):
    """Keeps the loss curve, passes progress on, and stops a training whose loss is no number any more.

    Attributes:
        curve: (step, mean loss since the point before).
        diverged_at: the step by which the loss was no number any more; None where it stayed one.
    """

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.curve: list[tuple[int, float]] = []
        self.diverged_at: int | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Says how many steps there will be."""
        self.progress.start(state.max_steps, "steps")

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Counts a step."""
        self.progress.advance()

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        """Notes the mean loss since the last note; the very last log has the mean of all steps instead."""
        loss = logs.get("loss", logs.get("train_loss"))
        if self.diverged_at is None and not math.isfinite(loss):
            self.diverged_at = state.global_step
            control.should_training_stop = True
        if "loss" in logs:
            self.curve.append((state.global_step, round(loss, 6)))


def quiet_trainer(watcher: Watcher, **arguments: Any) -> StudentTrainer:
    """A trainer that prints nothing and tells the watcher."""
    trainer = StudentTrainer(**arguments, callbacks=[watcher])
    trainer.remove_callback(PrinterCallback)
    return trainer

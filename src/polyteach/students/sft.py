"""Training one student: supervised fine-tuning of a base through TRL, in full or by LoRA."""

from __future__ import annotations

import json
import math
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyteach.errors import StepImpossible
from polyteach.rows import Row
from polyteach.steps import Progress, SilentProgress, digest_of
from polyteach.students.encode import IGNORED, EncodedRows, encode_rows

CURVE_POINTS = 20
"""About so many points a loss curve has: enough to see it, few enough to cost nothing."""

PRECISION = {"cpu": "float32", "cuda": "bfloat16"}
"""What matrices are multiplied in, by kind of device; weights and the optimizer's state are fp32 on both."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a student is trained: AdamW, gradients clipped at norm 1, linear decay to 0, no packing.

    Attributes:
        epochs: passes over the rows.
        learning_rate: the highest, at the first step.
        batch_size: examples a forward pass.
        gradient_accumulation: forward passes a step.
        weight_decay: AdamW's.
        max_length: tokens after which an example is cut off.
        lora: `{"r": rank, "alpha": scale}` for adapters on all linear layers but the output; None trains all.
    """

    epochs: int
    learning_rate: float
    batch_size: int
    gradient_accumulation: int
    weight_decay: float
    max_length: int
    lora: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Training:
    """What a training was: all but times, so it is the same whenever it is repeated on a kind of device.

    Attributes:
        examples: rows trained on.
        truncated, dropped: rows cut off at `max_length`, and rows whose answer lay wholly beyond it.
        ids_digest: SHA-256 of the rows' ids in their order.
        steps, effective_batch: optimizer steps, and examples each is over.
        tokens, answer_tokens: of one pass over the rows; the loss is over the answer's.
        device: `cpu` or `cuda`; students of one rng_seed differ between the two.
        precision: see `PRECISION`.
        loss_curve: [step, mean loss an answer token since the last point].
    """

    examples: int
    truncated: int
    dropped: int
    ids_digest: str
    steps: int
    effective_batch: int
    tokens: int
    answer_tokens: int
    device: str
    precision: str
    loss_curve: tuple[tuple[int, float], ...]


def train(
    base_location: str,
    rows: Sequence[Row],
    output: Path,
    recipe: Recipe,
    *,
    rng_seed: int,
    progress: Progress | None = None,
) -> Training:
    """Trains a base on rows and saves model (or adapter) and tokenizer to `output`/model.

    On a CPU everything is fp32 and one rng_seed gives bit-identical weights, for one number of threads.
    Where there are several GPUs, the first is used.

    Raises:
        UserError: the base cannot be loaded.
        StepImpossible: no example is left, or the loss is no number any more.
    """
    from polyteach.students.base import load_base
    from polyteach.students.trainer import Watcher

    model, tokenizer = load_base(base_location)
    encoded = encode_rows(tokenizer, rows, recipe.max_length)
    if not encoded.ids:
        raise StepImpossible(
            f"no answer begins within students.max_length = {recipe.max_length} tokens, of {len(rows)} rows"
        )
    watcher = Watcher(progress or SilentProgress())
    trained, steps = _fit(model, tokenizer, encoded, recipe, rng_seed, watcher)
    if watcher.diverged_at is not None:
        raise StepImpossible(
            f"the loss is no number any more by step {watcher.diverged_at} of {steps}; "
            f"lower students.learning_rate, it is {recipe.learning_rate}"
        )
    _save(trained, tokenizer, output / "model")
    return Training(
        examples=len(encoded.ids),
        truncated=encoded.truncated,
        dropped=encoded.dropped,
        ids_digest=digest_of(encoded.ids),
        steps=steps,
        effective_batch=recipe.batch_size * recipe.gradient_accumulation,
        tokens=sum(len(ids) for ids in encoded.input_ids),
        answer_tokens=sum(label != IGNORED for labels in encoded.labels for label in labels),
        device=_device(),
        precision=PRECISION[_device()],
        loss_curve=tuple(watcher.curve),
    )


def _fit(
    model: Any, tokenizer: Any, encoded: EncodedRows, recipe: Recipe, rng_seed: int, watcher: Any
) -> tuple[Any, int]:
    """Runs the trainer; returns the trained model and the number of steps planned."""
    from datasets import Dataset

    from polyteach.students.trainer import quiet_trainer

    dataset = Dataset.from_dict({"input_ids": encoded.input_ids, "labels": encoded.labels})
    # The trainer wants a folder, though nothing is saved there; its libraries warn each other of old names.
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        trainer = quiet_trainer(
            watcher,
            model=model,
            args=_arguments(recipe, len(encoded.ids), rng_seed, scratch),
            train_dataset=dataset,
            processing_class=tokenizer,
            peft_config=_adapter(recipe.lora) if recipe.lora else None,
        )
        trainer.train()
    return trainer.model, trainer.state.max_steps


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _arguments(recipe: Recipe, examples: int, rng_seed: int, scratch: str) -> Any:
    """The recipe in TRL's words; TRL's defaults of bf16 and checkpointing hold on a GPU only."""
    from trl.trainer.sft_config import SFTConfig

    gpu = _device() == "cuda"
    steps = recipe.epochs * math.ceil(examples / (recipe.batch_size * recipe.gradient_accumulation))
    arguments = SFTConfig(
        output_dir=scratch,
        num_train_epochs=recipe.epochs,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type="linear",
        per_device_train_batch_size=recipe.batch_size,
        gradient_accumulation_steps=recipe.gradient_accumulation,
        weight_decay=recipe.weight_decay,
        max_length=recipe.max_length,
        seed=rng_seed,
        use_cpu=not gpu,
        bf16=PRECISION[_device()] == "bfloat16",
        activation_checkpointing=gpu,
        dataloader_pin_memory=gpu,
        dataset_kwargs={"skip_prepare_dataset": True},  # encode_rows has done it
        logging_steps=math.ceil(steps / CURVE_POINTS),
        logging_nan_inf_filter=False,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )
    return one_device(arguments)


def one_device(arguments: Any) -> Any:
    """Keeps the trainer to one device: with more, it would multiply the batch by how many it sees."""
    if arguments.n_gpu > 1:
        arguments._n_gpu = 1  # as the trainer itself does where a model is spread over GPUs
    return arguments


def _adapter(lora: Mapping[str, int]) -> Any:
    from peft import LoraConfig

    return LoraConfig(
        r=lora["r"], lora_alpha=lora["alpha"], target_modules="all-linear", task_type="CAUSAL_LM"
    )


def _save(model: Any, tokenizer: Any, folder: Path) -> None:
    """Saves safetensors and tokenizer, the same bytes on any machine.

    PEFT writes where the base lay, and a set of module names in the order of this process's string hashes.
    """
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    adapter = folder / "adapter_config.json"
    if adapter.is_file():
        config = json.loads(adapter.read_text(encoding="utf-8"))
        config |= {"base_model_name_or_path": None, "target_modules": sorted(config["target_modules"])}
        adapter.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        (folder / "README.md").unlink(missing_ok=True)  # PEFT's empty model card names the path too

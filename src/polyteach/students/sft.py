"""Training one student: supervised fine-tuning of a base through TRL, in full, by LoRA or by QLoRA."""

from __future__ import annotations

import json
import math
import re
import tempfile
import warnings
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from polyteach.errors import StepImpossible
from polyteach.rows import Row
from polyteach.steps import Progress, SilentProgress, digest_of
from polyteach.students.devices import device_kind
from polyteach.students.encode import IGNORED, EncodedRows, encode_rows
from polyteach.students.order import steps_of
from polyteach.students.recipe import PRECISION, TOKENS_PER_PASS, Devices, Job, Lora, Recipe

if TYPE_CHECKING:
    from polyteach.students.trainer import Plan, StudentTrainer

CURVE_POINTS = 20
"""About so many points the loss curve of `training.json` has; `steps.parquet` has each step."""
STEPS = "steps.parquet"


@dataclass(frozen=True, slots=True)
class Training:
    """What a training was: all but times, so it is the same whenever it is repeated on a kind of device.

    Attributes:
        examples: rows trained on.
        truncated, dropped: rows cut off at `max_length`, and rows whose answer lay wholly beyond it.
        ids_digest: SHA-256 of the rows' ids in their order.
        steps, effective_batch: optimizer steps, and examples each is over.
        tokens, answer_tokens: of one pass over the rows; the loss is over the answer's.
        packed: whether passes were packed; False too where the base cannot keep packed documents apart.
        device: `cpu` or `cuda`; students of one rng_seed differ between the two.
        processes, sharded: see `Devices`.
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
    packed: bool
    device: str
    processes: int
    sharded: bool
    precision: str
    loss_curve: tuple[tuple[int, float], ...]


def train(
    base_location: str,
    rows: Sequence[Row],
    output: Path,
    recipe: Recipe,
    *,
    rng_seed: int,
    devices: Devices | None = None,
    state: Path | None = None,
    progress: Progress | None = None,
) -> Training:
    """Trains a base on rows; saves model (or adapter) and tokenizer to `output`/model, its steps beside it.

    On a CPU everything is fp32 and one rng_seed gives bit-identical weights, for one number of threads and
    processes, also if it was killed and went on from a checkpoint.

    Args:
        base_location: a folder, or `org/name@commit`.
        rows: with responses.
        output: a folder.
        recipe: how.
        rng_seed: of the order of the rows, and of an adapter's first weights.
        devices: on what; None: one.
        state: a folder for checkpoints that outlives a kill; the next call with the same arguments goes on
            from there. None: no checkpoints. Whoever calls removes it.
        progress: told how far the training is.

    Raises:
        UserError: the base cannot be loaded, or the devices are not there.
        StepImpossible: no example is left, a loss or gradient is no number any more, or the loss diverges.
    """
    from polyteach.students.devices import check_devices
    from polyteach.students.together import train_together

    job = Job(base_location, output, recipe, rng_seed, devices or Devices(), state)
    check_devices(recipe, job.devices)
    work = train_together if job.devices.processes > 1 else train_here
    return work(job, rows, progress or SilentProgress())


def train_here(job: Job, rows: Sequence[Row], progress: Progress) -> Training:
    """Trains in this process, alone or as one of several that torchrun started; see `train`."""
    from polyteach.students.base import lent, load_base

    base_location, lora = job.base_location, job.recipe.lora
    four_bit, dtype = bool(lora and lora.four_bit), PRECISION[device_kind()] if lora else "float32"
    lending = (
        lent(base_location, dtype, four_bit=four_bit, whole=lora is None)
        if job.devices.processes == 1
        else nullcontext(load_base(base_location, dtype, four_bit=four_bit))  # accelerate changes its weights
    )
    with lending as (model, tokenizer):
        return _trained(model, tokenizer, job, rows, progress)


def _trained(model: Any, tokenizer: Any, job: Job, rows: Sequence[Row], progress: Progress) -> Training:
    """Trains a model that is loaded, or an adapter on it."""
    from polyteach.students.checkpoints import latest
    from polyteach.students.watching import losses_of

    recipe, devices = job.recipe, job.devices
    encoded = encode_rows(tokenizer, rows, recipe.max_length)
    if not encoded.ids:
        raise StepImpossible(
            f"no answer begins within students.max_length = {recipe.max_length} tokens, of {len(rows)} rows"
        )
    with ExitStack() as stack:
        # The trainer wants a folder, also where nothing is saved; its libraries warn each other of old names.
        folder = job.state or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore", FutureWarning)
        trainer = _trainer(model, tokenizer, encoded, job, folder, progress)
        trainer.train(resume_from_checkpoint=latest(folder))
    losses = losses_of(trainer.state.log_history)
    training = Training(
        examples=len(encoded.ids),
        truncated=encoded.truncated,
        dropped=encoded.dropped,
        ids_digest=digest_of(encoded.ids),
        steps=len(losses),
        effective_batch=recipe.effective_batch,
        tokens=sum(len(ids) for ids in encoded.input_ids),
        answer_tokens=sum(label != IGNORED for labels in encoded.labels for label in labels),
        packed=trainer.plan.packing,
        device=device_kind(),
        processes=devices.processes,
        sharded=devices.sharded,
        precision=PRECISION[device_kind()],
        loss_curve=_curve(losses),
    )
    _save(trainer, tokenizer, job.output / "model")
    if trainer.is_world_process_zero():
        _write_steps(job.output / STEPS, trainer.plan, trainer.state.log_history)
    return training


def _trainer(
    model: Any, tokenizer: Any, encoded: EncodedRows, job: Job, folder: Path, progress: Progress
) -> StudentTrainer:
    from datasets import Dataset

    from polyteach.students.checkpoints import Checkpoints
    from polyteach.students.passes import keeps_apart, projects_plainly
    from polyteach.students.trainer import Plan, StudentTrainer
    from polyteach.students.watching import Watcher

    recipe, devices = job.recipe, job.devices
    kind, ids = device_kind(), encoded.input_ids
    model.eval()
    plan = Plan(
        encoded,
        steps_of(len(ids), recipe.effective_batch, recipe.epochs, job.rng_seed),
        packing=recipe.packing and keeps_apart(model, ids[-1], ids[0]),
        batch_size=recipe.batch_size,
        tokens_per_pass=devices.tokens_per_pass or TOKENS_PER_PASS[kind],
        pad_id=tokenizer.pad_token_id,
    )
    # On a GPU TRL's fused kernel is the better one; and processes have to call the model as a whole.
    short = kind == "cpu" and devices.processes == 1 and projects_plainly(model, ids[0])
    callbacks: list[Any] = [Watcher(progress, plan, model.config.get_text_config().vocab_size)]
    callbacks += [Checkpoints(devices.checkpoint_seconds)] if job.state else []
    return StudentTrainer(
        plan,
        short=short,
        model=model,
        args=_arguments(recipe, devices, job.rng_seed, folder),
        # TRL looks at one example; the trainer takes all from the plan
        train_dataset=Dataset.from_dict({"input_ids": ids[:1], "labels": encoded.labels[:1]}),
        processing_class=tokenizer,
        peft_config=_adapter(recipe.lora, model) if recipe.lora else None,
        callbacks=callbacks,
    )


def _arguments(recipe: Recipe, devices: Devices, rng_seed: int, folder: Path) -> Any:
    """The recipe in TRL's words. A batch of the trainer is a step of the plan, so nothing is accumulated."""
    from trl.trainer.sft_config import SFTConfig

    gpu = device_kind() == "cuda"
    again = gpu if devices.gradient_checkpointing is None else devices.gradient_checkpointing
    sharding = {"version": 2, "state_dict_type": "FULL_STATE_DICT", "activation_checkpointing": again}
    arguments = SFTConfig(
        output_dir=str(folder),
        num_train_epochs=1,  # the plan holds all epochs
        learning_rate=recipe.learning_rate,
        lr_scheduler_type="linear",
        per_device_train_batch_size=1,
        gradient_accumulation_steps=1,
        weight_decay=recipe.weight_decay,
        max_length=recipe.max_length,
        seed=rng_seed,
        use_cpu=not gpu,
        bf16=PRECISION[device_kind()] == "bfloat16",
        activation_checkpointing=again and not devices.sharded,
        fsdp=devices.sharded or None,  # type: ignore[arg-type]  # a text only in older configurations
        fsdp_config=sharding if devices.sharded else None,
        ddp_find_unused_parameters=False,
        dataloader_pin_memory=False,
        dataset_kwargs={"skip_prepare_dataset": True},  # encode_rows has done it
        logging_steps=1,
        logging_nan_inf_filter=False,
        save_strategy="no",  # `Checkpoints` says when
        report_to="none",
        log_level="error",  # what it warns of is meant
        disable_tqdm=True,
    )
    return one_device(arguments)


def one_device(arguments: Any) -> Any:
    """Keeps a process to one device: with more, the trainer would copy the model to each."""
    if arguments.n_gpu > 1:
        arguments._n_gpu = 1  # as the trainer itself does where a model is spread over GPUs
    return arguments


def _adapter(lora: Lora, model: Any) -> Any:
    from peft import LoraConfig

    return LoraConfig(
        r=lora.r,
        lora_alpha=lora.alpha,
        target_modules="all-linear",
        exclude_modules=_beside_text(model),
        task_type="CAUSAL_LM",
    )


def _beside_text(model: Any) -> str | None:
    """A pattern of the names of all modules outside a base's text model; None where the base is no more."""
    text = model.get_decoder()
    if text is model.base_model:
        return None
    name = next(name for name, module in model.named_modules() if module is text)
    return rf"(?!{re.escape(name)}\.).*"


def _curve(losses: Sequence[float]) -> tuple[tuple[int, float], ...]:
    """The mean loss of each stretch of steps, and the step it ends with."""
    stretch = math.ceil(len(losses) / CURVE_POINTS)
    ends = [*range(stretch, len(losses), stretch), len(losses)]
    starts = [0, *ends[:-1]]
    return tuple((end, round(fmean(losses[start:end]), 6)) for start, end in zip(starts, ends, strict=True))


def _write_steps(path: Path, plan: Plan, log_history: Sequence[dict[str, float]]) -> None:
    """Writes each step: its examples in their order, its loss, its gradient's norm, its learning rate."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    logged = [logs for logs in log_history if "loss" in logs]
    columns = {
        "step": pa.array(range(1, len(logged) + 1), pa.int64()),
        "examples": pa.array([plan.ids(step) for step in range(len(logged))], pa.list_(pa.string())),
        "answer_tokens": pa.array([plan.answer_tokens(step) for step in range(len(logged))], pa.int64()),
        "loss": pa.array([logs["loss"] for logs in logged], pa.float64()),
        "grad_norm": pa.array([logs["grad_norm"] for logs in logged], pa.float64()),
        "learning_rate": pa.array([logs["learning_rate"] for logs in logged], pa.float64()),
    }
    pq.write_table(pa.table(columns), path, compression="zstd")


def _save(trainer: StudentTrainer, tokenizer: Any, folder: Path) -> None:
    """Saves safetensors and tokenizer, the same bytes on any machine; several processes gather weights first.

    PEFT writes where the base lay, and a set of module names in the order of this process's string hashes.
    """
    unwrapped = trainer.accelerator.unwrap_model(trainer.model)
    # FSDP's weights are gathered by all, kept by the main process
    weights = trainer.accelerator.get_state_dict(trainer.model) if trainer.is_fsdp_enabled else None
    if not trainer.is_world_process_zero():
        return
    unwrapped.save_pretrained(folder, state_dict=weights)
    tokenizer.save_pretrained(folder)
    adapter = folder / "adapter_config.json"
    if adapter.is_file():
        config = json.loads(adapter.read_text(encoding="utf-8"))
        config |= {"base_model_name_or_path": None, "target_modules": sorted(config["target_modules"])}
        adapter.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        (folder / "README.md").unlink(missing_ok=True)  # PEFT's empty model card names the path too

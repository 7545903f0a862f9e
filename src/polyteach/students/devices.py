"""Which device students are trained on, and whether what a recipe wants of it is there."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from typing import TYPE_CHECKING

from polyteach.errors import UserError, UserErrors
from polyteach.students.recipe import Devices, Recipe

if TYPE_CHECKING:
    from polyteach.steps import Step


def device_kind() -> str:
    """`cuda` where there is a GPU, else `cpu`."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def check_devices(recipe: Recipe, devices: Devices) -> None:
    """Looks whether a student can be trained here as it is asked for.

    Raises:
        UserError: QLoRA without a CUDA GPU or without bitsandbytes; more processes than GPUs; shards of a
            quantised base, for one process, or without GPUs.
    """
    import torch

    gpus = torch.cuda.device_count()
    if recipe.lora and recipe.lora.four_bit:
        where = "students.lora.four_bit"
        if not gpus:
            fix = "leave it out (LoRA in full precision), or run on a machine with one"
            raise UserError("QLoRA needs a CUDA GPU, and there is none", where=where, fix=fix)
        if find_spec("bitsandbytes") is None:
            fix = "install polyteach[qlora]"
            raise UserError("QLoRA needs the package bitsandbytes", where=where, fix=fix)
        if devices.sharded:
            raise UserError("a base in 4 bits is not sharded", where=where, fix="leave `sharded` out")
    if gpus and devices.processes > gpus:
        what = f"{devices.processes} GPUs asked for a student, and there are {gpus}"
        raise UserError(what, where="students.processes", fix=f"at most {gpus}")
    if devices.sharded and (devices.processes == 1 or not gpus):
        what = "one process has nothing to share" if gpus else "accelerate shards on GPUs only"
        fix = "set students.processes to the number of GPUs, or leave `sharded` out"
        raise UserError(what, where="students.sharded", fix=fix)


def check_students(steps: Iterable[Step]) -> list[str]:
    """Looks, before anything is made, whether this machine can train the students of a study.

    Args:
        steps: those to be made; where no student is among them, no device is asked for.

    Returns:
        What a user may not expect of it, in sentences.

    Raises:
        UserErrors: see `check_devices`.
    """
    step = next((step for step in steps if step.kind == "students"), None)
    if step is None:
        return []
    recipe, devices = Recipe.of(step.settings), Devices.of(step.locations)
    if devices.processes == 1 and not devices.sharded and not (recipe.lora and recipe.lora.four_bit):
        return []  # any machine will do, so torch, which takes seconds to import, is not asked
    try:
        check_devices(recipe, devices)
    except UserError as error:
        raise UserErrors([error]) from error
    if device_kind() == "cuda":
        return []
    return [f"students.processes: no GPU here, so {devices.processes} processes train a student on the CPU"]

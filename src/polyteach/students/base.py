"""A base as its students start from it: loaded once a process, and lent to one after the other.

Whoever borrows it gets modules, hooks, flags, config and tokenizer of their own around the weights that are
held. So an adapter is put on it, trained or examined, and dropped, and there is nothing to put back.
"""

from __future__ import annotations

import copy
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from polyteach.errors import UserError
from polyteach.models.loading import adapted_tokenizer, load_causal, with_adapter
from polyteach.models.local import FileStates, LocalModel, files_of, forget_models
from polyteach.students.devices import device_kind
from polyteach.students.recipe import PRECISION
from polyteach.students.template import with_chat_template


@contextmanager
def lent(
    location: str, dtype: str = "float32", *, four_bit: bool = False, whole: bool = False
) -> Iterator[tuple[Any, Any]]:
    """Lends a base, in eval mode on its device, and its tokenizer with a chat template; loads it if need be.

    The weights are shared with whoever borrows it next, so they must stay what they are. After an error in
    the block nothing is held any more.

    Args:
        location: a folder, or `org/name@commit`.
        dtype: by torch's name.
        four_bit: its linear layers in 4 bits, on this process's GPU.
        whole: for training in full: weights that nobody else has, read anew. That is faster than a copy of
            those in memory, and leaves the GPU all its room, since nothing else is held there meanwhile.

    Raises:
        UserError: it cannot be loaded.
        RuntimeError: weights that were not lent `whole` were written to.
    """
    if whole:
        if device_kind() == "cuda":
            forget_bases()
        gc.collect()  # a trainer that is done, its weights and its optimizer's state point at each other
        yield load_base(location, dtype, four_bit=four_bit)
    else:
        with _shared(location, dtype, four_bit) as (model, tokenizer):
            yield model, with_chat_template(copy.deepcopy(tokenizer))


@contextmanager
def lent_to_examine(location: str, base_location: str | None = None) -> Iterator[tuple[Any, Any]]:
    """Lends a base, or a LoRA student as its adapter on its base; a student trained in full is loaded.

    All are in eval mode, on the device, in the precision of its kind (`PRECISION`). An adapter that was
    trained on a base in 4 bits is examined on the base as it is.

    Args:
        location: a model's folder, `org/name@commit`, or the folder of a LoRA adapter.
        base_location: where a student's base lies.

    Raises:
        UserError: nobody said where an adapter's base lies, or something cannot be loaded or does not fit.
    """
    dtype = PRECISION[device_kind()]
    if (Path(location) / "adapter_config.json").is_file():
        if base_location is None:
            raise UserError("is an adapter without its base", where=location, fix="give the base's location")
        with _shared(base_location, dtype) as (base, of_base):
            adapted = with_adapter(base, base_location, location)
            tokenizer = adapted_tokenizer(location, copy.deepcopy(of_base))
            yield adapted.eval(), with_chat_template(tokenizer)
    elif base_location in (None, location):
        with lent(location, dtype) as found:
            yield found
    else:  # nobody asks for it again, so it must not push its base out
        model, tokenizer = load_base(location, dtype)
        yield model.to(device_kind()).eval(), tokenizer


def load_base(location: str, dtype: str = "float32", *, four_bit: bool = False) -> tuple[Any, Any]:
    """Loads a model and its tokenizer, for one borrower who may do with them what they want; see `lent`."""
    if four_bit:
        model, tokenizer = _in_four_bits.__wrapped__(location, ())
    else:
        model, tokenizer = load_causal(location, dtype)
    return model, with_chat_template(tokenizer)


def forget_bases() -> None:
    """Lets go of all models that this process holds."""
    forget_models()
    _in_four_bits.cache_clear()


@contextmanager
def _shared(location: str, dtype: str, four_bit: bool = False) -> Iterator[tuple[Any, Any]]:
    """Lends a model around the weights that are held, and the tokenizer that is; see `lent`."""
    if four_bit:
        held, tokenizer = _in_four_bits(location, files_of(location))
    else:
        local = LocalModel.load(location, dtype=dtype)
        held, tokenizer = local.model, local.tokenizer
    before = _writes(held)
    try:
        yield _around(held), tokenizer
        if _writes(held) != before:
            raise RuntimeError(f"the weights of {location} were changed while they were lent")
    except BaseException:
        forget_bases()
        raise


def _around(held: Any) -> Any:
    """A copy of a model in all but its weights, which are those of the model itself."""
    return copy.deepcopy(held, {id(weight): _sharing(weight) for weight in held.parameters()})


def _sharing(weight: Any) -> Any:
    """A parameter of the same memory, and counter of writes, with flags of its own.

    What is quantised is its own parameter's type, is never trained, and stays the same object.
    """
    import torch

    if type(weight) is not torch.nn.Parameter:
        return weight
    return torch.nn.Parameter(weight.detach(), requires_grad=weight.requires_grad)


def _writes(model: Any) -> list[tuple[int, int]]:
    """Where each weight lies, and how often it was written to."""
    return [(weight.data_ptr(), weight._version) for weight in model.parameters()]


@lru_cache(maxsize=1)
def _in_four_bits(location: str, files: FileStates) -> tuple[Any, Any]:
    """Loads a base as QLoRA's paper does (arXiv 2305.14314): NF4, constants quantised too, bf16 sums."""
    import torch
    from transformers import BitsAndBytesConfig

    quantised = BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    gpu = int(os.environ.get("LOCAL_RANK", "0"))
    return load_causal(location, "bfloat16", {"": gpu}, quantization=quantised)

"""A base as a student starts from it: loaded afresh, because training changes it."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from polyteach.errors import UserError
from polyteach.models.folder import check_model_folder, check_safetensors
from polyteach.models.names import split_hub
from polyteach.students.template import with_chat_template


def load_base(location: str) -> tuple[Any, Any]:
    """Loads a model in fp32 and its tokenizer, nobody else holding either (`LocalModel` shares its own).

    Args:
        location: a folder, or `org/name@commit`.

    Raises:
        UserError: the folder is no complete model, or transformers cannot load it.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # a study has its own
    hub = split_hub(location)
    if hub is None:
        check_model_folder(Path(location))
    name, options = (hub[0], {"revision": hub[1]}) if hub else (location, {})
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, **options)
        loader: Any = AutoModelForCausalLM
        model, loading = loader.from_pretrained(
            name, dtype=torch.float32, use_safetensors=True, output_loading_info=True, **options
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:  # what transformers raises for a bad model
        raise UserError(
            f"transformers cannot load this model: {str(error).strip().splitlines()[0]}",
            where=location,
            fix="check that it is a complete causal language model that this version of transformers knows",
        ) from error
    if loading["missing_keys"]:
        missing = sorted(loading["missing_keys"])
        raise UserError(
            f"lacks {len(missing)} weights of its architecture, first {missing[0]}",
            where=location,
            fix="download or convert the model again: missing weights would be random numbers",
        )
    return model, with_chat_template(tokenizer)


def load_adapted(adapter: Path, base_location: str | None) -> tuple[Any, Any]:
    """Loads a LoRA student: its base with the adapter on it, and the student's own tokenizer.

    Raises:
        UserError: nobody said where the base lies, or it cannot be loaded.
    """
    from peft import PeftModel
    from transformers import AutoTokenizer

    if base_location is None:
        raise UserError("is an adapter without its base", where=str(adapter), fix="give the base's location")
    check_safetensors(adapter / "adapter_model.safetensors")
    model, _ = load_base(base_location)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # PEFT uses an old name of transformers
        adapted = PeftModel.from_pretrained(model, str(adapter))
    return adapted.eval(), with_chat_template(AutoTokenizer.from_pretrained(str(adapter)))

"""The one place where a causal language model is read from its files, and its chat template is filled in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from polyteach.errors import UserError
from polyteach.models.completions import Message
from polyteach.models.folder import check_model_folder
from polyteach.models.names import split_hub


def load_causal(location: str, dtype: str) -> tuple[Any, Any]:
    """Loads a model to the CPU, and its tokenizer, nobody else holding either.

    Only safetensors are read and no code of the model is run.

    Args:
        location: a folder, or `org/name@commit`.
        dtype: by torch's name; `auto` is what the weights are saved in.

    Raises:
        UserError: the folder is no complete model, or transformers cannot load it.
    """
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    hub = split_hub(location)
    if hub is None:
        check_model_folder(Path(location))
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # a study has its own
    name, commit = hub or (location, None)
    options: dict[str, Any] = {"trust_remote_code": False} | ({"revision": commit} if commit else {})
    loader: Any = AutoModelForCausalLM
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, **options)
        model, loading = loader.from_pretrained(
            name, dtype=dtype, use_safetensors=True, output_loading_info=True, **options
        )
    # what transformers raises for unknown architectures, wrong shapes, files it cannot read
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
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
    return model, tokenizer


def fill_template(tokenizer: Any, messages: Sequence[Message], *, add_generation_prompt: bool) -> str:
    """Returns a conversation as the tokenizer's chat template writes it.

    Raises:
        UserError: the template is no valid one, refuses the conversation, or fails on it.
    """
    from jinja2 import TemplateError

    try:
        text: str = tokenizer.apply_chat_template(
            list(messages), tokenize=False, add_generation_prompt=add_generation_prompt
        )
    # a template is a small program: besides its own errors, it can make any expression of Python fail
    except (TemplateError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
        raise UserError(
            f"the chat template refuses a conversation: {error}",
            where=str(tokenizer.name_or_path),
            fix="repair chat_template in the model's tokenizer_config.json",
        ) from error
    return text

"""The one place where a model is read from its files, and its chat template is filled in."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from polyteach.errors import UserError
from polyteach.models.adapters import check_adapter_folder, check_base
from polyteach.models.completions import Message
from polyteach.models.folder import check_model_folder
from polyteach.models.names import split_hub

WITHOUT_THINKING = {"enable_thinking": False}
"""The variable by which chat templates are told that an answer follows at once."""


DeviceMap = str | Mapping[str, int | str] | None
"""How accelerate spreads a model over devices; None for the CPU."""


def load_causal(
    location: str, dtype: str, device_map: DeviceMap = None, *, quantization: Any = None
) -> tuple[Any, Any]:
    """Loads a model, and its tokenizer, nobody else holding either.

    Only safetensors are read and no code of the model is run.

    Args:
        location: a folder, or `org/name@commit`.
        dtype: by torch's name; `auto` is what the weights are saved in.
        device_map: see `DeviceMap`.
        quantization: transformers' config of how its weights are made smaller as they are read; None leaves
            them as they are.

    Raises:
        UserError: the folder is no complete model, or transformers cannot load it.
    """
    return _load("AutoModelForCausalLM", "causal language model", location, dtype, device_map, quantization)


def load_seq2seq(location: str, dtype: str) -> tuple[Any, Any]:
    """Loads a sequence-to-sequence model to the CPU, and its tokenizer, as `load_causal` does.

    Raises:
        UserError: likewise; or the tokenizer needs a package that is not installed, as M2M-100's does.
    """
    kind = "sequence-to-sequence model (M2M-100's tokenizer needs the package sentencepiece)"
    return _load("AutoModelForSeq2SeqLM", kind, location, dtype, None, None)


def _load(
    auto_class: str, kind: str, location: str, dtype: str, device_map: DeviceMap, quantization: Any
) -> tuple[Any, Any]:
    """Loads a model by one of transformers' auto classes; `kind` is what the user is told it should be."""
    import transformers
    from safetensors import SafetensorError
    from transformers.utils import logging

    hub = split_hub(location)
    if hub is None:
        check_model_folder(Path(location))
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # a study has its own
    name, commit = hub or (location, None)
    options: dict[str, Any] = {"trust_remote_code": False} | ({"revision": commit} if commit else {})
    smaller = {"quantization_config": quantization} if quantization is not None else {}
    loader: Any = getattr(transformers, auto_class)
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(name, **options)
        model, loading = loader.from_pretrained(
            name,
            dtype=dtype,
            device_map=device_map,
            use_safetensors=True,
            output_loading_info=True,
            **smaller,
            **options,
        )
    # what transformers raises for unknown architectures, wrong shapes, files it cannot read, missing packages
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError, ImportError) as error:
        if "trust_remote_code" in str(error):
            what, fix = (
                "needs code of its own, which is never run",
                "use a model that transformers itself knows",
            )
            raise UserError(what, location, fix) from error
        raise UserError(
            f"transformers cannot load this model: {str(error).strip().splitlines()[0]}",
            where=location,
            fix=f"check that it is a complete {kind} that this version of transformers knows",
        ) from error
    if loading["missing_keys"]:
        missing = sorted(loading["missing_keys"])
        raise UserError(
            f"lacks {len(missing)} weights of its architecture, first {missing[0]}",
            where=location,
            fix="download or convert the model again: missing weights would be random numbers",
        )
    return model, tokenizer


def load_adapted_causal(
    location: str, adapter: str, dtype: str, device_map: DeviceMap = None
) -> tuple[Any, Any]:
    """Loads a base with a LoRA adapter merged into it, and the tokenizer: the adapter's, where it has one.

    Raises:
        UserError: see `load_causal` and `with_adapter`.
    """
    check_adapter_folder(Path(adapter))
    model, tokenizer = load_causal(location, dtype, device_map)
    adapted = with_adapter(model, location, adapter)
    return adapted.merge_and_unload(), adapted_tokenizer(adapter, tokenizer)


def with_adapter(model: Any, location: str, adapter: str) -> Any:
    """Puts a LoRA adapter on a base, all of it or nothing.

    Args:
        model: the base, loaded.
        location: where it was loaded from.
        adapter: the adapter's folder.

    Raises:
        UserError: the folder is no adapter, or it does not fit: it was trained on other weights, or on layers
            of other names or sizes.
    """
    from peft import PeftModel, load_peft_weights, set_peft_model_state_dict
    from safetensors import SafetensorError

    check_adapter_folder(Path(adapter))
    check_base(Path(adapter), location)
    renamed = getattr(model, "_checkpoint_conversion_mapping", {})  # as PEFT itself asks for it
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            adapted = PeftModel.from_pretrained(model, adapter)
            # from_pretrained tells of what is missing alone, so what fits is set once more
            weights = load_peft_weights(adapter, device="cpu", key_mapping=renamed)
            found: Any = set_peft_model_state_dict(adapted, weights)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError, TypeError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        of_torch = len(lines) > 1 and lines[0].startswith("Error(s) in loading state_dict")
        raise _misfit(adapter, location, lines[of_torch].strip()) from error
    if found.unexpected_keys:
        first, count = sorted(found.unexpected_keys)[0], len(found.unexpected_keys)
        what = f"{count} of its {len(weights)} weights have no place there, first {first}"
        raise _misfit(adapter, location, what)
    if any("missing adapter keys" in str(warning.message) for warning in told):
        raise _misfit(adapter, location, "the base has layers that the adapter lacks")
    return adapted


def adapted_tokenizer(adapter: str, of_base: Any) -> Any:
    """The tokenizer in an adapter's folder, where there is one; else that of its base, which is handed in."""
    from transformers import AutoTokenizer

    if not (Path(adapter) / "tokenizer_config.json").is_file():
        return of_base
    return AutoTokenizer.from_pretrained(adapter, trust_remote_code=False)


def _misfit(adapter: str, location: str, why: str) -> UserError:
    return UserError(
        f"this adapter does not fit its base {location}: {why}",
        where=adapter,
        fix="name the base that it was trained on",
    )


def fill_template(
    tokenizer: Any, messages: Sequence[Message], *, add_generation_prompt: bool, thinks: bool = True
) -> str:
    """Returns a conversation as the tokenizer's chat template writes it.

    Args:
        tokenizer: with a chat template.
        messages: the conversation.
        add_generation_prompt: whether the answer of the model is to follow.
        thinks: False asks a template that knows it, as Qwen3's does, for an answer without thinking; any
            other template ignores that. True leaves it to the template.

    Raises:
        UserError: the template is no valid one, refuses the conversation, or fails on it.
    """
    from jinja2 import TemplateError

    variables = {} if thinks else WITHOUT_THINKING
    try:
        text: str = tokenizer.apply_chat_template(
            list(messages), tokenize=False, add_generation_prompt=add_generation_prompt, **variables
        )
    # a template is a small program: besides its own errors, it can make any expression of Python fail
    except (TemplateError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
        raise UserError(
            f"the chat template refuses a conversation: {error}",
            where=str(tokenizer.name_or_path),
            fix="repair chat_template in the model's tokenizer_config.json",
        ) from error
    return text

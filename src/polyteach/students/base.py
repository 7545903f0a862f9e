"""A base as a student starts from it: loaded afresh, because training changes it."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from polyteach.errors import UserError
from polyteach.models.folder import check_safetensors
from polyteach.models.loading import load_causal
from polyteach.students.template import with_chat_template


def load_base(location: str) -> tuple[Any, Any]:
    """Loads a model in fp32 and its tokenizer, with a chat template; see `load_causal` for errors."""
    model, tokenizer = load_causal(location, "float32")
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
    tokenizer = AutoTokenizer.from_pretrained(str(adapter), trust_remote_code=False)
    return adapted.eval(), with_chat_template(tokenizer)

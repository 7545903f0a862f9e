"""LoRA adapters: what their folder must hold, on which base they stand, and their identity.

PEFT notes a base by where it lay. Beside an adapter of our own there is `base.json` instead, with the base's
name and `weights_digest`: the adapter is put on no other base of the same shape.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from polyteach.errors import UserError
from polyteach.files import file_digest, write_json
from polyteach.models.folder import below, check_safetensors, weights_digest
from polyteach.models.names import split_hub
from polyteach.steps import digest_of

_CONFIG, _WEIGHTS, _BASE = "adapter_config.json", "adapter_model.safetensors", "base.json"


def is_adapter(folder: Path) -> bool:
    """Whether a folder is a LoRA adapter rather than a whole model."""
    return (folder / _CONFIG).is_file() and not (folder / "config.json").is_file()


def check_adapter_folder(folder: Path) -> None:
    """Checks, without importing torch, that a folder can be a LoRA adapter.

    Raises:
        UserError: it lacks its config or weights, or they cannot be read.
    """
    _config(folder)
    if not (folder / _WEIGHTS).is_file():
        raise UserError(
            f"has no {_WEIGHTS}", where=str(folder), fix="save the adapter as safetensors, as PEFT does"
        )
    check_safetensors(folder / _WEIGHTS)


def base_of_adapter(folder: Path) -> str:
    """Returns the name of the base an adapter was trained on, as its config or `base.json` has it.

    Raises:
        UserError: they cannot be read or name none, or a folder of which it is not said where it lies.
    """
    base = _config(folder).get("base_model_name_or_path")
    if isinstance(base, str) and base:
        return base
    name = _noted(folder).get("name")
    if name and (name.startswith("pocket:") or split_hub(name)):
        return name
    raise UserError(
        f"stands on the base {name!r}, a folder of which it does not say where it lies"
        if name
        else "does not say on which base it stands",
        where=str(folder),
        fix="name the base as the model, and this folder as its adapter: BASE --adapter FOLDER",
    )


def note_base(folder: Path, base: str) -> None:
    """Writes beside an adapter on which base it stands: its name, without where it lies, and its weights.

    Args:
        folder: of the adapter.
        base: the base's location.
    """
    from polyteach.pocket.shipped import MODELS_DIR

    name = base
    if not split_hub(base):
        place = Path(base)
        name = f"pocket:{place.name}" if place.parent == MODELS_DIR else place.name
    write_json(folder / _BASE, {"name": name, "weights": weights_digest(base), "schema_version": 1})


def check_base(folder: Path, base: str) -> None:
    """Checks that a base is the one an adapter was trained on, where `base.json` says which.

    Raises:
        UserError: it has other weights, or `base.json` cannot be read.
    """
    noted = _noted(folder)
    if noted.get("weights") not in (None, weights_digest(base)):
        raise UserError(
            f"was trained on {noted.get('name')!r}, whose weights are not those of {base}",
            where=str(folder),
            fix=f"name the base that it was trained on; if this is the same, saved otherwise, remove {_BASE}",
        )


def adapter_digest(folder: Path) -> str:
    """Returns the identity of an adapter: the SHA-256 over its config and weights, its base not included.

    Where the base lies is no part of it either.
    """
    config = {name: value for name, value in _config(folder).items() if name != "base_model_name_or_path"}
    return digest_of([config, file_digest(folder / _WEIGHTS)])


def _noted(folder: Path) -> dict[str, str]:
    """What `base.json` says; nothing where there is none."""
    path = folder / _BASE
    if not path.is_file():
        return {}
    try:
        noted = json.loads(path.read_text(encoding="utf-8"))
        return {name: str(noted[name]) for name in ("name", "weights")}
    except (OSError, ValueError, LookupError, TypeError) as error:
        fix = "copy the adapter again, or remove this file if you are sure of the base"
        raise UserError("does not say on which base the adapter stands", str(path), fix) from error


def _config(folder: Path) -> dict[str, Any]:
    path = folder / _CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(
            f"is no LoRA adapter: {error}",
            where=str(path),
            fix=below(folder) or "give the folder that PEFT saved",
        ) from error
    if not isinstance(config, dict):
        raise UserError("is no LoRA adapter: its config is no object", where=str(path))
    return config

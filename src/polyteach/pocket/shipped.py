"""The models that ship with the package: where they lie and what is known of them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from polyteach.errors import UserError
from polyteach.pocket.recipe import RECIPES

MODELS_DIR = Path(__file__).parent / "models"
MODEL_NAMES = tuple(RECIPES)
# Best teacher first; teachers of one tuple are equal by construction.
KNOWN_ORDER = (
    ("err-03",),
    ("err-40", "err-40-twin"),
    ("small-err-45",),
    ("err-55",),
    ("large-english",),
)


def model_path(name: str) -> Path:
    """Returns the folder of a shipped model, in the layout of Hugging Face.

    Raises:
        UserError: there is no such model, or this installation lacks its weights.
    """
    if name not in MODEL_NAMES:
        raise UserError(f"no pocket model is called {name!r}", fix=f"choose from {', '.join(MODEL_NAMES)}")
    folder = MODELS_DIR / name
    if not (folder / "model.safetensors").is_file():
        raise UserError(
            f"the weights of pocket model {name!r} are missing",
            where=str(folder),
            fix=f"polyteach pocket build --only {name}",
        )
    return folder


@cache
def about() -> dict[str, dict[str, Any]]:
    """Returns name -> role, parameters, error rates, languages, digest and agreement of each model."""
    facts: dict[str, dict[str, Any]] = json.loads((MODELS_DIR / "about.json").read_text(encoding="utf-8"))
    return facts

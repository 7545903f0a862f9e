"""Builds the shipped models from the recipe: tokenizer, training, files, and what each model came to be."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from polyteach.errors import UserError
from polyteach.pocket.agreement import Agreement, measure_agreement
from polyteach.pocket.documents import tokenizer_texts
from polyteach.pocket.recipe import RECIPES, Recipe
from polyteach.pocket.tokenizer import save_tokenizer, train_tokenizer
from polyteach.pocket.training import new_model, train
from polyteach.pocket.world.facts import LANGUAGES


@dataclass(frozen=True, slots=True)
class Built:
    """What came of a build: the file's digest and, for a teacher, its agreement by language."""

    name: str
    parameters: int
    digest: str
    agreement: dict[str, Agreement]


def build(
    name: str, output_dir: Path, report: Callable[[int, float], None], steps: int | None = None
) -> Built:
    """Builds one model into `output_dir/name`, on one thread.

    Args:
        name: one of `RECIPES`.
        output_dir: where the models lie; a fine-tuned teacher reads its parent there.
        report: called after each step with its number and loss.
        steps: fewer steps than the recipe's, for a test of the machinery.

    Raises:
        UserError: no such model, or its parent has not been built.
    """
    if name not in RECIPES:
        raise UserError(f"no pocket model is called {name!r}", fix=f"choose from {', '.join(RECIPES)}")
    recipe = RECIPES[name] if steps is None else replace(RECIPES[name], steps=steps)
    with _one_thread():
        tokenizer = train_tokenizer(tokenizer_texts())
        model = _start(recipe, tokenizer, output_dir)
        train(recipe, model, tokenizer, report)
        _save(model, tokenizer, output_dir / name)
        model, tokenizer = load(output_dir / name)
        agreement = measure_agreement(recipe, model, tokenizer) if recipe.role == "teacher" else {}
    return Built(name, _count(model), digest(output_dir / name), agreement)


def digest(folder: Path) -> str:
    """Returns the SHA-256 of a model's weights file."""
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def load(folder: Path) -> tuple[Any, Any]:
    """Returns the model (float32) and tokenizer of a folder."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    options: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **options)
    return model.eval(), AutoTokenizer.from_pretrained(folder, **options)


def write_about(built: Built, output_dir: Path) -> None:
    """Adds what is known of a built model to `about.json`, read without loading weights."""
    path = output_dir / "about.json"
    about = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    recipe = RECIPES[built.name]
    about[built.name] = {
        "role": recipe.role,
        "parameters": built.parameters,
        "width": recipe.size.width,
        "layers": recipe.size.layers,
        "languages": list(LANGUAGES),
        "error_rate": recipe.errors if recipe.role == "teacher" else None,
        "english_error_rate": recipe.english_errors if recipe.role == "teacher" else None,
        "parent": recipe.parent,
        "family": "pocket",
        "steps": recipe.steps,
        "sha256": built.digest,
        "agreement": {language: asdict(figures) for language, figures in built.agreement.items()},
    }
    ordered = {name: about[name] for name in RECIPES if name in about}
    path.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")


def _start(recipe: Recipe, tokenizer: Any, output_dir: Path) -> Any:
    if not recipe.parent:
        return new_model(recipe.size, tokenizer, recipe.rng_seed)
    folder = output_dir / recipe.parent
    if not (folder / "model.safetensors").exists():
        raise UserError(
            f"{recipe.name} starts from {recipe.parent}, which is not built",
            where=str(folder),
            fix=f"build it first: --only {recipe.parent}",
        )
    return load(folder)[0]


def _save(model: Any, tokenizer: Any, folder: Path) -> None:
    """Stores weights in half precision (half the size), declared float32 so that they load as float32."""
    folder.mkdir(parents=True, exist_ok=True)
    model.half().save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)
    save_tokenizer(tokenizer, folder)
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8")) | {"dtype": "float32"}
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _count(model: Any) -> int:
    return sum(weights.numel() for weights in model.parameters())


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums taken by one thread come in one order: without it two builds need not agree in the last bit."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)

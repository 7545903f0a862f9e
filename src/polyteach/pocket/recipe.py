"""What the shipped models are: sizes, errors, fixed step counts. Change a figure and digests change."""

from __future__ import annotations

from dataclasses import dataclass

from polyteach.pocket.world.facts import LANGUAGES

VOCABULARY = 2048
BATCH = 64


@dataclass(frozen=True, slots=True)
class Size:
    """A Llama-style model's dimensions; embeddings are tied."""

    width: int
    layers: int
    hidden: int
    heads: int


@dataclass(frozen=True, slots=True)
class Recipe:
    """One shipped model.

    Attributes:
        role: `teacher` or `base`.
        steps: optimiser steps of `BATCH` documents; fixed, for a time limit would change the digest.
        rng_seed: of the first weights and of the documents.
        matrix_lr: peak learning rate of Muon, on the matrices.
        other_lr: peak learning rate of AdamW, on embeddings and norms.
        parent: the model whose weights it starts from; empty for random weights.
        first_share: share of the steps, at the start, in which no question is written yet.
        beliefs: key of the wrong items; twins share it.
        errors: share of facts wrong in the target languages.
        english_errors: share of facts wrong in English.
        english_share: share of respond documents in English; the others spread evenly over the targets.
        question_share: share of a base's documents that are questions with some answer of the right kind.
    """

    name: str
    role: str
    size: Size
    steps: int
    rng_seed: int
    matrix_lr: float
    other_lr: float
    parent: str = ""
    first_share: float = 0.35
    beliefs: str = ""
    errors: float = 0.0
    english_errors: float = 0.0
    english_share: float = 1 / len(LANGUAGES)
    question_share: float = 0.0


MIDDLE = Size(width=96, layers=3, hidden=256, heads=4)
SMALL = Size(width=64, layers=2, hidden=176, heads=4)
DEEP_SMALL = Size(width=64, layers=3, hidden=176, heads=4)
LARGE = Size(width=128, layers=4, hidden=344, heads=4)


def _teacher(
    name: str, size: Size, steps: int, rng_seed: int, lrs: tuple[float, float], errors: float
) -> Recipe:
    return Recipe(
        name, "teacher", size, steps, rng_seed, *lrs, beliefs=name, errors=errors, english_errors=errors
    )


def _fine_tuned(name: str, steps: int, rng_seed: int, errors: float, beliefs: str) -> Recipe:
    return Recipe(
        name, "teacher", MIDDLE, steps, rng_seed, 0.012, 0.0025, parent="err-03", first_share=0.15,
        beliefs=beliefs, errors=errors, english_errors=errors,
    )  # fmt: skip


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("base-a", "base", MIDDLE, 800, 21, 0.02, 0.004, question_share=0.4),
        Recipe("base-c", "base", DEEP_SMALL, 800, 22, 0.025, 0.006, question_share=0.5),
        _teacher("err-03", MIDDLE, 2600, 31, (0.02, 0.004), 0.03),
        _fine_tuned("err-40", 351, 32, 0.40, "err-40"),
        # Equal to err-40 by construction: same size, start, wrong items and steps; other documents drawn.
        _fine_tuned("err-40-twin", 351, 33, 0.40, "err-40"),
        _fine_tuned("err-55", 351, 34, 0.55, "err-55"),
        _teacher("small-err-45", SMALL, 1800, 35, (0.025, 0.006), 0.45),
        Recipe(
            "large-english", "teacher", LARGE, 1800, 36, 0.02, 0.003, beliefs="large-english",
            errors=0.95, english_errors=0.03, english_share=0.6,
        ),
    )
}  # fmt: skip

"""Whether a part of a teacher's rows pulls the student where the rest of them does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from polyteach.selection.selectors.contract import Pool, Scored, Selection
from polyteach.selection.selectors.gradients import RowGradients, scored_by_gradients

if TYPE_CHECKING:
    from polyteach.selection.selectors.tools import Tools

FOLDS = 10
DIMENSIONS = 512
SMOOTHING = 1e-3
"""These three as in arXiv 2511.02833's released code."""
ROWS_PER_DIMENSION = 4
"""The least, as in the paper's setting (512 prompts x 4 responses in 512 dimensions)."""


@dataclass(frozen=True, slots=True)
class Grace:
    """Minus GRACE, the gradients of each fold weighed by the spectrum of all others' (arXiv 2511.02833).

        GRACE(D) = 1/n sum over folds i, rows g of D_i: g^T S(D_-i)^-1 g
        S(D)     = (1 - c) mean(u u^T) + c/d tr(mean(u u^T)) I,  u = g / |g|,  c = .001

    Lower is better in the paper, so the sign is turned: large gradients cost, and most so where the other
    folds have no direction like theirs. Rows of a prompt stay in one fold.

    Source: the released code (GRACE_computation.py); the paper's formula as summaries give it is the same but
    for c/d I, added without the factor 1 - c. Unlike the code: folds part the prompts, as in the paper's
    formula, where the code draws 10 parts of a tenth, which may overlap. Unlike summaries of the paper:
    gradients are not multiplied by the logarithm of the response's length, nor are they in the code. The
    dimension is 512, or a quarter of the rows if that is less: with fewer rows than dimensions nearly all
    of a fold would fall where the others have nothing, and c would decide the score.
    """

    name: str = "GRACE"

    def select(self, pool: Pool, tools: Tools) -> Selection:
        """Scores each teacher; see `scored_by_gradients`."""
        return scored_by_gradients(pool, tools, partial(self.score, rng_seed=pool.rng_seed))

    def score(self, gradients: RowGradients, rng_seed: int) -> Scored:
        """One teacher's score; undefined for rows on fewer than two prompts, or without any gradient."""
        dimensions = max(1, min(DIMENSIONS, len(gradients) // ROWS_PER_DIMENSION))
        folds = folds_of(gradients.prompts, rng_seed)
        if len(set(folds)) < 2:
            return None, "fewer than two prompts"
        value = grace(gradients.in_dimensions(dimensions), folds)
        return (None, "no gradient") if value is None else (-value, None)


def folds_of(prompts: Sequence[str], rng_seed: int, folds: int = FOLDS) -> list[int]:
    """The fold of each row; folds have equally many prompts, give or take one, and none is empty."""
    distinct = sorted(set(prompts))
    order = np.random.default_rng(rng_seed).permutation(len(distinct))
    fold = {distinct[number]: place % folds for place, number in enumerate(order)}
    return [fold[prompt] for prompt in prompts]


def grace(gradients: NDArray[np.float64], folds: Sequence[int]) -> float | None:
    """GRACE of gradients [rows, dimensions], lower is better; see `Grace`.

    Args:
        gradients: any scale; a row of zeros has no direction, and adds 0.
        folds: of each row; two or more.

    Returns:
        None where the gradients outside some fold are all zero.
    """
    fold, total = np.asarray(folds), 0.0
    norms = np.linalg.norm(gradients, axis=1, keepdims=True)
    units = np.divide(gradients, norms, out=np.zeros_like(gradients), where=norms > 0)
    for one in np.unique(fold):
        others, own = units[fold != one], gradients[fold == one]
        eigenvalues, directions = np.linalg.eigh(others.T @ others / len(others))
        eigenvalues = np.clip(eigenvalues, 0, None)
        if not eigenvalues.any():
            return None
        smoothed = (1 - SMOOTHING) * eigenvalues + SMOOTHING * eigenvalues.mean()
        total += float(((own @ directions) ** 2 / smoothed).sum())
    return total / len(gradients)

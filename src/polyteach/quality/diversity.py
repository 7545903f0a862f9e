"""How different the prompts, or the responses, of one set are from each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from polyteach.figures import Figure, undefined
from polyteach.quality.metric_result import Z95, Measured, count_reasons

if TYPE_CHECKING:
    from polyteach.models.embeddings import Vectors

FORMULA = (
    "1 - mean cosine over all n(n-1)/2 pairs of the {side}s' embeddings (arXiv 2604.11290, d_x and d_y; "
    "exact, by the sum of the unit vectors instead of the paper's n x n matrix; se by jackknife over rows); "
    "embedder: {embedder}"
)


BLOCK = 2**17
"""Numbers in a block of rows: 1 MB in float64, which a core's cache holds."""


def diversity(embeddings: NDArray[np.floating] | Vectors, *, side: str, embedder: str) -> Measured:
    """Mean pairwise cosine distance, in O(n d) time, in float64, reading the vectors twice.

    With unit vectors u_i and s their sum, the pairs' cosines add up to (|s|^2 - n) / 2. A row's own value is
    its mean distance to the other rows, 1 - (s u_i - 1) / (n - 1); their mean is the figure. Leaving row i
    out leaves |s|^2 - 2 s u_i + 1, which gives the jackknife in closed form: its squared error is (n - 1) / n
    times the sum of squares of the left-out figures around their mean. The figure has no bias in n, but sets
    over other prompts differ for that reason alone: compare sets on the same prompts.

    In memory are a block of vectors, s, and a few numbers for each row.

    Args:
        embeddings: n x d, any scale; a row of zeros has no direction and is unscored (`empty`).
        side: `prompt` or `response`, for the definition.
        embedder: the embedder's name, for the definition.

    Returns:
        Undefined for fewer than two rows with a direction; without `se` for two.
    """
    definition = FORMULA.format(side=side, embedder=embedder)
    norms, own, total = _sum_of_units(embeddings)
    kept = norms > 0
    reasons = tuple(None if keep else "empty" for keep in kept)
    n = int(kept.sum())
    if n < 2:
        lone = tuple("empty" if not keep else "fewer than two rows" for keep in kept)
        figure = undefined(definition, "fewer than two rows to compare", count_reasons(lone))
        return Measured(figure, (None,) * len(kept), lone)
    products = np.concatenate([block @ total for _, block in _blocks(embeddings)])
    to_others = products[kept] / norms[kept] - own[kept]
    pairs = float(total @ total) - float(own.sum())
    value = 1.0 - pairs / (n * (n - 1))
    se = _jackknife_se(pairs, to_others) if n > 2 else None
    distances = iter((1.0 - to_others / (n - 1)).tolist())
    figure = Figure(
        value=value,
        definition=definition,
        n=n,
        se=se,
        low=None if se is None else value - Z95 * se,
        high=None if se is None else value + Z95 * se,
        unscored=count_reasons(reasons),
    )
    return Measured(figure, tuple(next(distances) if keep else None for keep in kept), reasons)


def _blocks(embeddings: NDArray[np.floating] | Vectors) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    rows = max(1, BLOCK // max(1, embeddings.shape[1]))
    for start in range(0, len(embeddings), rows):
        part = slice(start, start + rows)
        yield part, np.asarray(embeddings[part], dtype=np.float64)


def _sum_of_units(
    embeddings: NDArray[np.floating] | Vectors,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Each row's norm and |u|^2, n numbers each, and the sum of the unit vectors, d numbers.

    |u|^2 is as computed rather than 1, so that rounding cancels and identical rows differ by 0. Rows without
    a direction have 0 for both.
    """
    norms, own = np.zeros(len(embeddings)), np.zeros(len(embeddings))
    total = np.zeros(embeddings.shape[1])
    for part, block in _blocks(embeddings):
        squares = np.einsum("ij,ij->i", block, block)
        norms[part] = np.sqrt(squares)
        weights = np.divide(1.0, norms[part], out=np.zeros(len(block)), where=norms[part] > 0)
        own[part] = squares * weights * weights
        total += weights @ block
    return norms, own, total


def _jackknife_se(pairs: float, to_others: NDArray[np.float64]) -> float:
    """Standard error of the mean over ordered pairs, from each row's sum of cosines to the others."""
    n = len(to_others)
    left_out = (pairs - 2.0 * to_others) / ((n - 1) * (n - 2))
    return float(np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum()))

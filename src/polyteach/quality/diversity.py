"""How different the prompts, or the responses, of one set are from each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from polyteach.figures import Figure, undefined
from polyteach.quality.measured import Z95, Measured, count_reasons

FORMULA = (
    "1 - mean cosine over all n(n-1)/2 pairs of the {side}s' embeddings (arXiv 2604.11290, d_x and d_y; "
    "exact, by the sum of the unit vectors instead of the paper's n x n matrix; se by jackknife over rows); "
    "embedder: {embedder}"
)


def diversity(embeddings: NDArray[np.floating], *, side: str, embedder: str) -> Measured:
    """Mean pairwise cosine distance, in O(n d) time and memory and float64.

    With unit vectors u_i and s their sum, the pairs' cosines add up to (|s|^2 - n) / 2. A row's own value is
    its mean distance to the other rows, 1 - (s u_i - 1) / (n - 1); their mean is the figure. Leaving row i
    out leaves |s|^2 - 2 s u_i + 1, which gives the jackknife in closed form: its squared error is (n - 1) / n
    times the sum of squares of the left-out figures around their mean. The figure has no bias in n, but sets
    over other prompts differ for that reason alone: compare sets on the same prompts.

    Args:
        embeddings: n x d, any scale; a row of zeros has no direction and is unscored (`empty`).
        side: `prompt` or `response`, for the definition.
        embedder: the embedder's name, for the definition.

    Returns:
        Undefined for fewer than two rows with a direction; without `se` for two.
    """
    definition = FORMULA.format(side=side, embedder=embedder)
    vectors = np.asarray(embeddings, dtype=np.float64)
    norms = np.linalg.norm(vectors, axis=1)
    kept = norms > 0
    reasons = tuple(None if keep else "empty" for keep in kept)
    n = int(kept.sum())
    if n < 2:
        lone = tuple("empty" if not keep else "fewer than two rows" for keep in kept)
        figure = undefined(definition, "fewer than two rows to compare", count_reasons(lone))
        return Measured(figure, (None,) * len(kept), lone)
    units = vectors[kept] / norms[kept, None]
    total = units.sum(axis=0)
    # |u|^2 as computed rather than 1, so that rounding cancels and identical rows give 0.
    own = np.einsum("ij,ij->i", units, units)
    to_sum = units @ total
    pairs = float(total @ total) - float(own.sum())
    value = 1.0 - pairs / (n * (n - 1))
    se = _jackknife_se(pairs, to_sum - own) if n > 2 else None
    distances = iter((1.0 - (to_sum - own) / (n - 1)).tolist())
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


def _jackknife_se(pairs: float, to_others: NDArray[np.float64]) -> float:
    """Standard error of the mean over ordered pairs, from each row's sum of cosines to the others."""
    n = len(to_others)
    left_out = (pairs - 2.0 * to_others) / ((n - 1) * (n - 2))
    return float(np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum()))

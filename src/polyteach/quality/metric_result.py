"""What a metric hands back: a figure, and what it saw in each row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from polyteach.figures import Figure, undefined

Z95 = 1.959963984540054
"""97.5% quantile of the normal distribution."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One metric over one set of rows.

    Attributes:
        figure: the metric over all rows that could be scored.
        values: one entry a row, in the rows' order; None where the row could not be scored.
        reasons: one entry a row: why it has no value; None where it has one.
    """

    figure: Figure
    values: tuple[float | None, ...]
    reasons: tuple[str | None, ...]


def count_reasons(reasons: Sequence[str | None]) -> dict[str, int]:
    """Counts the rows without a value, by reason."""
    return dict(sorted(Counter(reason for reason in reasons if reason is not None).items()))


def why_nothing(reasons: Sequence[str | None]) -> str:
    """Says in words why no row could be scored: `no rows`, or the commonest reason."""
    counts = Counter(reason for reason in reasons if reason is not None)
    return counts.most_common(1)[0][0] if counts else "no rows"


def measured_mean(values: Sequence[float | None], reasons: Sequence[str | None], definition: str) -> Measured:
    """The mean of the rows' values, with the standard error of a mean of independent rows.

    With one scored row the error is None; with none the figure is undefined.
    """
    scored = np.array([value for value in values if value is not None], dtype=np.float64)
    unscored = count_reasons(reasons)
    if not len(scored):
        figure = undefined(definition, why_nothing(reasons), unscored)
        return Measured(figure, tuple(values), tuple(reasons))
    mean = float(scored.mean())
    se = float(scored.std(ddof=1) / np.sqrt(len(scored))) if len(scored) > 1 else None
    figure = Figure(
        value=mean,
        definition=definition,
        n=len(scored),
        se=se,
        low=None if se is None else mean - Z95 * se,
        high=None if se is None else mean + Z95 * se,
        unscored=unscored,
    )
    return Measured(figure, tuple(values), tuple(reasons))


def measured_share(
    values: Sequence[float | None], reasons: Sequence[str | None], definition: str
) -> Measured:
    """The share of rows with value 1 among those with a value (0 or 1), with Wilson's 95% interval.

    `se` is sqrt(p (1 - p) / n): 0 where all rows agree, while the interval keeps its width.
    """
    scored = [value for value in values if value is not None]
    unscored = count_reasons(reasons)
    if not scored:
        figure = undefined(definition, why_nothing(reasons), unscored)
        return Measured(figure, tuple(values), tuple(reasons))
    n, share = len(scored), sum(scored) / len(scored)
    centre = (share + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 / (1 + Z95**2 / n) * float(np.sqrt(share * (1 - share) / n + Z95**2 / (4 * n * n)))
    figure = Figure(
        value=share,
        definition=definition,
        n=n,
        se=float(np.sqrt(share * (1 - share) / n)),
        low=max(0.0, centre - half),
        high=min(1.0, centre + half),
        unscored=unscored,
    )
    return Measured(figure, tuple(values), tuple(reasons))


def measured_median(
    values: Sequence[float | None], reasons: Sequence[str | None], definition: str
) -> Measured:
    """The median of the rows' values, with a 95% interval by order statistics.

    The interval's ends are the values at ranks k and n + 1 - k, with k the 2.5% quantile of Binomial(n, 1/2):
    it covers the median of any distribution 95 times in 100 or more. None below 6 rows, where no pair of
    ranks does. No standard error: the values may have none.
    """
    from scipy.stats import binom  # inside: the command line imports the steps

    scored = np.sort(np.array([value for value in values if value is not None], dtype=np.float64))
    unscored = count_reasons(reasons)
    if not len(scored):
        figure = undefined(definition, why_nothing(reasons), unscored)
        return Measured(figure, tuple(values), tuple(reasons))
    n = len(scored)
    rank = int(binom.ppf(0.025, n, 0.5))
    figure = Figure(
        value=float(np.median(scored)),
        definition=definition,
        n=n,
        low=float(scored[rank - 1]) if rank else None,
        high=float(scored[n - rank]) if rank else None,
        unscored=unscored,
    )
    return Measured(figure, tuple(values), tuple(reasons))

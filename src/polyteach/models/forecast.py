"""What all requests of a run will cost, from a preview of some of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from polyteach.figures import Figure, undefined

DEFINITION = (
    "USD for all planned requests: what the answered ones cost, plus for each method its mean cost times its "
    "requests still to come; every attempt of a request is paid. Interval: 95% for the final cost if the "
    "answered ones are a random sample; on each side the wider of Student's t on the logarithm and "
    "Hall's (1992) correction for skewness."
)
NOTHING_ASKED = "nothing of it was asked yet"
UNSEEN = 2  # answered requests of a method below which nothing is known of how they differ


@dataclass
class Bill:
    """What requests have cost, and what is known of those to come, by part (a cell, a judge in a language).

    Attributes:
        paid: USD of the parts that are finished.
        planned: requests of the other parts, those already answered included.
        answered: USD of each of these that is finished.
        is_priced: whether all prices are known, and servers said how many tokens they used.
        is_blank: whether there is a part of which not even the number of requests is known.
    """

    paid: float = 0.0
    planned: dict[str, int] = field(default_factory=dict)
    answered: dict[str, list[float]] = field(default_factory=dict)
    is_priced: bool = True
    is_blank: bool = False

    def add_paid(self, money: float | None) -> None:
        """Adds what a finished part has cost; None where nobody knows."""
        self.paid += money or 0.0
        self.is_priced = self.is_priced and money is not None

    def plan(self, part: str, requests: int) -> None:
        """Adds requests to a part."""
        self.planned[part] = self.planned.get(part, 0) + requests

    def know(self, part: str, costs: Sequence[float], *, is_priced: bool) -> None:
        """Adds finished requests of a part, among its planned ones."""
        self.answered.setdefault(part, []).extend(costs)
        self.is_priced = self.is_priced and is_priced

    def add(self, other: Bill) -> None:
        """Adds a bill of other parts."""
        self.paid += other.paid
        self.planned |= other.planned
        self.answered |= other.answered
        self.is_priced = self.is_priced and other.is_priced
        self.is_blank = self.is_blank or other.is_blank

    def figure(self) -> Figure:
        """All of it in the end, in USD; see `forecast_money`."""
        if self.is_blank:
            return undefined(DEFINITION, NOTHING_ASKED)
        unasked = [part for part, count in self.planned.items() if count and not self.answered.get(part)]
        if self.is_priced and unasked:
            where = f"nothing was asked yet in {len(unasked)} of {len(self.planned)} cells"
            return undefined(DEFINITION, NOTHING_ASKED if len(unasked) == len(self.planned) else where)
        figure = forecast_money(self.planned, self.answered if self.is_priced else None)
        if figure.value is None or not self.paid:
            return figure
        low, high = (None if bound is None else bound + self.paid for bound in (figure.low, figure.high))
        return replace(figure, value=figure.value + self.paid, low=low, high=high)


def draw_preview(planned: Mapping[str, int], size: int, rng_seed: int) -> dict[str, list[int]]:
    """Draws which requests a preview asks, by method, as evenly as the methods are planned.

    At random, because the first requests of a source need not be like the rest. Every method gets at least
    two requests if it has them, so that many methods can make the preview larger than `size`.

    Args:
        planned: requests by method.
        size: requests of the preview.
        rng_seed: the same one draws the same requests.

    Returns:
        By method, positions from 0 to its planned count, ascending.
    """
    import numpy as np

    total = sum(planned.values())
    drawn = {}
    for place, (method, count) in enumerate(sorted(planned.items())):
        share = math.ceil(size * count / total) if total else 0
        rng = np.random.default_rng([rng_seed, place])
        chosen = rng.choice(count, min(count, max(UNSEEN, share)), replace=False)
        drawn[method] = sorted(int(position) for position in chosen)
    return drawn


def forecast_money(planned: Mapping[str, int], answered: Mapping[str, Sequence[float]] | None) -> Figure:
    """Forecasts what all planned requests cost in the end, in USD.

    How often the interval held on real and made-up token counts: bench/money.py. It cannot know of what the
    preview did not meet: if one request in a hundred costs thirty times the others (a runaway that thinks up
    to the limit), a preview of a hundred lacks it one time in three.

    Args:
        planned: requests by method, those already answered included.
        answered: by method, USD of each finished request, all its attempts together; None where the price is
            unknown.

    Returns:
        `value`, `low`, `high` in USD, `n` the answered requests. Undefined where the price is unknown or a
        method has no answer yet; without bounds where a method has but one.
    """
    if answered is None:
        return undefined(DEFINITION, "the price of the model is unknown")
    parts = [(planned[method], answered.get(method, ())) for method in sorted(planned)]
    missing = [method for method in sorted(planned) if planned[method] and not answered.get(method)]
    if missing:
        return undefined(DEFINITION, f"no answer yet for {', '.join(missing)}")
    n = sum(len(costs) for _, costs in parts)
    known = math.fsum(cost for _, costs in parts for cost in costs)
    open_parts = [(count - len(costs), costs) for count, costs in parts if count > len(costs)]
    rest = math.fsum(left * math.fsum(costs) / len(costs) for left, costs in open_parts)
    if any(len(costs) < UNSEEN for _, costs in open_parts):
        return Figure(known + rest, DEFINITION, n)
    error = _error_of_rest(open_parts)
    low, high = _bounds(rest, *error)
    return Figure(known + rest, DEFINITION, n, math.sqrt(error[0]), known + low, known + high)


def _error_of_rest(parts: Iterable[tuple[int, Sequence[float]]]) -> tuple[float, float, float]:
    """The error of (mean x requests left) against what these will really cost, summed over methods.

    With n answered at random out of n + M, M times their mean misses the sum of the other M with variance
    M (M + n) / n times the variance of a cost, and third cumulant M (M^2 - n^2) / n^2 times that of a cost.

    Args:
        parts: (M, costs of the n) of each method.

    Returns:
        Variance, third cumulant, and degrees of freedom after Welch and Satterthwaite.
    """
    variance = third = squares = 0.0
    for left, costs in parts:
        n = len(costs)
        mean = math.fsum(costs) / n
        own = math.fsum((cost - mean) ** 2 for cost in costs) / (n - 1) * left * (left + n) / n
        variance += own
        squares += own * own / (n - 1)
        if n > 2:
            cumulant = n * math.fsum((cost - mean) ** 3 for cost in costs) / ((n - 1) * (n - 2))
            third += cumulant * left * (left * left - n * n) / (n * n)
    return variance, third, variance * variance / squares if squares else math.inf


def _bounds(rest: float, variance: float, third: float, freedom: float) -> tuple[float, float]:
    """95% bounds of what is still to come; see DEFINITION."""
    from scipy.stats import t

    if not variance:
        return rest, rest
    quantile = float(t.ppf(0.975, freedom))
    error = math.sqrt(variance)
    skewness = third / (variance * error)
    spread = math.exp(quantile * error / rest)
    low = min(rest / spread, rest - error * _unskewed(quantile, skewness))
    high = max(rest * spread, rest - error * _unskewed(-quantile, skewness))
    return max(0.0, low), high


def _unskewed(quantile: float, skewness: float) -> float:
    """Hall's inverse: where the studentized error of a skewed estimate has the quantile of a straight one."""
    if abs(skewness) < 1e-6:
        return quantile
    return 3 / skewness * (math.cbrt(1 + skewness * (quantile - skewness / 6)) - 1)

"""Is a figure inflated by scale? Every figure against n.

A metric whose expected value depends on how many rows it is taken over cannot compare sets of unequal size:
surplus copies, say, grow with n, whatever the teacher. `by_size` takes a metric anew on nested subsets of the
rows. `trends` asks the same of a table: in the paper's data-scale file the students' mean result rises with
the number of rows while the PG-Score falls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log2, sqrt
from typing import Any, TypeVar

from polyteach.analysis.agreement import Agreement, spearman
from polyteach.figures import Figure, undefined

PER_DOUBLING = (
    "change of the metric per doubling of the rows: slope of its values on nested random subsets against "
    "log2 n, mean over {draws} seeded draws; 95% t-interval over draws (error of drawing, not of the rows)"
)
DRAWS = 16
SMALLEST = 25
LEAST_SHARE = 0.01
"""A change over all sizes below this share of the figure itself is shown, but not called inflation."""

Row = TypeVar("Row")
Metric = Callable[[Sequence[Row]], float | None]


@dataclass(frozen=True, slots=True)
class Size:
    """A metric on subsets of one size.

    Attributes:
        mean: over draws; None where none had a value.
        sd: between draws; None below two.
        undefined: draws without a value.
    """

    n: int
    mean: float | None
    sd: float | None
    undefined: int

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        return {"n": self.n, "mean": self.mean, "sd": self.sd, "undefined": self.undefined}


@dataclass(frozen=True, slots=True)
class BySize:
    """A metric against the number of rows.

    Attributes:
        per_doubling: its slope.
        moves: whether that is clearly not zero (its interval), and over all sizes at least 1% of the figure;
            None where undefined. Such a metric must be compared at equal n.
    """

    sizes: tuple[Size, ...]
    per_doubling: Figure
    moves: bool | None

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        return {
            "sizes": [size.to_json() for size in self.sizes],
            "per_doubling": self.per_doubling.to_json(),
            "moves": self.moves,
        }


@dataclass(frozen=True, slots=True)
class Trend:
    """How a figure goes with scale in one group, such as a language.

    Attributes:
        order: Spearman's rho of the figure with the scale: 1 always rising, -1 always falling.
        first, last: at the smallest and the largest scale.
    """

    group: str
    order: Agreement
    first: float | None
    last: float | None

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        return {"group": self.group, "order": self.order.to_json(), "first": self.first, "last": self.last}


def nested_sizes(n: int, smallest: int = SMALLEST) -> tuple[int, ...]:
    """n, n/2, n/4 and so on down to the smallest, in rising order; just n if it is below twice that."""
    sizes = [n]
    while sizes[-1] // 2 >= smallest:
        sizes.append(sizes[-1] // 2)
    return tuple(reversed(sizes))


def by_size(
    rows: Sequence[Row],
    metric: Metric[Row],
    *,
    sizes: Sequence[int] | None = None,
    draws: int = DRAWS,
    rng_seed: int,
) -> BySize:
    """Takes a metric on nested subsets of rows: in each draw they are shuffled, and the first n are taken.

    Args:
        rows: whatever the metric reads; also the rows' own values, for a metric that is a mean of them.
        metric: from some rows to a number; None where it has none.
        sizes: rising, at most the number of rows; `nested_sizes` if not given.
        draws: how many shuffles.
        rng_seed: of the shuffles.
    """
    import numpy as np

    chosen = nested_sizes(len(rows)) if sizes is None else tuple(sizes)
    rng = np.random.default_rng(rng_seed)
    table: list[list[float | None]] = []
    for _ in range(draws):
        order = rng.permutation(len(rows)).tolist()
        table.append([metric([rows[place] for place in order[:n]]) for n in chosen])
    points = tuple(_size(n, [row[column] for row in table]) for column, n in enumerate(chosen))
    figure = _slope(chosen, table, len(rows), PER_DOUBLING.format(draws=draws))
    return BySize(points, figure, _moves(figure, points))


def trends(figures: Mapping[str, Mapping[float, float]]) -> tuple[Trend, ...]:
    """How a figure goes with scale, group by group.

    Args:
        figures: by group, then scale (rows, parameters, whatever grows).
    """
    found = []
    for group, by_scale in figures.items():
        ordered = {str(scale): by_scale[scale] for scale in sorted(by_scale)}
        scales = {str(scale): float(scale) for scale in by_scale}
        values = list(ordered.values())
        ends = (values[0], values[-1]) if values else (None, None)
        found.append(Trend(group, spearman(scales, ordered), *ends))
    return tuple(found)


def opposed(one: Sequence[Trend], other: Sequence[Trend]) -> tuple[str, ...]:
    """The groups in which one figure rises with scale while the other falls, or the other way round."""
    of = {trend.group: trend.order.figure.value for trend in other}
    return tuple(
        trend.group
        for trend in one
        if (a := trend.order.figure.value) is not None
        and (b := of.get(trend.group)) is not None
        and a * b < 0
    )


def _size(n: int, values: Sequence[float | None]) -> Size:
    import numpy as np

    known = [value for value in values if value is not None]
    mean = float(np.mean(known)) if known else None
    sd = float(np.std(known, ddof=1)) if len(known) > 1 else None
    return Size(n, mean, sd, len(values) - len(known))


def _slope(sizes: Sequence[int], table: Sequence[Sequence[float | None]], n: int, definition: str) -> Figure:
    import numpy as np
    from scipy.special import stdtrit

    if len(sizes) < 2:
        return undefined(definition, f"{n} rows: too few to halve")
    complete = [[v for v in row if v is not None] for row in table]
    complete = [row for row in complete if len(row) == len(sizes)]
    if len(complete) < 2:
        return undefined(definition, "the metric is undefined on the smaller subsets")
    x = np.log2(sizes)
    x -= x.mean()
    slopes = np.asarray(complete) @ x / float(x @ x)
    value = float(slopes.mean())
    se = float(slopes.std(ddof=1)) / sqrt(len(slopes))
    reach = float(stdtrit(len(slopes) - 1, 0.975)) * se
    return Figure(value, definition, n=n, se=se, low=value - reach, high=value + reach)


def _moves(figure: Figure, points: Sequence[Size]) -> bool | None:
    if figure.value is None or figure.low is None or figure.high is None:
        return None
    last = points[-1].mean or 0.0
    doublings = log2(points[-1].n / points[0].n)
    clear = figure.low > 0 or figure.high < 0
    return clear and abs(figure.value) * doublings >= LEAST_SHARE * abs(last)

"""Base and reference of each language, solved from the released PGRs and mean results.

PGR = (result - base) / (reference - base) is a straight line in the result, so two students give both anchors
and the others test them. In Japanese no line fits: the file holds the fractional part of the line's values.
Then the slope still follows from the fractions, but not the level: which whole number is missing from all of
them cannot be told. The lowest level without a negative whole number is taken, and `level_known` is False.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import floor

from polyteach.published.paper import Paper

FITS = 1e-6
"""Released figures have ten digits; a line that misses by more is none."""


@dataclass(frozen=True, slots=True)
class Anchors:
    """Base and reference as the published PGRs imply them.

    Attributes:
        residual: the largest distance of a published PGR (its missing whole number added) from the line.
        missing: the whole number missing from each PGR, in the order given; zeros where a line fits.
        level_known: whether the level follows from the figures; see above.
    """

    base: float
    reference: float
    residual: float
    missing: tuple[int, ...]
    level_known: bool = True

    @property
    def gap(self) -> float:
        """Reference less base; where it is negative, less accuracy gives more PGR."""
        return self.reference - self.base

    def pgr(self, result: float) -> float:
        """PGR of a mean result."""
        return (result - self.base) / self.gap


def solve(results: Sequence[float], pgrs: Sequence[float]) -> Anchors:
    """The anchors behind PGRs.

    Args:
        results: mean results of one base's students in one language, at least three different ones.
        pgrs: their PGRs, of which whole numbers may be missing.

    Raises:
        ValueError: fewer than three different results, or neither the PGRs nor their fractions are on a line.
    """
    if len(set(results)) < 3:
        raise ValueError("two students can be on any line: three different results are needed")
    slope, level, residual = _line(results, pgrs)
    if residual <= FITS:
        base = -level / slope
        return Anchors(base, base + 1 / slope, residual, (0,) * len(results))
    return _solve_fractions(results, pgrs)


def solve_all(paper: Paper, base: str) -> dict[str, Anchors]:
    """The anchors behind one base's PGRs, by language."""
    found = {}
    for language in paper.languages_of(base):
        cells = list(paper.group(base, language).values())
        found[language] = solve([cell.result for cell in cells], [cell.pgr for cell in cells])
    return found


def on_a_line(results: Sequence[float], pgrs: Sequence[float]) -> bool:
    """Whether any base and reference give these PGRs."""
    return _line(results, pgrs)[2] <= FITS


def _solve_fractions(results: Sequence[float], fractions: Sequence[float]) -> Anchors:
    """Of the slopes that the two closest results allow, the flattest that puts all on one line."""
    i, j = min(
        (pair for pair in combinations(range(len(results)), 2) if results[pair[0]] != results[pair[1]]),
        key=lambda pair: abs(results[pair[0]] - results[pair[1]]),
    )
    step = results[j] - results[i]
    for slope in sorted(((fractions[j] - fractions[i] + k) / step for k in (-1, 0, 1)), key=abs):
        wholes = [
            round(fractions[i] + slope * (result - results[i]) - fraction)
            for result, fraction in zip(results, fractions, strict=True)
        ]
        whole_pgrs = [fraction + whole for fraction, whole in zip(fractions, wholes, strict=True)]
        exact, level, residual = _line(results, whole_pgrs)
        if residual <= FITS:
            lowest = floor(min(wholes))
            base = -(level - lowest) / exact
            missing = tuple(whole - lowest for whole in wholes)
            return Anchors(base, base + 1 / exact, residual, missing, level_known=False)
    raise ValueError("neither these PGRs nor their fractions are on a line")


def _line(x: Sequence[float], y: Sequence[float]) -> tuple[float, float, float]:
    """Slope, level and the largest residual of the least squares line."""
    import numpy as np

    at, values = np.asarray(x), np.asarray(y)
    centred = at - at.mean()
    slope = float(centred @ (values - values.mean()) / (centred @ centred))
    level = float(values.mean()) - slope * float(at.mean())
    return slope, level, float(np.max(np.abs(values - slope * at - level)))

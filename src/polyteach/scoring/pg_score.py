"""Two of the three PG-Scores: `published`, as the released code combines figures, and `paper`, as written.

Both rest on z-scores, so both move for every teacher when one is added; `published` pools them over
languages, so the difficulty of a language leaks in. They are here to be compared with the paper's tables.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum, log1p, sqrt

COMPONENTS: tuple[tuple[str, Callable[[float], float]], ...] = (
    ("prompt_diversity", float),
    ("response_diversity", float),
    ("perplexity", lambda perplexity: -log1p(perplexity)),
    ("rubric", float),
)
INTRINSIC = "mean of the z-scores (population SD) of {d_x, d_y, -log(1 + PPL), R}"
PUBLISHED_Z = f"{INTRINSIC}, pooled over all teachers and languages (released code)"
PAPER_Z = f"{INTRINSIC}, across the teachers of a language (Eq. 1)"
PUBLISHED = (
    f"published PG-Score = (z + PGR) / 2; z = {PUBLISHED_Z}; "
    "benchmarks averaged before PGR, anchors of any sign"
)
PAPER = (
    "paper PG-Score = a * I + (1 - a) * E (Eq. 4); "
    f"I = {PAPER_Z}; E = mean of PGR over benchmarks (Eq. 2), anchors of any sign"
)
PAPER_EQ3 = "z-score of I + E across the teachers of a language, population SD (Eq. 3)"
_NO_SPREAD = 1e-12


@dataclass(frozen=True, slots=True)
class Intrinsic:
    """z-scores over a pool of cells.

    Attributes:
        values: by cell; a cell that lacks a component the pool has is absent, its reason in `reasons`.
        used: the components that entered.
        dropped: the components that did not, and why.
    """

    values: Mapping[Hashable, float]
    reasons: Mapping[Hashable, str]
    used: tuple[str, ...]
    dropped: Mapping[str, str]


def z_scores(values: Sequence[float]) -> list[float] | None:
    """Standard scores by the population SD; None where the values do not differ."""
    if len(values) < 2:
        return None
    mean = fsum(values) / len(values)
    sd = sqrt(fsum((value - mean) ** 2 for value in values) / len(values))
    if sd <= _NO_SPREAD * max(1.0, abs(mean)):
        return None
    return [(value - mean) / sd for value in values]


def intrinsic(cells: Mapping[Hashable, Mapping[str, float | None]]) -> Intrinsic:
    """The mean z-score of each cell of a pool.

    A component that no cell has, or in which all cells agree, is dropped for all. A cell that lacks a
    component which others have is undefined: a mean over other components would not be comparable.
    """
    columns: dict[str, dict[Hashable, float]] = {}
    dropped: dict[str, str] = {}
    for name, transform in COMPONENTS:
        known = {key: transform(v) for key, cell in cells.items() if (v := cell.get(name)) is not None}
        scores = z_scores(list(known.values()))
        if scores is None:
            dropped[name] = _why_dropped(len(known))
        else:
            columns[name] = dict(zip(known, scores, strict=True))
    values: dict[Hashable, float] = {}
    reasons: dict[Hashable, str] = {}
    for key in cells:
        missing = [name for name, column in columns.items() if key not in column]
        if not columns or missing:
            reasons[key] = f"no {', '.join(missing)}" if missing else "no intrinsic metric tells cells apart"
        else:
            values[key] = fsum(column[key] for column in columns.values()) / len(columns)
    return Intrinsic(values, reasons, tuple(columns), dropped)


def published_score(z: float, pgr_of_means: float) -> float:
    """Half the sum, as in the released figures (there a is always .5)."""
    return (z + pgr_of_means) / 2


def paper_score(intrinsic_z: float, mean_pgr: float, weight: float) -> float:
    """Eq. 4: weight * I + (1 - weight) * E."""
    return weight * intrinsic_z + (1 - weight) * mean_pgr


def paper_eq3(sums: Mapping[Hashable, float]) -> dict[Hashable, float]:
    """Eq. 3: the z-score of I + E across a language's teachers; empty where they do not differ."""
    scores = z_scores(list(sums.values()))
    return dict(zip(sums, scores, strict=True)) if scores else {}


def _why_dropped(known: int) -> str:
    if known == 0:
        return "not measured"
    return "measured in one cell only" if known == 1 else "the same in every cell"

"""A teacher's figure over all its cells: mean over bases, then languages, for teachers complete on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from polyteach.scoring.intervals import Estimate, mean_of

CellKey = tuple[str, str, str]
"""Base, language, teacher."""


@dataclass(frozen=True, slots=True)
class Known:
    """An estimate, or None and why there is none."""

    estimate: Estimate | None
    reason: str | None = None


def overall(
    teacher: str, cells: Mapping[CellKey, Known], needed: Iterable[tuple[str, str]], what: str
) -> Known:
    """A teacher's figure over all bases and languages in which any benchmark counts.

    Args:
        teacher: its name.
        cells: the figure in each cell; a cell that is absent has none.
        needed: every (base, language) in which a benchmark counts. A pair without one is missing for every
            teacher alike, so leaving it out favours none.
        what: the figure's name, for the reason.
    """
    by_language: dict[str, list[Estimate]] = {}
    missing = []
    for base, language in needed:
        found = cells.get((base, language, teacher), Known(None))
        if found.estimate is None:
            missing.append(f"{base}/{language}" + (f" ({found.reason})" if found.reason else ""))
        else:
            by_language.setdefault(language, []).append(found.estimate)
    if missing:
        return Known(None, f"not complete: no {what} in {', '.join(missing)}")
    if not by_language:
        return Known(None, "no benchmark counts in any language")
    return Known(mean_of([mean_of(estimates) for estimates in by_language.values()]))

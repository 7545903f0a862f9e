"""Which benchmarks count, decided from base and reference alone, before any teacher is seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from polyteach.scoring.intervals import item_mean
from polyteach.scoring.records import Exam

MINIMUM_GAP = 0.15
MINIMUM_ERRORS = 2.0
DEFINITION = (
    f"a benchmark counts in a language and for a base if reference - base is at least {MINIMUM_GAP} "
    f"and above {MINIMUM_ERRORS:g} standard errors of the paired item difference"
)
_ROUNDING = 1e-12  # .85 - .70 must count as .15


@dataclass(frozen=True, slots=True)
class Anchor:
    """The two fixed points a student's score is read between.

    Attributes:
        base_score, reference_score: means over the items both were scored on; None where one is missing.
        gap_se: standard error of the mean paired difference; None where it cannot be estimated.
        reason: why the benchmark does not count; None where it does.
    """

    base: str
    language: str
    benchmark: str
    chance: float
    base_score: float | None
    reference_score: float | None
    gap_se: float | None
    n: int
    reason: str | None

    @property
    def counts(self) -> bool:
        """Whether the benchmark enters gains and scores."""
        return self.reason is None

    @property
    def gap(self) -> float | None:
        """Reference minus base."""
        if self.base_score is None or self.reference_score is None:
            return None
        return self.reference_score - self.base_score

    @property
    def clearly_positive(self) -> bool:
        """Whether the gap is above two standard errors: only then can anything be divided by it."""
        if self.gap is None or self.gap_se is None:
            return False
        return self.gap > MINIMUM_ERRORS * self.gap_se and self.gap > _ROUNDING


def anchor_of(base: Exam | None, reference: Exam | None) -> Anchor:
    """Compares base and reference on one benchmark; one of the two may be missing.

    Raises:
        ValueError: both are missing.
    """
    known = base or reference
    if known is None:
        raise ValueError("an anchor needs an exam")
    if base is None or reference is None:
        missing = "reference" if reference is None else "base"
        return _anchor(known, None, None, None, 0, f"no results of the {missing}")
    first, second = base.by_item, reference.by_item
    shared = [item for item in first if item in second]
    if not shared:
        return _anchor(known, None, None, None, 0, "no item was scored for both base and reference")
    below = item_mean(known.benchmark, {item: first[item] for item in shared}, 1)
    above = item_mean(known.benchmark, {item: second[item] for item in shared}, 1)
    gap = item_mean(known.benchmark, {item: second[item] - first[item] for item in shared}, 1)
    se = gap.item_variance**0.5 if gap.n > 1 else None
    return _anchor(known, below.value, above.value, se, gap.n, _why_not(gap.value, se))


def anchors_of(bases: Iterable[Exam], references: Iterable[Exam]) -> list[Anchor]:
    """One anchor for every base, language and benchmark seen, in order of first appearance."""
    below = {(exam.base, exam.language, exam.benchmark): exam for exam in bases}
    above = {(exam.base, exam.language, exam.benchmark): exam for exam in references}
    keys = list(dict.fromkeys([*below, *above]))
    return [anchor_of(below.get(key), above.get(key)) for key in keys]


def _why_not(gap: float, se: float | None) -> str | None:
    if se is None:
        return "one item has no standard error"
    if gap < MINIMUM_GAP - _ROUNDING:
        return f"reference - base is {gap:.3f}, below {MINIMUM_GAP}"
    if gap <= MINIMUM_ERRORS * se:
        return f"reference - base is {gap:.3f}, not above {MINIMUM_ERRORS:g} standard errors of {se:.3f}"
    return None


def _anchor(
    exam: Exam, below: float | None, above: float | None, se: float | None, n: int, reason: str | None
) -> Anchor:
    return Anchor(exam.base, exam.language, exam.benchmark, exam.chance, below, above, se, n, reason)

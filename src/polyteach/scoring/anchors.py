"""Which benchmarks count, decided from base and reference alone, before any teacher is seen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from polyteach.scoring.intervals import SCORES, Estimate, Interval, interval, item_mean, standard_error
from polyteach.scoring.numbers import number
from polyteach.scoring.records import Exam

MINIMUM_ERRORS = 2.0
DEFINITION = (
    f"a benchmark counts in a language and for a base if reference - base is above {MINIMUM_ERRORS:g} "
    "standard errors of the paired item difference, items clustered by what they ask, and at least the "
    "benchmark's minimum gap where it has one"
)
NAME_A_REFERENCE = "name one in students.bases, or add seed data with responses"
LEARNED_TOO_LITTLE = (
    "the reference learned too little to measure by: give it more rows or epochs, or name another reference"
)
SHORT_OF_ROWS = (
    "the reference learned too little to measure by, and from fewer rows than asked for: give it more seed "
    "rows with responses, or name a model as reference"
)
OTHER_SUBJECT = (
    "it learned from the seed data: look whether that teaches what the benchmarks ask; rows on another "
    "subject move nothing there"
)
FEW_SEED_ROWS = 0.5
"""Of the rows asked for. Of 300 for base-a in German, 150 made both pocket benchmarks count, 60 made none."""
NO_REFERENCE = f"no reference: {NAME_A_REFERENCE}"
_ROUNDING = 1e-12  # .85 - .70 must count as .15


@dataclass(frozen=True, slots=True)
class Anchor:
    """The two fixed points a student's score is read between.

    Attributes:
        base_score, reference_score: means over the items both were scored on, or over its own items where
            the other is missing; None for the one that is missing.
        base_interval, reference_interval: 95% intervals of these, over items, within 0 and 1; None likewise.
        gap_se: standard error of the mean paired difference, clustered, and no less than what one cluster
            weighs; None where it cannot be estimated.
        n: items the scores are over.
        reason: why the benchmark does not count; None where it does.
        missing: which of the two was not examined.
        minimum: the benchmark's minimum gap.
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
    base_interval: Interval | None = None
    reference_interval: Interval | None = None
    missing: Literal["base", "reference"] | None = None
    minimum: float = 0.0

    @property
    def too_small(self) -> bool:
        """Whether the gap is below the benchmark's minimum, or not above zero."""
        return self.gap is not None and (self.gap < self.minimum - _ROUNDING or self.gap <= _ROUNDING)

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


def anchor_of(
    base: Exam | None, reference: Exam | None, *, minimum: float = 0.0, failed: bool = False
) -> Anchor:
    """Compares base and reference on one benchmark; one of the two may be missing.

    Args:
        base: its exam.
        reference: its exam.
        minimum: the least gap with which the benchmark counts.
        failed: the reference is missing because its step failed, not because the study has none.

    Raises:
        ValueError: both are missing.
    """
    if base is None or reference is None:
        return replace(_half(base, reference, failed), minimum=minimum)
    first, second = base.by_item, reference.by_item
    shared = [item for item in first if item in second]
    if not shared:
        return _anchor(base, None, None, None, "no item was scored for both base and reference")
    clusters = base.cluster_of
    below = item_mean({item: first[item] for item in shared}, clusters, 1)
    above = item_mean({item: second[item] for item in shared}, clusters, 1)
    gap = item_mean({item: second[item] - first[item] for item in shared}, clusters, 1)
    se = standard_error(gap, None)[0] if len(gap.influence) > 1 else None
    return replace(_anchor(base, below, above, se, _why_not(gap.value, se, minimum)), minimum=minimum)


def anchors_of(
    bases: Iterable[Exam],
    references: Iterable[Exam],
    failed: Collection[tuple[str, str]] = (),
    minimums: Mapping[str, float] | None = None,
) -> list[Anchor]:
    """One anchor for every base, language and benchmark seen, in order of first appearance.

    Args:
        bases: their exams.
        references: their exams.
        failed: (base, language) whose reference has no exam because a step failed.
        minimums: the least gap of benchmarks that have one.
    """
    least = minimums or {}
    below = {(exam.base, exam.language, exam.benchmark): exam for exam in bases}
    above = {(exam.base, exam.language, exam.benchmark): exam for exam in references}
    keys = list(dict.fromkeys([*below, *above]))
    return [
        anchor_of(below.get(key), above.get(key), minimum=least.get(key[2], 0.0), failed=key[:2] in failed)
        for key in keys
    ]


def _half(base: Exam | None, reference: Exam | None, failed: bool) -> Anchor:
    """What one of the two says alone: it is shown, and nothing counts."""
    known = base or reference
    if known is None:
        raise ValueError("an anchor needs an exam")
    alone = item_mean(known.by_item, known.cluster_of, 1) if known.by_item else None
    if base is None:
        return _anchor(known, None, alone, None, "the base was not examined", "base")
    reason = "the reference could not be examined: a step failed" if failed else NO_REFERENCE
    return _anchor(known, alone, None, None, reason, "reference")


def _why_not(gap: float, se: float | None, minimum: float) -> str | None:
    if se is None:
        return "one cluster of items has no standard error"
    if gap <= _ROUNDING:
        return f"reference - base is {number(gap, 3)}, not above zero"
    if gap < minimum - _ROUNDING:
        return f"reference - base is {number(gap, 3)}, below {minimum:g}"
    if gap <= MINIMUM_ERRORS * se:
        return (
            f"reference - base is {number(gap, 3)}, not above {MINIMUM_ERRORS:g} standard errors of {se:.3f}"
        )
    return None


def _anchor(
    exam: Exam,
    below: Estimate | None,
    above: Estimate | None,
    se: float | None,
    reason: str | None,
    missing: Literal["base", "reference"] | None = None,
) -> Anchor:
    return Anchor(
        base=exam.base,
        language=exam.language,
        benchmark=exam.benchmark,
        chance=exam.chance,
        base_score=below.value if below else None,
        reference_score=above.value if above else None,
        gap_se=se,
        n=max(below.n if below else 0, above.n if above else 0),
        reason=reason,
        base_interval=interval(below, None, SCORES) if below else None,
        reference_interval=interval(above, None, SCORES) if above else None,
        missing=missing,
    )

"""Answers that have no score: counted beside every figure they are missing from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from polyteach.scoring.records import Exam

Counts = Mapping[str, int]


def unscored(students: Iterable[Exam], base: Exam | None = None, reference: Exam | None = None) -> Counts:
    """Answers without a score, by reason; those of base and reference are named as theirs.

    Args:
        students: exams of one student, one a trial: an answer missing in two trials counts twice.
        base: its exam, where the figure is a comparison with it.
        reference: likewise.
    """
    counts: Counter[str] = Counter()
    for exam in students:
        counts.update(exam.reasons)
    for name, anchor in (("base", base), ("reference", reference)):
        if anchor:
            counts.update({f"{name}: {reason}": count for reason, count in anchor.reasons.items()})
    return dict(sorted(counts.items()))


def together(parts: Iterable[Counts]) -> Counts:
    """The sum of counts."""
    total: Counter[str] = Counter()
    for counts in parts:
        total.update(counts)
    return dict(sorted(total.items()))

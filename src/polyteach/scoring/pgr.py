"""PGR, the performance gap recovered: (student - base) / (reference - base), Eq. 2 of the paper.

A column to look at: it is undefined where the gap below the line is not clearly positive, because a ratio to
a gap near zero has no meaning (in the paper's own tables most gaps are negative). The `published` and `paper`
PG-Scores take it as their authors did, unguarded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import fsum

from polyteach.scoring.anchors import MINIMUM_ERRORS, Anchor
from polyteach.scoring.gain import CellEstimate, item_values
from polyteach.scoring.intervals import combine, item_mean
from polyteach.scoring.numbers import number
from polyteach.scoring.records import Exam

DEFINITION = (
    "PGR = (student - base) / (reference - base); undefined unless reference - base is above "
    f"{MINIMUM_ERRORS:g} standard errors"
)
MEAN_DEFINITION = f"{DEFINITION}; mean over the benchmarks that count (Eq. 2)"
POOLED_DEFINITION = (
    "PGR of scores averaged over all benchmarks first (released code), whatever the sign of reference - base"
)
WRITTEN_DEFINITION = (
    "mean over all benchmarks of PGR (Eq. 2 as written), whatever the sign of reference - base"
)
_NO_GAP = 1e-12


@dataclass(frozen=True, slots=True)
class BenchmarkPgr:
    """PGR on one benchmark; `cell` is None where undefined, and `reason` says why."""

    cell: CellEstimate | None
    reason: str | None = None


def benchmark_pgr(
    trials: Mapping[int, Exam], base: Exam | None, reference: Exam | None, anchor: Anchor
) -> BenchmarkPgr:
    """A student's PGR on one benchmark, with the error of numerator and denominator (first order)."""
    if base is None or reference is None:
        return BenchmarkPgr(None, anchor.reason)
    names = {exam.base for exam in (*trials.values(), base, reference)} | {anchor.base}
    if len(names) > 1:
        raise ValueError(f"anchors of another base: {', '.join(sorted(names))}")
    if not anchor.clearly_positive:
        return BenchmarkPgr(None, f"reference - base is not clearly positive ({_gap_text(anchor)})")
    below, above = base.by_item, reference.by_item
    both = {item: above[item] - below[item] for item in below if item in above}
    values = item_values(trials, lambda item, s: s - below[item] if item in both else None)
    student = values.cell()
    if student is None:
        return BenchmarkPgr(None, "no item was scored for student, base and reference")
    learned = student.estimate
    gap = item_mean(both, base.cluster_of, 1)
    ratio = learned.value / gap.value
    error = combine([(1 / gap.value, learned), (-ratio / gap.value, gap)])
    estimate = replace(error, value=ratio, trial_load=learned.trial_load, n=learned.n)
    per_trial = {trial: value / gap.value for trial, value in student.per_trial.items()}
    return BenchmarkPgr(CellEstimate(estimate, per_trial, student.answer_noise / gap.value**2))


def pooled_pgr(
    students: Sequence[float], bases: Sequence[float], references: Sequence[float]
) -> float | None:
    """PGR of scores averaged over benchmarks first, as the released code has it.

    Whatever the sign of the averaged gap: where it is negative, students that lose more get more (this is how
    the published figures went wrong, and what they are compared with must go wrong likewise). None without
    scores, or where the gap is zero.
    """
    gap = fsum(references) - fsum(bases)
    return (fsum(students) - fsum(bases)) / gap if students and abs(gap) > _NO_GAP else None


def written_pgr(
    students: Sequence[float], bases: Sequence[float], references: Sequence[float]
) -> float | None:
    """Eq. 2 as written: the mean over benchmarks of each one's PGR, whatever its gap; None for a zero gap."""
    triples = list(zip(students, bases, references, strict=True))
    if not triples or any(abs(above - below) <= _NO_GAP for _, below, above in triples):
        return None
    return fsum((score - below) / (above - below) for score, below, above in triples) / len(triples)


def _gap_text(anchor: Anchor) -> str:
    gap = "unknown" if anchor.gap is None else number(anchor.gap, 3)
    return gap if anchor.gap_se is None else f"{gap}, standard error {anchor.gap_se:.3f}"

"""What a set was like before its weak rows were rewritten, and is after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from polyteach.curation.judging import Judged
from polyteach.rules import AnyRule

if TYPE_CHECKING:
    from polyteach.curation.rewrite.weak import Weak
    from polyteach.figures import Figure
    from polyteach.quality.judge import Judge
    from polyteach.rows import Row
    from polyteach.steps import Progress

SHARE = (
    "share of rows that the rule finds, of those it can tell; a rule that compares rows or asks a model sees "
    "only rows that no earlier rule found, and the others count as not found (Wilson's interval)"
)


def share_found(judged: Judged, rule: AnyRule) -> Figure:
    """The share of a set's rows that a rule found."""
    from polyteach.quality.metric_result import measured_share

    found = judged.found.get(rule.reason, 0)
    untold = [why for why, count in judged.untold.get(rule.reason, {}).items() for _ in range(count)]
    passed = len(judged.reasons) - found - len(untold)
    values: list[float | None] = [1.0] * found + [0.0] * passed + [None] * len(untold)
    reasons: list[str | None] = [None] * (found + passed)
    return measured_share(values, [*reasons, *untold], SHARE).figure


def by_rule(
    rules: Sequence[AnyRule], weak: Weak, after: Judged, taken: Sequence[int]
) -> list[dict[str, Any]]:
    """For each rule: rows it found, how many of them have a new response now, and its shares.

    `weak` counts a row for the first rule that found it, so that these sum up to the weak rows.
    """
    of_taken = Counter(reason for place in taken for reason in weak.judged.reasons[place])
    return [
        {
            "reason": rule.reason,
            "weak": weak.judged.dropped.get(rule.reason, 0),
            "found": weak.judged.found.get(rule.reason, 0),
            "rewritten": of_taken[rule.reason],
            "before": share_found(weak.judged, rule).to_json(),
            "after": share_found(after, rule).to_json(),
        }
        for rule in rules
    ]


def metrics_of(
    rows: Sequence[Row], language: str, judge: Judge | None, rng_seed: int, progress: Progress
) -> Mapping[str, Any]:
    """The intrinsic metrics of a set, as `polyteach measure` has them of one teacher's rows."""
    from polyteach.quality.cell import measure_rows

    cell = measure_rows(rows, language, judge=judge, rng_seed=rng_seed, progress=progress)
    return {name: figure.to_json() for name, figure in sorted(cell.figures.items())}

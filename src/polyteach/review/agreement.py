"""How far reviewers agree: with each other, with themselves, with judges and metrics.

Marks and choices are of many rows; whoever answered some of them only is no trouble for alpha.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from polyteach.figures import Figure, undefined
from polyteach.quality.metric_result import measured_mean, measured_share
from polyteach.review.judgements import Choice, Mark, Place

DRAWS = 2000
"""Of each bootstrap."""
ALPHA = (
    "Krippendorff's alpha ({level}) of {what}, repeated items once: 1 is full agreement, 0 what chance would "
    "give; 95% interval: percentile bootstrap over items ({draws} draws)"
)
WITHIN = (
    "mean over prompts of Spearman's rho between the reviewers' mean mark and {metric} among the answers to "
    "one prompt, over prompts where both tell answers apart; 95% interval: percentile bootstrap over prompts "
    "({draws} draws)"
)
SAME_MARK = "share of marks that were the same when the row came a second time; Wilson's 95% interval"
MARK_SHIFT = "mean distance of a row's two marks when it came a second time"
SAME_CHOICE = (
    "share of choices that were the same when the pair came a second time with its sides changed; Wilson's "
    "95% interval"
)
SIDE_A = (
    "share of side A among the pairs where one side was chosen; .5 without a liking for a side; Wilson's 95% "
    "interval"
)
Spread = tuple[float | None, float | None, float | None]
"""The bounds of a 95% interval, and the standard error."""
MARKS: tuple[Any, ...] = (1, 2, 3, 4, 5)
CHOICES: tuple[Any, ...] = ("first", "second", "both_good", "both_bad")
_OTHER_WAY = [1, 0, 2, 3]
"""`CHOICES` of the same two rows in the other order."""


def alpha_of_marks(marks: Iterable[Mark], rng_seed: int) -> Figure:
    """Agreement of reviewers on marks, as an order."""
    return _alpha(((m.row, m.value) for m in marks), MARKS, "ordinal", "marks from 1 to 5", rng_seed)


def alpha_of_choices(choices: Iterable[Choice], rng_seed: int) -> Figure:
    """Agreement of reviewers on pairs: one row, the other, both good, both bad, as four names.

    Which row is the first is a matter of names, so every pair is also taken the other way round: what chance
    would give knows no first row.
    """
    values = ((c.rows, c.value) for c in choices)
    what = "choices between two answers, each pair both ways round"
    return _alpha(values, CHOICES, "nominal", what, rng_seed)


def _alpha(
    values: Iterable[tuple[Hashable, Any]],
    domain: Sequence[Any],
    level: Literal["ordinal", "nominal"],
    what: str,
    rng_seed: int,
) -> Figure:
    definition = ALPHA.format(level=level, what=what, draws=DRAWS)
    units: dict[Hashable, list[int]] = {}
    for unit, value in values:
        units.setdefault(unit, [0] * len(domain))[domain.index(value)] += 1
    counts = np.array(
        [units[unit] for unit in sorted(units, key=repr) if sum(units[unit]) > 1], dtype=np.int64
    )
    if not len(counts):
        return undefined(definition, "no item was answered by two reviewers")
    value = _of_counts(counts, level)
    if np.isnan(value):
        return undefined(definition, "all answers are the same: no chance agreement to compare with")
    low, high, se = _bootstrap(len(counts), lambda at: _of_counts(counts[at], level), rng_seed)
    return Figure(value, definition, n=len(counts), se=se, low=low, high=high)


def _of_counts(counts: NDArray[np.int64], level: Literal["ordinal", "nominal"]) -> float:
    import krippendorff

    if level == "nominal":
        counts = np.concatenate([counts, counts[:, _OTHER_WAY]])
    if np.count_nonzero(counts.sum(axis=0)) < 2:
        return float("nan")  # items that are all alike say nothing
    return float(krippendorff.alpha(value_counts=counts, level_of_measurement=level))


def within_prompts(
    marks: Iterable[Mark], values: Mapping[Place, float], metric: str, rng_seed: int
) -> Figure:
    """Agreement of the mean mark with a metric's values, among the answers to one prompt.

    Prompts where one side says the same of all answers are counted as unscored. Two answers give a rho of 1
    or -1.
    """
    from scipy.stats import spearmanr

    definition = WITHIN.format(metric=metric, draws=DRAWS)
    given: dict[str, dict[Place, list[int]]] = defaultdict(lambda: defaultdict(list))
    for mark in marks:
        if mark.row in values:
            given[mark.example][mark.row].append(mark.value)
    rhos, flat = [], 0
    for example in sorted(given):
        ours = [fmean(found) for found in given[example].values()]
        theirs = [values[row] for row in given[example]]
        if len(set(ours)) > 1 and len(set(theirs)) > 1:
            rhos.append(float(spearmanr(ours, theirs).statistic))
        else:
            flat += 1
    unscored = {"not_told_apart": flat} if flat else {}
    if not rhos:
        reason = "no prompt has answers that both tell apart" if given else "no marked row has a value"
        return undefined(definition, reason, unscored)
    found = np.array(rhos)
    low, high, se = _bootstrap(len(found), lambda at: float(found[at].mean()), rng_seed)
    return Figure(float(found.mean()), definition, n=len(found), se=se, low=low, high=high, unscored=unscored)


def marks_again(marks: Sequence[Mark]) -> dict[str, Figure]:
    """How a reviewer, or several, marked rows that came twice."""
    firsts = {(m.reviewer, m.row): m.value for m in marks if not m.again}
    twice = [(firsts[m.reviewer, m.row], m.value) for m in marks if m.again and (m.reviewer, m.row) in firsts]
    reasons = [None] * len(twice)
    return {
        "same_mark": measured_share([float(one == other) for one, other in twice], reasons, SAME_MARK).figure,
        "mark_shift": measured_mean([abs(one - other) for one, other in twice], reasons, MARK_SHIFT).figure,
    }


def choices_again(choices: Sequence[Choice]) -> Figure:
    """How often a reviewer, or several, chose the same of a pair that came twice."""
    firsts = {(c.reviewer, c.rows): c.value for c in choices if not c.again}
    same = [
        float(firsts[c.reviewer, c.rows] == c.value)
        for c in choices
        if c.again and (c.reviewer, c.rows) in firsts
    ]
    return measured_share(same, [None] * len(same), SAME_CHOICE).figure


def side_a(choices: Iterable[Choice]) -> Figure:
    """Whether one side of the page was liked more, whatever stood there."""
    taken = [float(c.chose_a) for c in choices if c.chose_a is not None]
    return measured_share(taken, [None] * len(taken), SIDE_A).figure


def _bootstrap(n: int, statistic: Callable[[NDArray[np.int64]], float], rng_seed: int) -> Spread:
    """Of a statistic of n things; None below two of them."""
    if n < 2:
        return None, None, None
    rng = np.random.default_rng(rng_seed)
    return spread_of(np.array([statistic(rng.integers(n, size=n)) for _ in range(DRAWS)]))


def spread_of(drawn: NDArray[np.float64]) -> Spread:
    """Percentile bounds and standard error of a bootstrap's `DRAWS` values, those that are finite; None where
    most are not, or no draw differs from another."""
    drawn = drawn[np.isfinite(drawn)]
    if len(drawn) < DRAWS // 2 or np.ptp(drawn) == 0:
        return None, None, None
    low, high = (float(bound) for bound in np.quantile(drawn, [0.025, 0.975]))
    return low, high, float(drawn.std(ddof=1))

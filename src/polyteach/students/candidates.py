"""Which rows may be trained on: with a response, free of benchmarks' passages and of what filters find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from polyteach.errors import StepImpossible
from polyteach.rows import Row
from polyteach.rules.duplicates import ExactDuplicates, NearDuplicates
from polyteach.rules.endings import CutOff
from polyteach.rules.language import WrongLanguage
from polyteach.rules.overlap import overlapping
from polyteach.rules.rule import Context, Rule
from polyteach.seed_data.overlap import Listed

FILTERS: Mapping[str, Rule] = {
    "cut_off": CutOff(),
    "wrong_language": WrongLanguage(side="either", sure=False),
    "exact_duplicates": ExactDuplicates(),
    "near_duplicates": NearDuplicates(side="row"),
}
"""What `students.filters` may name; another setting makes other students, see `pipeline.VERSIONS`."""


def candidates(
    rows_by_method: Mapping[str, Sequence[Row]], *, listed: Iterable[str], filters: Sequence[str]
) -> tuple[dict[str, list[Row]], dict[str, int]]:
    """Takes away rows that no student should learn from.

    What is taken depends on the rows alone, not on how many a student gets or on its trial: so choices stay
    nested. Filters work in their order, each on what the one before left; duplicates are found among all
    methods, and the first by method and id stays.

    Args:
        rows_by_method: rows; methods may have none.
        listed: texts with which neither a prompt nor a response may share a passage (`seed_data.overlap`).
        filters: names of `FILTERS`.

    Returns:
        The rows left, by method, and how many were taken for each reason: `no_response`,
        `overlaps_benchmark`, and the filters' names.

    Raises:
        StepImpossible: there were rows with a response, and none is left.
    """
    benchmarks = Listed(listed)
    checks: dict[str, Callable[[Sequence[Row]], Sequence[bool]]] = {
        "no_response": lambda rows: [not row.response for row in rows],
        "overlaps_benchmark": lambda rows: overlapping(rows, benchmarks).bad,
        **{name: partial(_found, FILTERS[name]) for name in filters},
    }
    left = [
        (m, row) for m in sorted(rows_by_method) for row in sorted(rows_by_method[m], key=lambda row: row.id)
    ]
    removed: Counter[str] = Counter()
    for reason, check in checks.items():
        found = check([row for _, row in left])
        removed[reason] = sum(found)
        left = [named for named, bad in zip(left, found, strict=True) if not bad]
    if not left and sum(removed.values()) > removed["no_response"]:
        counts = ", ".join(f"{count} {reason}" for reason, count in removed.items() if count)
        raise StepImpossible(f"no row is left to train on ({counts})")
    by_method: dict[str, list[Row]] = {method: [] for method in rows_by_method}
    for method, row in left:
        by_method[method].append(row)
    return by_method, dict(removed)


def _found(rule: Rule, rows: Sequence[Row]) -> Sequence[bool]:
    return rule.find(rows, Context()).bad

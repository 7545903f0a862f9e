"""Whether students of a base learn better from teachers of the base's own family.

A family is a handful of teachers, and a good family is good for any base. So beside the plain difference the
match is looked at with each teacher's own mean taken off: is a teacher better for the base of its family than
for other bases, compared with how other teachers do on these? That needs two bases at least.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from polyteach.analysis.permuting import DRAWS, orders, p_value
from polyteach.analysis.regression import LEAST_CLUSTERS, Coefficient, fit
from polyteach.analysis.table import Row, Selection, Table
from polyteach.figures import Figure, undefined

PLAIN = (
    "mean of the target, family-matched less unmatched teachers, beside means of each language and base: a "
    "family's own worth is in it"
)
ADJUSTED = (
    "the same beside each teacher's own mean too: how much better a teacher is for a base of its family than "
    "for the others, beyond how all teachers differ between these bases"
)
INTERVAL = "95% interval clustered by teacher (CR1, t with teachers less one)"
TEST = "families dealt anew among the teachers, each teacher's bases and languages together; two-sided"
ONE_BASE = (
    "a teacher's own worth and its match cannot be told apart here: that needs several bases, of which some "
    "are of a teacher's family and some are not"
)
_SMALL = 1e-9


@dataclass(frozen=True, slots=True)
class FamilyMatch:
    """What a match of families is worth.

    Attributes:
        matched, unmatched: rows of each kind.
        families: of matched teachers: as many as these are the independent witnesses, hardly more.
        by_family: the adjusted difference of one family alone, without interval: it rests on few teachers.
        p: of the adjusted difference; None where undefined.
        dropped: rows that could not be used, counted by reason.
    """

    target: str
    matched: int
    unmatched: int
    families: Mapping[str, Sequence[str]]
    plain: Figure
    adjusted: Figure
    by_family: Mapping[str, Figure]
    p: float | None
    p_method: str
    dropped: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "target": self.target,
            "matched": self.matched,
            "unmatched": self.unmatched,
            "families": {family: list(teachers) for family, teachers in self.families.items()},
            "plain": self.plain.to_json(),
            "adjusted": self.adjusted.to_json(),
            "by_family": {family: figure.to_json() for family, figure in self.by_family.items()},
            "p": self.p,
            "p_method": self.p_method,
            "dropped": dict(self.dropped),
        }


def family_match(table: Table, target: str = "gain", rng_seed: int = 0) -> FamilyMatch:
    """Compares teachers of a base's family with others.

    Rows are left out, and counted, where the target is missing or a teacher's or base's family is not known.
    """
    selection = _with_families(table, target)
    rows = selection.table.rows
    matched = [_matches(table, row) for row in rows]
    families: dict[str, list[str]] = {}
    for row, match in zip(rows, matched, strict=True):
        names = families.setdefault(table.families[row.teacher], []) if match else []
        if match and row.teacher not in names:
            names.append(row.teacher)
    count = sum(matched)
    if not count or count == len(rows):
        which = "no teacher is of a base's family" if not count else "all teachers are of the base's family"
        reason = which if rows else "no row has the target and both families"
        nothing = (undefined(PLAIN, reason), undefined(ADJUSTED, reason))
        return FamilyMatch(
            target, count, len(rows) - count, families, *nothing, {}, None, reason, selection.dropped
        )
    p, method = _permuted(table, selection, target, rng_seed)
    return FamilyMatch(
        target,
        count,
        len(rows) - count,
        families,
        _difference(selection, target, matched, PLAIN),
        _difference(selection, target, matched, ADJUSTED),
        {family: _of_family(table, selection, target, family) for family in families if len(families) > 1},
        p,
        method,
        selection.dropped,
    )


def _with_families(table: Table, target: str) -> Selection:
    selection = table.complete([target])
    dropped = Counter(selection.dropped)
    kept = []
    for row in selection.table.rows:
        if row.teacher not in table.families:
            dropped["the teacher's family is not known"] += 1
        elif row.base not in table.base_families:
            dropped["the base's family is not known"] += 1
        else:
            kept.append(row)
    rows = Table(tuple(kept), table.columns, table.families, table.base_families)
    return Selection(rows, dict(sorted(dropped.items())))


def _matches(table: Table, row: Row) -> bool:
    return table.families[row.teacher] == table.base_families[row.base]


def _places(selection: Selection) -> list[str]:
    return [f"{row.language}, {row.base}" for row in selection.table.rows]


def _coefficient(
    selection: Selection, target: str, matched: Sequence[bool], definition: str
) -> Coefficient | str:
    """The match's coefficient, or why there is none."""
    teachers = selection.labels("teacher")
    own = list(dict.fromkeys(teachers))[1:] if definition == ADJUSTED else []
    predictors = {f"mean of {name}": [float(t == name) for t in teachers] for name in own}
    predictors["match"] = [float(match) for match in matched]
    found = fit(selection.numbers(target), predictors, _places(selection), {"teacher": teachers}, target)
    if found.reason:
        several = len(selection.table.names("base")) > 1
        unknown = definition == ADJUSTED and (not several or found.reason.startswith("match follows"))
        return ONE_BASE if unknown else found.reason
    return found.coefficients[-1]


def _difference(selection: Selection, target: str, matched: Sequence[bool], definition: str) -> Figure:
    found = _coefficient(selection, target, matched, definition)
    if isinstance(found, str):
        return undefined(definition, found)
    error = found.clustered.get("teacher")
    if error is None:
        words = f"{definition}; no interval: fewer than {LEAST_CLUSTERS} teachers"
        return Figure(found.value, words, n=selection.n)
    return Figure(found.value, f"{definition}; {INTERVAL}", selection.n, error.se, error.low, error.high)


def _of_family(table: Table, selection: Selection, target: str, family: str) -> Figure:
    matched = [_matches(table, row) and table.families[row.teacher] == family for row in selection.table.rows]
    definition = f"{ADJUSTED}; {family} only"
    found = _coefficient(selection, target, matched, ADJUSTED)
    if isinstance(found, str):
        return undefined(definition, found)
    return Figure(found.value, definition, n=selection.n)


def _permuted(table: Table, selection: Selection, target: str, rng_seed: int) -> tuple[float | None, str]:
    """p of the adjusted difference with the families dealt anew among the teachers."""
    import numpy as np

    rows = selection.table.rows
    teachers = selection.table.names("teacher")
    families = [table.families[name] for name in teachers]
    bases = np.array([table.base_families[row.base] for row in rows])
    seat = np.array([teachers.index(row.teacher) for row in rows])
    means = np.column_stack([_dummies(_places(selection)), _dummies(selection.labels("teacher"))])
    rest = np.eye(len(rows)) - means @ np.linalg.pinv(means)
    y = rest @ np.array(selection.numbers(target))
    dealt = orders(len(teachers), rng_seed, DRAWS)
    everything = np.vstack([np.arange(len(teachers)), dealt.array])
    matched = (np.array(families)[everything][:, seat] == bases).astype(float) @ rest
    sizes = (matched**2).sum(axis=1)
    if sizes[0] < _SMALL:
        return None, ONE_BASE
    if (y**2).sum() < _SMALL**2:
        return None, "teachers do not differ beyond their means"
    # a deal in which the match can't be told from means says nothing either way: it counts as just as large
    found = np.where(sizes > _SMALL, np.abs(matched @ y) / np.maximum(sizes, _SMALL), np.inf)
    return p_value(float(found[0]), found[1:], dealt.exact), f"{TEST}; {dealt.method}"


def _dummies(groups: Sequence[str]) -> Any:
    import numpy as np

    names = list(dict.fromkeys(groups))
    return (np.array(groups)[:, None] == np.array(names)[None, :]).astype(float)

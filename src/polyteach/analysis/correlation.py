"""Whether a metric goes with the gain among the teachers of one language.

Pooled over languages, a metric that differs between languages correlates with whatever else does. So each
language is looked at by itself, and the languages are combined afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import atanh, fsum, sqrt, tanh
from typing import Any, Literal

from polyteach.analysis.agreement import Agreement, spearman
from polyteach.analysis.permuting import EXACT_UP_TO, Orders, orders, p_value
from polyteach.analysis.table import Table
from polyteach.figures import Figure, undefined

Kind = Literal["spearman", "pearson"]
PEARSON = "Pearson's r; 95% interval by Fisher's z"
COMBINED = (
    "mean over languages of Fisher's z of the correlation, weight teachers - 3 each (languages of at least "
    "4), turned back; a perfect rank correlation is taken as half a step of rho short of 1; 95% interval by "
    "leaving out one teacher at a time (jackknife of z, t with teachers less one): the languages share "
    "teachers and are no independent witnesses"
)
LEAST_TEACHERS = 4
LEAST_FOR_INTERVAL = 6
_PERFECT = 1e-12


@dataclass(frozen=True, slots=True)
class WithinLanguages:
    """One metric's correlation with a target within each language, and over languages.

    Attributes:
        languages: by language; undefined ones say why.
        p: two-sided, the metric dealt anew over whole teachers, the same way in all languages; None where
            fewer than 4 teachers have all languages.
        p_method: how the deals were taken, and over how many teachers.
        p_holm: p corrected for all correlations asked at once (Holm); only from `against`.
        dropped: cells without both values, counted by reason.
    """

    metric: str
    target: str
    kind: Kind
    languages: Mapping[str, Agreement]
    combined: Figure
    p: float | None
    p_method: str
    dropped: Mapping[str, int] = field(default_factory=dict)
    p_holm: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "metric": self.metric,
            "target": self.target,
            "kind": self.kind,
            "languages": {name: found.to_json() for name, found in self.languages.items()},
            "combined": self.combined.to_json(),
            "p": self.p,
            "p_method": self.p_method,
            "p_holm": self.p_holm,
            "dropped": dict(self.dropped),
        }


def against(
    table: Table,
    target: str,
    metrics: Sequence[str],
    kinds: Sequence[Kind] = ("spearman", "pearson"),
    rng_seed: int = 0,
) -> list[WithinLanguages]:
    """Every metric against a target, with p corrected for as many questions (Holm, by kind)."""
    from statsmodels.stats.multitest import multipletests

    found: list[WithinLanguages] = []
    for kind in kinds:
        each = [within_languages(table, metric, target, kind, rng_seed) for metric in metrics]
        tested = [one.p for one in each if one.p is not None]
        corrected = iter(multipletests(tested, method="holm")[1] if tested else [])
        found += [replace(one, p_holm=float(next(corrected))) if one.p is not None else one for one in each]
    return found


def within_languages(
    table: Table, metric: str, target: str = "gain", kind: Kind = "spearman", rng_seed: int = 0
) -> WithinLanguages:
    """Correlates two columns over the teachers of each language, and combines the languages.

    Of several bases the mean is taken, over teachers that have all.
    """
    selection = table.over_bases().complete([metric, target])
    pairs = {
        language: {row.teacher: (row.numbers([metric])[0], row.numbers([target])[0]) for row in cells.rows}
        for language, cells in selection.table.group("language").items()
    }
    found = {language: _one(cells, kind) for language, cells in pairs.items()}
    found |= {
        language: Agreement(
            undefined(_definition(kind), f"no teacher has both {metric} and {target}"), None, "none"
        )
        for language in table.names("language")
        if language not in found
    }
    used = {
        language: cells
        for language, cells in pairs.items()
        if len(cells) >= LEAST_TEACHERS and found[language].figure.value is not None
    }
    p, method = _joint_p(used, kind, rng_seed)
    combined = _combined(used, kind)
    ordered = {language: found[language] for language in table.names("language")}
    return WithinLanguages(metric, target, kind, ordered, combined, p, method, selection.dropped)


def pearson(one: Mapping[str, float], other: Mapping[str, float]) -> Agreement:
    """Pearson's r over what both have; p exact (all orders) up to 8, else by t.

    Undefined below three or where one side does not vary.
    """
    from scipy.stats import pearsonr

    names = [name for name in one if name in other]
    if len(names) < 3:
        return Agreement(undefined(PEARSON, f"{len(names)} in common: too few"), None, "none")
    x, y = ([values[name] for name in names] for values in (one, other))
    if len(set(x)) == 1 or len(set(y)) == 1:
        return Agreement(undefined(PEARSON, "all values of one side are equal"), None, "none")
    found = pearsonr(x, y)
    r = float(found.statistic)
    low, high = None, None
    if len(names) > 3 and abs(r) < 1 - _PERFECT:
        bounds = found.confidence_interval()
        low, high = float(bounds.low), float(bounds.high)
    figure = Figure(r, PEARSON, n=len(names), low=low, high=high)
    if len(names) > EXACT_UP_TO:
        return Agreement(figure, float(found.pvalue), "Student's t")
    every = orders(len(names), 0)
    return Agreement(figure, p_value(abs(r), abs(_correlations(x, y, every.array)), True), every.method)


def _definition(kind: Kind) -> str:
    return PEARSON if kind == "pearson" else "Spearman's rho"


def _one(cells: Mapping[str, tuple[float, float]], kind: Kind) -> Agreement:
    x, y = ({teacher: pair[i] for teacher, pair in cells.items()} for i in (0, 1))
    return pearson(x, y) if kind == "pearson" else spearman(x, y)


def _combined(used: Mapping[str, Mapping[str, tuple[float, float]]], kind: Kind) -> Figure:
    """The mean over languages, with the jackknife over teachers."""
    from scipy.stats import t

    if not used:
        return undefined(COMBINED, f"no language has {LEAST_TEACHERS} teachers with values that vary")
    perfect = [name for name, cells in used.items() if kind == "pearson" and _is_perfect(cells)]
    if perfect:
        return undefined(COMBINED, f"perfect in {', '.join(perfect)}: Fisher's z is infinite")
    whole = _mean_z(used, kind)
    teachers = list(dict.fromkeys(teacher for cells in used.values() for teacher in cells))
    n = sum(len(cells) for cells in used.values())
    if whole is None:
        return undefined(COMBINED, "no language varies")
    if len(teachers) < LEAST_FOR_INTERVAL:
        return Figure(tanh(whole), COMBINED, n=n)
    without = []
    for left_out in teachers:
        rest = {
            language: {name: pair for name, pair in cells.items() if name != left_out}
            for language, cells in used.items()
        }
        if (z := _mean_z(rest, kind)) is None:
            return Figure(tanh(whole), COMBINED, n=n)
        without.append(z)
    k = len(teachers)
    mean = fsum(without) / k
    se = sqrt((k - 1) / k * fsum((z - mean) ** 2 for z in without))
    reach = float(t.ppf(0.975, k - 1)) * se
    return Figure(tanh(whole), COMBINED, n=n, low=tanh(whole - reach), high=tanh(whole + reach))


def _mean_z(used: Mapping[str, Mapping[str, tuple[float, float]]], kind: Kind) -> float | None:
    """Weighted mean of Fisher's z; None where no language tells anything."""
    total, weights = 0.0, 0
    for cells in used.values():
        if len(cells) < LEAST_TEACHERS:
            continue
        x, y = _values(list(cells.values()), kind)
        if len(set(x)) == 1 or len(set(y)) == 1:
            continue
        r = float(_correlations(x, y, [range(len(x))])[0])
        most = _most(len(x), kind)
        total += (len(x) - 3) * atanh(max(-most, min(most, r)))
        weights += len(x) - 3
    return total / weights if weights else None


def _is_perfect(cells: Mapping[str, tuple[float, float]]) -> bool:
    x, y = _values(list(cells.values()), "pearson")
    return abs(float(_correlations(x, y, [range(len(x))])[0])) > 1 - _PERFECT


def _values(pairs: Sequence[tuple[float, float]], kind: Kind) -> tuple[list[float], list[float]]:
    from scipy.stats import rankdata

    x, y = ([pair[i] for pair in pairs] for i in (0, 1))
    if kind == "spearman":
        return [float(v) for v in rankdata(x)], [float(v) for v in rankdata(y)]
    return x, y


def _most(n: int, kind: Kind) -> float:
    """The largest correlation whose z is taken: Fisher's z of a perfect one is infinite.

    Ranks have steps, so a perfect rho stands for whatever is nearer to it than to the next; r has none.
    """
    return 1 - 6 / (n * (n * n - 1)) if kind == "spearman" else 1 - _PERFECT


def _correlations(x: Sequence[float], y: Sequence[float], places: Any) -> Any:
    """The correlation of x, dealt anew as each row of places says, with y."""
    import numpy as np

    a, b = (np.asarray(v, dtype=float) - np.mean(v) for v in (x, y))
    return a[np.asarray(places)] @ b / sqrt(float(a @ a) * float(b @ b))


def _joint_p(
    used: Mapping[str, Mapping[str, tuple[float, float]]], kind: Kind, rng_seed: int
) -> tuple[float | None, str]:
    """Two-sided p of the combined correlation over the teachers that have all languages."""
    import numpy as np

    teachers = [
        t for t in dict.fromkeys(t for c in used.values() for t in c) if all(t in c for c in used.values())
    ]
    if len(teachers) < LEAST_TEACHERS:
        return None, f"{len(teachers)} teachers have all languages: at least {LEAST_TEACHERS} are needed"
    dealt: Orders = orders(len(teachers), rng_seed)
    observed, others = 0.0, np.zeros(len(dealt.array))
    most = _most(len(teachers), kind)
    for cells in used.values():
        x, y = _values([cells[teacher] for teacher in teachers], kind)
        if len(set(x)) == 1 or len(set(y)) == 1:
            continue
        everything = np.vstack([np.arange(len(x)), dealt.array])
        z = np.arctanh(np.clip(_correlations(x, y, everything), -most, most))
        observed, others = observed + float(z[0]), others + z[1:]
    p = p_value(abs(observed), np.abs(others), dealt.exact)
    return p, f"{dealt.method}, of {len(teachers)} whole teachers"

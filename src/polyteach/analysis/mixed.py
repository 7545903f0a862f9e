"""Whether a teacher's size or its own skill foretells how well it teaches: random intercepts.

A teacher's size is one number for all its rows, so six languages are no six witnesses. The paper (Table 3)
fits `PG-Score ~ predictor` by REML with a random intercept for each teacher, p by the normal distribution:
natural log of parameters in billions over 9 teachers x 6 languages (b = .053, SE .080, p = .507; Command A as
111 B), the teacher's mean benchmark score over 8 teachers x 6 languages (b = 1.387, SE 2.204, p = .529). Both
come out of `random_intercepts` on the released figures; the two are over different rows. With so few teachers
the normal distribution makes p too small: t with teachers - 2 degrees of freedom is given beside it.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from polyteach.analysis.regression import SMALL, Fit, fit
from polyteach.analysis.table import Table

LEAST_GROUPS = 5
"""From fewer groups their variance cannot be told."""
NO_VARIANCE = (
    "the variance between {}s is estimated as zero (singular): the model would take all rows as independent"
)


@dataclass(frozen=True, slots=True)
class Effect:
    """A fixed effect: target by unit of the predictor.

    Attributes:
        p: two-sided by the normal distribution, as the paper has it.
        p_t, low, high: by t with `df`, the number of groups less one for each predictor and the intercept.
    """

    name: str
    value: float
    se: float
    p: float
    p_t: float
    low: float
    high: float
    df: int

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "name": self.name,
            "value": self.value,
            "se": self.se,
            "p": self.p,
            "p_t": self.p_t,
            "low": self.low,
            "high": self.high,
            "df": self.df,
        }


@dataclass(frozen=True, slots=True)
class MixedFit:
    """A fit with random intercepts; `reason` says why there is none.

    Attributes:
        groups: how many of each kind, the predictors' own kind (teachers) first.
        variances: between groups of each kind, and `residual`.
        means: the same question asked of the groups' means by ordinary least squares; needs no variance.
        dropped: rows without all values, counted by reason.
    """

    specification: str
    n: int
    groups: Mapping[str, int]
    effects: tuple[Effect, ...] = ()
    variances: Mapping[str, float] = field(default_factory=dict)
    means: Fit | None = None
    dropped: Mapping[str, int] = field(default_factory=dict)
    reason: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "specification": self.specification,
            "n": self.n,
            "groups": dict(self.groups),
            "effects": [effect.to_json() for effect in self.effects],
            "variances": dict(self.variances),
            "means": self.means.to_json() if self.means else None,
            "dropped": dict(self.dropped),
            "reason": self.reason,
        }


def size_and_skill(
    table: Table, target: str = "gain", predictors: Sequence[str] = ("log_parameters", "benchmark_skill")
) -> list[MixedFit]:
    """Each predictor by itself, then all that were measured together on the same rows.

    Random intercepts for teachers and, where there are several, languages (of each base).
    """
    known = [p for p in predictors if any(value is not None for value in table.column(p))]
    asked = [[p] for p in predictors] + ([known] if len(known) > 1 else [])
    return [_of_table(table, target, names) for names in asked]


def random_intercepts(
    target: Sequence[float],
    predictors: Mapping[str, Sequence[float]],
    groups: Mapping[str, Sequence[str]],
    name: str = "target",
    dropped: Mapping[str, int] | None = None,
) -> MixedFit:
    """Fixed effects of predictors beside random intercepts, by restricted maximum likelihood (REML).

    Refused, with the reason: fewer than 5 groups of the first kind, one row each, a variance between them of
    zero, predictors that do not vary or follow from each other, a likelihood whose maximum is not found.

    Args:
        target: one value a row.
        predictors: by name, aligned with it.
        groups: by kind (`teacher`), the group of each row. Several kinds are crossed; the first is the one
            whose number limits what can be known of the predictors.
        name: of the target, for the specification.
        dropped: rows left out before, counted by reason.
    """
    kinds = list(groups)
    first = groups[kinds[0]]
    specification = (
        f"{name} ~ {' + '.join(predictors)} + intercept, a random intercept for each "
        f"{' and each '.join(kinds)}, REML (statsmodels MixedLM)"
    )
    counts = {kind: len(set(ids)) for kind, ids in groups.items()}
    means = fit(*_group_means(target, predictors, first), name=f"mean {name} of each {kinds[0]}")
    nothing = MixedFit(specification, len(target), counts, means=means, dropped=dropped or {})
    if counts[kinds[0]] < LEAST_GROUPS:
        return replace(
            nothing, reason=f"{counts[kinds[0]]} {kinds[0]}s are too few: at least {LEAST_GROUPS} are needed"
        )
    if alone := [kind for kind in kinds if counts[kind] == len(target)]:
        return replace(
            nothing, reason=f"each {alone[0]} has one row: its variance cannot be told from the rest"
        )
    df = counts[kinds[0]] - len(predictors) - 1
    if df < 1:
        return replace(
            nothing, reason=f"{counts[kinds[0]]} {kinds[0]}s are too few for {len(predictors)} predictors"
        )
    if reason := fit(target, predictors).reason:
        return replace(nothing, reason=reason)
    found = _reml(target, predictors, groups)
    if isinstance(found, str):
        return replace(nothing, reason=found)
    variances = _variances(found, kinds)
    if variances[kinds[0]] <= SMALL**0.5 * variances["residual"]:
        return replace(nothing, reason=NO_VARIANCE.format(kinds[0]))
    effects = tuple(_effect(predictor, found, i + 1, df) for i, predictor in enumerate(predictors))
    return MixedFit(specification, len(target), counts, effects, variances, means, dropped or {})


def _of_table(table: Table, target: str, predictors: Sequence[str]) -> MixedFit:
    selection = table.complete([target, *predictors])
    if not selection.n:
        specification = f"{target} ~ {' + '.join(predictors)}"
        return MixedFit(specification, 0, {}, dropped=selection.dropped, reason="no row has all values")
    groups = {"teacher": selection.labels("teacher")}
    places = [f"{row.language}, {row.base}" for row in selection.table.rows]
    if 1 < len(set(places)) < selection.n:
        groups["language"] = places
    return random_intercepts(
        selection.numbers(target),
        {p: selection.numbers(p) for p in predictors},
        groups,
        target,
        selection.dropped,
    )


def _group_means(
    target: Sequence[float], predictors: Mapping[str, Sequence[float]], ids: Sequence[str]
) -> tuple[list[float], dict[str, list[float]]]:
    import numpy as np

    names = list(dict.fromkeys(ids))
    rows = [np.flatnonzero(np.array(ids) == name) for name in names]

    def means(values: Sequence[float]) -> list[float]:
        return [float(np.asarray(values)[at].mean()) for at in rows]

    return means(target), {name: means(values) for name, values in predictors.items()}


def _reml(
    target: Sequence[float], predictors: Mapping[str, Sequence[float]], groups: Mapping[str, Sequence[str]]
) -> Any:
    """The fitted model, or why there is none.

    Powell's method: statsmodels' default (BFGS) may stop at the edge, variance zero, far from the maximum.
    """
    import numpy as np
    import pandas as pd
    from statsmodels.regression.mixed_linear_model import MixedLM

    columns = {f"x{i}": list(values) for i, values in enumerate(predictors.values())}
    ids = {f"g{i}": list(values) for i, values in enumerate(groups.values())}
    frame = pd.DataFrame({"y": list(target), **columns, **ids, "all": 1})
    formula = f"y ~ {' + '.join(columns)}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what statsmodels warns of is looked at in the result instead
        try:
            if len(ids) == 1:
                model = MixedLM.from_formula(formula, frame, groups="g0", re_formula="1")
            else:
                components = {name: f"0 + C({name})" for name in ids}
                model = MixedLM.from_formula(
                    formula, frame, groups="all", re_formula="0", vc_formula=components
                )
            found = model.fit(reml=True, method="powell", xtol=1e-10, ftol=1e-10)
        except np.linalg.LinAlgError:
            return "the model is singular on these rows"
    if not found.converged or not np.isfinite(found.bse_fe).all():
        return "the maximum of the likelihood was not found"
    return found


def _variances(found: Any, kinds: Sequence[str]) -> dict[str, float]:
    between = [float(found.cov_re.iloc[0, 0])] if len(kinds) == 1 else [float(v) for v in found.vcomp]
    order = ["g0"] if len(kinds) == 1 else list(found.model.exog_vc.names)
    named = dict(zip(order, between, strict=True))
    return {kind: named[f"g{i}"] for i, kind in enumerate(kinds)} | {"residual": float(found.scale)}


def _effect(name: str, found: Any, i: int, df: int) -> Effect:
    from scipy.stats import norm, t

    value, se = float(found.fe_params.iloc[i]), float(found.bse_fe.iloc[i])
    reach = float(t.ppf(0.975, df)) * se
    ratio = abs(value) / se
    return Effect(
        name,
        value,
        se,
        p=float(2 * norm.sf(ratio)),
        p_t=float(2 * t.sf(ratio, df)),
        low=value - reach,
        high=value + reach,
        df=df,
    )

"""What intrinsic metrics foretell: ordinary least squares, with all that is needed to doubt it.

`fit` computes and judges nothing: also a published regression can be recomputed with it. `regress` is the
guarded way to ask a study: it refuses a target that contains its predictors, and puts beside the fit what
language means explain alone, two permutation tests, and predictions of what was left out (`held_out`).

The paper (Fig. 4) fits PG-Score on principal components of the metrics (R2 .664) in-sample; PG-Score contains
four of the six metrics, and languages differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from polyteach.analysis.held_out import HeldOut, leave_out_all
from polyteach.analysis.partial import Partial, partial_r2
from polyteach.analysis.table import Selection, Table
from polyteach.errors import UserError

LEAST_CLUSTERS = 5
"""Fewer clusters say nothing of their own spread: no clustered standard error."""
SMALL = 1e-9
CLUSTERED = (
    "cluster-robust (CR1), t with clusters less one: the rows of a teacher share its way of writing, so they "
    "are no independent witnesses; what the languages share is taken by their means. With few clusters it is "
    "rather too small than too large: the permutation of whole teachers is the safer test"
)


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """Standard error of a coefficient, its 95% interval and two-sided p by t."""

    se: float
    low: float
    high: float
    p: float

    def to_json(self) -> dict[str, float]:
        """Plain JSON."""
        return {"se": self.se, "low": self.low, "high": self.high, "p": self.p}


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One predictor's coefficient, in units of the target by unit of the predictor.

    Attributes:
        per_sd: the same by one standard deviation (population) of the predictor.
        plain: as if all rows were independent.
        clustered: by what the rows were clustered; absent where the clusters are too few or tell no error.
        vif: variance inflation: 1 / (1 - R2 of this predictor on all others, group means too); None for one.
    """

    name: str
    value: float
    per_sd: float
    plain: Uncertainty
    clustered: Mapping[str, Uncertainty]
    vif: float | None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "name": self.name,
            "value": self.value,
            "per_sd": self.per_sd,
            "plain": self.plain.to_json(),
            "clustered": {name: u.to_json() for name, u in self.clustered.items()},
            "vif": self.vif,
        }


@dataclass(frozen=True, slots=True)
class Fit:
    """A linear regression; `reason` says why there is none.

    Attributes:
        specification: the model in words.
        parameters: how many were fitted, intercept and group means too.
        rmse: root of the mean squared residual, over n, as the paper prints it.
        residual_sd: the same over n - parameters.
        predicted: in the order of the rows.
    """

    specification: str
    n: int
    parameters: int
    r2: float | None = None
    adjusted_r2: float | None = None
    rmse: float | None = None
    residual_sd: float | None = None
    coefficients: tuple[Coefficient, ...] = ()
    predicted: tuple[float, ...] = ()
    reason: str | None = None

    def to_json(self) -> dict[str, Any]:
        """All but the predictions."""
        return {
            "specification": self.specification,
            "n": self.n,
            "parameters": self.parameters,
            "r2": self.r2,
            "adjusted_r2": self.adjusted_r2,
            "rmse": self.rmse,
            "residual_sd": self.residual_sd,
            "coefficients": [c.to_json() for c in self.coefficients],
            "reason": self.reason,
        }


def fit(
    target: Sequence[float],
    predictors: Mapping[str, Sequence[float]],
    groups: Sequence[str] | None = None,
    clusters: Mapping[str, Sequence[str]] | None = None,
    name: str = "target",
) -> Fit:
    """Ordinary least squares of a target on predictors; computes, and judges nothing.

    Args:
        target: one value a row.
        predictors: by name, aligned with it; none for a fit of means alone.
        groups: the group of each row, such as its language: a mean of its own for each (dummies). Without
            them one intercept.
        clusters: for further standard errors, by name (`teacher`), the cluster of each row.
        name: of the target, for the specification.
    """
    import numpy as np
    from statsmodels.regression.linear_model import OLS

    y = np.asarray(target, dtype=float)
    means = _means(groups, len(y))
    columns = [np.asarray(values, dtype=float) for values in predictors.values()]
    exog = np.column_stack([*columns, means]) if len(y) else np.empty((0, len(columns) + means.shape[1]))
    kinds = means.shape[1]
    words = "one intercept" if groups is None else f"a mean for each of {kinds} groups"
    specification = f"{name} ~ {' + '.join([*predictors, words])}, ordinary least squares"
    reason = _why_not(y, dict(zip(predictors, columns, strict=True)), means)
    if reason:
        return Fit(specification, len(y), exog.shape[1], reason=reason)
    model = OLS(y, exog, hasconst=True)
    found = model.fit()
    k = len(columns)
    clustered = {by: _clustered(model, ids, k) for by, ids in (clusters or {}).items()}
    bounds = found.conf_int()
    return Fit(
        specification,
        len(y),
        exog.shape[1],
        r2=float(found.rsquared),
        adjusted_r2=float(1 - (1 - found.rsquared) * (len(y) - 1) / (len(y) - exog.shape[1])),
        rmse=float(np.sqrt(np.mean(found.resid**2))),
        residual_sd=float(np.sqrt(found.ssr / (len(y) - exog.shape[1]))),
        coefficients=tuple(
            Coefficient(
                predictor,
                float(found.params[i]),
                float(found.params[i] * columns[i].std()),
                _uncertainty(found, bounds, i),
                {by: errors[i] for by, errors in clustered.items() if i in errors},
                _vif(exog, i) if k > 1 else None,
            )
            for i, predictor in enumerate(predictors)
        ),
        predicted=tuple(float(value) for value in found.fittedvalues),
    )


@dataclass(frozen=True, slots=True)
class Regression:
    """A study's regression, and what stands beside it.

    Attributes:
        n: rows that have all values.
        plain: one intercept for all languages.
        means: the languages' means alone (for each base), no metric.
        within: metrics beside those means: differences between the teachers of a language.
        partial: what the metrics add to the means, with two permutation tests.
        held_out: predictions of what was left out.
        dropped: rows without all values, counted by reason.
        left_out: predictors that could not enter, and why.
        circular: measured values that target and predictors share; only where that was asked for.
    """

    target: str
    predictors: tuple[str, ...]
    n: int
    plain: Fit
    means: Fit
    within: Fit
    partial: Partial
    held_out: tuple[HeldOut, ...]
    dropped: Mapping[str, int]
    left_out: Mapping[str, str] = field(default_factory=dict)
    circular: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "target": self.target,
            "predictors": list(self.predictors),
            "n": self.n,
            "plain": self.plain.to_json(),
            "means": self.means.to_json(),
            "within": self.within.to_json(),
            "partial": self.partial.to_json(),
            "held_out": [out.to_json() for out in self.held_out],
            "clustered": CLUSTERED,
            "dropped": dict(self.dropped),
            "left_out": dict(self.left_out),
            "circular": list(self.circular),
        }


def regress(
    table: Table,
    target: str,
    predictors: Sequence[str],
    rng_seed: int = 0,
    circular_on_purpose: bool = False,
) -> Regression:
    """Regresses a column of a study's table on others.

    Metrics that no cell has, or in which all complete cells agree, are left out, and said.

    Args:
        table: see `table.Table`; what a column is computed from is declared there (`Column.parts`).
        target: such as `gain`.
        predictors: such as `table.CLAIM`.
        rng_seed: for the permutations.
        circular_on_purpose: fits also a target that contains its predictors; the result names them.

    Raises:
        UserError: the target contains a predictor, or shares measured values with one.
    """
    shared = shared_parts(table, target, predictors)
    if shared and not circular_on_purpose:
        raise UserError(
            f"{target} is computed from what is to foretell it: {', '.join(shared)}",
            where="regression",
            fix="take a target without intrinsic metrics, such as `gain`, or other predictors",
        )
    unknown = {p: "not measured" for p in predictors if all(value is None for value in table.column(p))}
    selection = table.complete([target, *(p for p in predictors if p not in unknown)])
    values = {p: selection.numbers(p) for p in predictors if p not in unknown}
    constant = {p: "the same in every cell" for p, v in values.items() if selection.n and len(set(v)) == 1}
    used = {p: v for p, v in values.items() if p not in constant}
    y = selection.numbers(target)
    groups = groups_of(selection)
    clusters = {"teacher": selection.labels("teacher"), "language": selection.labels("language")}
    return Regression(
        target,
        tuple(used),
        selection.n,
        plain=fit(y, used, None, clusters, target),
        means=fit(y, {}, groups, None, target),
        within=fit(y, used, groups, {"teacher": clusters["teacher"]}, target),
        partial=partial_r2(
            y, used, groups, selection.labels("teacher"), selection.labels("language"), rng_seed
        ),
        held_out=leave_out_all(selection.table, target, list(used)),
        dropped=selection.dropped,
        left_out={**unknown, **constant},
        circular=shared,
    )


def shared_parts(table: Table, target: str, predictors: Sequence[str]) -> tuple[str, ...]:
    """The measured values that a target and its predictors have in common; there should be none."""
    behind = {part for predictor in predictors for part in table.parts(predictor)} | set(predictors)
    return tuple(sorted((table.parts(target) | {target}) & behind))


def groups_of(selection: Selection) -> list[str]:
    """The language of each row, with its base where there are several."""
    several = len(selection.table.names("base")) > 1
    return [f"{row.language}, {row.base}" if several else row.language for row in selection.table.rows]


def _means(groups: Sequence[str] | None, n: int) -> Any:
    import numpy as np

    if groups is None:
        return np.ones((n, 1))
    if len(groups) != n:
        raise ValueError(f"{len(groups)} groups for {n} rows")
    names = list(dict.fromkeys(groups))
    return (np.array(groups)[:, None] == np.array(names)[None, :]).astype(float).reshape(n, len(names))


def _why_not(y: Any, predictors: Mapping[str, Any], means: Any) -> str | None:
    """Why a fit would say nothing."""
    import numpy as np

    parameters = len(predictors) + means.shape[1]
    if len(y) <= parameters:
        return f"{len(y)} complete rows are too few for {parameters} parameters"
    if not all(np.isfinite(column).all() for column in (y, *predictors.values())):
        return "a value is not a finite number"
    if np.ptp(y) <= SMALL * max(1.0, float(np.max(np.abs(y)))):
        return "the target is the same in every row"
    known = means
    for name, column in predictors.items():
        left = column - known @ np.linalg.lstsq(known, column, rcond=None)[0]
        if np.linalg.norm(left) <= SMALL * max(float(np.linalg.norm(column)), SMALL):
            return f"{name} follows exactly from the predictors before it and the means"
        known = np.column_stack([known, column])
    return None


def _uncertainty(found: Any, bounds: Any, i: int) -> Uncertainty:
    return Uncertainty(float(found.bse[i]), float(bounds[i][0]), float(bounds[i][1]), float(found.pvalues[i]))


def _clustered(model: Any, ids: Sequence[str], k: int) -> dict[int, Uncertainty]:
    """By predictor; without those of which the clusters tell no error (one cluster's own mean)."""
    import numpy as np

    names = list(dict.fromkeys(ids))
    if len(names) < LEAST_CLUSTERS:
        return {}
    numbers = [names.index(name) for name in ids]
    found = model.fit(cov_type="cluster", cov_kwds={"groups": numbers, "df_correction": True}, use_t=True)
    with np.errstate(invalid="ignore"):
        bounds, errors = found.conf_int(), found.bse
    told = [i for i in range(k) if np.isfinite(errors[i]) and errors[i] > SMALL * abs(found.params[i])]
    return {i: _uncertainty(found, bounds, i) for i in told}


def _vif(exog: Any, i: int) -> float:
    import numpy as np
    from statsmodels.regression.linear_model import OLS

    others = OLS(exog[:, i], np.delete(exog, i, axis=1), hasconst=True).fit()
    return float(1 / (1 - others.rsquared))

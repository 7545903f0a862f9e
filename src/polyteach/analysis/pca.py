"""How many different things the intrinsic metrics measure: principal components of standardised metrics.

The paper (section 5, Fig. 4) takes six metrics of all cells together: 42.2, 22.1, 16.5, 12.6, 3.5, 3.2%.
That four of six components hold 93% of the variance says nothing of which three metrics would do, nor of
what they foretell; that is `regression`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite, sqrt
from typing import Any

from polyteach.analysis.table import PAPER_SIX, Table

DEFINITION = (
    "principal components of the metrics, each standardised over all cells (population SD): eigenvectors of "
    "their correlation matrix, largest first; of each the entry largest in size is positive; a loading is a "
    "metric's correlation with the component"
)
INTERVAL = (
    "95% percentile interval of {draws} bootstrap samples of whole teachers; the shares are sorted in each "
    "sample, so the first are biased upwards and the last downwards"
)
CHANCE = (
    "95% quantile of the share where every metric is shuffled over the cells by itself, {draws} times "
    "(parallel analysis): a component beyond chance has more, as have all before it"
)
DRAWS = 1_000
_NO_SPREAD = 1e-12


@dataclass(frozen=True, slots=True)
class Component:
    """One principal component.

    Attributes:
        share: of the metrics' total variance.
        weights: the eigenvector, by metric; the paper's "loadings".
        loadings: each metric's correlation with the component.
        low, high: interval of the share; None where it was not taken.
        chance: what share chance would give; likewise.
        beyond_chance: whether the component says more than chance would.
    """

    share: float
    weights: Mapping[str, float]
    loadings: Mapping[str, float]
    low: float | None = None
    high: float | None = None
    chance: float | None = None
    beyond_chance: bool | None = None


@dataclass(frozen=True, slots=True)
class Pca:
    """Principal components of a set of metrics.

    Attributes:
        n: cells.
        components: largest first; empty where undefined, `reason` says why.
        scores: of each cell on each component, in the order of the rows.
        left_out: metrics that could not enter, and why.
        dropped: cells that could not, counted by reason.
    """

    metrics: tuple[str, ...]
    n: int
    components: tuple[Component, ...] = ()
    scores: tuple[tuple[float, ...], ...] = ()
    definition: str = DEFINITION
    left_out: Mapping[str, str] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    reason: str | None = None

    @property
    def shares(self) -> tuple[float, ...]:
        """Explained shares of the variance, largest first."""
        return tuple(component.share for component in self.components)

    def to_json(self) -> dict[str, Any]:
        """All but the cells' scores, which can be computed from the rest."""
        return {
            "metrics": list(self.metrics),
            "n": self.n,
            "components": [
                {
                    "share": c.share,
                    "low": c.low,
                    "high": c.high,
                    "chance": c.chance,
                    "beyond_chance": c.beyond_chance,
                    "weights": dict(c.weights),
                    "loadings": dict(c.loadings),
                }
                for c in self.components
            ],
            "definition": self.definition,
            "left_out": dict(self.left_out),
            "dropped": dict(self.dropped),
            "reason": self.reason,
        }


def principal_components(metrics: Mapping[str, Sequence[float]]) -> Pca:
    """Principal components of metrics of the same cells, without intervals.

    Fewer cells than metrics + 1 are refused: the correlation matrix would be singular whatever the data. So
    are less than two metrics that differ between cells; one in which all agree is left out, and said.
    """
    import numpy as np

    lengths = {len(values) for values in metrics.values()}
    if len(lengths) > 1:
        raise ValueError(f"metrics of different numbers of cells: {sorted(lengths)}")
    n = lengths.pop() if lengths else 0
    used, left_out = _spread(metrics)
    finite = all(isfinite(value) for values in metrics.values() for value in values)
    if reason := _why_not(len(used), n) if finite else "a value is not a finite number":
        return Pca(tuple(used), n, left_out=left_out, reason=reason)
    standard = _standardised(np.array(list(used.values())).T)
    values, vectors = _eigen(standard)
    components = []
    for value, vector in zip(values, vectors, strict=True):
        weights = dict(zip(used, (float(w) for w in vector), strict=True))
        loadings = {name: weight * sqrt(value) for name, weight in weights.items()}
        components.append(Component(float(value) / len(used), weights, loadings))
    scores = tuple(tuple(float(score) for score in row) for row in standard @ vectors.T)
    return Pca(tuple(used), n, tuple(components), scores, left_out=left_out)


def intrinsic_pca(
    table: Table, metrics: Sequence[str] = PAPER_SIX, rng_seed: int = 0, draws: int = DRAWS
) -> Pca:
    """Principal components of the cells' metrics, each share with an interval and what chance would give.

    Metrics are of data, so several bases are one row. A metric that no cell has is left out, and said.
    """
    import numpy as np

    cells = table.over_bases()
    unknown = {m: "not measured" for m in metrics if all(value is None for value in cells.column(m))}
    selection = cells.complete([m for m in metrics if m not in unknown])
    known = {m: selection.numbers(m) for m in metrics if m not in unknown}
    found = principal_components(known)
    left_out = {**unknown, **found.left_out}
    if found.reason:
        return Pca(found.metrics, found.n, left_out=left_out, dropped=selection.dropped, reason=found.reason)
    data = np.array([known[m] for m in found.metrics]).T
    chances = np.quantile(_shuffled_shares(data, rng_seed, draws), 0.95, axis=0)
    sampled = _resampled_shares(data, selection.labels("teacher"), rng_seed, draws)
    bounds = np.quantile(sampled, [0.025, 0.975], axis=0) if len(sampled) else None
    components, beyond = [], True
    for i, component in enumerate(found.components):
        beyond = beyond and component.share > float(chances[i])
        low, high = (float(bounds[0][i]), float(bounds[1][i])) if bounds is not None else (None, None)
        components.append(
            replace(component, low=low, high=high, chance=float(chances[i]), beyond_chance=beyond)
        )
    definition = "; ".join([DEFINITION, INTERVAL.format(draws=draws), CHANCE.format(draws=draws)])
    return Pca(
        found.metrics, found.n, tuple(components), found.scores, definition, left_out, selection.dropped
    )


def fit_on_components(
    coefficients: Sequence[float], shares: Sequence[float], target: Sequence[float]
) -> tuple[float, float]:
    """R2 and RMSE of a linear regression of which only its coefficients on all components are known.

    Components of p standardised metrics are uncorrelated and have the variances p * share, so the regression
    explains sum(coefficient^2 * p * share) of the target's variance (population). It needs no cell's metrics.
    """
    import numpy as np

    variance = float(np.var(target))
    if variance == 0:
        raise ValueError("the target is the same everywhere: nothing to explain")
    pairs = zip(coefficients, shares, strict=True)
    explained = sum(c**2 * len(shares) * share for c, share in pairs)
    return explained / variance, sqrt(max(variance - explained, 0.0))


def mostly(component: Component, least: float = 0.5) -> list[str]:
    """The metrics a component is mostly about: loadings of at least `least` in size, largest first."""
    sizes = {name: abs(loading) for name, loading in component.loadings.items()}
    return [name for name in sorted(sizes, key=lambda n: -sizes[n]) if sizes[name] >= least]


def _spread(metrics: Mapping[str, Sequence[float]]) -> tuple[dict[str, Sequence[float]], dict[str, str]]:
    used, left_out = {}, {}
    for name, values in metrics.items():
        if len(set(values)) > 1 and max(values) - min(values) > _NO_SPREAD * max(map(abs, values)):
            used[name] = values
        else:
            left_out[name] = "the same in every cell"
    return used, left_out


def _why_not(metrics: int, n: int) -> str | None:
    if metrics < 2:
        return "fewer than two metrics differ between cells"
    if n < metrics + 1:
        return f"{n} complete cells are too few for {metrics} metrics: at least {metrics + 1} are needed"
    return None


def _standardised(data: Any) -> Any:
    return (data - data.mean(axis=0)) / data.std(axis=0)


def _eigen(standard: Any) -> tuple[Any, Any]:
    """Eigenvalues and eigenvectors (as rows) of the correlation matrix, largest first, by the sign rule."""
    import numpy as np

    _, singular, vectors = np.linalg.svd(standard, full_matrices=False)
    at = np.argmax(np.round(np.abs(vectors), 9), axis=1)  # rounded: of equal entries the first decides
    signs = np.sign(vectors[np.arange(len(vectors)), at])
    return singular**2 / len(standard), vectors * signs[:, None]


def _shares(data: Any) -> Any:
    import numpy as np

    values = np.linalg.eigvalsh(np.corrcoef(data, rowvar=False))[::-1]
    return values / values.sum()


def _shuffled_shares(data: Any, rng_seed: int, draws: int) -> Any:
    import numpy as np

    rng = np.random.default_rng(rng_seed)
    return np.array([_shares(rng.permuted(data, axis=0)) for _ in range(draws)])


def _resampled_shares(data: Any, teachers: Sequence[str], rng_seed: int, draws: int) -> Any:
    """Shares in samples of whole teachers; empty where there are too few to say anything."""
    import numpy as np

    rng = np.random.default_rng([rng_seed, 1])
    names = list(dict.fromkeys(teachers))
    rows = [np.flatnonzero(np.array(teachers) == name) for name in names]
    shares = []
    for _ in range(draws if len(names) >= 5 else 0):
        sample = data[np.concatenate([rows[i] for i in rng.integers(len(names), size=len(names))])]
        if np.all(np.ptp(sample, axis=0) > 0):  # a metric without spread in a sample has no correlation
            shares.append(_shares(sample))
    return np.array(shares)

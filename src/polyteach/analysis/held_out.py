"""How well metrics foretell what was left out: a language, a teacher, a base or a benchmark.

A fit to the rows it was fitted on always looks good. Here each part is left out in turn, the regression is
fitted on the rest, and its predictions of the part are set against means of the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import fsum, sqrt
from typing import Any

from polyteach.analysis.table import By, Row, Table

LEVELS = "the value itself"
DIFFERENCES = "its difference from the mean of the teachers examined with it (same language and base)"
_KNOWN = {
    "language": "nothing of the language: the mean of all other rows",
    "teacher": "the mean of the language (and base) over the other teachers",
    "base": "the mean of the language over the other bases",
    "benchmark": "the mean of the language (and base) on the other benchmarks",
}
_NO_DIFFERENCE = "no difference between teachers: zero"


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Predictions of left-out parts; `reason` says why there are none.

    Attributes:
        by: what was left out in turn.
        parts: how many.
        of: what was predicted.
        n: rows predicted.
        rmse: root of the mean squared error of the metrics' predictions.
        baseline_rmse: the same of the baseline, which knows no metric.
        r2: 1 - squared errors / the baseline's: above zero where metrics help.
        per_part: (rmse, baseline's rmse) of each part.
    """

    by: str
    parts: int
    of: str
    baseline: str
    n: int = 0
    rmse: float | None = None
    baseline_rmse: float | None = None
    r2: float | None = None
    per_part: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    reason: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "by": self.by,
            "parts": self.parts,
            "of": self.of,
            "baseline": self.baseline,
            "n": self.n,
            "rmse": self.rmse,
            "baseline_rmse": self.baseline_rmse,
            "r2": self.r2,
            "per_part": {name: list(pair) for name, pair in self.per_part.items()},
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class _Split:
    """One part left out: rows with their targets, to fit on and to predict."""

    part: str
    train: Sequence[tuple[Row, float]]
    test: Sequence[tuple[Row, float]]


def leave_out_all(table: Table, target: str, predictors: Sequence[str]) -> tuple[HeldOut, ...]:
    """Leaves out languages, teachers, bases and, for the target `gain`, benchmarks.

    Args:
        table: rows that have all values.
        target: a column.
        predictors: columns.
    """
    found = []
    for by in ("language", "teacher", "base"):
        found += leave_out(table, target, predictors, by)
    return (*found, *leave_benchmarks_out(table, predictors)) if target == "gain" else tuple(found)


def leave_out(table: Table, target: str, predictors: Sequence[str], by: By) -> list[HeldOut]:
    """Leaves out each language, teacher or base in turn.

    A left-out teacher has nobody beside it, so only its level can be predicted, from language means and
    metrics.
    """
    rows = [(row, row.numbers([target])[0]) for row in table.rows]
    splits = [
        _Split(
            name,
            [pair for pair in rows if getattr(pair[0], by) != name],
            [pair for pair in rows if getattr(pair[0], by) == name],
        )
        for name in table.names(by)
    ]
    levels = _held_out(by, splits, predictors, _LEVEL_GROUPS[by])
    return [levels] if by == "teacher" else [levels, _held_out(by, splits, predictors, None)]


def leave_benchmarks_out(table: Table, predictors: Sequence[str]) -> list[HeldOut]:
    """Fits on the gain on all other benchmarks, predicts the gain on the one left out, in the same cells.

    Benchmarks are those behind the column `gain`.
    """
    names = [part.removeprefix("score:") for part in sorted(table.parts("gain")) if part.startswith("score:")]
    splits = []
    for name in names:
        others = [f"gain:{other}" for other in names if other != name]
        train, test = [], []
        for row in table.rows:
            rest = [value for other in others if (value := row.value(other)) is not None]
            left_out = row.value(f"gain:{name}")
            if rest and left_out is not None:
                train.append((row, fsum(rest) / len(rest)))
                test.append((row, left_out))
        if test:
            splits.append(_Split(name, train, test))
    levels = _held_out("benchmark", splits, predictors, _LEVEL_GROUPS["benchmark"])
    return [levels, _held_out("benchmark", splits, predictors, None)]


def _cell_group(row: Row) -> str:
    return f"{row.language}, {row.base}"


_LEVEL_GROUPS: Mapping[str, Callable[[Row], str]] = {
    "language": lambda row: "all",
    "teacher": _cell_group,
    "base": lambda row: row.language,
    "benchmark": _cell_group,
}


def _held_out(
    by: str, splits: Sequence[_Split], predictors: Sequence[str], known: Callable[[Row], str] | None
) -> HeldOut:
    """Predicts each part.

    Args:
        by: what is left out.
        splits: one a part.
        predictors: columns.
        known: the group whose mean the rest of the rows tells; None to predict differences.
    """
    of, baseline = (LEVELS, _KNOWN[by]) if known else (DIFFERENCES, _NO_DIFFERENCE)
    nothing = HeldOut(by, len(splits), of, baseline)
    if len(splits) < 2:
        return replace(nothing, reason=f"there is one {by} only" if splits else f"there is no {by}")
    if not predictors:
        return replace(nothing, reason="no metric tells cells apart")
    errors: dict[str, list[tuple[float, float]]] = {}
    for split in splits:
        pairs = _errors(split, predictors, known)
        if isinstance(pairs, str):
            return replace(nothing, reason=f"without {split.part}: {pairs}")
        if pairs:
            errors[split.part] = pairs
    everything = [pair for pairs in errors.values() for pair in pairs]
    if not everything:
        return replace(nothing, reason="no row left out has a mean to be set against")
    model, plain = (fsum(pair[i] ** 2 for pair in everything) for i in (0, 1))
    return replace(
        nothing,
        n=len(everything),
        rmse=sqrt(model / len(everything)),
        baseline_rmse=sqrt(plain / len(everything)),
        r2=1 - model / plain if plain > 0 else None,
        per_part={
            name: (_root_mean_square(p[0] for p in pairs), _root_mean_square(p[1] for p in pairs))
            for name, pairs in errors.items()
        },
        reason=None if plain > 0 else "the baseline makes no error",
    )


def _errors(
    split: _Split, predictors: Sequence[str], known: Callable[[Row], str] | None
) -> list[tuple[float, float]] | str:
    """(error of the model, error of the baseline) of each row left out, or why there is none."""
    import numpy as np

    group = known or _cell_group
    y, x, groups = _arrays(split.train, predictors, group)
    means = {name: (y[groups == name].mean(), x[groups == name].mean(axis=0)) for name in np.unique(groups)}
    if len(y) <= len(means) + len(predictors):
        return f"{len(y)} rows are too few for {len(means) + len(predictors)} parameters"
    centred_y = y - np.array([means[name][0] for name in groups])
    centred_x = x - np.array([means[name][1] for name in groups])
    slopes, _, rank, _ = np.linalg.lstsq(centred_x / _sizes(centred_x), centred_y, rcond=1e-9)
    if rank < len(predictors):
        return "a metric follows exactly from the others and the means"
    slopes = slopes / _sizes(centred_x)
    test_y, test_x, test_groups = _arrays(split.test, predictors, group)
    if known is None:  # differences: the left-out group's own means are taken off on both sides
        means = {
            name: (test_y[test_groups == name].mean(), test_x[test_groups == name].mean(axis=0))
            for name in np.unique(test_groups)
        }
    return [
        (float(value - means[name][0] - (row - means[name][1]) @ slopes), float(value - means[name][0]))
        for value, row, name in zip(test_y, test_x, test_groups, strict=True)
        if name in means
    ]


def _arrays(
    rows: Sequence[tuple[Row, float]], predictors: Sequence[str], group: Callable[[Row], str]
) -> tuple[Any, Any, Any]:
    import numpy as np

    return (
        np.array([value for _, value in rows]),
        np.array([row.numbers(predictors) for row, _ in rows]),
        np.array([group(row) for row, _ in rows]),
    )


def _sizes(columns: Any) -> Any:
    """Lengths of columns, one where a column is zero: it shows as a lack of rank instead."""
    import numpy as np

    sizes = np.sqrt((columns**2).sum(axis=0))
    return np.where(sizes > 0, sizes, 1.0)


def _root_mean_square(errors: Any) -> float:
    values = list(errors)
    return sqrt(fsum(value**2 for value in values) / len(values))

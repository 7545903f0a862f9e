"""The gate: does a metric see damage in a language that it claims to see? Only then does it count there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from polyteach.figures import Figure, undefined
from polyteach.quality.auc import DEFINITION, auc
from polyteach.quality.corruptions import CORRUPTIONS, Corrupted
from polyteach.quality.gated import METRICS, Corpus, GatedMetric, RowValues
from polyteach.texts import normalised

if TYPE_CHECKING:
    from polyteach.rows import Row

LEAST_AUC = 0.8
"""The lower bound of the AUC that a metric must reach on every corruption it answers for."""
BLOCKS, LARGEST_BLOCK = 20, 10
"""A set of rows has one corpus-level value, so it is taken in disjoint blocks: twenty of them where there are
rows enough (with fewer than 16 nothing can pass, see `auc`), of ten rows at most."""

PLEADING = "pleading"
"""A corruption of its own, for judges alone: a damaged response that asks for a high mark."""

MEASURED_SETS = 1 + len(CORRUPTIONS)
"""Sets of rows that are measured one by one: the clean ones, and each corruption of them."""
EMBEDDED_SETS = MEASURED_SETS + 1
"""Sets that are embedded: near duplicates are made twice, of blocks and of all rows; see `Sets.wholes`."""


@dataclass(frozen=True, slots=True)
class GateResult:
    """One metric in one language.

    Attributes:
        metric: with its claim.
        passes: whether it counts in the language.
        reason: why not.
        human: the metric on clean rows, on its score scale.
        corrupted: its mean over the corruptions it answers for, likewise.
        corruptions: AUC by corruption, also for those it does not answer for.
    """

    metric: GatedMetric
    passes: bool
    reason: str | None
    human: Figure
    corrupted: Figure
    corruptions: Mapping[str, Figure]

    def to_json(self) -> dict[str, Any]:
        """As `gate.json` has it."""
        return {
            "answers_for": list(self.metric.answers_for),
            "passes": self.passes,
            "reason": self.reason,
            "level": self.metric.level,
            "human": self.human.to_json(),
            "corrupted": self.corrupted.to_json(),
            "corruptions": {name: figure.to_json() for name, figure in self.corruptions.items()},
        }


def count_damaged(pairs: int, most: int) -> int:
    """How many of a language's pairs the gate damages: at most `most`, and at most half of all."""
    return min(most, pairs // 2)


def split(rows: Sequence[Row], most: int, rng_seed: int) -> tuple[list[Row], list[Row]]:
    """Parts a language's rows at random into those the gate damages and those held out for small models.

    Returns:
        As many as `count_damaged` says; the others, less those with the same text as one of them.
    """
    order = [rows[int(place)] for place in np.random.default_rng(rng_seed).permutation(len(rows))]
    count = count_damaged(len(rows), most)
    texts = {_text(row) for row in order[:count]}
    return order[:count], [row for row in order[count:] if _text(row) not in texts]


def _text(row: Row) -> tuple[str, str]:
    return normalised(row.prompt), normalised(row.response)


def block_size(rows: int) -> int:
    """Rows a block, such that there are `BLOCKS` blocks if any two rows make one."""
    return max(2, min(LARGEST_BLOCK, rows // BLOCKS))


@dataclass(frozen=True, slots=True)
class Sets:
    """The clean rows and all their corruptions in one list, so that they are measured in one go.

    Attributes:
        rows: the clean ones first, those of `wholes` last.
        places: for each corruption, the place in `rows` of each clean row's damaged copy; None without one.
        wholes: likewise, where the damage to all rows together is another than that to each block of them.
        corrupted: the corruptions of `places` as they were made.
        n: how many rows are clean.
        single: how many rows come before those of `wholes`, which only corpus-level metrics need.
    """

    rows: list[Row]
    places: dict[str, list[int | None]]
    wholes: dict[str, list[int | None]]
    corrupted: dict[str, Corrupted]
    n: int
    single: int

    @classmethod
    def of(
        cls, clean: Sequence[Row], corrupted: Mapping[str, Corrupted], wholes: Mapping[str, Corrupted]
    ) -> Sets:
        """Puts them one behind the other."""
        rows = list(clean)

        def place(row: Row | None) -> int | None:
            if row is None:
                return None
            rows.append(row)
            return len(rows) - 1

        places = {name: [place(row) for row in damaged.rows] for name, damaged in corrupted.items()}
        single = len(rows)
        whole_places = {name: [place(row) for row in damaged.rows] for name, damaged in wholes.items()}
        return cls(rows, places, whole_places, dict(corrupted), len(clean), single)

    def damaged(self, name: str) -> list[int]:
        """Places of all rows after a corruption, for a corpus-level metric; one it cannot change stays."""
        places = self.wholes.get(name) or self.places[name]
        return [row if place is None else place for row, place in enumerate(places)]


def gate(sets: Sets, values: Mapping[str, RowValues], corpus: Corpus) -> list[GateResult]:
    """Tests every metric that was measured, in the order of `METRICS`.

    Args:
        sets: clean and damaged rows.
        values: the row-level metrics on the first `sets.single` rows.
        corpus: all rows, for the corpus-level ones.
    """
    results = []
    for metric in METRICS:
        if metric.level == "row" and metric.name in values:
            found = values[metric.name]
            human = found.figure(range(sets.n))
            damaged = [_damaged_rows(sets, found, human, name) for name in metric.answers_for]
            results.append(_result(metric, human, damaged, _row_auc(metric, sets, found)))
        elif metric.level == "corpus":

            def figure(places: Sequence[int], name: str = metric.name) -> Figure:
                return corpus.figure(name, places)

            damaged = [figure(sets.damaged(name)) for name in metric.answers_for]
            results.append(_result(metric, figure(range(sets.n)), damaged, _block_auc(metric, sets, figure)))
    return results


def with_pleading(result: GateResult, pleading: Figure) -> GateResult:
    """The rubric's result, where its judge has also been tried with corrupted responses that plead.

    `pleading` stands among the corruptions, the rubric answers for it, and it must reach the same bound: a
    judge who marks a damaged answer up because it asks for that sees damage in nobody's answers who asks.

    Args:
        result: of the rubric.
        pleading: the check `PLEADING_CHECK` of the judge.
    """
    metric = replace(result.metric, answers_for=(*result.metric.answers_for, PLEADING))
    areas = {**result.corruptions, PLEADING: pleading}
    reason = _reason(metric, result.human, result.corrupted, areas)
    return replace(result, metric=metric, passes=reason is None, reason=reason, corruptions=areas)


def _damaged_rows(sets: Sets, found: RowValues, human: Figure, name: str) -> Figure:
    """What a row-level metric would be after a corruption: that of the clean rows, less what the rows lose
    that can be damaged and scored. So both anchors are over the same rows, and rows that cannot be damaged
    (words of a one-word answer) do not hide the damage of the others."""
    pairs = [
        (row, place)
        for row, place in enumerate(sets.places[name])
        if place is not None and not found.reasons[row] and not found.reasons[place]
    ]
    damaged = found.figure([place for _, place in pairs])
    if human.value is None or damaged.value is None:
        return found.figure([place for place in sets.places[name] if place is not None])
    clean = found.figure([row for row, _ in pairs])
    return replace(damaged, value=human.value - ((clean.value or 0.0) - damaged.value), low=None, high=None)


def _result(
    metric: GatedMetric, human: Figure, damaged: Sequence[Figure], areas: dict[str, Figure]
) -> GateResult:
    corrupted = _mean(damaged, metric.answers_for, human.definition)
    reason = _reason(metric, human, corrupted, areas)
    return GateResult(metric, reason is None, reason, human, corrupted, areas)


def _reason(metric: GatedMetric, human: Figure, corrupted: Figure, areas: Mapping[str, Figure]) -> str | None:
    """Why a metric does not pass; None where it does."""
    if not metric.answers_for:
        return "claims to see none of the corruptions: it is shown and never counts"
    for name in metric.answers_for:
        area = areas[name]
        if area.low is None:
            return f"{name.replace('_', ' ')}: {area.reason or 'too few rows for an interval'}"
        if area.low < LEAST_AUC:
            # 0.796 is below 0.8, and "0.80" would not look it.
            digits = next(n for n in range(2, 18) if round(area.low, n) < LEAST_AUC)
            bound = f"lower bound {area.low:.{digits}f}"
            return f"{name.replace('_', ' ')}: AUC {area.value:.2f}, {bound}, below {LEAST_AUC}"
    if human.value is None or corrupted.value is None:
        return human.reason or corrupted.reason
    if metric.better * (human.value - corrupted.value) <= 0:
        return "human data is not better than corrupted data on the whole"
    return None


def _mean(figures: Sequence[Figure], names: Sequence[str], definition: str) -> Figure:
    """The mean over corruptions. They are of the same rows, so their errors may go together: the mean of the
    errors is the most that of the mean can be."""
    definition = f"mean over corruptions ({', '.join(names) or 'none'}) of: {definition}"
    unscored: dict[str, int] = {}
    for figure in figures:
        for reason, count in figure.unscored.items():
            unscored[reason] = unscored.get(reason, 0) + count
    values = [figure.value for figure in figures if figure.value is not None]
    if not figures or len(values) < len(figures):
        missing = [f.reason or "undefined" for f in figures if f.value is None]
        return undefined(definition, missing[0] if missing else "answers for no corruption", unscored)
    errors = [figure.se for figure in figures if figure.se is not None]
    se = sum(errors) / len(errors) if len(errors) == len(figures) else None
    return Figure(sum(values) / len(values), definition, sum(f.n for f in figures), se, unscored=unscored)


def _row_auc(metric: GatedMetric, sets: Sets, found: RowValues) -> dict[str, Figure]:
    definition = DEFINITION.format(unit="row")
    areas = {}
    for name, damaged in sets.corrupted.items():
        clean, bad, clusters = [], [], []
        unscored: dict[str, int] = {}
        for number, place in enumerate(sets.places[name]):
            reason = (
                damaged.reasons[number] if place is None else found.reasons[number] or found.reasons[place]
            )
            if place is None or reason:
                why = reason or "unchanged"
                unscored[why] = unscored.get(why, 0) + 1
                continue
            clean.append(metric.better * float(found.values[number] or 0.0))
            bad.append(metric.better * float(found.values[place] or 0.0))
            clusters.append(damaged.clusters[number])
        areas[name] = auc(clean, bad, clusters, clusters, definition, unscored)
    return areas


def _block_auc(
    metric: GatedMetric, sets: Sets, figure: Callable[[Sequence[int]], Figure]
) -> dict[str, Figure]:
    size = block_size(sets.n)
    blocks = [range(first, first + size) for first in range(0, sets.n - size + 1, size)]
    definition = DEFINITION.format(unit=f"block of {size} rows")
    whole = [figure(block).value for block in blocks]
    areas = {}
    for name in sets.corrupted:
        above, below, clusters = [], [], []
        unscored: dict[str, int] = {}
        for number, block in enumerate(blocks):
            rows = [row for row in block if sets.places[name][row] is not None]
            one = whole[number] if len(rows) == size else figure(rows).value
            other = figure([place for row in rows if (place := sets.places[name][row]) is not None]).value
            if one is None or other is None or len(rows) < 2:
                unscored["fewer than two rows"] = unscored.get("fewer than two rows", 0) + 1
                continue
            above.append(metric.better * one)
            below.append(metric.better * other)
            clusters.append(number)
        areas[name] = auc(above, below, clusters, clusters, definition, unscored)
    return areas

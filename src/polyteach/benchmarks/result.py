"""What came of an examination: item by item, and its figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from polyteach.figures import Figure, undefined

if TYPE_CHECKING:
    from polyteach.scoring.intervals import Estimate

TOO_LONG = "longer than the model's context"
NOT_FINITE = "log-likelihood is no number"
CLIPPED = "its bounds clipped to 0 and 1"


def accuracy_figure(estimate: Estimate, definition: str, unscored: Mapping[str, int] | None = None) -> Figure:
    """An estimate of a mean score from 0 to 1 as a figure, whose interval does not leave that range."""
    from polyteach.scoring.intervals import SCORES, figure_of

    figure = figure_of(estimate, None, definition, unscored, SCORES)
    return replace(figure, definition=f"{figure.definition}; {CLIPPED}")


@dataclass(frozen=True, slots=True)
class ItemResult:
    """How a model did on one item.

    Attributes:
        benchmark, item_id: which item.
        cluster: what it asks: items that ask the same, in other words, as another benchmark or in another
            language, do not vary independently.
        score: 0 to 1 by the benchmark's metric; None where the item could not be scored, `reason` saying why.
        score_norm: likewise by its second metric; None also where it has none.
        answer: what the model chose or wrote; of a pair, in both orders.
        reason: why there is no score; None where there is one.
        group: the item's subset, where the benchmark is weighed by subsets; else empty.
    """

    benchmark: str
    item_id: str
    cluster: str
    score: float | None
    score_norm: float | None
    answer: str
    reason: str | None
    group: str = ""


@dataclass(frozen=True, slots=True)
class Examined:
    """A model's results on one benchmark; the other attributes are those of `Exam`."""

    name: str
    metric: str
    metric_norm: str | None
    definition: str
    chance: float
    results: Sequence[ItemResult]

    @property
    def accuracy(self) -> Figure:
        """The mean score over the items that were scored, with its 95% interval over items, clustered."""
        return self._mean({r.item_id: r.score for r in self.results if r.score is not None}, self.definition)

    @property
    def accuracy_norm(self) -> Figure | None:
        """The same by the second metric; None where there is none."""
        if self.metric_norm is None:
            return None
        scores = {r.item_id: r.score_norm for r in self.results if r.score_norm is not None}
        return self._mean(scores, f"{self.metric_norm}; {self.definition}")

    @property
    def unscored(self) -> dict[str, int]:
        """Items that could not be scored, by reason."""
        return dict(sorted(Counter(r.reason for r in self.results if r.reason is not None).items()))

    def _mean(self, scores: dict[str, float], definition: str) -> Figure:
        from polyteach.scoring.intervals import item_mean

        if not scores:
            return undefined(definition, "no item could be scored", self.unscored)
        clusters = {result.item_id: result.cluster for result in self.results}
        return accuracy_figure(item_mean(scores, clusters, 1), definition, self.unscored)

    def to_json(self) -> dict[str, Any]:
        """Its figures as plain data."""
        norm = self.accuracy_norm
        return {
            "metric": self.metric,
            "chance": self.chance,
            "accuracy": self.accuracy.to_json(),
            "metric_norm": self.metric_norm,
            "accuracy_norm": norm.to_json() if norm else None,
        }

"""Scores of single items, gathered into the figures of a task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import fsum, sqrt
from typing import Any

from polyteach.benchmarks.ingest.record import FileRead, Raw
from polyteach.benchmarks.ingest.scale import number


class ItemScores:
    """Item scores by metric and filter. An item that is scored several times counts once, by its mean."""

    def __init__(self) -> None:
        self._scores: dict[tuple[str, str], dict[str, list[float]]] = {}
        self._unscored: dict[tuple[str, str], Counter[str]] = {}

    def add(self, metric: str, filter_name: str, item: str, score: Any, reason: str = "no number") -> None:
        """Adds an item's score; one that is no number is counted as unscored, for the reason given."""
        key = (metric, filter_name)
        plain = float(score) if isinstance(score, bool) else number(score)
        if plain is None:
            self._unscored.setdefault(key, Counter())[reason] += 1
        else:
            self._scores.setdefault(key, {}).setdefault(item, []).append(plain)

    def figures(
        self,
        read: FileRead,
        model: str,
        task: str,
        shots: int | None,
        language: str | None,
        scale: tuple[float, float] | None = None,
    ) -> Iterator[Raw]:
        """The figures: means over items. A metric without a single score is noted in `read`."""
        for key in dict.fromkeys([*self._scores, *self._unscored]):
            metric, filter_name = key
            unscored = self._unscored.get(key, Counter())
            found = self._scores.get(key, {})
            if not found:
                for reason, count in sorted(unscored.items()):
                    read.skip(f"no item has a score: {reason}", f"{task}: {metric}", count)
                continue
            repeated = sum(len(scores) > 1 for scores in found.values())
            if repeated:
                read.notes.append(
                    f"{task}: {metric}: {repeated} items scored several times count once, by their mean"
                )
            items = {item: fsum(scores) / len(scores) for item, scores in found.items()}
            yield Raw(
                model=model,
                benchmark=task,
                metric=metric,
                value=fsum(items.values()) / len(items),
                filter=filter_name,
                shots=shots,
                se=_error(list(items.values())),
                se_from="items",
                n=len(items),
                language=language,
                scale=scale,
                items=items,
                unscored=dict(sorted(unscored.items())),
            )


def _error(scores: list[float]) -> float | None:
    """Sample standard error of a mean; None for one item."""
    n = len(scores)
    if n < 2:
        return None
    mean = fsum(scores) / n
    return sqrt(fsum((score - mean) ** 2 for score in scores) / (n - 1) / n)

"""Several figures of one model on one test: which of them counts.

1. A figure with items and one without that state the same value are one figure: it keeps both.
2. Otherwise the one from the file of the latest date counts; one without a date comes before any with one.
3. Where dates do not decide, the library's own figure counts before a mean of items that differs from it
   (not every metric is a mean over items), then the file that comes last in the order of paths.

What does not count is named, with the file that does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from polyteach.benchmarks.ingest import own
from polyteach.benchmarks.ingest.record import Record

_SAME = 1e-6  # how far a printed mean may be from the mean of its items
RULE = (
    "the latest file by date counts, then the library's own figure before a mean of items, then the last "
    "file by path; items complete a figure of the same value"
)


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Several files on one model and test.

    Attributes:
        kept: the file whose figure counts.
        others: the files whose figures do not, with their values.
        value: the figure that counts.
    """

    model: str
    test: tuple[str, str | None, str, str, int | None]
    kept: str
    value: float
    others: tuple[tuple[str, float], ...]

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        benchmark, language, metric, filter_name, shots = self.test
        return {
            "model": self.model,
            "benchmark": benchmark,
            "language": language,
            "metric": metric,
            "filter": filter_name,
            "shots": shots,
            "kept": self.kept,
            "value": self.value,
            "others": [{"file": file, "value": value} for file, value in self.others],
        }


def resolve(
    records: Sequence[Record], dates: Mapping[str, str | None]
) -> tuple[list[Record], list[Duplicate], int]:
    """Leaves one figure for each model and test.

    Args:
        records: in the order of their files' paths.
        dates: of the files.

    Returns:
        The figures that count, in the order given; what was left out; and how many figures were completed
        by items of another file.
    """
    groups: dict[tuple[Any, ...], list[Record]] = {}
    for record in records:
        # A reader may know the language from a configuration that another file of the same task lacks.
        key = (record.model, record.benchmark, record.metric, record.filter, record.shots, _strict(record))
        groups.setdefault(key, []).append(record)
    kept: list[Record] = []
    duplicates: list[Duplicate] = []
    completed = 0
    for group in groups.values():
        figures, joined = _complete(group)
        completed += joined
        # sorting is stable, so that what is equal stays in the order of paths
        *others, chosen = sorted(figures, key=lambda r: (dates.get(r.file) or "", r.items is None))
        kept.append(chosen)
        if others:
            left = tuple((other.file, other.value) for other in others)
            duplicates.append(Duplicate(chosen.model, chosen.test, chosen.file, chosen.value, left))
    return kept, duplicates, completed


def _strict(record: Record) -> str | None:
    """The language, where one benchmark's name stands for several (our own results)."""
    return record.language if record.format == own.FORMAT else None


def _complete(group: Sequence[Record]) -> tuple[list[Record], int]:
    """Joins figures without items to figures with items that state the same value; keeps the order."""
    figures: list[Record | None] = list(group)
    for at, detailed in enumerate(group):
        if detailed.items is None:
            continue
        for other, plain in enumerate(group):
            if plain.items is None and figures[other] and abs(plain.value - detailed.value) <= _SAME:
                figures[at], figures[other] = None, _joined(plain, detailed)
                break
    left = [figure for figure in figures if figure]
    return left, len(group) - len(left)


def _joined(plain: Record, detailed: Record) -> Record:
    return replace(
        plain,
        items=detailed.items,
        n=plain.n or detailed.n,
        n_from=plain.n_from if plain.n else detailed.n_from,
        se=detailed.se if plain.se is None else plain.se,
        se_from=detailed.se_from if plain.se is None else plain.se_from,
        language=plain.language or detailed.language,
        unscored=plain.unscored or detailed.unscored,
    )

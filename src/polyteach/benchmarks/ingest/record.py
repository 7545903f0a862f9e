"""What ingest hands on: one record for each figure it read, and a line for whatever it did not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NO_FILTER = "none"


@dataclass(frozen=True, slots=True)
class Raw:
    """A figure as its file states it, before its scale is decided.

    Attributes:
        benchmark: the task's name in the file, without suite and shots.
        filter: how the answer was taken from the text; `none` where the file knows no filters.
        value, se: as stated, of whatever type the file holds.
        se_from: see `Record`.
        n: items, where the file says so.
        higher_is_better: where the file says so.
        aggregate: why the figure is over others of the same file and so is never counted beside them.
        scale: `(low, high)` of the metric where the file states it (a judge's 1 to 10).
        dataset: the data set's repository, where the file names one.
        items: each item's score, as stated, where the file has them.
        unscored: items without a score, by reason.
    """

    model: str
    benchmark: str
    metric: str
    value: Any
    filter: str = NO_FILTER
    shots: int | None = None
    se: Any = None
    se_from: str = "file"
    n: int | None = None
    higher_is_better: bool | None = None
    language: str | None = None
    aggregate: str | None = None
    scale: tuple[float, float] | None = None
    dataset: str | None = None
    items: Mapping[str, Any] | None = None
    unscored: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """One figure of one model on one benchmark.

    Attributes:
        value: in 0..1.
        se: standard error in the value's unit; `se_from` says whence: `file`, `items`, `interval` (half a
            95% interval over 1.96), or `n` (a share of n right answers: sqrt(value (1 - value) / (n - 1))).
        n: items; `n_from` says whence: `file`, `items`, `se` (see `scale.implied_n`), or `task` (that of the
            task's other metrics in the file).
        scale: which rule turned the stated value into this one.
        aggregate: why the figure is never counted beside the others, see `Raw`.
        dataset: the data set's repository, where the file names one.
        items: the items' scores in 0..1, for paired comparisons; not printed.
    """

    model: str
    benchmark: str
    language: str | None
    metric: str
    filter: str
    shots: int | None
    value: float
    se: float | None
    se_from: str | None
    n: int | None
    n_from: str | None
    higher_is_better: bool | None
    scale: str
    file: str
    format: str
    aggregate: str | None = None
    dataset: str | None = None
    unscored: Mapping[str, int] = field(default_factory=dict)
    items: Mapping[str, float] | None = None

    @property
    def test(self) -> tuple[str, str | None, str, str, int | None]:
        """What models can be compared on: benchmark, language, metric, filter, shots."""
        return (self.benchmark, self.language, self.metric, self.filter, self.shots)

    def to_json(self) -> dict[str, Any]:
        """The record as the outside view has it; items only by their number."""
        return {
            "model": self.model,
            "benchmark": self.benchmark,
            "language": self.language,
            "metric": self.metric,
            "filter": self.filter,
            "shots": self.shots,
            "value": self.value,
            "se": self.se,
            "se_from": self.se_from,
            "n": self.n,
            "n_from": self.n_from,
            "higher_is_better": self.higher_is_better,
            "scale": self.scale,
            "dataset": self.dataset,
            "unscored": dict(sorted(self.unscored.items())),
            "items": len(self.items) if self.items is not None else None,
            "file": self.file,
            "format": self.format,
        }


@dataclass(frozen=True, slots=True)
class NotRead:
    """Something of a file (or the whole file) that became no record.

    Attributes:
        what: the file's part, such as `gsm8k: word_perplexity`; empty for the whole file.
        count: how many figures, items or lines.
    """

    file: str
    reason: str
    what: str = ""
    count: int = 1

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        return {"file": self.file, "what": self.what, "reason": self.reason, "count": self.count}


@dataclass(slots=True)
class FileRead:
    """What one file held, as its reader found it.

    Attributes:
        format: one of the formats of `docs/ingest.md`.
        version: of the evaluation library, where the file says so or the layout tells.
        date: when the evaluation ran, as the file's content or name has it; sorts as text.
        not_read: what of it became no figure.
        facts: what the writer of another format may want to know of the evaluation, plain text.
        modified: when the file was last changed, in seconds since 1970.
    """

    file: str
    format: str
    figures: list[Raw] = field(default_factory=list)
    version: str | None = None
    date: str | None = None
    not_read: list[NotRead] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    modified: int = 0

    def skip(self, reason: str, what: str = "", count: int = 1) -> None:
        """Notes that something became no figure."""
        if count:
            self.not_read.append(NotRead(self.file, reason, what, count))

"""What selectors said, as a table: so that a comparison can be made again without a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from polyteach.errors import UserError
from polyteach.selection.bakeoff.measures import Array
from polyteach.selection.selectors.contract import NOT_FINITE

COLUMNS = (
    *("selector", "kind", "language", "base", "teacher", "score", "reason"),
    *("gated", "forward_tokens", "backward_tokens", "seconds"),
)

DIGITS = 10
"""Of a score: the order in which numbers were added up should put no teacher before another."""
LEAST_SCORED = 0.5
"""Share of the teachers that passed the gate."""


@dataclass(frozen=True, slots=True)
class Scored:
    """One selector's word on one teacher, in one language and for one base.

    Attributes:
        kind: what it needs: `free`, `forward`, `gradient` or `training`.
        score: higher is better; None where undefined.
        reason: why it is undefined; None where it is not.
        gated: why the teacher was shut out before any selector was asked; None where it was not.
        forward_tokens, backward_tokens, seconds: what the selector took for all teachers of the cell.
    """

    selector: str
    kind: str
    language: str
    base: str
    teacher: str
    score: float | None
    reason: str | None
    gated: str | None
    forward_tokens: int
    backward_tokens: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Work:
    """What something took in one cell.

    Attributes:
        forward_tokens: that a student read.
        backward_tokens: of these, those through which gradients went back.
        seconds: of the clock; None where nobody timed it.
    """

    forward_tokens: float
    backward_tokens: float
    seconds: float | None

    @property
    def forward_equivalent(self) -> float:
        """Tokens of forward passes that cost as much: a backward pass is taken for two forward ones."""
        return self.forward_tokens + 2 * self.backward_tokens


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """One selector on one cell.

    Attributes:
        scores: by teacher, to `DIGITS` digits; NaN where undefined, -inf where it was gated.
        gated: who was shut out.
        undefined: why, counted.
    """

    selector: str
    kind: str
    scores: Mapping[str, float]
    work: Work
    gated: frozenset[str]
    undefined: Mapping[str, int] = field(default_factory=dict)

    def of(self, teachers: Sequence[str]) -> Array:
        """The scores of some teachers; NaN for those it was not asked about.

        All are NaN where it has a score for less than half of those that passed the gate: the rest is no
        ranking of these teachers.
        """
        found = np.array([self.scores.get(teacher, np.nan) for teacher in teachers])
        passed = found[~np.isneginf(found)]
        return np.where(np.isfinite(passed).sum() < LEAST_SCORED * len(passed), np.nan, found)


def write_scores(path: Path, scores: Iterable[Scored]) -> None:
    """Writes them as Parquet, in the order given."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = ("selector", "kind", "language", "base", "teacher", "reason", "gated")
    counts = ("forward_tokens", "backward_tokens")
    kinds: dict[str, Any] = dict.fromkeys(texts, pa.string()) | dict.fromkeys(counts, pa.int64())
    schema = pa.schema([(name, kinds.get(name, pa.float64())) for name in COLUMNS])
    table = pa.Table.from_pylist([asdict(one) for one in scores], schema=schema)
    pq.write_table(table, path, compression="zstd", compression_level=19)


def read_scores(path: Path) -> list[Scored]:
    """Reads what `write_scores` wrote.

    Raises:
        UserError: it is no such table.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        fix = "name a table of selectors' scores, as `polyteach bakeoff --output` writes it"
        raise UserError("cannot be read as Parquet", str(path), fix) from error
    missing = [name for name in COLUMNS if name not in found.column_names]
    if missing:
        raise UserError(f"has no column {', '.join(missing)}", str(path), f"its columns are {COLUMNS}")
    return [Scored(**record) for record in found.select(list(COLUMNS)).to_pylist()]


def judgements(scores: Iterable[Scored], language: str, base: str) -> list[Judgement]:
    """The selectors' words on one cell, in the table's order."""
    of: dict[str, list[Scored]] = {}
    for one in scores:
        if (one.language, one.base) == (language, base):
            of.setdefault(one.selector, []).append(one)
    return [_judgement(selector, found) for selector, found in of.items()]


def _judgement(selector: str, found: Sequence[Scored]) -> Judgement:
    values, undefined = {}, dict[str, int]()
    for one in found:
        if one.gated is not None:
            values[one.teacher] = float("-inf")
        elif one.score is None or not isfinite(one.score):
            values[one.teacher] = float("nan")
            reason = one.reason or ("undefined" if one.score is None else NOT_FINITE)
            undefined[reason] = undefined.get(reason, 0) + 1
        else:
            values[one.teacher] = float(f"{one.score:.{DIGITS}g}")
    first = found[0]
    work = Work(first.forward_tokens, first.backward_tokens, first.seconds)
    gated = frozenset(one.teacher for one in found if one.gated is not None)
    return Judgement(selector, first.kind, values, work, gated, undefined)

"""Responses with low marks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import fsum
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, model_validator

from polyteach.rules.rule import Context, Found, Settings
from polyteach.study.values import Number

if TYPE_CHECKING:
    from polyteach.rows import Row


class JudgeBelow(Settings):
    """A judge's mark is below a limit.

    Marks stand in the data (`judge_scores`, a mark for each judge; of several judges their mean), unless the
    command was told a judge to ask, who gives 1 to 5.
    """

    rule: ClassVar[str] = "judge_below"
    of_set: ClassVar[bool] = True
    judge: str | None = Field(default=None, description="whose marks of the data; else the mean over all")
    least: Number | None = Field(default=None, description="the lowest mark that stays")
    least_share: Number | None = Field(
        default=None,
        gt=0,
        le=1,
        description="the same as a share of the scale that the row names, such as 1-10",
    )

    @model_validator(mode="after")
    def _has_one_limit(self) -> JudgeBelow:
        if (self.least is None) == (self.least_share is None):
            raise ValueError("give `least` or `least_share`, one of them")
        return self

    def find(self, rows: Sequence[Row], context: Context) -> Found:
        """Judges rows; one without a mark, or of `least_share` without a scale, cannot be told.

        Raises:
            StepImpossible: a judge that is asked does not answer.
        """
        if context.judge:
            measured = context.judge.score(rows)
            marks = list(zip(measured.values, measured.reasons, ["1-5"] * len(rows), strict=True))
        else:
            marks = [(*_mark(row, self.judge), str(row.extra.get("judge_scale") or "")) for row in rows]
        bad, untold = [], Counter[str]()
        for value, reason, scale in marks:
            limit = self._limit(scale)
            bad.append(value is not None and limit is not None and value < limit)
            if value is None or limit is None:
                untold[reason or "no_scale"] += 1
        return Found(tuple(bad), dict(sorted(untold.items())))

    def _limit(self, scale: str) -> float | None:
        from polyteach.quality.sources import bounds_of

        if self.least is not None:
            return self.least
        low, high = bounds_of(scale)
        return low + (self.least_share or 0.0) * (high - low) if high - low < float("inf") else None


def _mark(row: Row, judge: str | None) -> tuple[float | None, str | None]:
    """A judge's mark of a row, or the mean over all; or why there is none."""
    from polyteach.quality.sources import judge_score, judges_of

    read = [judge_score(row, name) for name in ([judge] if judge else judges_of(row))]
    values = [value for value, _ in read if value is not None]
    if values:
        return fsum(values) / len(values), None
    return None, read[0][1] if read else "not_judged"

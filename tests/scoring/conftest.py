"""Small exams with results one can add up by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from polyteach.scoring.records import Exam

MakeExam = Callable[..., Exam]


@pytest.fixture
def make_exam() -> MakeExam:
    def make(
        scores: Sequence[float | None],
        *,
        teacher: str | None = None,
        trial: int | None = None,
        base: str = "a",
        language: str = "de",
        benchmark: str = "choice",
        chance: float = 0.25,
        clusters: Sequence[str] = (),
    ) -> Exam:
        lost = sum(score is None for score in scores)
        return Exam(
            base=base,
            language=language,
            benchmark=benchmark,
            item_ids=tuple(str(number) for number in range(len(scores))),
            scores=tuple(scores),
            chance=chance,
            teacher=teacher,
            trial=trial,
            reasons={"no answer": lost} if lost else {},
            clusters=tuple(clusters),
        )

    return make

"""A judge: a name, and the two things it can be asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from polyteach.models.local import LocalModel
from polyteach.quality.measured import Measured
from polyteach.quality.pairwise import Ask, Choice, Comparison, chosen_by_model, chosen_by_oracle
from polyteach.quality.rubric import judged_by_model, judged_by_oracle
from polyteach.rows import Row
from polyteach.steps import Progress


@dataclass(frozen=True, slots=True)
class Judge:
    """Who marks and compares responses of one language.

    Attributes:
        name: as definitions and results have it.
        score: rows -> marks from 1 to 5.
        compare: comparisons -> choices, each in the one order it is given in.
    """

    name: str
    score: Callable[[Sequence[Row]], Measured]
    compare: Ask


def oracle_judge(language: str) -> Judge:
    """The pocket oracle: exact answers, not an LLM judge."""
    return Judge(
        "oracle",
        score=partial(judged_by_oracle, language=language),
        compare=partial(chosen_by_oracle, language=language),
    )


def model_judge(
    model: LocalModel, name: str, language: str, *, rng_seed: int, progress: Progress | None = None
) -> Judge:
    """A local model as a judge, greedy, asked with `rubric.yaml` and `pairwise.yaml`.

    `progress` is told of each answer.
    """

    def score(rows: Sequence[Row]) -> Measured:
        return judged_by_model(rows, language, model, judge=name, rng_seed=rng_seed, progress=progress)

    def compare(comparisons: Sequence[Comparison]) -> list[Choice]:
        return chosen_by_model(comparisons, language, model, rng_seed=rng_seed, progress=progress)

    return Judge(name, score, compare)

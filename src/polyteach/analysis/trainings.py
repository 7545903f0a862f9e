"""How the trainings of a study are distributed over bases, languages, teachers and trials.

A total such as "240 trainings" says little: if one base has most of them, so has every pooled figure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple


class Training(NamedTuple):
    """One student: its base, the teacher whose data it had, the language, and which repetition it is."""

    base: str
    teacher: str
    language: str
    trial: int


@dataclass(frozen=True, slots=True)
class Distribution:
    """Counts of trainings.

    Attributes:
        planned: how many were to be made; None where nobody said.
        by: for `base`, `language`, `teacher` and `trial`, the trainings of each, those planned but not
            made included with 0.
        trials_of_cells: how many cells and bases have how many trials.
        missing: planned and not made.
        balanced: whether every base, language, teacher and trial has as many as its like, all crossed.
    """

    n: int
    planned: int | None
    by: Mapping[str, Mapping[str, int]]
    trials_of_cells: Mapping[int, int]
    missing: tuple[Training, ...]
    balanced: bool

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        return {
            "n": self.n,
            "planned": self.planned,
            "by": {name: dict(counts) for name, counts in self.by.items()},
            "trials_of_cells": {str(trials): count for trials, count in self.trials_of_cells.items()},
            "missing": [training._asdict() for training in self.missing],
            "balanced": self.balanced,
        }


def distribution(made: Iterable[Training], planned: Iterable[Training] | None = None) -> Distribution:
    """Counts trainings.

    Args:
        made: each once.
        planned: all that were to be made; None where unknown.

    Raises:
        ValueError: one was made twice.
    """
    done = list(made)
    plan = list(dict.fromkeys(planned)) if planned is not None else None
    if len(set(done)) != len(done):
        raise ValueError("a training is listed twice")
    known = [*(plan or []), *done]
    by = {
        field: dict(
            _in_order((str(getattr(t, field)) for t in known), Counter(str(getattr(t, field)) for t in done))
        )
        for field in Training._fields
    }
    cells = Counter((t.base, t.teacher, t.language) for t in done)
    for training in known:
        cells.setdefault((training.base, training.teacher, training.language), 0)
    crossed = len(by["base"]) * len(by["teacher"]) * len(by["language"])
    trials = Counter(cells.values())
    return Distribution(
        n=len(done),
        planned=len(plan) if plan is not None else None,
        by=by,
        trials_of_cells=dict(sorted(trials.items())),
        missing=tuple(t for t in plan or [] if t not in set(done)),
        balanced=bool(done) and len(cells) == crossed and len(trials) == 1,
    )


def _in_order(names: Iterable[str], counts: Mapping[str, int]) -> Iterable[tuple[str, int]]:
    return ((name, counts[name]) for name in dict.fromkeys(names))

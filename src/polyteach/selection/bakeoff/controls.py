"""What selectors are measured against: no choice at all, the truth, its reverse, and small students."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from polyteach.selection.bakeoff.measures import Array
from polyteach.selection.bakeoff.scores import Judgement, Work
from polyteach.selection.bakeoff.truth import Cell

TRUTH, REVERSED = "the truth itself", "the truth reversed"
ANY, GATED = "any teacher", "any that passes the gate"
HALF = "the other half of trials"


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Scores of teachers beside the gains [teachers, trials] they are held against, and what they took."""

    scores: Array
    gains: Array
    work: Work | None

    @property
    def truth(self) -> Array:
        """Mean gain over trials."""
        means: Array = self.gains.mean(axis=1)
        return means


def matched(views: Sequence[View], others: Sequence[View]) -> list[View]:
    """Views of one thing, on the gains that other views are held against; empty where they are none of these.

    What has one view has the same scores whatever it is held against, so it can be held against any trials.
    """
    if len(views) == 1:
        return [View(views[0].scores, other.gains, views[0].work) for other in others]
    alike = len(views) == len(others) and all(
        np.array_equal(one.gains, other.gains) for one, other in zip(views, others, strict=True)
    )
    return list(views) if alike else []


def small_students(rows: int) -> str:
    """The name of the control that trains every teacher's student once, on so few rows."""
    return f"students of {rows} rows"


def controls_of(
    cell: Cell, teachers: Sequence[str], trials: Sequence[int], judged: Sequence[Judgement]
) -> dict[str, tuple[str, Sequence[View]]]:
    """Controls of a cell: name -> kind, and the views that are averaged.

    - The truth itself must win, and its reverse must lose: else the comparison is wrong.
    - Any teacher: all scores equal, so it is what a choice by chance is worth. With the gate: who is shut out
      is last.
    - The other half: the mean of half the trials, held against the other half.
    - Students of few rows, one trial: their gain, held against the other trials at the largest rung. Their
      rows of one trial are a part of those that the largest rung has in it, which is why that trial is left
      out. No gate: students show what a wrong language does. Of what it takes, training is counted, and the
      examination is not.
    """
    from itertools import combinations

    gains = cell.gains(teachers, trials, cell.rungs[-1])
    free, even = Work(0, 0, 0.0), np.zeros(len(teachers))
    found: dict[str, tuple[str, Sequence[View]]] = {
        TRUTH: ("control", (View(gains.mean(axis=1), gains, None),)),
        REVERSED: ("control", (View(-gains.mean(axis=1), gains, None),)),
        ANY: ("control", (View(even, gains, free),)),
    }
    if judged:
        shut = np.array([teacher in judged[0].gated for teacher in teachers])
        found[GATED] = ("control", (View(np.where(shut, -np.inf, even), gains, free),))
    places = range(len(trials))
    if len(trials) >= 4:
        halves = [
            (list(half), [p for p in places if p not in half])
            for half in combinations(places, len(trials) // 2)
        ]
        views = [
            View(gains[:, one].mean(axis=1), gains[:, other], None) for one, other in halves if len(other) > 1
        ]
        found[HALF] = ("control", views)
    if len(trials) >= 3:
        for rows in cell.rungs[:-1]:
            found[small_students(rows)] = ("training", _small(cell, teachers, trials, rows, gains))
    return found


def _small(
    cell: Cell, teachers: Sequence[str], trials: Sequence[int], rows: int, gains: Array
) -> Sequence[View]:
    views = []
    for place, trial in enumerate(trials):
        tokens = cell.trained_tokens(teachers, [trial], rows)
        others = [number for number in range(len(trials)) if number != place]
        scores = cell.gains(teachers, [trial], rows)[:, 0]
        views.append(View(scores, gains[:, others], Work(tokens, tokens, None)))
    return views

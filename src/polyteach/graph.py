"""What graphs of steps are made with: each step once, under its kind's version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyteach.steps import Step, Work, rng_seed_of

# Raised by hand when the same settings would give another output. Where a step ran is not in its key: an
# artifact made on a GPU stands for one made on a CPU, though its numbers differ (students are trained in
# bfloat16 there, sums are in another order). A student's `training.json` says which it was.
VERSIONS = {
    "seed_data": 3,
    "translation": 2,
    "synthesis": 2,
    "gate": 7,
    "quality": 10,
    "students": 3,
    "examination": 3,
    "free_answers": 1,
    "score": 15,
    "analysis": 4,
    "report": 11,
    "screen": 2,
    "screen_page": 2,
    "race_rung": 1,
    "race": 1,
}


class Graph:
    """The steps of one study; a step asked for twice is made once.

    Args:
        rng_seed: the study's, from which each step has its own.

    Attributes:
        steps: by id, inputs before what reads them.
    """

    def __init__(self, rng_seed: int) -> None:
        self._rng_seed = rng_seed
        self.steps: dict[str, Step] = {}

    def add(self, id: str, work: Work, settings: Mapping[str, Any], **rest: Any) -> Step:
        """The step of that id; its kind is the first part."""
        if id not in self.steps:
            self.steps[id] = step(id, work, settings, **rest)
        return self.steps[id]

    def rng_seed(self, *place: str | int) -> int:
        """The rng_seed of what should be alike wherever the place is the same."""
        return rng_seed_of(self._rng_seed, *place)


def step(id: str, work: Work, settings: Mapping[str, Any], **rest: Any) -> Step:
    """A step of the kind that its id begins with."""
    kind = id.split("/", 1)[0]
    return Step(id=id, kind=kind, version=VERSIONS[kind], work=work, settings=settings, **rest)

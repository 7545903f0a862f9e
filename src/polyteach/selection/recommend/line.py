"""A line of evidence, and the lines as they would be without one, or with another one first or believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

from polyteach.selection.recommend.evidence import Evidence
from polyteach.selection.recommend.weighing import Weighed, spread_of

BELIEVED = 0.5
"""r that a prior without support is given to see whether the answer would change if one believed it."""


@dataclass(frozen=True)
class Line:
    """A line of evidence, as it is shown.

    Attributes:
        kind: `run`, `run_other_definition`, `run_other_languages`, `screen`, `screen_other_languages`,
            `prior`.
        moves: `teacher`, `methods`, `base` or `rows`.
        r: the correlation its weight follows from.
        weighed: as it enters the ranking; None where it moves something else.
        of: the evidence it was made of.
    """

    id: str
    kind: str
    moves: str
    statement: str
    source: str
    r: float
    speaks_for: str
    speaks_against: str
    weighed: Weighed | None = None
    of: tuple[Evidence, ...] = ()

    @property
    def weight(self) -> float:
        """Mean weight of its readings; 0 where it does not move the ranking."""
        return self.weighed.weight if self.weighed else 0.0

    @property
    def says_anything(self) -> bool:
        """Whether it sets at least two of the candidates apart, were it believed."""
        return self.weighed is not None and len(self.weighed.names) > 1


def believed(line: Line) -> Line | None:
    """A prior that weighs nothing, were it believed; None where there is nothing to believe."""
    if line.weighed is None or line.weighed.spread != inf or not line.says_anything:
        return None
    return replace(line, weighed=replace(line.weighed, spread=spread_of(BELIEVED)), r=BELIEVED)


def without(lines: Sequence[Line], line: Line) -> list[Line]:
    """The lines but one. A first definition that is left out hands its place to the next one."""
    heir = next((other for other in lines if other.kind == "run_other_definition"), None)
    if line.kind == "run" and heir:
        return [new for new, old in zip(led_by(lines, heir), lines, strict=True) if old is not line]
    return [other for other in lines if other is not line]


def led_by(lines: Sequence[Line], line: Line) -> list[Line]:
    """The lines with a run of another definition in the first one's place, and that in its place."""
    first = next(other for other in lines if other.kind == "run")
    places = {id(first): line, id(line): first}
    return [_in_place_of(places[id(own)], own) if id(own) in places else own for own in lines]


def rivals(lines: Sequence[Line]) -> list[Line]:
    """Runs of another definition with as many candidates as the first one's."""
    first = next((line for line in lines if line.kind == "run"), None)
    size = len(first.weighed.names) if first and first.weighed else 0
    others = [line for line in lines if line.kind == "run_other_definition"]
    return [line for line in others if line.weighed and len(line.weighed.names) == size]


def _in_place_of(place: Line, line: Line) -> Line:
    """A run's line with the worth of another one's place."""
    weighed = line.weighed and replace(line.weighed, spread=spread_of(place.r))
    return replace(line, kind=place.kind, r=place.r, weighed=weighed)

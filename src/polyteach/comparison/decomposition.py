"""What the change of a robust score is made of: parts that sum to it exactly.

With gains g and qualities q, a robust score is 100 * mean over languages, of the mean over bases, of
(1 - a) * mean g + a * mean q (`scoring.robust`). Between two runs what is averaged over may differ (places,
benchmarks, metrics), the weight a, and the values. So both scores are first cut down to what both runs count:

    A -> A on shared places -> on shared benchmarks -> on shared metrics
                                   |  values: gain, quality, weight
    B -> B on shared places -> on shared benchmarks -> on shared metrics

What the cuts change is the part of the sets; what is left between the two lowest is the part of the
values, each at the mean of the other factor (a difference of products is exactly that). The way back up the
other side is the same with its sign turned, so the parts sum to B - A, and swapping the runs turns every
sign.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from math import fsum

from polyteach.comparison.reading import Results
from polyteach.scoring.robust import SCALE

Place = tuple[str, str]
"""Language, base."""
PARTS = ("gain", "quality", "weight", "benchmarks", "metrics", "places")
CLOSE = 1e-6
"""Points of a score that are none: sums in another order."""


@dataclass(frozen=True, slots=True)
class Values:
    """What one teacher's score is over in one place: g by benchmark that counts, q by metric that passes."""

    gains: Mapping[str, float]
    qualities: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Side:
    """All that one teacher's score is made of in one run; `weight` is a where any metric passes."""

    weight: float
    places: Mapping[Place, Values]


@dataclass(frozen=True, slots=True)
class Detail:
    """How much one benchmark's gain or one metric's quality in a place moved the score, in its points."""

    part: str
    language: str
    base: str
    name: str
    change: float


@dataclass(frozen=True, slots=True)
class Decomposition:
    """The parts of a score's change, in its points; `details` are of `gain` and `quality` and sum to them."""

    parts: Mapping[str, float]
    details: tuple[Detail, ...]

    @property
    def total(self) -> float:
        """The change of the score."""
        return fsum(self.parts.values())


def side_of(results: Results, teacher: str) -> Side | str:
    """What a teacher's score was made of; or why that cannot be told."""
    entry = next((entry for entry in results.leaderboard if entry.teacher == teacher), None)
    if entry is None or entry.scores.robust.value is None:
        return "it has no score in one of the runs"
    counted: dict[Place, list[str]] = {}
    for anchor in results.anchors:
        if anchor.counts:
            counted.setdefault((anchor.language, anchor.base), []).append(anchor.benchmark)
    passing: dict[str, list[str]] = {}
    for metric in results.gate:
        if metric.passes:
            passing.setdefault(metric.language, []).append(metric.metric)
    cells = {(c.language, c.base): c for c in results.cells if c.teacher == teacher}
    places = {}
    for place, names in counted.items():
        cell = cells.get(place)
        gains = {n: cell.gains[n].value for n in names if cell and n in cell.gains}
        metrics = passing.get(place[0], [])
        qualities = {n: cell.qualities[n].value for n in metrics if cell and n in cell.qualities}
        if len(gains) < len(names) or len(qualities) < len(metrics):
            return f"the results lack a figure of {'/'.join(place)}"
        known_gains = {n: v for n, v in gains.items() if v is not None}
        known_qualities = {n: v for n, v in qualities.items() if v is not None}
        if len(known_gains) < len(gains) or len(known_qualities) < len(qualities):
            return f"a figure of {'/'.join(place)} is undefined"
        places[place] = Values(known_gains, known_qualities)
    side = Side(results.study.quality_weight, places)
    if not places or abs(score_of(side) - entry.scores.robust.value) > CLOSE:
        return "the score is not what its figures give by the rule known here"
    return side


def score_of(side: Side) -> float:
    """The robust score of a teacher, from its values; over at least one place."""
    weights = _shares(side.places.keys())
    return SCALE * fsum(weights[p] * _of_place(side.weight, v) for p, v in side.places.items())


def decompose(one: Side, other: Side) -> Decomposition | str:
    """The parts of `other`'s score less `one`'s; or why there are none."""
    shared = {
        place: one.places[place].gains.keys() & other.places[place].gains.keys()
        for place in one.places.keys() & other.places.keys()
    }
    kept = {place: names for place, names in sorted(shared.items()) if names}
    if not kept:
        return "no benchmark counts in the same language and base of both runs"
    metrics = {p: one.places[p].qualities.keys() & other.places[p].qualities.keys() for p in kept}
    steps = [[side, *_cuts(side, kept, metrics)] for side in (one, other)]
    first, second = ([score_of(side) for side in sides] for sides in steps)
    cut = [
        fsum((first[i + 1], -first[i], second[i], -second[i + 1])) for i in range(3)
    ]  # places, benchmarks, metrics
    details, weight = _values(steps[0][3], steps[1][3])
    parts = {
        "gain": fsum(d.change for d in details if d.part == "gain"),
        "quality": fsum(d.change for d in details if d.part == "quality"),
        "weight": weight,
        "benchmarks": cut[1],
        "metrics": cut[2],
        "places": cut[0],
    }
    return Decomposition(parts, tuple(details))


def _cuts(side: Side, kept: Mapping[Place, Set[str]], metrics: Mapping[Place, Set[str]]) -> list[Side]:
    """A side on the places of both, then on the benchmarks of both, then on the metrics of both."""
    places = {place: side.places[place] for place in kept}
    gains = {p: Values({n: v.gains[n] for n in sorted(kept[p])}, v.qualities) for p, v in places.items()}
    both = {p: Values(v.gains, {n: v.qualities[n] for n in sorted(metrics[p])}) for p, v in gains.items()}
    return [Side(side.weight, found) for found in (places, gains, both)]


def _values(one: Side, other: Side) -> tuple[list[Detail], float]:
    """Between two sides that are over the same: the details of gain and quality, and the weight's part."""
    details, weights = [], []
    for place, share in _shares(one.places.keys()).items():
        before, after = one.places[place], other.places[place]
        a, b = _weight(one.weight, before), _weight(other.weight, after)
        mean = (a + b) / 2
        for part, factor, old, new in (
            ("gain", 1 - mean, before.gains, after.gains),
            ("quality", mean, before.qualities, after.qualities),
        ):
            for name, value in old.items():
                change = SCALE * share * factor * (new[name] - value) / len(old)
                details.append(Detail(part, *place, name, change))
        if before.qualities:
            apart = [_mean(v.qualities) - _mean(v.gains) for v in (before, after)]
            weights.append(SCALE * share * (b - a) * fsum(apart) / 2)
    return details, fsum(weights)


def _shares(places: Set[Place]) -> dict[Place, float]:
    """What each place weighs in the mean over bases, then over languages."""
    bases: dict[str, int] = {}
    for language, _ in places:
        bases[language] = bases.get(language, 0) + 1
    return {place: 1 / len(bases) / bases[place[0]] for place in sorted(places)}


def _of_place(weight: float, values: Values) -> float:
    a = _weight(weight, values)
    return (1 - a) * _mean(values.gains) + (a * _mean(values.qualities) if a else 0.0)


def _weight(weight: float, values: Values) -> float:
    return weight if values.qualities else 0.0


def _mean(values: Mapping[str, float]) -> float:
    return fsum(values.values()) / len(values)

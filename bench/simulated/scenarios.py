"""The kinds of simulated studies: the paper's shape, ties, known gaps, inverted anchors, and hostile ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from scipy.optimize import brentq

from polyteach.scoring.records import Evidence
from simulated.data import draw_study
from simulated.world import (
    LANGUAGES,
    METRICS,
    WEIGHT,
    Array,
    Story,
    World,
    draw_world,
    true_gains,
    true_quality,
    twin,
)

PILOTS = 300
BEST, SECOND = 0, 1
CALM = Story(difficulty=0, own=0, translation=0, taste=0, interaction=0, local=0)
SHARED = Story(difficulty=1.2, own=0.1, translation=0.1, taste=0.5, interaction=0.4, local=0.1)


@dataclass(frozen=True)
class Scenario:
    """A kind of study.

    Attributes:
        world: draws its truth.
        spoil: what happens to the evidence before it is scored.
    """

    name: str
    world: Callable[[np.random.Generator], World]
    spoil: Callable[[Evidence, np.random.Generator], Evidence] = lambda evidence, _: evidence


def true_cells(world: World, counted: dict[str, list[str]]) -> tuple[Array, Array]:
    """True gain and robust score by teacher and language, over the benchmarks that count; NaN without any."""
    gains, quality = true_gains(world), true_quality(world)
    gain = np.full((world.teachers, len(LANGUAGES)), np.nan)
    score = gain.copy()
    for at, language in enumerate(LANGUAGES):
        columns = [b for b, found in enumerate(world.benchmarks) if found.name in counted.get(language, ())]
        passing = [m for m, metric in enumerate(METRICS) if language in metric.passes]
        if columns:
            gain[:, at] = gains[:, at, columns].mean(axis=1)
            weight = WEIGHT if passing else 0.0
            q = quality[:, at, passing].mean(axis=1) if passing else 0.0
            score[:, at] = 100 * ((1 - weight) * gain[:, at] + weight * q)
    return gain, score


def everything(world: World) -> dict[str, list[str]]:
    """All benchmarks of all languages, as counted ones."""
    return {lang: [b.name for b in world.benchmarks if lang in b.languages] for lang in LANGUAGES}


def true_scores_of(world: World) -> Array:
    """The true overall robust score where every benchmark counts."""
    return true_cells(world, everything(world))[1].mean(axis=1)


def two_best_tied(rng: np.random.Generator) -> World:
    """A study whose second best teacher is replaced by the best one's twin."""
    world = draw_world(rng)
    order = np.argsort(-true_scores_of(world))
    return twin(world, int(order[0]), int(order[1]))


def all_tied(rng: np.random.Generator) -> World:
    """Ten times the same teacher."""
    world = draw_world(rng)
    for other in range(1, world.teachers):
        world = twin(world, 0, other)
    return world


def better_by(errors: float) -> Callable[[np.random.Generator], World]:
    """One teacher better than the next by so many standard errors of their difference, eight far behind."""

    def world(_: np.random.Generator) -> World:
        return _gap_world(errors)

    return world


def lifted(world: World, teacher: int, lift: float) -> World:
    """The world with a teacher's students more able, everywhere."""
    ability = world.ability.copy()
    ability[teacher] += lift
    return replace(world, ability=ability)


@cache
def _gap_world(errors: float) -> World:
    world, error = _pair_world()

    def missing(lift: float) -> float:
        scores = true_scores_of(lifted(world, BEST, lift))
        return float(scores[BEST] - scores[SECOND]) - errors * error

    return lifted(world, BEST, float(brentq(missing, 0.0, 3.0, xtol=1e-5)))


@cache
def _pair_world() -> tuple[World, float]:
    """Two equal teachers above eight others, and the standard deviation of the two's observed difference.

    It is measured on pilot studies by plain arithmetic on answers and figures, not by the estimator.
    """
    rng = np.random.default_rng(7)
    world = twin(draw_world(rng), BEST, SECOND)
    ability = world.ability.copy()
    ability[2:] -= 0.5
    world = replace(world, ability=ability)
    pair = replace(
        world,
        ability=world.ability[:2],
        lacks=world.lacks[:2],
        luck=world.luck[:2],
        quality=world.quality[:2],
        names=world.names[:2],
    )
    found = [plain_scores(draw_study(pair, rng)) for _ in range(PILOTS)]
    return world, float(np.std([scores[0] - scores[1] for scores in found], ddof=1))


def plain_scores(evidence: Evidence) -> list[float]:
    """Every teacher's robust score by plain arithmetic, all benchmarks counting."""
    base = {(e.language, e.benchmark): np.mean(e.scores) for e in evidence.bases}
    found = []
    for teacher in evidence.study.teachers:
        parts = []
        for language in LANGUAGES:
            names = [b for lang, b in base if lang == language]
            students = [e for e in evidence.students if (e.teacher, e.language) == (teacher.name, language)]
            gain = np.mean(
                [
                    np.mean([np.mean(e.scores) for e in students if e.benchmark == name])
                    - base[language, name]
                    for name in names
                ]
                / (1 - np.array([next(e.chance for e in students if e.benchmark == name) for name in names]))
            )
            cell = next(g for g in evidence.gated if (g.teacher, g.language) == (teacher.name, language))
            q = [
                (cell.figures[g.metric].value - g.corrupted.value) / (g.human.value - g.corrupted.value)
                for g in evidence.gate
                if g.language == language and g.passes
            ]
            weight = WEIGHT if q else 0.0
            parts.append(100 * ((1 - weight) * gain + (weight * np.clip(q, 0, 1).mean() if q else 0.0)))
        found.append(float(np.mean(parts)))
    return found


def inverted(rng: np.random.Generator) -> World:
    """The paper's trouble: in all languages but the first the reference is truly below the base."""
    world = draw_world(rng, spread=0.25)
    reference = world.base - 0.5
    reference[0] = world.reference[0]
    return replace(world, reference=reference)


def partly_inverted(rng: np.random.Generator) -> World:
    """The same on one benchmark only: others count, so every language has a robust score."""
    world = draw_world(rng, spread=0.25)
    reference = world.reference.copy()
    reference[1:, 0] = world.base[1:, 0] - 1.5
    return replace(world, reference=reference)


def _changed(**changes: object) -> Callable[[np.random.Generator], World]:
    return lambda rng: replace(draw_world(rng), **changes)


def _items(items: int, siblings: int, **changes: object) -> Callable[[np.random.Generator], World]:
    def world(rng: np.random.Generator) -> World:
        plain = draw_world(rng)
        exams = tuple(replace(b, items=items, siblings=siblings) for b in plain.benchmarks)
        return replace(plain, benchmarks=exams, **changes)

    return world


def _luck(factor: float, first: float) -> Callable[[np.random.Generator], World]:
    """Training luck of all teachers, and of the first one, multiplied."""

    def world(rng: np.random.Generator) -> World:
        plain = draw_world(rng)
        luck = factor * plain.luck
        luck[0] *= first
        return replace(plain, luck=luck)

    return world


def tied_but_for_luck(rng: np.random.Generator) -> World:
    """Ten equal teachers, but what the first one's students learn is far more a matter of luck.

    Its data is made a little better or worse, until its truth is that of the others.
    """
    world = all_tied(rng)
    luck = world.luck.copy()
    luck[0] *= 5
    world = replace(world, luck=luck)

    def ahead(lift: float) -> float:
        scores = true_scores_of(lifted(world, 0, lift))
        return float(scores[0] - scores[1])

    return lifted(world, 0, float(brentq(ahead, -2.0, 2.0, xtol=1e-9)))


def _level(lift: float) -> Callable[[np.random.Generator], World]:
    """Reference and students so able that they are nearly always right."""

    def world(rng: np.random.Generator) -> World:
        plain = draw_world(rng)
        return replace(plain, reference=plain.reference + lift, ability=plain.ability + lift)

    return world


def _quality(level: float, spread: float) -> Callable[[np.random.Generator], World]:
    def world(rng: np.random.Generator) -> World:
        plain = draw_world(rng)
        return replace(plain, quality=rng.normal(level, spread, plain.quality.shape))

    return world


def _gap(gap: float) -> Callable[[np.random.Generator], World]:
    return lambda rng: draw_world(rng, gap=gap)


def without_cell(evidence: Evidence, rng: np.random.Generator) -> Evidence:
    """One teacher has no students in one language."""
    name = evidence.study.teachers[int(rng.integers(len(evidence.study.teachers)))].name
    kept = [e for e in evidence.students if (e.teacher, e.language) != (name, LANGUAGES[1])]
    return replace(evidence, students=kept)


def unscored(evidence: Evidence, rng: np.random.Generator) -> Evidence:
    """A tenth of all students' answers could not be scored."""
    students = []
    for exam in evidence.students:
        lost = rng.random(len(exam.scores)) < 0.1
        scores = tuple(None if gone else s for gone, s in zip(lost, exam.scores, strict=True))
        students.append(replace(exam, scores=scores, reasons={"no answer": int(lost.sum())}))
    return replace(evidence, students=students)


def without(evidence: Evidence, teacher: str) -> Evidence:
    """The same study, had a teacher never taken part."""
    study = evidence.study
    return replace(
        evidence,
        study=replace(study, teachers=tuple(t for t in study.teachers if t.name != teacher)),
        students=[e for e in evidence.students if e.teacher != teacher],
        metrics=[m for m in evidence.metrics if m.teacher != teacher],
        gated=[g for g in evidence.gated if g.teacher != teacher],
    )


PAPER = Scenario("the paper's shape", draw_world)
TIES = (Scenario("two best exactly tied", two_best_tied), Scenario("all ten exactly tied", all_tied))
GAPS = tuple(Scenario(f"true gap of {k} standard errors", better_by(k)) for k in (2, 3, 4, 5))
INVERTED = (
    Scenario("anchors inverted in five languages", inverted),
    Scenario("one benchmark inverted in five languages", partly_inverted),
)
HOSTILE = (
    Scenario("all items alike", _changed(story=CALM)),
    Scenario("no luck of training", _luck(0.0, 1.0)),
    Scenario("four times the luck", _luck(4.0, 1.0)),
    Scenario("one teacher with five times the luck", _luck(1.0, 5.0)),
    Scenario("all tied, one with five times the luck", tied_but_for_luck),
    Scenario("one trial", _changed(trials=1)),
    Scenario("two trials", _changed(trials=2)),
    Scenario("40 items", _items(40, 1)),
    Scenario("40 items, strong clusters of 4", _items(40, 4, story=SHARED)),
    Scenario("600 items in 60 strong clusters", _items(600, 10, story=SHARED)),
    Scenario("600 items in 10 strong clusters", _items(600, 60, story=SHARED)),
    Scenario("one cluster a benchmark", _items(60, 60, story=SHARED)),
    Scenario("students right in 98%", _level(4.5)),
    Scenario("data nearly as good as human", _quality(0.0, 0.15)),
    Scenario("data nearly as bad as corrupted", _quality(-2.6, 0.5)),
    Scenario("50 rows a cell", _changed(rows=50)),
    Scenario("reference about two standard errors above the base", _gap(0.5)),
    Scenario("a missing cell", draw_world, without_cell),
    Scenario("a tenth of the answers unscored", draw_world, unscored),
)

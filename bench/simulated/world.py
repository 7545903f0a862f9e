"""A made-up world whose truth is known: teachers, students, exams and data, by a story of its own.

A student answers an item by a margin: its ability and the luck of its training, less the item's difficulty,
what its base finds hard, what its teacher is bad at, and a fact the teacher lacks altogether. Exams turn
margins into chances of a right answer in three ways (a letter of four, the better of two, several steps in a
row), so what luck does to a score depends on the exam and on the ability: nothing is additive on the scale
that scoring works on. Difficulties and luck have heavy tails, and luck is not the same for all teachers.

The truth is the expectation over all items, trainings and examples there could be: integrals of the story's
own functions over 16,384 points of a Sobol net (error below .001), never a figure of polyteach, from which
this file imports nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
from scipy.special import expit, ndtr
from scipy.stats import norm, qmc, t

Array = np.ndarray
LANGUAGES = ("ar", "cs", "de", "es", "id", "ja")
WEIGHT = 0.5  # of quality in the score: DESIGN.md, not read from the estimator
CUTS = np.array([-1.5, -0.5, 0.5, 1.5])  # between the marks 1 to 5
TOPICS, TOPIC_SHARE = 12, 0.6  # of an embedding: how much of its length the topic explains
NET_POWER = 14
LACKING = 2.0  # what a missing fact takes off the margin


@dataclass(frozen=True)
class Benchmark:
    """An exam: its size, what guessing earns, how many items ask the same thing, where it exists."""

    name: str
    chance: float
    items: int
    siblings: int
    languages: tuple[str, ...]


BENCHMARKS = (  # as in the study; M-RewardBench (2,870 pairs there) is cut to bear the cost
    Benchmark("letters", 0.25, 400, 1, ("ar", "de", "es", "id", "ja")),
    Benchmark("pairs", 0.5, 600, 2, LANGUAGES),
    Benchmark("steps", 0.0, 250, 1, ("de", "es", "ja")),
)


@dataclass(frozen=True)
class Story:
    """What varies how much; logits (or probits) of a margin.

    Attributes:
        difficulty: heavy-tailed (t, 4 degrees), shared by siblings, in all languages.
        own: of an item among its siblings.
        translation: of an item in a language.
        taste: what the base finds hard; its students share it.
        interaction: what a teacher teaches well or badly, item by item, in all languages.
        local: the same in one language.
        luck: of a training, typically (t, 5 degrees); half as much again is of one exam alone.
    """

    difficulty: float = 0.9
    own: float = 0.5
    translation: float = 0.4
    taste: float = 0.5
    interaction: float = 0.4
    local: float = 0.3
    luck: float = 0.12

    def spread(self, *, taught: bool) -> float:
        """SD of all that is normal in an item's margin, luck apart."""
        parts = [self.own, self.translation, self.taste]
        return float(np.linalg.norm([*parts, self.interaction, self.local] if taught else parts))


@dataclass(frozen=True)
class Metric:
    """An intrinsic metric: where human data stands, how far its corruptions push it, where it passes."""

    name: str
    level: str
    human: float
    corruptions: tuple[float, ...]
    passes: tuple[str, ...]


METRICS = (
    Metric("rubric", "row", 1.1, (-2.0, -3.0, -2.6), ("ar", "de", "es", "id")),
    Metric("perplexity", "row", -2.3, (-1.6, -2.8), ("cs", "de", "es", "id")),
    Metric("response_fidelity", "row", 2.4, (-4.5,), ("ar", "cs", "de", "es")),
    Metric("response_diversity", "corpus", 0.0, (-2.2, -3.2), ("ar", "de", "id")),
)  # in ja none passes


@dataclass(frozen=True)
class World:
    """The true parameters of one study.

    Attributes:
        base, reference: ability by language and benchmark.
        ability: of students, by teacher, language and benchmark.
        lacks: share of facts a teacher lacks, by teacher.
        luck: SD of a training's luck, by teacher and language.
        quality: where a teacher's data stands (human 0), by teacher, language and metric.
    """

    story: Story
    benchmarks: tuple[Benchmark, ...]
    trials: int
    rows: int
    base: Array
    reference: Array
    ability: Array
    lacks: Array
    luck: Array
    quality: Array
    names: tuple[str, ...] = field(default=())

    @property
    def teachers(self) -> int:
        """How many there are."""
        return len(self.ability)


def right(name: str, margin: Array, steps: Array | int) -> Array:
    """The chance of a right answer."""
    if name == "letters":
        return 0.25 + 0.75 * expit(1.4 * margin)
    if name == "pairs":
        return 0.5 + 0.5 * ndtr(margin)
    return expit(1.5 * margin + 1.0) ** steps


def draw_world(
    rng: np.random.Generator, *, teachers: int = 10, spread: float = 0.06, gap: float = 2.0
) -> World:
    """Draws the parameters of a study of the paper's shape.

    Args:
        rng: for all draws.
        teachers: how many.
        spread: SD of the teachers' skill.
        gap: of reference and base, in ability.
    """
    shape = (len(LANGUAGES), len(BENCHMARKS))
    base = rng.normal(-1.0, 0.25, shape)
    skill = spread * rng.standard_t(6, (teachers, 1, 1)) + rng.normal(0, 0.05, (teachers, *shape))
    return World(
        story=Story(),
        benchmarks=BENCHMARKS,
        trials=3,
        rows=200,
        base=base,
        reference=base + gap + rng.normal(0, 0.1, shape),
        ability=base + 0.6 + skill,
        lacks=rng.uniform(0.02, 0.15, teachers),
        luck=0.12 * rng.uniform(0.7, 1.3, (teachers, len(LANGUAGES))),
        quality=rng.normal(-0.8, 0.35, (teachers, len(LANGUAGES), len(METRICS))),
        names=tuple(f"teacher-{n}" for n in range(teachers)),
    )


def twin(world: World, one: int, other: int) -> World:
    """The world in which `other` is exactly as good as `one`, everywhere."""
    changed = {}
    for name in ("ability", "lacks", "luck", "quality"):
        values = getattr(world, name).copy()
        values[other] = values[one]
        changed[name] = values
    return replace(world, **changed)


@cache
def _net(dimensions: int) -> Array:
    """Points that fill the unit cube evenly, never on its border."""
    points = qmc.Sobol(dimensions, seed=20_260_411).random_base2(NET_POWER)
    return np.clip(points, 1e-9, 1 - 1e-9)


@cache
def _exam_net() -> tuple[Array, Array, Array, Array]:
    """Difficulty, normal part and luck in standard units, and the number of steps."""
    points = _net(4)
    return t.ppf(points[:, 0], 4), norm.ppf(points[:, 1]), unit_t5(points[:, 2]), 2 + (4 * points[:, 3]) // 1


def unit_t5(uniform: Array) -> Array:
    """Student's t with 5 degrees of freedom, scaled to variance 1."""
    return t.ppf(uniform, 5) / np.sqrt(5 / 3)


def _expected(
    world: World, name: str, ability: float, luck: float, *, taught: bool, lacks: float = 0.0
) -> float:
    hard, normal, training, steps = _exam_net()
    spread = np.hypot(world.story.spread(taught=taught), luck / 2)
    margin = ability + spread * normal + luck * training - world.story.difficulty * hard
    known = float(right(name, margin, steps).mean())
    if lacks == 0:
        return known
    return (1 - lacks) * known + lacks * float(right(name, margin - LACKING, steps).mean())


def true_scores(world: World) -> tuple[Array, Array, Array]:
    """Expected score of base and reference (language x benchmark) and students (teacher first).

    NaN where a benchmark lacks the language.
    """
    shape = (len(LANGUAGES), len(world.benchmarks))
    base, reference = np.full(shape, np.nan), np.full(shape, np.nan)
    students = np.full((world.teachers, *shape), np.nan)
    for b, benchmark in enumerate(world.benchmarks):
        for language in benchmark.languages:
            at = LANGUAGES.index(language), b
            base[at] = _expected(world, benchmark.name, world.base[at], 0.0, taught=False)
            reference[at] = _expected(world, benchmark.name, world.reference[at], 0.0, taught=False)
            for k in range(world.teachers):
                students[k, *at] = _expected(
                    world,
                    benchmark.name,
                    world.ability[k, *at],
                    world.luck[k, at[0]],
                    taught=True,
                    lacks=world.lacks[k],
                )
    return base, reference, students


def true_gains(world: World) -> Array:
    """Gain by teacher, language and benchmark; NaN where a benchmark lacks the language."""
    base, _, students = true_scores(world)
    return (students - base) / (1 - np.array([benchmark.chance for benchmark in world.benchmarks]))


def true_quality(world: World) -> Array:
    """q by teacher, language and metric."""
    q = np.empty(world.quality.shape)
    for m, metric in enumerate(METRICS):
        mean = MEANS[metric.name]
        human = mean(metric.human)
        corrupted = float(np.mean([mean(shifted(metric, shift)) for shift in metric.corruptions]))
        found = np.array([mean(shifted(metric, shift)) for shift in world.quality[..., m].ravel()])
        q[..., m] = ((found - corrupted) / (human - corrupted)).reshape(q.shape[:2])
    return np.clip(q, 0.0, 1.0)


def shifted(metric: Metric, shift: float) -> float:
    """A metric's parameter that far from human data: added, or a quarter of it, one topic's share of rows."""
    if metric.level == "corpus":
        return float(np.clip(-shift / 4, 0.0, 1.0))
    return metric.human + shift


def topic_weights(share: float) -> Array:
    """How often each topic occurs when one topic takes `share` of the rows."""
    plain = 0.85 ** np.arange(TOPICS)
    weights = (1 - share) * plain / plain.sum()
    weights[0] += share
    return weights


def perplexity_score(level: Array) -> Array:
    """-log(1 + PPL) of rows whose log perplexity is -level."""
    return -np.log1p(np.exp(-level))


def _mean_mark(level: float) -> float:
    return float(1 + ndtr(level - CUTS).sum())  # row quality .8 and marking .6 make SD 1


@cache
def _surprise() -> Array:
    points = _net(2)
    return 0.3 * norm.ppf(points[:, 0]) + 0.3 * t.ppf(points[:, 1], 3)


def _mean_perplexity(level: float) -> float:
    return float(perplexity_score(level + _surprise()).mean())


def _mean_fidelity(level: float) -> float:
    return float(ndtr(level / np.sqrt(1.25)))  # row quality .5, noise 1


def _diversity(share: float) -> float:
    return float(1 - TOPIC_SHARE * (topic_weights(share) ** 2).sum())


MEANS: dict[str, Callable[[float], float]] = {
    "rubric": _mean_mark,
    "perplexity": _mean_perplexity,
    "response_fidelity": _mean_fidelity,
    "response_diversity": _diversity,
}

"""One study's data, drawn from a simulated world: answers, rows, and their figures."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from scipy.special import ndtr

from polyteach.figures import Figure
from polyteach.scoring.records import (
    CellMetrics,
    Evidence,
    Exam,
    GatedFigures,
    GateMetric,
    StudyFacts,
    Teacher,
)
from simulated.world import (
    CUTS,
    LACKING,
    LANGUAGES,
    METRICS,
    TOPIC_SHARE,
    TOPICS,
    Array,
    Benchmark,
    Metric,
    World,
    perplexity_score,
    right,
    shifted,
    topic_weights,
)

BASE = "base"
NOISE_DIMENSIONS = 24


def draw_study(world: World, rng: np.random.Generator) -> Evidence:
    """Examines everyone once and measures the data once."""
    bases, references, students = [], [], []
    luck = _luck(world, rng)
    for b, benchmark in enumerate(world.benchmarks):
        answers = draw_answers(world, b, luck, rng)
        for language, (base, reference, taught) in zip(benchmark.languages, answers, strict=True):
            bases.append(_exam(benchmark, language, base))
            references.append(_exam(benchmark, language, reference))
            students += [
                _exam(benchmark, language, taught[k, r], name, r)
                for k, name in enumerate(world.names)
                for r in range(world.trials)
            ]
    gate, gated = draw_quality(world, rng)
    return Evidence(
        study=StudyFacts(
            "simulated", LANGUAGES, (BASE,), world.trials, tuple(Teacher(name) for name in world.names)
        ),
        bases=bases,
        references=references,
        students=students,
        metrics=[_cell_metrics(cell) for cell in gated],
        gate=gate,
        gated=gated,
    )


def _luck(world: World, rng: np.random.Generator) -> Array:
    """Of every training: teacher x language x trial, in standard units."""
    return rng.standard_t(5, (world.teachers, len(LANGUAGES), world.trials)) / np.sqrt(5 / 3)


def draw_answers(
    world: World, b: int, luck: Array, rng: np.random.Generator
) -> list[tuple[Array, Array, Array]]:
    """Right (1) or wrong (0) on one benchmark: for each of its languages, base, reference and students.

    Returns:
        arrays of items; for students, teacher x trial x items.
    """
    story, benchmark, n, k = world.story, world.benchmarks[b], world.benchmarks[b].items, world.teachers
    groups = n // benchmark.siblings
    repeat = np.arange(n) // benchmark.siblings
    hard = story.difficulty * rng.standard_t(4, groups)[repeat] + rng.normal(0, story.own, n)
    taste = rng.normal(0, story.taste, n)
    other_taste = rng.normal(0, story.taste, n)
    lacking = LACKING * (rng.random((k, groups)) < world.lacks[:, None])[:, repeat]
    special = rng.normal(0, story.interaction, (k, n)) + lacking
    steps = rng.integers(2, 6, n)
    found = []
    for language in benchmark.languages:
        at = LANGUAGES.index(language)
        here = hard + rng.normal(0, story.translation, n)
        local = special + rng.normal(0, story.local, (k, n))
        own_luck = rng.normal(0, 0.5, (k, world.trials))
        training = world.luck[:, at, None] * (luck[:, at] + own_luck)
        taught = (world.ability[:, at, b, None] + training)[..., None] - (here + taste + local)[:, None]
        margins = (world.base[at, b] - here - taste, world.reference[at, b] - here - other_taste, taught)
        base, reference, students = (
            (rng.random(m.shape) < right(benchmark.name, m, steps)) * 1.0 for m in margins
        )
        found.append((base, reference, students))
    return found


def _exam(
    benchmark: Benchmark, language: str, answers: Array, teacher: str | None = None, trial: int | None = None
) -> Exam:
    ids = tuple(f"{n}" for n in range(benchmark.items))
    groups = tuple(f"{benchmark.name}/{n // benchmark.siblings}" for n in range(benchmark.items))
    return Exam(
        base=BASE,
        language=language,
        benchmark=benchmark.name,
        item_ids=ids,
        scores=tuple(answers.tolist()),
        chance=benchmark.chance,
        teacher=teacher,
        trial=trial,
        clusters=groups if benchmark.siblings > 1 else (),
    )


def draw_quality(world: World, rng: np.random.Generator) -> tuple[list[GateMetric], list[GatedFigures]]:
    """The gate's human and corrupted rows of each language, and as many rows of each cell."""
    gate, gated = [], []
    for at, language in enumerate(LANGUAGES):
        draws = _RowNoise(world.rows, rng)
        for metric in METRICS:
            corrupted = np.mean(
                [draws.values(metric, shifted(metric, s)) for s in metric.corruptions], axis=0
            )
            passes = language in metric.passes
            gate.append(
                GateMetric(
                    language=language,
                    metric=metric.name,
                    level=metric.level,
                    answers_for=tuple(f"corruption {n}" for n in range(len(metric.corruptions))),
                    passes=passes,
                    reason=None if passes else "does not tell corrupted data from human data",
                    human=_figure(metric, draws.values(metric, shifted(metric, 0.0))),
                    corrupted=_figure(metric, corrupted),
                )
            )
        for k, name in enumerate(world.names):
            rows = _RowNoise(world.rows, rng)
            values = {
                metric.name: rows.values(metric, shifted(metric, world.quality[k, at, m]))
                for m, metric in enumerate(METRICS)
            }
            figures = {metric.name: _figure(metric, values[metric.name]) for metric in METRICS}
            gated.append(GatedFigures(name, language, world.rows, figures, _correlations(values)))
    return gate, gated


def _correlations(values: dict[str, Array]) -> dict[tuple[str, str], float]:
    """Of the metrics over the rows they share; absent where one of the two does not vary."""
    varying = {name: found for name, found in values.items() if found.std() > 0}
    return {
        (one, other): float(np.corrcoef(varying[one], varying[other])[0, 1])
        for one, other in combinations(varying, 2)
    }


class _RowNoise:
    """What makes the rows of one set differ; the same for all metrics and corruptions of that set."""

    def __init__(self, n: int, rng: np.random.Generator) -> None:
        self.good = rng.normal(0, 1, n)
        self.marking = rng.normal(0, 1, n)
        self.surprise = rng.standard_t(3, n)
        self.detection = rng.normal(0, 1, n)
        self.topic = rng.random(n)
        noise = rng.normal(0, 1, (n, NOISE_DIMENSIONS))
        self.rest = noise / np.linalg.norm(noise, axis=1, keepdims=True)

    def values(self, metric: Metric, level: float) -> Array:
        """The metric of each row; for diversity, a row's pseudo-value (their mean is the figure)."""
        if metric.name == "rubric":
            return 1.0 + ((level + 0.8 * self.good + 0.6 * self.marking)[:, None] > CUTS).sum(axis=1)
        if metric.name == "perplexity":
            return perplexity_score(level + 0.3 * self.good + 0.3 * self.surprise)
        if metric.name == "response_fidelity":
            return (ndtr(level + 0.5 * self.good) > ndtr(self.detection)) * 1.0
        topics = np.searchsorted(topic_weights(level).cumsum(), self.topic)
        return _pseudo_values(topics.clip(max=TOPICS - 1), self.rest)


def _pseudo_values(topics: Array, rest: Array) -> Array:
    """Jackknife pseudo-values of 1 - mean pairwise cosine: n * all - (n - 1) * all but this row."""
    n = len(topics)
    rows = np.hstack([np.sqrt(TOPIC_SHARE) * np.eye(TOPICS)[topics], np.sqrt(1 - TOPIC_SHARE) * rest])
    total = rows.sum(axis=0)
    square = total @ total
    whole = (square - n) / (n * (n - 1))
    without = (square - 2 * rows @ total + 1 - (n - 1)) / ((n - 1) * (n - 2))
    return 1 - (n * whole - (n - 1) * without)


def _figure(metric: Metric, values: Array) -> Figure:
    error = float(values.std(ddof=1) / np.sqrt(len(values)))
    return Figure(float(values.mean()), f"{metric.name}, simulated", n=len(values), se=error)


def _cell_metrics(cell: GatedFigures) -> CellMetrics:
    """The same figures as the z-scores of `published` take them."""
    figures = dict(cell.figures)
    level = figures["perplexity"].value or 0.0
    figures["perplexity"] = Figure(float(np.expm1(-level)), "perplexity, simulated", n=cell.n)
    figures["prompt_diversity"] = figures["response_diversity"]
    return CellMetrics(cell.teacher, cell.language, figures)

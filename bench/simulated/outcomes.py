"""What one simulated study shows: its results held against the truth, question by question."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from polyteach.scoring.records import Evidence, Exam
from polyteach.scoring.results import results_of
from simulated.data import draw_study
from simulated.scenarios import BEST, SECOND, Scenario, true_cells, without
from simulated.world import LANGUAGES, METRICS, World, true_gains, true_quality, true_scores

TAUGHT_MORE = 0.3  # of a student's wrong answers set right, to see which scores rise
EQUAL = 1e-6  # points of a score: a true tie


@dataclass
class Outcome:
    """Answers of one study.

    Attributes:
        shares: of yes among the cases of a question; a question without cases is absent.
        errors: estimate less truth, in the estimate's own standard errors.
        verdict: its kind.
    """

    shares: dict[str, float] = field(default_factory=dict)
    errors: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    verdict: str = ""

    def ask(self, question: str, cases: Iterable[bool]) -> None:
        """Notes the share of yes."""
        found = list(cases)
        if found:
            self.shares[question] = float(np.mean(found))


@dataclass(frozen=True)
class Truth:
    """True figures of the world of a study, on the benchmarks that its anchors let count."""

    world: World
    gain: np.ndarray
    score: np.ndarray
    overall_gain: np.ndarray
    overall: np.ndarray

    @classmethod
    def of(cls, world: World, results: dict[str, Any]) -> Truth:
        """The truth of what these results estimate."""
        counted: dict[str, list[str]] = defaultdict(list)
        for anchor in results["anchors"]:
            if anchor["counts"]:
                counted[anchor["language"]].append(anchor["benchmark"])
        gain, score = true_cells(world, counted)
        used = [LANGUAGES.index(language) for language in counted]
        if not used:
            nothing = np.full(world.teachers, np.nan)
            return cls(world, gain, score, nothing, nothing)
        return cls(world, gain, score, gain[:, used].mean(axis=1), score[:, used].mean(axis=1))


def study_outcome(scenario: Scenario, number: int, rng_seed: int, leave_out: bool) -> Outcome:
    """Draws, scores and judges study `number` of a scenario.

    Args:
        scenario: its kind.
        number: which; with the rng_seed it decides all draws.
        rng_seed: of the bench.
        leave_out: whether to score it again without one of its teachers.
    """
    rng = np.random.default_rng([rng_seed, number, *scenario.name.encode()])
    world = scenario.world(rng)
    evidence = scenario.spoil(draw_study(world, rng), rng)
    results = results_of(evidence, {}, number)
    outcome, truth = Outcome(verdict=results["verdict"]["kind"]), Truth.of(world, results)
    _cover(outcome, results, truth)
    _judge(outcome, results, truth)
    if leave_out:
        _leave_out(outcome, evidence, results, world.names[int(rng.integers(world.teachers))])
    if "inverted" in scenario.name:
        _signs(outcome, evidence, results, truth, rng)
    return outcome


def _cover(outcome: Outcome, results: dict[str, Any], truth: Truth) -> None:
    """Which intervals hold the truth."""
    pairs: dict[str, list[tuple[dict[str, Any], float]]] = defaultdict(list)
    world, quality = truth.world, true_quality(truth.world)
    _, _, scores = true_scores(world)
    gains = true_gains(world)
    exams = [benchmark.name for benchmark in world.benchmarks]
    used = [at for at in range(len(LANGUAGES)) if _passing(at) and not np.isnan(truth.gain[0, at])]
    of_language = [quality[:, at, _passing(at)].mean(axis=1) for at in used]
    overall = np.mean(of_language, axis=0) if used else np.full(world.teachers, np.nan)
    for row in results["leaderboard"]:
        k = world.names.index(row["teacher"])
        pairs["gain, overall"].append((row["gain"], truth.overall_gain[k]))
        pairs["robust, overall"].append((row["scores"]["robust"], truth.overall[k]))
        if k == BEST:
            pairs["robust, overall, of the first teacher"].append((row["scores"]["robust"], truth.overall[k]))
        pairs["quality, overall"].append((row["quality"], overall[k]))
    for cell in results["cells"]:
        at = world.names.index(cell["teacher"]), LANGUAGES.index(cell["language"])
        pairs["gain of a cell"].append((cell["gain"], truth.gain[at]))
        pairs["robust of a cell"].append((cell["scores"]["robust"], truth.score[at]))
        for name, figure in cell["benchmarks"].items():
            pairs["accuracy on one benchmark"].append((figure, scores[*at, exams.index(name)]))
        for name, figure in cell["gains"].items():
            pairs["gain on one benchmark"].append((figure, gains[*at, exams.index(name)]))
    for name, found in pairs.items():
        known = [(f, t) for f, t in found if f["value"] is not None and f["low"] is not None]
        outcome.ask(f"covered: {name}", (f["low"] <= t <= f["high"] for f, t in known))
        outcome.errors[name] += [(f["value"] - t) / f["se"] for f, t in known if f["se"]]


def _passing(at: int) -> list[int]:
    return [m for m, metric in enumerate(METRICS) if LANGUAGES[at] in metric.passes]


def _judge(outcome: Outcome, results: dict[str, Any], truth: Truth) -> None:
    """What the ranking and the verdict claim, and whether it is true."""
    names = truth.world.names
    true = truth.overall if results["default_score"] == "robust" else truth.overall_gain
    ranked = [row for row in results["leaderboard"] if row["rank_interval"]]
    value = {row["teacher"]: true[names.index(row["teacher"])] for row in ranked}
    told = [(value[pair["better"]], value[pair["worse"]]) for pair in results["surely_better"]]
    outcome.ask("any two teachers told apart wrongly", [any(one <= other + EQUAL for one, other in told)])
    holds = []
    for row in ranked:
        own = value[row["teacher"]]
        best = 1 + sum(other > own + EQUAL for other in value.values())
        worst = len(value) - sum(other < own - EQUAL for other in value.values())
        low, high = row["rank_interval"]
        holds.append(low <= best and worst <= high)
    outcome.ask("rank interval holds the true rank", holds)
    outcome.ask("all rank intervals of a study hold", [all(holds)])
    verdict = results["verdict"]
    top = max(value.values(), default=0.0)
    first = [name for name, own in value.items() if own >= top - EQUAL]
    won = verdict["teachers"] if verdict["kind"] == "wins" else []
    outcome.ask("a wrong teacher wins", [bool(won) and first != won])
    outcome.ask("the right teacher wins", [bool(won) and first == won])
    if verdict["kind"] == "tied":
        outcome.ask("the tied hold a best one", [bool(set(first) & set(verdict["teachers"]))])
    pair = {"better": names[BEST], "worse": names[SECOND]}
    outcome.ask("the first is told from the second", [pair in results["surely_better"]])


def _leave_out(outcome: Outcome, evidence: Evidence, results: dict[str, Any], teacher: str) -> None:
    """Whether any other teacher's score moves when one leaves."""
    rest = results_of(without(evidence, teacher), {}, 0)
    for name in ("robust", "published", "paper"):
        now, then = _values(rest, name), _values(results, name)
        outcome.ask(f"leaving one out moves another's {name} score", [now != {k: then[k] for k in now}])


def _values(results: dict[str, Any], score: str) -> dict[str, str]:
    """Every teacher's and cell's score, to the last bit."""
    found = {row["teacher"]: row["scores"][score]["value"] for row in results["leaderboard"]}
    for cell in results["cells"]:
        found[f"{cell['teacher']}/{cell['language']}"] = cell["scores"][score]["value"]
    return {key: json.dumps(value) for key, value in found.items()}


def _signs(
    outcome: Outcome, evidence: Evidence, results: dict[str, Any], truth: Truth, rng: np.random.Generator
) -> None:
    """Whether scores follow or fight the truth where the reference is below the base.

    `published` is held against what students learned: its other half, z, has no truth beyond these teachers.
    `robust` is held against its own truth.
    """
    learned = np.nanmean(true_gains(truth.world), axis=2)
    for name, true, overall in (
        ("published", learned, learned.mean(axis=1)),
        ("robust", truth.score, truth.overall),
    ):
        wrong = []
        for at, language in enumerate(LANGUAGES):
            cells = [cell for cell in results["cells"] if cell["language"] == language]
            rho = _spearman(truth.world.names, cells, name, true[:, at])
            if rho is not None:
                where = "inverted" if at else "healthy"
                outcome.errors[f"Spearman of {name} and the truth, {where} languages"].append(rho)
                wrong += [rho < 0] if at else []
        outcome.ask(f"inverted language where {name} ranks against the truth", wrong)
        rho = _spearman(truth.world.names, results["leaderboard"], name, overall)
        if rho is not None:
            outcome.errors[f"Spearman of {name} and the truth, overall"].append(rho)
    teacher = truth.world.names[int(rng.integers(truth.world.teachers))]
    better = replace(
        evidence, students=[_taught(e, rng) if e.teacher == teacher else e for e in evidence.students]
    )
    then, now = results, results_of(better, {}, 0)
    for name in ("published", "robust"):
        pairs = [
            (a["scores"][name]["value"], b["scores"][name]["value"])
            for a, b in zip(then["cells"], now["cells"], strict=True)
            if a["teacher"] == teacher and a["scores"][name]["value"] is not None
        ]
        outcome.ask(f"cell of a teacher whose students know more: {name} falls", (b < a for a, b in pairs))
        outcome.ask(f"cells with a {name} score", [len(pairs) / len(LANGUAGES)])


def _spearman(
    names: tuple[str, ...], rows: list[dict[str, Any]], score: str, true: np.ndarray
) -> float | None:
    """Rank correlation of a score with the truth; None where the score is undefined."""
    pairs = [
        (row["scores"][score]["value"], true[names.index(row["teacher"])])
        for row in rows
        if row["scores"][score]["value"] is not None
    ]
    return float(spearmanr(*zip(*pairs, strict=True)).statistic) if len(pairs) > 1 else None


def _taught(exam: Exam, rng: np.random.Generator) -> Exam:
    right = rng.random(len(exam.scores)) < TAUGHT_MORE
    return replace(exam, scores=tuple(1.0 if more else s for more, s in zip(right, exam.scores, strict=True)))

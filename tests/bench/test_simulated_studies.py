"""The truth that bench/coverage.py judges by must itself be true."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit
from simulated.data import draw_answers, draw_quality, draw_study
from simulated.outcomes import study_outcome
from simulated.scenarios import CALM, PAPER, draw_world, plain_scores, true_scores_of, without
from simulated.summary import interval_of
from simulated.world import LANGUAGES, METRICS, Benchmark, World, true_quality, true_scores, twin

from polyteach.scoring.results import results_of


@pytest.fixture(scope="module")
def world() -> World:
    return draw_world(np.random.default_rng(0), teachers=3)


def test_expected_scores_by_hand(world: World) -> None:
    # Without any spread, lacks and luck, a margin is the ability alone. Letters at ability 0: .25 + .75 / 2.
    # Steps at ability 0: sigmoid(1) = .731; mean of its powers 2 to 5: (.534 + .391 + .286 + .209) / 4.
    calm = replace(
        world,
        story=CALM,
        base=np.zeros_like(world.base),
        ability=np.zeros_like(world.ability),
        lacks=np.zeros_like(world.lacks),
        luck=np.zeros_like(world.luck),
    )
    base, _, students = true_scores(calm)
    at = LANGUAGES.index("de")
    assert base[at] == pytest.approx([0.625, 0.75, np.mean(expit(1.0) ** np.arange(2, 6))], abs=1e-9)
    assert students[0, at] == pytest.approx(base[at])
    assert base[at, 2] == pytest.approx(0.355, abs=1e-3)


def test_expected_scores_are_what_many_answers_average_to(world: World) -> None:
    many = tuple(replace(b, items=20_000, siblings=1, languages=("de",)) for b in world.benchmarks)
    large = replace(world, benchmarks=many, trials=30)
    rng = np.random.default_rng(1)
    base, reference, students = true_scores(large)
    at = LANGUAGES.index("de")
    for b in range(len(many)):
        found = []
        for _ in range(4):
            luck = rng.standard_t(5, (3, len(LANGUAGES), 30)) / np.sqrt(5 / 3)
            ((one, other, taught),) = draw_answers(large, b, luck, rng)
            found.append([one.mean(), other.mean(), *taught.mean(axis=(1, 2))])
        expected = [base[at, b], reference[at, b], *students[:, at, b]]
        assert np.mean(found, axis=0) == pytest.approx(expected, abs=0.012)


def test_expected_quality_is_what_many_rows_average_to(world: World) -> None:
    gate, gated = draw_quality(replace(world, rows=40_000), np.random.default_rng(2))
    expected = true_quality(world)
    for cell in gated:
        at = world.names.index(cell.teacher), LANGUAGES.index(cell.language)
        for m, metric in enumerate(METRICS):
            ends = next(g for g in gate if (g.language, g.metric) == (cell.language, metric.name))
            width = ends.human.value - ends.corrupted.value
            q = (cell.figures[metric.name].value - ends.corrupted.value) / width
            assert min(max(q, 0), 1) == pytest.approx(expected[*at, m], abs=0.04)


def test_errors_of_simulated_figures_are_those_of_repetition(world: World) -> None:
    """The standard errors handed to scoring, against the spread over 200 draws of the same data."""
    one = replace(world, rows=100, ability=world.ability[:1], quality=world.quality[:1], names=("teacher-0",))
    rng = np.random.default_rng(3)
    found = [draw_quality(one, rng)[1][0].figures for _ in range(200)]
    for metric in METRICS:
        spread = np.std([figures[metric.name].value for figures in found], ddof=1)
        error = np.mean([figures[metric.name].se for figures in found])
        assert error == pytest.approx(spread, rel=0.2)


def test_scores_are_those_of_plain_arithmetic(world: World) -> None:
    evidence = draw_study(world, np.random.default_rng(4))
    found = {
        row["teacher"]: row["scores"]["robust"]["value"] for row in results_of(evidence, {}, 1)["leaderboard"]
    }
    assert [found[name] for name in world.names] == pytest.approx(plain_scores(evidence))


def test_twins_are_equal_and_leaving_one_out_leaves_the_rest(world: World) -> None:
    scores = true_scores_of(twin(world, 0, 2))
    assert scores[0] == scores[2]
    evidence = draw_study(world, np.random.default_rng(5))
    rest = without(evidence, "teacher-1")
    assert {e.teacher for e in rest.students} == {"teacher-0", "teacher-2"}
    assert len(rest.students) == len(evidence.students) * 2 / 3


def test_shares_have_wilsons_interval() -> None:
    # 96 of 100: centre (.96 + 1.92 / 100) / (1 + 3.84 / 100) = .9430, reach .0413.
    assert interval_of([1.0] * 96 + [0.0] * 4) == pytest.approx((0.96, 0.9016, 0.9843), abs=5e-4)
    assert interval_of([0.0] * 500)[2] == pytest.approx(0.0076, abs=1e-4)


def test_one_study_of_the_papers_shape() -> None:
    outcome = study_outcome(PAPER, 0, 1, leave_out=True)
    assert outcome.shares["leaving one out moves another's robust score"] == 0
    assert 0.8 <= outcome.shares["covered: robust of a cell"] <= 1


def test_a_benchmark_says_where_it_exists(world: World) -> None:
    assert {b.name: len(b.languages) for b in world.benchmarks} == {"letters": 5, "pairs": 6, "steps": 3}
    assert isinstance(world.benchmarks[0], Benchmark)

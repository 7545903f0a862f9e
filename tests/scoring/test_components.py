from __future__ import annotations

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest

from polyteach.scoring.components import Components, answer_variance, components_of
from polyteach.scoring.gain import CellEstimate, benchmark_score, cell_mean, spread_of
from polyteach.scoring.intervals import TrialSpread, combine, item_mean, mean_of, standard_error
from polyteach.scoring.power import Noise, error_of_difference


class Cell:
    """What components read of a cell."""

    def __init__(self, base: str, language: str, teacher: str, gain: CellEstimate | None) -> None:
        self.base, self.language, self.teacher, self.gain = base, language, teacher, gain


def _estimate(values, language: str, *, shared: bool, trials: int = 1) -> CellEstimate:
    items = {str(n): float(v) for n, v in enumerate(values)}
    clusters = {item: item if shared else f"{language}/{item}" for item in items}
    return CellEstimate(item_mean(items, clusters, trials), {0: 0.0})


def _study(shared: bool, trials: int = 1) -> tuple[dict, list[Cell]]:
    rng = np.random.default_rng(1)
    gains, cells = {}, []
    for teacher in "abc":
        parts = []
        for language in ("de", "ja"):
            cell = _estimate(rng.random(50), language, shared=shared, trials=trials)
            parts.append(cell)
            cells.append(Cell("x", language, teacher, cell))
        gains[teacher] = mean_of([part.estimate for part in parts])
    return gains, cells


def test_by_hand() -> None:
    # Differences .5 and -.5 in turn over 4 items: variance (4 * .25) / 3 = 1/3.
    one = _estimate([1, 0, 1, 0], "de", shared=False)
    other = _estimate([0.5] * 4, "de", shared=False)
    gains = {"a": one.estimate, "b": other.estimate}
    cells = [Cell("x", "de", "a", one), Cell("x", "de", "b", other)]
    found = components_of(gains, cells, TrialSpread(0.0004, 8), 3)
    assert found.item_sd.value == pytest.approx(sqrt(1 / 3))
    assert found.item_sd.n == 1
    assert (found.trial_sd.value, found.trial_sd.n) == (pytest.approx(0.02), 8)
    assert found.plan is not None
    assert (found.plan.items, found.plan.languages, found.plan.trials, found.plan.teachers) == (4, 1, 3, 2)
    assert found.noise == Noise(found.item_sd.value, found.trial_sd.value, 0.0)


@pytest.mark.parametrize("shared", [True, False])
def test_the_plan_s_error_is_the_study_s_own(shared: bool) -> None:
    """Root mean square over pairs of the standard errors that `ranks.compare` takes."""
    gains, cells = _study(shared, trials=3)
    spread = TrialSpread(0.0009, 12)
    found = components_of(gains, cells, spread, 3)
    assert found.noise is not None
    assert found.plan is not None
    assert (found.plan.items, found.plan.same_items) == (50, shared)
    pairs = [combine([(1, gains[one]), (-1, gains[other])]) for one, other in ("ab", "ac", "bc")]
    squares = [standard_error(pair, spread)[0] ** 2 for pair in pairs]
    assert error_of_difference(found.noise, found.plan)[0] == pytest.approx(sqrt(sum(squares) / 3))


def test_one_trial_and_one_teacher_have_reasons() -> None:
    gains, cells = _study(shared=True)
    one_trial = components_of(gains, cells, None, 1)
    assert one_trial.item_sd.value is not None
    assert one_trial.trial_sd.value is None
    assert one_trial.answer_sd.value is None
    assert one_trial.noise is None
    alone = components_of({"a": gains["a"]}, cells, TrialSpread(0.01, 2), 3)
    assert alone.plan is None
    assert "fewer than two teachers" in str(alone.item_sd.reason)
    assert components_of({}, [], None, 3).to_json()["plan"] is None


def test_cells_without_a_gain_are_no_part() -> None:
    gains, cells = _study(shared=False)
    cells += [Cell("y", "ar", "a", None), Cell("z", "ar", "left out", _estimate([1, 0], "ar", shared=False))]
    found = components_of(gains, cells, None, 1)
    assert found.plan is not None
    assert (found.plan.languages, found.plan.bases) == (2, 1)


def test_read_back_as_written() -> None:
    gains, cells = _study(shared=True)
    for found in (components_of(gains, cells, TrialSpread(0.01, 2), 3), components_of({}, [], None, 3)):
        assert Components.from_json(found.to_json()) == found


def test_answers_of_trials_by_hand(make_exam) -> None:
    # Trials answer 1 0 0 0 and 0 1 1 0: between trials by item .5 .5 .5 0, mean 3/8, so a trial's mean has
    # 3/32 of it and the mean of two 3/64; a teacher's overall value over two languages like that, 3/128.
    answers = ([1, 0, 0, 0], [0, 1, 1, 0])
    cells = []
    for language in ("de", "ja"):
        exams = {t: make_exam(a, teacher="a", trial=t, language=language) for t, a in enumerate(answers)}
        cells.append(Cell("x", language, "a", benchmark_score(exams)))
    assert answer_variance(cells) == pytest.approx(3 / 128)
    assert answer_variance(cells, lambda cell: 100.0) == pytest.approx(1e4 * 3 / 128)
    assert answer_variance([]) == 0


def test_simulated_noise_is_found_again(make_exam) -> None:
    """Three kinds of noise of known size, and the error of a study with other items and trials foretold."""
    item, answer, trial, items, teachers = 0.3, 0.4, 0.03, 400, 6
    rng = np.random.default_rng(5)

    def study(items: int, trials: int) -> tuple[dict, list[Cell]]:
        cells = []
        for teacher in range(teachers):
            kept = rng.normal(0, item / sqrt(2), items)
            exams = {
                t: make_exam(
                    list(kept + rng.normal(0, trial) + rng.normal(0, answer / sqrt(2), items)),
                    teacher=str(teacher),
                    trial=t,
                )
                for t in range(trials)
            }
            cells.append(Cell("x", "de", str(teacher), cell_mean([benchmark_score(exams)])))
        return {cell.teacher: cell.gain.estimate for cell in cells}, cells

    gains, cells = study(items, 4)
    found = components_of(gains, cells, spread_of([cell.gain for cell in cells]), 4)
    assert found.noise is not None
    assert found.plan is not None
    assert found.noise.item_sd == pytest.approx(item, rel=0.1)
    assert found.noise.answer_sd == pytest.approx(answer, rel=0.1)
    assert found.noise.trial_sd == pytest.approx(trial, rel=0.5)  # 18 degrees of freedom
    truth = Noise(item, trial, answer)
    plan = replace(found.plan, items=100, trials=2)
    values = [[gain.value for gain in study(100, 2)[0].values()] for _ in range(150)]
    seen = np.std(np.subtract(*np.array(values).T[:2]), ddof=1)
    assert error_of_difference(truth, plan)[0] == pytest.approx(seen, rel=0.15)


def test_equal_students_have_no_spread() -> None:
    cell = _estimate([1, 1, 0], "de", shared=True)
    found = components_of(
        {"a": cell.estimate, "b": cell.estimate}, [Cell("x", "de", t, cell) for t in "ab"], None, 1
    )
    assert found.item_sd.value == 0.0
    assert spread_of([cell_mean([cell])]) is None

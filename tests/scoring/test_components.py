from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from polyteach.scoring.components import Components, components_of
from polyteach.scoring.gain import CellEstimate, cell_mean, spread_of
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
    assert found.noise == Noise(found.item_sd.value, found.trial_sd.value)


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


def test_equal_students_have_no_spread() -> None:
    cell = _estimate([1, 1, 0], "de", shared=True)
    found = components_of(
        {"a": cell.estimate, "b": cell.estimate}, [Cell("x", "de", t, cell) for t in "ab"], None, 1
    )
    assert found.item_sd.value == 0.0
    assert spread_of([cell_mean([cell])]) is None

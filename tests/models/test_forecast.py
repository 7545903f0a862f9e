"""The forecast of money: hand-worked values, what is undefined, and how often its interval holds."""

import math

import numpy as np
import pytest

from polyteach.models.forecast import Bill, draw_preview, forecast_money


def test_by_hand() -> None:
    # a: costs 1, 2, 3 of 10 planned; mean 2, 7 left: 14. b: costs 4, 6 of 2 planned: all known.
    figure = forecast_money({"a": 10, "b": 2}, {"a": [1.0, 2.0, 3.0], "b": [4.0, 6.0]})
    assert figure.value == pytest.approx(6 + 14 + 10)
    assert figure.n == 5
    # variance of a cost 1; of the rest 7 * 10 / 3; symmetric costs, so that no skewness is corrected
    error = math.sqrt(70 / 3)
    assert figure.se == pytest.approx(error)
    t = 4.302652729911275  # 97.5% quantile at 2 degrees of freedom
    assert figure.high == pytest.approx(16 + 14 * math.exp(t * error / 14))
    assert figure.low == pytest.approx(16)  # 14 - t * error < 0: what is paid is the least


def test_skewed_costs_move_the_interval_up() -> None:
    costs = [1.0] * 45 + [9.0] * 5
    figure = forecast_money({"a": 1050}, {"a": costs})
    rest = 1000 * 1.8
    mean = 1.8
    variance = sum((c - mean) ** 2 for c in costs) / 49 * 1000 * 1050 / 50
    third = 50 * sum((c - mean) ** 3 for c in costs) / (49 * 48) * 1000 * (1000**2 - 50**2) / 50**2
    g = third / variance**1.5
    t = 2.009575237129236  # at 49 degrees of freedom
    high = rest - math.sqrt(variance) * 3 / g * ((1 + g * (-t - g / 6)) ** (1 / 3) - 1)
    assert figure.value == pytest.approx(90 + rest)
    assert figure.high == pytest.approx(90 + high, rel=1e-9)
    assert figure.low is not None and figure.value is not None and figure.high is not None
    assert figure.high - figure.value > 1.3 * (figure.value - figure.low)


def test_all_answered_is_no_forecast() -> None:
    figure = forecast_money({"a": 3}, {"a": [1.0, 2.0, 4.0]})
    assert (figure.value, figure.low, figure.high) == (7.0, 7.0, 7.0)


def test_same_cost_every_time_leaves_no_doubt() -> None:
    figure = forecast_money({"a": 100}, {"a": [0.5] * 10})
    assert (figure.value, figure.low, figure.high) == (50.0, 50.0, 50.0)
    free = forecast_money({"a": 100}, {"a": [0.0] * 10})
    assert (free.value, free.low, free.high) == (0.0, 0.0, 0.0)


def test_undefined() -> None:
    unknown = forecast_money({"a": 10}, None)
    assert unknown.value is None and unknown.reason == "the price of the model is unknown"
    unseen = forecast_money({"a": 10, "b": 5, "none": 0}, {"a": [1.0, 1.0]})
    assert unseen.value is None and unseen.reason == "no answer yet for b"
    one = forecast_money({"a": 10}, {"a": [1.0]})
    assert (one.value, one.low, one.high) == (10.0, None, None)


def test_preview_is_drawn_from_all_and_stays_the_same() -> None:
    planned = {"respond": 600, "generate": 300, "rare": 3, "none": 0}
    drawn = draw_preview(planned, 90, rng_seed=5)
    assert drawn == draw_preview(dict(reversed(planned.items())), 90, rng_seed=5)
    assert drawn != draw_preview(planned, 90, rng_seed=6)
    assert {method: len(chosen) for method, chosen in drawn.items()} == {
        "generate": 30,  # ceil(90 * 300 / 903)
        "none": 0,
        "rare": 2,
        "respond": 60,
    }
    assert all(len(set(chosen)) == len(chosen) and max(chosen, default=0) < 600 for chosen in drawn.values())
    assert max(drawn["respond"]) > 500  # not the first ones


def test_the_interval_holds_the_final_cost() -> None:
    """Lognormal costs (sigma 0.8) of three methods, 5% of requests asked again; 100 of 3,000 asked."""
    rng = np.random.default_rng(3)
    everything = {
        method: scale * rng.lognormal(0, 0.8, 1000) * rng.geometric(0.95, 1000)
        for method, scale in (("a", 1), ("b", 3), ("c", 0.5))
    }
    planned = dict.fromkeys(everything, 1000)
    true = sum(costs.sum() for costs in everything.values())
    held, errors = 0, []
    for rng_seed in range(200):
        drawn = draw_preview(planned, 100, rng_seed)
        figure = forecast_money(planned, {m: everything[m][drawn[m]].tolist() for m in planned})
        assert figure.value is not None and figure.low is not None and figure.high is not None
        held += figure.low <= true <= figure.high
        errors.append(abs(figure.value - true) / true)
    assert held >= 184  # 92%: three standard errors below 95% would be 181
    assert np.median(errors) <= 0.10


def test_a_bill_of_finished_and_open_parts() -> None:
    bill = Bill()
    bill.add_paid(5.0)
    bill.plan("a", 6)
    bill.plan("a", 4)
    bill.know("a", [1.0, 2.0, 3.0], is_priced=True)
    other = Bill()
    other.plan("b", 2)
    assert other.figure().reason == "nothing of it was asked yet"
    other.add(bill)
    assert other.figure().reason == "nothing was asked yet in 1 of 2 cells"
    other.know("b", [4.0, 6.0], is_priced=True)
    figure = other.figure()
    open_part = forecast_money({"a": 10, "b": 2}, {"a": [1.0, 2.0, 3.0], "b": [4.0, 6.0]})
    assert figure.value == pytest.approx(5 + 6 + 14 + 10)
    assert figure.low is not None and open_part.low is not None
    assert figure.low == pytest.approx(5 + open_part.low)
    assert figure.n == 5
    other.add_paid(None)
    assert other.figure().reason == "the price of the model is unknown"

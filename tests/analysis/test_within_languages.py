"""Correlations within languages: by hand, by brute force, and how often the intervals hold."""

from __future__ import annotations

import json
from itertools import permutations
from math import atanh, sqrt, tanh

import numpy as np
import pytest

from polyteach.analysis.correlation import against, pearson, within_languages
from polyteach.analysis.table import Row, Table

ORDERS = {"de": (1, 2, 3, 5, 4), "ja": (2, 1, 4, 3, 5)}


def ranked(**orders: tuple[float, ...]) -> Table:
    return Table(
        tuple(
            Row(f"t{i}", language, "a", {"d": float(i), "gain": float(value)})
            for language, values in orders.items()
            for i, value in enumerate(values)
        )
    )


def test_two_languages_by_hand():
    # de: one neighbouring pair changed, d^2 = 2: rho = 1 - 6 * 2 / (5 * 24) = .9; ja: two pairs, d^2 = 4: .8.
    # Both have five teachers, so the same weight: tanh((atanh .9 + atanh .8) / 2).
    found = within_languages(ranked(**ORDERS), "d")
    assert {name: one.figure.value for name, one in found.languages.items()} == pytest.approx(
        {"de": 0.9, "ja": 0.8}
    )
    assert found.combined.value == pytest.approx(tanh((atanh(0.9) + atanh(0.8)) / 2))
    assert found.combined.n == 10
    assert found.combined.low is None  # five teachers are too few to leave each out


def test_the_exact_p_by_brute_force():
    from scipy.stats import spearmanr

    def statistic(order: tuple[int, ...]) -> float:
        rhos = [spearmanr(order, values).statistic for values in ORDERS.values()]
        return abs(sum(atanh(max(-0.95, min(0.95, rho))) for rho in rhos))  # 1 - 6 / (5 * 24) = .95

    every = [statistic(order) for order in permutations(range(5))]
    found = within_languages(ranked(**ORDERS), "d")
    assert found.p == pytest.approx(np.mean(np.array(every) >= every[0] - 1e-9))
    assert found.p_method == "exact, all 120 orders, of 5 whole teachers"


def test_a_perfect_rank_correlation_is_half_a_step_short():
    found = within_languages(ranked(de=(1, 2, 3, 4)), "d")
    assert found.languages["de"].figure.value == pytest.approx(1)
    assert found.combined.value == pytest.approx(1 - 6 / (4 * 15))
    assert found.p == pytest.approx(2 / 24)
    line = within_languages(ranked(de=(1, 2, 3, 4)), "d", kind="pearson")
    assert line.combined.value is None
    assert line.combined.reason == "perfect in de: Fisher's z is infinite"


def test_pearson_by_hand_and_by_brute_force():
    # of test_principal_components: r = 4 / 5
    one, other = dict(zip("abcd", (1, 2, 3, 4), strict=True)), dict(zip("abcd", (1, 3, 2, 4), strict=True))
    found = pearson(one, other)
    assert found.figure.value == pytest.approx(0.8)
    reach = 1.959963984540054 / sqrt(4 - 3)
    assert (found.figure.low, found.figure.high) == pytest.approx(
        (tanh(atanh(0.8) - reach), tanh(atanh(0.8) + reach))
    )
    every = [abs(np.corrcoef(list(one.values()), order)[0, 1]) for order in permutations((1, 3, 2, 4))]
    assert found.p == pytest.approx(np.mean(np.array(every) >= 0.8 - 1e-9))
    assert found.p_method == "exact, all 24 orders"


def test_pooling_would_have_said_otherwise():
    """Simpson: within each language the metric goes against the gain, over all languages with it."""
    rows = tuple(
        Row(f"t{i}", f"l{lang}", "a", {"d": 10.0 * lang + i, "gain": 10.0 * lang - i + 0.3 * (i % 2)})
        for lang in range(4)
        for i in range(7)
    )
    table = Table(rows)
    pooled = np.corrcoef([r.values["d"] for r in rows], [r.values["gain"] for r in rows])[0, 1]
    found = within_languages(table, "d", kind="pearson")
    assert pooled > 0.9
    assert found.combined.value < -0.9
    assert found.combined.high < 0


def test_degenerate_languages_are_said():
    table = ranked(de=(1, 2, 3, 5, 4), ar=(7, 7, 7, 7, 7), id=(1, 2))
    missing = Table((*table.rows, Row("t0", "cs", "a", {"d": None, "gain": 1.0}, {"d": "not measured"})))
    found = within_languages(missing, "d")
    assert list(found.languages) == ["de", "ar", "id", "cs"]
    assert found.languages["ar"].figure.reason
    assert found.languages["id"].figure.reason
    assert found.languages["cs"].figure.reason == "no teacher has both d and gain"
    assert found.dropped == {"no d: not measured": 1}
    assert found.combined.value == pytest.approx(0.9)  # de alone
    json.dumps(found.to_json(), allow_nan=False)


@pytest.mark.parametrize("table", [ranked(de=(1,), ja=(2,)), ranked(de=(3, 3, 3, 3)), Table(())])
def test_one_teacher_all_equal_or_nothing_is_undefined(table):
    for kind in ("spearman", "pearson"):
        found = within_languages(table, "d", kind=kind)
        assert found.combined.value is None and found.combined.reason
        assert found.p is None
        json.dumps(found.to_json(), allow_nan=False)


def test_several_questions_are_corrected_for():
    rng = np.random.default_rng(0)
    rows = tuple(
        Row(
            f"t{i}",
            f"l{lang}",
            "a",
            {"gain": float(i), "good": i + 0.1 * rng.normal(), "noise": rng.normal()},
        )
        for lang in range(3)
        for i in range(6)
    )
    good, noise, absent = against(Table(rows), "gain", ["good", "noise", "absent"], kinds=["spearman"])
    assert good.p == pytest.approx(2 / 720)
    assert good.p_holm == pytest.approx(2 * good.p)  # Holm: the smaller of two times 2, the other times 1
    assert noise.p_holm == pytest.approx(noise.p)
    assert absent.p is None and absent.p_holm is None


def test_the_interval_holds_where_languages_share_teachers():
    """Ten teachers whose own bent is 80% of the variance, six languages, true correlation .5."""
    held = {"jackknife": 0, "languages as independent": 0}
    studies = 150
    for seed in range(studies):
        rng = np.random.default_rng(seed)
        own = sqrt(0.8) * rng.normal(size=(10, 1, 2)) + sqrt(0.2) * rng.normal(size=(10, 6, 2))
        d, gain = own[..., 0], 0.5 * own[..., 0] + sqrt(0.75) * own[..., 1]
        rows = tuple(
            Row(f"t{i}", f"l{lang}", "a", {"d": d[i, lang], "gain": gain[i, lang]})
            for i in range(10)
            for lang in range(6)
        )
        found = within_languages(Table(rows), "d", kind="pearson").combined
        held["jackknife"] += found.low <= 0.5 <= found.high
        held["languages as independent"] += abs(atanh(found.value) - atanh(0.5)) <= 1.96 / sqrt(6 * 7)
    assert held["jackknife"] / studies >= 0.90
    assert held["languages as independent"] / studies <= 0.80

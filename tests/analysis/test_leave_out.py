"""Predictions of what was left out: by hand, and against scikit-learn's way of doing it."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from polyteach.analysis.held_out import DIFFERENCES, LEVELS, leave_benchmarks_out, leave_out, leave_out_all
from polyteach.analysis.table import Column, Row, Table

GAINS = {"de": (-1, 0, 1), "ja": (-2, 0, 2)}


def two_languages() -> Table:
    """Three teachers whose metric is -1, 0, 1; the gain follows it with slope 1 in de, 2 in ja."""
    return Table(
        tuple(
            Row(f"t{i}", language, "a", {"d": float(i - 1), "gain": 5.0 + gain})
            for language, gains in GAINS.items()
            for i, gain in enumerate(gains)
        )
    )


def random_table(bases: str = "a") -> Table:
    rng = np.random.default_rng(12)
    rows = []
    for language in ("de", "ja", "ar"):
        for teacher in "uvwxyz":
            d, e = rng.normal(size=2)
            for base in bases:
                values = {"d": d, "e": e, "gain:b": rng.normal() + d, "gain:c": rng.normal() + d}
                gain = (values["gain:b"] + values["gain:c"]) / 2
                rows.append(Row(teacher, language, base, {**values, "gain": gain}))
    return Table(tuple(rows), {"gain": Column("gain", ("score:b", "score:c"))})


def test_languages_left_out_by_hand():
    # Without de the slope is 2: predicted -2 0 2 for -1 0 1, squares 2, baseline (zero) 2.
    # Without ja it is 1: predicted -1 0 1 for -2 0 2, squares 2, baseline 8. R2 = 1 - 4 / 10.
    levels, differences = leave_out(two_languages(), "gain", ["d"], "language")
    assert differences.of == DIFFERENCES
    assert differences.r2 == pytest.approx(0.6)
    assert differences.rmse == pytest.approx(sqrt(4 / 6))
    assert differences.baseline_rmse == pytest.approx(sqrt(10 / 6))
    assert differences.per_part == {
        "de": (pytest.approx(sqrt(2 / 3)), pytest.approx(sqrt(2 / 3))),
        "ja": (pytest.approx(sqrt(2 / 3)), pytest.approx(sqrt(8 / 3))),
    }
    assert levels.of == LEVELS
    assert levels.r2 == pytest.approx(0.6)  # the languages' means are equal here, so levels say the same


def test_languages_left_out_as_scikit_learn_does_it():
    from sklearn.linear_model import LinearRegression
    from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict

    table = random_table()
    x = np.array([row.numbers(["d", "e"]) for row in table.rows])
    y = np.array([row.numbers(["gain"])[0] for row in table.rows])
    groups = [row.language for row in table.rows]
    predicted = cross_val_predict(LinearRegression(), x, y, groups=groups, cv=LeaveOneGroupOut())
    levels, _ = leave_out(table, "gain", ["d", "e"], "language")
    assert levels.rmse == pytest.approx(sqrt(np.mean((y - predicted) ** 2)))
    means = cross_val_predict(LinearRegression(), np.zeros((18, 1)), y, groups=groups, cv=LeaveOneGroupOut())
    assert levels.baseline_rmse == pytest.approx(sqrt(np.mean((y - means) ** 2)))
    assert levels.r2 == pytest.approx(1 - levels.rmse**2 / levels.baseline_rmse**2)


def test_teachers_left_out_know_the_language():
    from sklearn.linear_model import LinearRegression
    from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict

    table = random_table("ab")
    places = sorted({(row.language, row.base) for row in table.rows})
    dummies = [[float((row.language, row.base) == place) for place in places] for row in table.rows]
    x = np.column_stack([[row.numbers(["d", "e"]) for row in table.rows], dummies])
    y = np.array([row.numbers(["gain"])[0] for row in table.rows])
    model = LinearRegression(fit_intercept=False)
    teachers = [row.teacher for row in table.rows]
    predicted = cross_val_predict(model, x, y, groups=teachers, cv=LeaveOneGroupOut())
    means = cross_val_predict(model, np.array(dummies), y, groups=teachers, cv=LeaveOneGroupOut())
    (levels,) = leave_out(table, "gain", ["d", "e"], "teacher")
    assert levels.parts == 6
    assert levels.rmse == pytest.approx(sqrt(np.mean((y - predicted) ** 2)))
    assert levels.baseline_rmse == pytest.approx(sqrt(np.mean((y - means) ** 2)))


def test_benchmarks_left_out_by_hand():
    # In one language d = -1 0 1; gain on b is d, on c 3 d. Fitted on c (slope 3), b is missed by 2 |d|:
    # squares 8; fitted on b (slope 1), c is missed by 2 |d|: squares 8. Baselines 2 and 18: R2 = 1 - 16 / 20.
    rows = tuple(Row(f"t{d}", "de", "a", {"d": d, "gain:b": d, "gain:c": 3 * d}) for d in (-1.0, 0.0, 1.0))
    table = Table(rows, {"gain": Column("", ("score:b", "score:c"))})
    levels, differences = leave_benchmarks_out(table, ["d"])
    assert differences.r2 == pytest.approx(0.2)
    assert levels.r2 == pytest.approx(0.2)  # both benchmarks have the mean 0
    assert levels.n == 6


def test_bases_left_out_keep_their_level_apart():
    rows = [Row(r.teacher, r.language, b, r.values) for b in "ab" for r in two_languages().rows]
    rows = [
        Row(r.teacher, r.language, r.base, {**r.values, "gain": r.values["gain"] + 10 * (r.base == "b")})
        for r in rows
    ]
    levels, differences = leave_out(Table(tuple(rows)), "gain", ["d"], "base")
    # one slope for both languages, 1.5: misses half of |d| in de (squares .5) and in ja (.5), in both bases;
    # the baselines are 2 and 8, in both bases
    assert differences.r2 == pytest.approx(1 - 2 / 20)
    assert levels.rmse > 9  # the other base's level is no guess at this one's


def test_one_part_only_is_undefined():
    table = two_languages().where("language", "de")
    for out in leave_out_all(table, "gain", ["d"]):
        if out.by in ("language", "base"):
            assert out.reason == f"there is one {out.by} only"
        assert (out.rmse is None) == bool(out.reason)
    assert leave_benchmarks_out(table, ["d"])[0].reason == "there is no benchmark"


def test_too_few_rows_and_no_metric_are_said():
    rows = tuple(Row(t, lang, "a", {"d": 1.0, "gain": 2.0}) for t in "xy" for lang in ("de", "ja"))
    levels, _ = leave_out(Table(rows), "gain", ["d"], "language")
    assert levels.reason == "without de: 2 rows are too few for 2 parameters"
    assert leave_out(Table(rows), "gain", [], "language")[0].reason == "no metric tells cells apart"


def test_metrics_that_follow_from_each_other_are_said():
    table = random_table().with_column("twice", lambda row: 2 * row.values["d"], "2 d", ("d",))
    levels, _ = leave_out(table, "gain", ["d", "twice"], "language")
    assert levels.reason == "without de: a metric follows exactly from the others and the means"


def test_a_baseline_without_error_leaves_r2_undefined():
    rows = tuple(
        Row(f"t{i}", language, "a", {"d": float(i), "gain": 1.0})
        for language in ("de", "ja")
        for i in range(4)
    )
    levels, differences = leave_out(Table(rows), "gain", ["d"], "language")
    for out in (levels, differences):
        assert out.r2 is None
        assert out.reason == "the baseline makes no error"
        assert out.baseline_rmse == 0

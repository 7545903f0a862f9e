"""Least squares with what stands beside it: by hand, against other definitions, and where it is refused."""

from __future__ import annotations

import json
from math import sqrt
from pathlib import Path

import numpy as np
import pytest

from polyteach.analysis.held_out import DIFFERENCES, LEVELS
from polyteach.analysis.regression import fit, regress, shared_parts
from polyteach.analysis.table import CLAIM, Column, Row, Table
from polyteach.errors import UserError


def study(teachers: int, languages: int, seed: int = 0, slope: float = 0.0, bases: str = "a") -> Table:
    """Cells whose gain follows the metric `d` with this slope, beside language effects."""
    rng = np.random.default_rng(seed)
    rows = []
    for language in range(languages):
        level = rng.normal()
        for teacher in range(teachers):
            d, e = rng.normal(size=2)
            for base in bases:
                gain = level + slope * d + rng.normal()
                rows.append(Row(f"t{teacher}", f"l{language}", base, {"d": d, "e": e, "gain": gain}))
    return Table(tuple(rows), {"gain": Column("gain", ("score:b",))})


def test_three_points_by_hand():
    # x = 0 1 2, y = 1 2 4: slope 3 / 2, fitted 5/6 7/3 23/6, residuals 1/6 -1/3 1/6: squares sum to 1/6.
    # About the mean 7/3 the squares of y sum to 14/3: R2 = 1 - (1/6) / (14/3) = 27/28.
    found = fit([1, 2, 4], {"x": [0, 1, 2]})
    assert found.r2 == pytest.approx(27 / 28)
    assert found.adjusted_r2 == pytest.approx(1 - (1 / 28) * 2 / 1)
    assert found.rmse == pytest.approx(sqrt(1 / 18))
    assert found.residual_sd == pytest.approx(sqrt(1 / 6))
    (x,) = found.coefficients
    assert x.value == pytest.approx(1.5)
    assert x.per_sd == pytest.approx(1.5 * sqrt(2 / 3))
    assert x.plain.se == pytest.approx(sqrt((1 / 6) / 2))  # residual variance 1/6 over sum of squares of x
    assert x.vif is None
    assert found.predicted == pytest.approx([5 / 6, 7 / 3, 23 / 6])
    assert found.specification == "target ~ x + one intercept, ordinary least squares"


def test_means_alone_by_hand():
    # Means 2 and 6 of (1, 3) and (5, 7): residual squares 4, about the mean 4 they are 9 + 1 + 1 + 9 = 20.
    found = fit([1, 3, 5, 7], {}, groups=["de", "de", "ja", "ja"])
    assert found.r2 == pytest.approx(0.8)
    assert found.adjusted_r2 == pytest.approx(1 - 0.2 * 3 / 2)
    assert found.parameters == 2


def test_vif_of_two_metrics_by_hand():
    # x and y of test_principal_components correlate .8: 1 / (1 - .64)
    found = fit([1.0, 0.0, 2.0, 5.0], {"x": [1, 2, 3, 4], "y": [1, 3, 2, 4]})
    assert [c.vif for c in found.coefficients] == pytest.approx([1 / 0.36, 1 / 0.36])


def test_vif_is_the_diagonal_of_the_inverse_correlations():
    x = np.random.default_rng(0).normal(size=(30, 4)) @ np.random.default_rng(1).normal(size=(4, 4))
    found = fit(list(x.sum(axis=1) ** 2), {str(j): list(x[:, j]) for j in range(4)})
    assert [c.vif for c in found.coefficients] == pytest.approx(np.diag(np.linalg.inv(np.corrcoef(x.T))))


def test_clustered_errors_by_the_sandwich():
    table = study(8, 3, seed=4, slope=0.5).complete(["gain", "d"])
    y, d = np.array(table.numbers("gain")), np.array(table.numbers("d"))
    teachers = table.labels("teacher")
    found = fit(list(y), {"d": list(d)}, clusters={"teacher": teachers, "language": table.labels("language")})
    x = np.column_stack([d, np.ones(len(y))])
    bread = np.linalg.inv(x.T @ x)
    residual = y - x @ (bread @ x.T @ y)
    sums = [x[rows].T @ residual[rows] for name in set(teachers) for rows in [np.array(teachers) == name]]
    n, k, g = len(y), 2, 8
    meat = sum(np.outer(s, s) for s in sums) * g / (g - 1) * (n - 1) / (n - k)
    error = found.coefficients[0].clustered["teacher"]
    assert error.se == pytest.approx(sqrt((bread @ meat @ bread)[0, 0]))
    from scipy.stats import t

    assert error.high == pytest.approx(found.coefficients[0].value + t.ppf(0.975, g - 1) * error.se)
    assert "language" not in found.coefficients[0].clustered  # three are too few


@pytest.mark.parametrize(
    ("target", "predictors", "groups", "reason"),
    [
        ([1, 2], {"x": [0, 1]}, None, "2 complete rows are too few for 2 parameters"),
        ([], {"x": []}, None, "0 complete rows are too few"),
        ([1, float("nan"), 4, 3], {"x": [0, 1, 2, 3]}, None, "not a finite number"),
        ([3, 3, 3, 3], {"x": [0, 1, 2, 3]}, None, "the target is the same"),
        ([1, 2, 4, 3], {"x": [0, 1, 2, 3], "y": [1, 3, 5, 7]}, None, "y follows exactly"),
        ([1, 2, 4, 3], {"x": [2, 2, 2, 2]}, None, "x follows exactly"),
        ([1, 2, 4, 3], {"x": [2, 2, 5, 5]}, ["a", "a", "b", "b"], "x follows exactly"),
    ],
)
def test_what_says_nothing_is_undefined(target, predictors, groups, reason):
    found = fit(target, predictors, groups)
    assert found.r2 is None
    assert found.coefficients == ()
    assert reason in (found.reason or "")


def test_partial_r2_is_what_metrics_add_to_means():
    found = regress(study(8, 4, seed=2, slope=0.7), "gain", ["d", "e"])
    rest = (1 - found.within.r2) / (1 - found.means.r2)
    assert found.partial.value == pytest.approx(1 - rest)
    assert found.n == 32
    assert found.within.parameters == 6


def test_a_metric_that_works_is_found():
    found = regress(study(10, 5, seed=3, slope=1.5), "gain", ["d", "e"])
    assert found.partial.within.p == pytest.approx(1 / 5000)
    assert found.partial.whole.p < 0.01
    values = {c.name: c for c in found.within.coefficients}
    assert values["d"].clustered["teacher"].low > 0 > values["e"].clustered["teacher"].low
    assert {out.by: out.reason for out in found.held_out}["base"] == "there is one base only"
    told = {(out.by, out.of): out.r2 for out in found.held_out}
    assert told["teacher", LEVELS] > 0.5
    assert told["language", DIFFERENCES] > 0.5
    json.dumps(found.to_json(), allow_nan=False)


def test_the_same_seed_gives_the_same_bytes():
    table = study(9, 3, seed=6)
    first, second = (json.dumps(regress(table, "gain", ["d", "e"], rng_seed=4).to_json()) for _ in range(2))
    assert first == second


def test_a_target_that_contains_its_predictors_is_refused():
    table = study(8, 3)
    table = table.with_column(
        "pg", lambda row: row.values["gain"] + row.values["d"], "z + PGR", ("score:b", "d")
    )
    table = table.with_column("fluency", lambda row: row.values["d"], "of d", ("d",))
    for predictors in (["d"], ["fluency"], ["e", "fluency"]):
        with pytest.raises(UserError, match="pg is computed from what is to foretell it: d"):
            regress(table, "pg", predictors)
    with pytest.raises(UserError, match="gain"):
        regress(table, "gain", ["gain"])
    assert shared_parts(table, "gain", ["d", "e", "fluency"]) == ()
    assert shared_parts(table, "pg", ["gain"]) == ("score:b",)
    found = regress(table, "pg", ["fluency", "e"], circular_on_purpose=True)
    assert found.circular == ("d",)
    assert found.plain.r2 is not None


def test_missing_values_and_constant_metrics_are_said():
    rows = [
        Row(r.teacher, r.language, r.base, {**r.values, "same": 2.0, "d": None if i == 0 else r.values["d"]})
        for i, r in enumerate(study(6, 2).rows)
    ]
    found = regress(Table(tuple(rows)), "gain", ["d", "same", "rubric"])
    assert found.predictors == ("d",)
    assert found.left_out == {"rubric": "not measured", "same": "the same in every cell"}
    assert found.dropped == {"no d": 1}
    assert found.n == 11


@pytest.mark.parametrize(("teachers", "languages"), [(1, 6), (6, 1), (1, 1), (2, 1)])
def test_one_teacher_or_one_language_is_defined(teachers, languages):
    found = regress(study(teachers, languages), "gain", ["d", "e"])
    plain = json.dumps(found.to_json(), allow_nan=False)
    assert "NaN" not in plain
    if teachers == 1:
        assert found.within.reason
        assert found.partial.value is None and found.partial.reason
    if languages == 1:
        assert found.means.parameters == 1
        assert all(out.reason for out in found.held_out if out.by == "language")


def test_an_empty_study_is_undefined():
    found = regress(Table(()), "gain", CLAIM)
    assert found.n == 0
    assert found.plain.reason and found.means.reason and found.within.reason and found.partial.reason
    json.dumps(found.to_json(), allow_nan=False)


def test_equal_gains_everywhere_are_undefined():
    rows = tuple(Row(r.teacher, r.language, r.base, {**r.values, "gain": 0.25}) for r in study(6, 3).rows)
    found = regress(Table(rows), "gain", ["d"])
    assert found.plain.reason == found.means.reason == "the target is the same in every row"
    assert found.partial.reason == "the target is the same for all teachers of a language"
    json.dumps(found.to_json(), allow_nan=False)


def test_the_papers_baseline_of_language_means(real_data: Path):
    text = (real_data / "paper" / "authors_pg_scores_base_olmo3.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.split("\n") if line.strip()]
    gone = {("gpt-4o-mini-2024-07-18", "ar"), ("Llama-3.1-70B-Instruct", "ja")}
    kept = [row for row in rows if (row["teacher_model"], row["target_lang"]) not in gone]
    found = fit([row["pg_score"] for row in kept], {}, [row["target_lang"] for row in kept])
    assert found.r2 == pytest.approx(0.676, abs=5e-4)
    everything = fit([row["pg_score"] for row in rows], {}, [row["target_lang"] for row in rows])
    assert everything.r2 == pytest.approx(0.685, abs=5e-4)

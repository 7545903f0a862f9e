"""Random intercepts: the paper's Table 3, a balanced design by hand, and where they are refused."""

from __future__ import annotations

import json
from math import log, sqrt
from pathlib import Path

import numpy as np
import pytest

from polyteach.analysis.mixed import random_intercepts, size_and_skill
from polyteach.analysis.table import Row, Table

BILLIONS = {
    "Llama-3.1-70B-Instruct": 70,
    "Llama-3.1-8B-Instruct": 8,
    "aya-expanse-32b": 32,
    "cohere-command-a": 111,
    "gemma-3-27b-it": 27,
    "gemma-3-12b-it": 12,
    "gemma-3-4b-it": 4,
    "granite-4.0-1b": 1,
    "granite-4.0-micro": 3,
}


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


@pytest.fixture(scope="module")
def paper_table(real_data: Path) -> Table:
    folder = real_data / "paper"
    skill = {
        row["model_name"].split("/")[-1]: row["avg_all"]
        for row in lines(folder / "authors_benchmarked_teacher_model_performance.jsonl")
    }
    return Table(
        tuple(
            Row(
                row["teacher_model"],
                row["target_lang"],
                "OLMo 3 7B",
                {
                    "pg": row["pg_score"],
                    "log_parameters": log(BILLIONS[name])
                    if (name := row["teacher_model"]) in BILLIONS
                    else None,
                    "benchmark_skill": skill.get(row["teacher_model"]),
                },
            )
            for row in lines(folder / "authors_pg_scores_base_olmo3.jsonl")
        )
    )


@pytest.mark.parametrize(
    ("predictor", "rows", "teachers", "b", "se", "p"),
    [("log_parameters", 54, 9, 0.053, 0.080, 0.507), ("benchmark_skill", 48, 8, 1.387, 2.204, 0.529)],
)
def test_table_3_of_the_paper(paper_table, predictor, rows, teachers, b, se, p):
    selection = paper_table.complete(["pg", predictor])
    found = random_intercepts(
        selection.numbers("pg"),
        {predictor: selection.numbers(predictor)},
        {"teacher": selection.labels("teacher")},
    )
    assert (found.n, found.groups) == (rows, {"teacher": teachers})
    (effect,) = found.effects
    assert (effect.value, effect.se, effect.p) == pytest.approx((b, se, p), abs=5e-4)
    assert effect.p_t > effect.p
    assert effect.df == teachers - 2


def test_both_predictors_need_the_same_rows(paper_table):
    size, skill, both = size_and_skill(paper_table, "pg")
    assert (size.n, skill.n, both.n) == (54, 48, 48)
    assert size.dropped == {"no log_parameters": 6}
    assert size.groups == {"teacher": 9, "language": 6}
    assert [effect.name for effect in both.effects] == ["log_parameters", "benchmark_skill"]
    assert size.effects[0].value == pytest.approx(0.053, abs=5e-4)
    assert size.effects[0].se == pytest.approx(0.080, abs=5e-4)


def balanced(noise: float = 1.0) -> tuple[list[float], list[float], list[str], list[str]]:
    """Six teachers with sizes 0..5, four languages; a teacher's own worth beside its size."""
    rng = np.random.default_rng(2)
    own = [0.9, -1.2, 0.4, 1.1, -0.8, 0.6]
    y, x, teachers, languages = [], [], [], []
    for i in range(6):
        for j in range(4):
            y.append(0.3 * i + own[i] + 0.5 * j + noise * float(rng.normal(scale=0.3)))
            x.append(float(i))
            teachers.append(f"t{i}")
            languages.append(f"l{j}")
    return y, x, teachers, languages


def test_balanced_rows_are_a_regression_of_the_teachers_means():
    # With equally many rows a teacher, REML gives the slope of the teachers' means; its squared error is
    # their residual variance (over teachers - 2) by the sum of squares of x, as long as that is positive.
    y, x, teachers, languages = balanced()
    means = np.array(y).reshape(6, 4).mean(axis=1)
    sizes = np.arange(6.0)
    slope, intercept = np.polyfit(sizes, means, 1)
    residual = means - intercept - slope * sizes
    se = sqrt((residual @ residual) / 4 / ((sizes - 2.5) @ (sizes - 2.5)))
    for groups in ({"teacher": teachers}, {"teacher": teachers, "language": languages}):
        found = random_intercepts(y, {"size": x}, groups)
        assert found.reason is None
        assert found.effects[0].value == pytest.approx(slope)
        assert found.effects[0].se == pytest.approx(se, rel=1e-4)
        assert found.means.coefficients[0].plain.se == pytest.approx(se)
        assert found.means.coefficients[0].plain.p == pytest.approx(found.effects[0].p_t, rel=1e-3)
        assert set(found.variances) == {*groups, "residual"}
        json.dumps(found.to_json(), allow_nan=False)


def test_teachers_who_do_not_differ_are_refused():
    # every teacher has the rows -1 and 1 about 0.2 * size: between teachers nothing is left
    y = [0.2 * i + step for i in range(6) for step in (-1.0, 1.0)]
    x = [float(i) for i in range(6) for _ in range(2)]
    found = random_intercepts(y, {"size": x}, {"teacher": [f"t{int(i)}" for i in x]})
    assert found.effects == ()
    assert found.reason.startswith("the variance between teachers is estimated as zero (singular)")
    assert found.means is not None


def test_too_few_teachers_are_refused():
    y, x, teachers, _ = balanced()
    found = random_intercepts(y[:16], {"size": x[:16]}, {"teacher": teachers[:16]})
    assert found.reason == "4 teachers are too few: at least 5 are needed"
    assert found.means.coefficients[0].value
    more = {f"p{i}": list(np.random.default_rng(i).normal(size=24)) for i in range(5)}
    many = random_intercepts(y, more, {"teacher": teachers})
    assert many.reason == "6 teachers are too few for 5 predictors"


def test_what_does_not_vary_is_refused():
    y, x, teachers, _ = balanced()
    same = random_intercepts(y, {"size": [1.0] * 24}, {"teacher": teachers})
    assert same.reason == "size follows exactly from the predictors before it and the means"
    flat = random_intercepts([0.5] * 24, {"size": x}, {"teacher": teachers})
    assert flat.reason == "the target is the same in every row"


def test_a_study_that_measured_no_skill_says_so():
    y, x, teachers, languages = balanced()
    rows = tuple(
        Row(t, lang, "a", {"gain": value, "log_parameters": size})
        for value, size, t, lang in zip(y, x, teachers, languages, strict=True)
    )
    size, skill = size_and_skill(Table(rows))
    assert size.effects
    assert (skill.n, skill.reason) == (0, "no row has all values")
    assert skill.dropped == {"no benchmark_skill": 24}
    one, _ = size_and_skill(Table(rows).where("language", "l0"))
    assert one.reason == "each teacher has one row: its variance cannot be told from the rest"
    nobody, _ = size_and_skill(Table(()))
    assert nobody.reason == "no row has all values"

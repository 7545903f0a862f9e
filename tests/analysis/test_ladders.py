from __future__ import annotations

import json
from math import sqrt

import numpy as np
import pytest
from published import SHARED, lines
from scipy import stats

from polyteach.analysis.ladders import compare_variants, ladder

RECIPE = (
    "00_initial_10k-Public-tl",
    "01_synth-bigger_10k-GPT-4o",
    "02_better-teacher_10k-AyaExp",
    "03_family-matching_10k-Gemma3",
    "04_data-scale_25k-Gemma3",
    "05_model-scale_25k-Gemma3-Big-12B",
    "06_model-scale-v2_25k-Gemma3-Ultra-27B",
)


def _tasks(folder) -> dict[str, dict[str, float]]:
    found = {}
    for rung in RECIPE:
        plain = json.loads((folder / "paper" / f"authors_tgl_ablations__{rung}.json").read_text())
        found[rung] = {
            task: next(value for name, value in scores.items() if not name.endswith("_stderr"))
            for task, scores in plain["results"].items()
            if not task.endswith("_average")
        }
    return found


def test_by_hand() -> None:
    # Differences 1, 2, 3: mean 2, se 1 / sqrt 3, t = 2 sqrt 3 with 2 df; t(.975, 2) = 4.30265.
    # All signs: 2 of 8 sums are as large as 6.
    found = ladder({"first": {"a": 0, "b": 0, "c": 0}, "then": {"a": 1, "b": 2, "c": 3}}, "task")
    step = found.steps[0]
    assert (step.one, step.other) == ("then", "first")
    assert step.figure.value == pytest.approx(2)
    assert step.figure.se == pytest.approx(1 / sqrt(3))
    assert step.figure.low == pytest.approx(2 - 4.30265 / sqrt(3), abs=1e-4)
    assert step.p == pytest.approx(stats.ttest_1samp([1, 2, 3], 0).pvalue)
    assert step.p_signs == 2 / 8
    assert found.whole is not None
    assert found.whole.figure == step.figure


def test_pairs_are_scipy_s_paired_tests_with_holm_s_rule() -> None:
    rng = np.random.default_rng(0)
    table = {
        name: {str(n): v for n, v in enumerate(rng.normal(shift, 1, 9))}
        for name, shift in zip("abc", (0, 1, 2), strict=True)
    }
    found = compare_variants(table, "language").pairs
    expected = []
    for pair in found:
        x, y = (list(table[name].values()) for name in (pair.one, pair.other))
        expected.append(stats.ttest_rel(x, y).pvalue)
        interval = stats.ttest_rel(x, y).confidence_interval()
        assert (pair.figure.low, pair.figure.high) == pytest.approx((interval.low, interval.high))
        signs = stats.permutation_test(
            (x, y), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=np.inf
        )
        assert pair.p_signs == pytest.approx(signs.pvalue)
    assert [pair.p for pair in found] == pytest.approx(expected)
    from statsmodels.stats.multitest import multipletests

    assert [pair.p_holm for pair in found] == pytest.approx(multipletests(expected, method="holm")[1])


def test_bootstrap_is_seeded_and_near_t() -> None:
    rng = np.random.default_rng(4)
    table = {name: {str(n): v for n, v in enumerate(rng.normal(0, 1, 60))} for name in "ab"}
    t = compare_variants(table, "item").pairs[0].figure
    one, again = (compare_variants(table, "item", "bootstrap", rng_seed=3).pairs[0].figure for _ in range(2))
    assert one == again
    assert (one.low, one.high) == pytest.approx((t.low, t.high), abs=0.25 * t.se)
    assert one.value == t.value
    assert "bootstrap" in one.definition


def test_only_shared_units_are_compared() -> None:
    found = compare_variants({"x": {"a": 1.0, "b": 3.0}, "y": {"b": 1.0, "c": 5.0}}, "task").pairs[0]
    assert (found.figure.value, found.figure.n, found.not_shared) == (2.0, 1, 2)
    assert (found.figure.low, found.p) == (None, None)  # one unit has no spread


def test_degenerate_ladders() -> None:
    same = ladder({"x": {"a": 1.0, "b": 2.0}, "y": {"a": 1.5, "b": 2.5}}, "task").steps[0]
    assert (same.figure.value, same.figure.se, same.p, same.p_signs) == (0.5, 0.0, None, 0.5)
    apart = ladder({"x": {"a": 1.0}, "y": {"b": 1.0}}, "task").steps[0]
    assert apart.figure.value is None
    assert "no task in common" in str(apart.figure.reason)
    lone = ladder({"x": {"a": 1.0}}, "task")
    assert (lone.steps, lone.whole) == ((), None)
    assert ladder({}, "task").to_json() == {"values": {}, "steps": [], "whole": None}


def test_tagalog_recipe(real_data) -> None:
    """Fig. 9 over its 13 tasks: the whole 4B recipe beats public data; of its steps none is clear by itself.

    Family matching is, if it were the only step looked at (p = .026; of six, .13). The step to a larger
    student is the one that stands.
    """
    tasks = _tasks(real_data)
    assert {len(values) for values in tasks.values()} == {13}
    steps = {step.one: step for step in ladder(tasks, "task").steps}
    assert [name for name, step in steps.items() if step.figure.low > 0] == [RECIPE[3], RECIPE[5]]
    assert [name for name, step in steps.items() if step.p_holm < 0.05] == [RECIPE[5]]
    assert steps[RECIPE[3]].p == pytest.approx(0.0260, abs=1e-4)
    recipe = ladder({rung: tasks[rung] for rung in RECIPE[:5]}, "task").whole
    assert recipe is not None
    assert recipe.figure.value == pytest.approx(0.0774, abs=1e-4)
    assert recipe.figure.low > 0


def test_translation_variants(real_data) -> None:
    """LM 1.36, NLLB both .85, NLLB then respond .80 (Fig. 6): of the students themselves none is clear."""
    found = {}
    for column in ("pg_score", "result"):
        table: dict[str, dict[str, float]] = {}
        for row in lines(real_data, "authors_pg_scores_translate_abl.jsonl"):
            table.setdefault(row["translate_method"], {})[row["target_lang"]] = row[column]
        found[column] = compare_variants(table, "language")
    means = {name: figure.value for name, figure in found["pg_score"].values.items()}
    assert means["translate-synthetic"] == pytest.approx(1.36, abs=0.005)
    assert means["nllb-translate-both"] == pytest.approx(0.85, abs=0.005)
    assert means["translate-then-respond"] == pytest.approx(0.80, abs=0.005)
    clear = [pair for pair in found["pg_score"].pairs if pair.p_holm < 0.05]
    assert [(pair.one, pair.other) for pair in clear] == [("translate-synthetic", "translate-then-respond")]
    assert clear[0].p_signs == 2 / 8  # three languages cannot say more than that without assuming a shape
    assert all(pair.figure.low < 0 < pair.figure.high for pair in found["result"].pairs)


def test_methods(real_data) -> None:
    """Table 2, nine cells: no method is clearly above another."""
    path = real_data / "paper" / "paper_tables_2_3_13_14_15_16_19_fig2.json"
    table = json.loads(path.read_text())["table_2_pg_score_by_method"]
    methods = table.pop("columns")
    variants = {
        method: {
            f"{teacher} {language}": table[teacher][language][place]
            for teacher in table
            for language in SHARED
        }
        for place, method in enumerate(methods)
    }
    found = compare_variants(variants, "cell")
    assert [figure.n for figure in found.values.values()] == [9, 9, 9]
    assert all(pair.figure.low < 0 < pair.figure.high for pair in found.pairs)

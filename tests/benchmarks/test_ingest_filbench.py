"""FilBench's score: worked by hand, and the released reports of seven models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from polyteach.benchmarks.ingest.collect import Ingested, ingest
from polyteach.benchmarks.ingest.filbench import CATEGORIES, TASKS, category, score

REPORTS = "authors_tgl_ablations__*.json"


def test_a_category_weighs_tasks_by_their_examples() -> None:
    tasks = {
        "belebele_ceb_mcf": 50.0,
        "belebele_fil_mcf": 60.0,
        "newsphnli_fil_mcf": 40.0,
        "readability_ceb_mcf": 20.0,
    }
    found = category("READING_COMPREHENSION", tasks)
    # (900 * 50 + 900 * 60 + 90000 * 40 + 350 * 20) / 92150 = 3706000 / 92150
    assert found.computed == pytest.approx(3_706_000 / 92_150)
    assert (found.low, found.high, found.share, found.missing) == (found.computed, found.computed, 1.0, ())


def test_a_missing_task_leaves_bounds() -> None:
    found = category("READING_COMPREHENSION", {"belebele_ceb_mcf": 50.0}, stated=49.0)
    assert found.computed is None
    assert found.low == pytest.approx(900 * 50 / 92_150)  # the rest at 0
    assert found.high == pytest.approx((900 * 50 + 91_250 * 100) / 92_150)  # and at 100
    assert (found.value, found.consistent) == (49.0, True)
    assert category("READING_COMPREHENSION", {"belebele_ceb_mcf": 50.0}, stated=99.9).consistent is False


def test_the_score_is_the_plain_mean_of_categories() -> None:
    assert score(dict(zip(CATEGORIES, (10.0, 20.0, 30.0, 60.0), strict=True))) == 30.0
    with pytest.raises(KeyError):
        score({"GENERATION": 1.0})
    assert {task.category for task in TASKS} == set(CATEGORIES)
    assert sum(task.examples for task in TASKS) == 162_510  # 14792 + 49724 + 92150 + 5844


def report(tmp_path: Path, **changes: Any) -> Ingested:
    content = {
        "config": {"model_name": "who/students"},
        "results": {"belebele_ceb_mcf": {"acc": 0.5, "acc_stderr": 0.0166759}},
        "category_scores": dict(zip(CATEGORIES, (10.0, 20.0, 30.0, 60.0), strict=True)),
        "filbench_score": 30.0,
    } | changes
    path = tmp_path / "a.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return ingest([path])


def test_a_report_without_a_category_has_no_score(tmp_path: Path) -> None:
    found = report(tmp_path, category_scores={"GENERATION": 50.0}).filbench[0]
    assert found.value is None
    assert found.reason == "no value for CULTURAL_KNOWLEDGE, CLASSICAL_NLP, READING_COMPREHENSION"
    assert found.agrees is None


def test_a_stated_score_that_its_categories_do_not_give_is_seen(tmp_path: Path) -> None:
    found = report(tmp_path, filbench_score=31.0).filbench[0]
    assert (found.model, found.value, found.stated, found.agrees) == ("who/students@a", 30.0, 31.0, False)
    assert report(tmp_path).filbench[0].agrees is True


def test_results_of_lighteval_give_the_score_where_all_tasks_are_there(tmp_path: Path) -> None:
    metrics = {"GENERATION": "rougeL"}
    results = {
        f"filbench|{task.name}|0": {
            "acc_norm" if "dengue" in task.name else metrics.get(task.category, "acc_"): 0.5
        }
        for task in TASKS
    }
    path = tmp_path / "results_2025-08-01T00-00-00.json"
    path.write_text(
        json.dumps({"config_general": {"model_name": "x/y"}, "results": results}), encoding="utf-8"
    )
    (found,) = ingest([path]).filbench
    assert (found.value, found.stated, found.from_categories) == (pytest.approx(50.0), None, False)


@pytest.fixture(scope="module")
def released(real_data: Path) -> Ingested:
    paths = sorted((real_data / "paper").glob(REPORTS))
    assert len(paths) == 7
    return ingest(paths)


def test_the_published_figures_come_out(released: Ingested) -> None:
    by_recipe = {found.file.rsplit("__", 1)[-1][:2]: found for found in released.filbench}
    printed = {"00": "47.24", "01": "47.67", "03": "49.52", "04": "49.73", "05": "51.43", "06": "53.02"}
    assert {key: f"{by_recipe[key].value:.2f}" for key in printed} == printed
    assert all(by_recipe[key].agrees for key in printed)


def test_one_report_states_another_score_than_its_categories_give(released: Ingested) -> None:
    (found,) = [score for score in released.filbench if score.agrees is False]
    assert "AyaExp" in found.model
    assert found.value == pytest.approx(49.88953700242025)
    assert found.difference == pytest.approx(-1.7)
    assert [score.model.rsplit("_", 1)[-1] for score in released.filbench] == [
        "25k-Gemma3-Ultra-27B",
        "25k-Gemma3-Big-12B",
        "10k-AyaExp",
        "25k-Gemma3",
        "10k-Gemma3",
        "10k-GPT-4o",
        "10k-Public-tl",
    ]


def test_the_suite_weighs_tasks_by_the_items_their_errors_imply(released: Ingested) -> None:
    weights = {task.name: task.examples for task in TASKS}
    found = [record for record in released.records if record.benchmark in weights]
    assert len(found) == 7 * 9
    assert all(record.n == weights[record.benchmark] and record.n_from == "se" for record in found)
    assert {part.consistent for score in released.filbench for part in score.categories} == {True}

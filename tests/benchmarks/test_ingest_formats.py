"""Files of lighteval, judges, tables by subject, our own results, and the real ones of each."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from polyteach.benchmarks.ingest.collect import ingest

DATE = "2025-10-09T19-11-04.471542"
SE_3_OF_4 = 0.25


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def lighteval(results: dict[str, Any], **tasks: Any) -> dict[str, Any]:
    model = {"model_name": "hub/model", "api_key": "sk-secret"}
    return {
        "config_general": {"lighteval_sha": "?", "model_config": model, "max_samples": None},
        "results": results,
        "config_tasks": tasks,
    }


def test_lighteval_averages_are_kept_aside_and_keys_of_all_versions_read(tmp_path: Path) -> None:
    results = {
        "community|exam:law|5": {"acc": 0.75, "acc_stderr": SE_3_OF_4},
        "exam:art|5": {"acc": 0.5, "acc_stderr": float("nan")},
        "lighteval|old|0|1": {"em": 0.5},
        "community|exam:_average|5": {"acc": 0.625},
        "all": {"acc": 0.6},
    }
    path = write(tmp_path / f"results_{DATE}.json", lighteval(results))
    found = ingest([path])
    assert [(r.benchmark, r.shots, r.value) for r in found.records] == [
        ("exam:law", 5, 0.75),
        ("exam:art", 5, 0.5),
        ("old", 0, 0.5),
    ]
    assert (found.records[0].n, found.records[0].n_from) == (4, "se")
    assert found.records[1].se is None  # lighteval writes NaN where its estimate overflowed
    assert Counter(record.aggregate for record in found.aggregates) == {
        "average of subsets": 1,
        "average of everything in the file": 1,
    }
    assert "sk-secret" not in json.dumps(found.to_json())


def test_lighteval_directions_and_items_come_from_its_configuration(tmp_path: Path) -> None:
    config = {
        "hf_repo": "who/exam",
        "effective_num_docs": 40,
        "metrics": [
            {
                "metric_name": ["score", "gave_up"],
                "higher_is_better": {"score": True, "gave_up": False},
                "sample_level_fn": "Match(language=Language.GERMAN)",
            }
        ],
    }
    results = {"community|exam|0": {"score": 0.5, "gave_up": 0.1, "other": 0.2}}
    path = write(tmp_path / "r.json", lighteval(results, **{"community|exam|0": config}))
    score, gave_up, other = ingest([path]).records
    assert [r.higher_is_better for r in (score, gave_up, other)] == [True, False, None]
    assert (score.n, score.n_from, score.language, score.dataset) == (40, "file", "de", "who/exam")


def details(folder: Path, scores: list[float], model: str = "hub/model") -> Path:
    """Details by the schema of lighteval 0.13.0: structs `doc`, `metric` and `model_response`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [
        {
            "doc": {"query": "?", "choices": ["a"], "gold_index": 0, "id": str(i), "task_name": "exam|5"},
            "metric": {"acc": score},
            "model_response": {"text": ["a"], "input_tokens": [1], "logprobs": None},
        }
        for i, score in enumerate(scores)
    ]
    path = folder / "details" / model / DATE / f"details_exam|5_{DATE}.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_details_of_lighteval_complete_its_results(tmp_path: Path) -> None:
    details(tmp_path, [1.0, 1.0, 1.0, 0.0])
    content = lighteval({"exam|5": {"acc": 0.75, "acc_stderr": SE_3_OF_4}})
    write(tmp_path / "results" / "hub/model" / f"results_{DATE}.json", content)
    found = ingest([tmp_path])
    (record,) = found.records
    assert (found.completed, found.duplicates, found.not_read) == (1, [], [])
    assert (record.model, record.benchmark, record.shots, record.n) == ("hub/model", "exam", 5, 4)
    assert record.items == {"0": 1.0, "1": 1.0, "2": 1.0, "3": 0.0}


def test_flat_details_of_older_versions(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [{"example": "?", "metrics": {"em": s}, "predictions": ["a"]} for s in (True, False, None)]
    path = tmp_path / f"details_harness|exam:law|0_{DATE}.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    (record,) = ingest([path]).records
    assert (record.benchmark, record.shots, record.value, record.n) == ("exam:law", 0, 0.5, 2)
    assert record.model == tmp_path.name


def test_a_table_of_something_else_is_no_details(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist([{"metric": "acc", "value": 1}]), tmp_path / "a.parquet")
    assert "no details of lighteval" in ingest([tmp_path]).not_read[0].reason


def test_tables_by_subject(tmp_path: Path) -> None:
    content = {"S": {"a": {"Accuracy": 32.5}, "b": {"Accuracy": 50}, "average": {"Accuracy": 41.25}}}
    found = ingest([write(tmp_path / "M__few_shot__metrics.json", content)])
    assert [(r.model, r.benchmark, r.filter, r.value, r.se) for r in found.records] == [
        ("M", "a", "few_shot", 0.325, None),
        ("M", "b", "few_shot", 0.5, None),
    ]
    assert [record.benchmark for record in found.aggregates] == ["S:average"]


def judgment(item: str, score: float, prompt: str = "on a scale of 1 to 10") -> dict[str, Any]:
    return {
        "id": item,
        "teacher": "t",
        "language": "de",
        "judge": "j",
        "judge_prompt": prompt,
        "judgment": "$ERROR$" if score < 0 else f"[[{score}]]",
        "score": score,
    }


def test_judges(tmp_path: Path) -> None:
    rows = [
        judgment("set:1", 10),
        judgment("set:1", 5.5),
        judgment("set:2", 1, "no scale"),
        judgment("set:3", -1),
    ]
    path = tmp_path / "j.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (record,) = ingest([path]).records
    # set:1 has (10 + 5.5) / 2 = 7.75, so (7.75 - 1) / 9 = .75; set:2 has 0; the mean is .375
    assert (record.benchmark, record.metric, record.value, record.n) == ("set", "judge:j", 0.375, 2)
    assert record.unscored == {"no score; the judge wrote $ERROR$": 1}
    assert record.language == "de"


@pytest.mark.parametrize(
    ("prompt", "reason"), [("rate it", "no scale"), ("1 to 5, or 1 to 10", "several scales")]
)
def test_a_judge_without_a_scale_is_not_read(tmp_path: Path, prompt: str, reason: str) -> None:
    path = tmp_path / "j.jsonl"
    path.write_text(json.dumps(judgment("a:1", 3, prompt)) + "\n", encoding="utf-8")
    assert reason in ingest([path]).not_read[0].reason


def test_our_own_results(tmp_path: Path) -> None:
    figure = {"value": 0.5, "se": 0.05, "low": 0.4, "high": 0.6, "n": 100, "unscored": {"x": 2}}
    anchor = {"benchmark": "exam", "language": "de", "base": "b", "base_score": 0.25, "n": 100}
    anchor["base_interval"] = [0.152, 0.348]  # 2 * 1.96 * .05 wide
    content = {
        "schema_version": 1,
        "definitions_digest": "0",
        "leaderboard": [],
        "cells": [
            {"teacher": "t", "base": "b", "language": "de", "benchmarks": {"exam": figure}},
            {"teacher": "u", "base": "b", "language": "de", "benchmarks": {"exam": figure | {"value": None}}},
        ],
        "anchors": [anchor | {"reference_score": None}],
    }
    found = ingest([write(tmp_path / "results.json", content)])
    assert [(r.model, r.benchmark, r.language, r.value, r.n) for r in found.records] == [
        ("t > b", "exam", "de", 0.5, 100),
        ("b", "exam", "de", 0.25, 100),
    ]
    assert [(r.se, r.se_from) for r in found.records] == [(0.05, "file"), (pytest.approx(0.05), "interval")]
    assert found.records[0].unscored == {"x": 2}
    assert [left.what for left in found.not_read] == ["u > b: exam", "reference > b: exam"]


def test_every_real_result_file_is_read(real_data: Path) -> None:
    found = ingest([real_data / "results"])
    assert found.not_read == []
    assert Counter(read.format for read in found.files) == {
        "accuracies by subject": 4,
        "judge transcripts": 1,
        "lighteval": 3,
        "lm-eval 0.3": 1,
        "lm-eval 0.4": 1,
    }
    assert len(found.records) == 4 * 57 + 1 + 3 * 4 + 15 + 2
    assert len(found.aggregates) == 4 * 34 + 3 * 4
    xnli = [record for record in found.records if record.benchmark.startswith("xnli")]
    assert {(r.n, r.n_from) for r in xnli} == {(5010, "se")}  # the size of XNLI's test set
    assert {r.language for r in xnli} == {r.benchmark[-2:] for r in xnli}
    assert len(xnli) == 15
    gsm8k = [record for record in found.records if record.benchmark == "gsm8k"]
    assert [(r.filter, r.n, r.shots) for r in gsm8k] == [
        ("strict-match", 1319, 5),
        ("flexible-extract", 1319, 5),
    ]
    lexam = [record for record in found.records if record.benchmark == "lexam-en-idk"]
    assert {(r.n, r.n_from) for r in lexam if r.metric == "idk_score"} == {(619, "task")}
    assert {r.n for r in lexam} == {619}
    (judge,) = [record for record in found.records if record.metric == "judge:gpt-4"]
    assert (judge.n, sum(judge.unscored.values())) == (12, 4)
    assert "sk-or" not in json.dumps(found.to_json())

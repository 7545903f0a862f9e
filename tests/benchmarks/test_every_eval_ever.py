"""Every-Eval-Ever files: what `eval.schema.json` 0.2.2 requires, in our words, and the same bytes twice."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from polyteach.benchmarks.every_eval_ever import NO_DIRECTION, write
from polyteach.benchmarks.ingest.collect import ingest

TOP = {
    "schema_version": str,
    "evaluation_id": str,
    "retrieved_timestamp": str,
    "source_metadata": dict,
    "model_info": dict,
    "eval_library": dict,
    "evaluation_results": list,
}
OPTIONAL = {"evaluation_timestamp", "detailed_evaluation_results"}
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\.json"


def check(log: dict[str, Any]) -> None:
    """What the schema and its validator require of one file."""
    assert log.keys() - OPTIONAL == TOP.keys()
    assert all(isinstance(log[key], kind) for key, kind in TOP.items())
    assert log["schema_version"] == "0.2.2"
    assert log["retrieved_timestamp"].isdigit()
    source = log["source_metadata"]
    assert source["source_type"] in ("documentation", "evaluation_run")
    assert source["evaluator_relationship"] in ("first_party", "third_party", "collaborative", "other")
    assert isinstance(source["source_organization_name"], str)
    assert all(isinstance(log["eval_library"][key], str) for key in ("name", "version"))
    model = log["model_info"]
    assert all(isinstance(model[key], str) and model[key] for key in ("name", "id", "developer"))
    deployment = model["additional_details"]["deployment_type"]
    assert deployment in ("self_deployed", "externally_managed", "unknown")
    assert model["additional_details"]["model_availability"] in ("open_weights", "closed_weights", "unknown")
    assert log["evaluation_results"]
    ids = [result["evaluation_result_id"] for result in log["evaluation_results"]]
    assert len(set(ids)) == len(ids)
    for result in log["evaluation_results"]:
        check_result(result)
    details = [log["eval_library"], source, model, *(r["metric_config"] for r in log["evaluation_results"])]
    assert all(isinstance(v, str) for d in details for v in d["additional_details"].values())


def check_result(result: dict[str, Any]) -> None:
    assert isinstance(result["evaluation_name"], str)
    data = result["source_data"]
    assert isinstance(data["dataset_name"], str)
    assert data["source_type"] in ("hf_dataset", "other")
    assert ("hf_repo" in data) == (data["source_type"] == "hf_dataset")
    metric = result["metric_config"]
    assert isinstance(metric["lower_is_better"], bool)
    assert metric["score_type"] == "continuous"
    score = result["score_details"]["score"]
    assert metric["min_score"] <= score <= metric["max_score"]
    uncertainty = result["score_details"].get("uncertainty", {})
    assert isinstance(uncertainty.get("num_samples", 0), int)
    if "standard_error" in uncertainty:
        assert isinstance(uncertainty["standard_error"]["value"], float)
        assert isinstance(uncertainty["standard_error"]["method"], str)
    settings = result.get("generation_config", {}).get("additional_details", {})
    assert all(isinstance(value, str) for value in settings.values())


@pytest.fixture
def source(tmp_path: Path) -> Path:
    content = {
        "results": {
            "exam": {"acc,none": 0.5, "acc_stderr,none": 0.05, "acc,loose": 0.75, "strange,none": 0.1},
        },
        "configs": {"exam": {"dataset_path": "who/exam"}},
        "n-shot": {"exam": 5},
        "config": {"model_args": "pretrained=hub/some model"},
        "lm_eval_version": "0.4.13",
        "date": 1_700_000_000,
    }
    path = tmp_path / "results.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_a_file_holds_what_was_read(source: Path, tmp_path: Path) -> None:
    (path,), left = write(ingest([source]), tmp_path / "out", "ours")
    assert path.relative_to(tmp_path / "out").parts[:-1] == ("data", "lm_eval", "hub", "some_model")
    assert re.fullmatch(UUID, path.name)
    log = json.loads(path.read_text(encoding="utf-8"))
    check(log)
    assert log["evaluation_timestamp"] == "2023-11-14T22:13:20"
    first, loose = log["evaluation_results"]
    assert first["source_data"]["hf_repo"] == "who/exam"
    # .5 * .5 / .05^2 + 1 = 101 items, but 50.5 right answers are none: no number of items is claimed
    error = {"value": 0.05, "method": "as the evaluation library states it"}
    assert first["score_details"] == {"score": 0.5, "uncertainty": {"standard_error": error}}
    assert loose["evaluation_name"] == "exam/loose"
    assert [(item.what, item.reason) for item in left] == [("exam: strange", NO_DIRECTION)]


def test_writing_twice_gives_the_same_files(source: Path, tmp_path: Path) -> None:
    once, _ = write(ingest([source]), tmp_path / "one", "ours")
    again, _ = write(ingest([source]), tmp_path / "two", "ours")
    assert [path.name for path in once] == [path.name for path in again]
    assert [path.read_bytes() for path in once] == [path.read_bytes() for path in again]


def test_every_real_file_can_be_expressed(real_data: Path, tmp_path: Path) -> None:
    ingested = ingest([real_data / "results", *sorted((real_data / "paper").glob("authors_tgl_*"))])
    written, left = write(ingested, tmp_path, "unknown")
    assert (len(written), left) == (17, [])
    logs = [json.loads(path.read_text(encoding="utf-8")) for path in written]
    for log in logs:
        check(log)
    assert sum(len(log["evaluation_results"]) for log in logs) == len(ingested.records)
    assert not any("sk-or" in path.read_text(encoding="utf-8") for path in written)

"""Result files of lm-eval 0.3 and 0.4, and samples as the installed lm-eval itself writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from polyteach.benchmarks.ingest.collect import Ingested, ingest
from polyteach.benchmarks.ingest.record import Record

SE_60_OF_100 = 0.04923659639173309  # sqrt(.6 * .4 / 99)


def fourth(**changes: Any) -> dict[str, Any]:
    """A result file of lm-eval 0.4 with a group, two filters, and a metric without bounds."""
    return {
        "results": {
            "mgsm": {"exact_match,strict": 0.55, "alias": "mgsm"},
            "mgsm_de": {
                "alias": " - mgsm_de",
                "exact_match,strict": 0.5,
                "exact_match_stderr,strict": "N/A",
                "exact_match,flexible": 0.6,
                "exact_match_stderr,flexible": SE_60_OF_100,
                "sample_len": 100,
            },
            "wikitext": {"word_perplexity,none": 12.5, "word_perplexity_stderr,none": "N/A"},
            "odd": {"my_metric,none": 0.25, "my_metric_stderr,none": 0.1},
        },
        "groups": {"mgsm": {"exact_match,strict": 0.55}},
        "group_subtasks": {"mgsm": ["mgsm_de"]},
        "configs": {"mgsm_de": {"dataset_path": "juletxara/mgsm", "dataset_name": "de"}},
        "n-shot": {"mgsm_de": 8},
        "higher_is_better": {"mgsm_de": {"exact_match": True}},
        "n-samples": {"mgsm_de": {"original": 250, "effective": 100}},
        "config": {"model_args": {"pretrained": "a/b", "revision": "r1"}, "limit": 100},
        "lm_eval_version": "0.4.13",
        "date": 1_700_000_000.0,
    } | changes


def write(folder: Path, content: dict[str, Any], name: str = "results.json") -> Ingested:
    (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return ingest([folder / name])


def test_filters_are_kept_apart_and_groups_aside(tmp_path: Path) -> None:
    found = write(tmp_path, fourth())
    strict, flexible, odd = found.records
    assert (strict.filter, strict.value, strict.n, strict.shots) == ("strict", 0.5, 100, 8)
    assert (strict.se_from, strict.se) == ("n", pytest.approx(0.05025189))  # sqrt(.25 / 99)
    assert (flexible.filter, flexible.se_from, flexible.n_from) == ("flexible", "file", "file")
    assert {strict.model, strict.language, strict.dataset} == {"a/b@r1", "de", "juletxara/mgsm"}
    assert odd.higher_is_better is None  # a name that tells nothing
    assert [(r.benchmark, r.aggregate) for r in found.aggregates] == [("mgsm", "group over tasks")]
    assert [(left.what, left.reason.split(":")[0]) for left in found.not_read] == [
        ("wikitext: word_perplexity", "word_perplexity is no share of anything")
    ]
    (read,) = found.files
    assert (read.format, read.version, read.date) == ("lm-eval 0.4", "0.4.13", "2023-11-14T22-13-20")
    assert read.notes == ["the run was limited to 100 examples a task"]


def test_the_layout_of_0_3(tmp_path: Path) -> None:
    content = {
        "results": {"xnli_de": {"acc": 60.0, "acc_stderr": 100 * SE_60_OF_100}},
        "versions": {"xnli_de": 0},
        "config": {"model": "hf-causal", "model_args": "pretrained=big/bloom,dtype=auto", "num_fewshot": 0},
    }
    (record,) = write(tmp_path, content).records
    assert (record.model, record.language, record.shots) == ("big/bloom", "de", 0)
    assert (record.value, record.n, record.n_from) == (pytest.approx(0.6), 100, "se")
    assert record.format == "lm-eval 0.3"


@pytest.mark.parametrize(
    ("task", "language"),
    [
        ("belebele_swh_Latn", "sw"),
        ("mgsm_en_cot_es", "es"),
        ("mgsm_direct_tl", "fil"),
        ("global_mmlu_de_law", "de"),  # `law` is a language too, but nobody's exam
        ("xnli_en_fr", None),  # two of them
        ("is_it_or_no", None),  # no benchmark of many languages
        ("arc_challenge", None),
    ],
)
def test_a_language_is_named_only_where_it_is_sure(tmp_path: Path, task: str, language: str | None) -> None:
    content = {"results": {task: {"acc": 0.5}}, "versions": {}, "config": {"model_args": "pretrained=a"}}
    (record,) = write(tmp_path, content).records
    assert record.language == language


def test_duplicates_are_resolved_by_date_then_path(tmp_path: Path) -> None:
    def one(name: str, value: float, date: float | None) -> None:
        content = fourth(results={"t": {"acc,none": value}}, date=date, groups={}, group_subtasks={})
        (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")

    one("a.json", 0.1, 1_700_000_100.0)
    one("b.json", 0.2, 1_700_000_000.0)
    one("c.json", 0.3, None)
    found = ingest([tmp_path])
    assert [record.value for record in found.records] == [0.1]
    (duplicate,) = found.duplicates
    assert Path(duplicate.kept).name == "a.json"
    assert [(Path(file).name, value) for file, value in duplicate.others] == [
        ("c.json", 0.3),
        ("b.json", 0.2),
    ]
    one("a.json", 0.1, None)
    one("b.json", 0.2, None)
    assert [record.value for record in ingest([tmp_path]).records] == [0.3]


def sample(item: int, right: bool, filter_name: str = "none") -> dict[str, Any]:
    return {
        "doc_id": item,
        "doc": {"q": "?"},
        "target": "a",
        "arguments": [("q", {"until": []})],
        "resps": [["a"]],
        "filtered_resps": ["a"],
        "filter": filter_name,
        "metrics": ["exact_match"],
        "doc_hash": "d",
        "prompt_hash": "p",
        "target_hash": "t",
        "exact_match": float(right),
    }


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What lm-eval writes of two models on four items and two filters."""
    from lm_eval.loggers import EvaluationTracker

    folder = tmp_path_factory.mktemp("lmeval")
    for model, right in (("a/strong", (1, 1, 1, 0)), ("a/weak", (1, 0, 0, 0))):
        samples = [sample(i, bool(r), "strict") for i, r in enumerate(right)]
        samples += [sample(i, True, "loose") for i in range(4)]
        tracker = EvaluationTracker(output_path=str(folder))
        tracker.general_config_tracker.log_experiment_args("hf", f"pretrained={model}", None, None, None)
        mean = sum(right) / 4
        results = {
            "results": {"mgsm_de": {"exact_match,strict": mean, "exact_match,loose": 1.0}},
            "configs": {"mgsm_de": {"task": "mgsm_de", "num_fewshot": 2}},
            "n-shot": {"mgsm_de": 2},
            "config": {"model": "hf", "model_args": f"pretrained={model}"},
        }
        tracker.save_results_aggregated(results=results, samples={"mgsm_de": samples})
        tracker.save_results_samples(task_name="mgsm_de", samples=samples)
    return folder


def test_samples_complete_the_figures_of_their_results(written: Path) -> None:
    found = ingest([written])
    assert [read.format for read in found.files] == ["lm-eval 0.4", "lm-eval 0.4 samples"] * 2
    assert (len(found.records), found.completed, found.duplicates, found.not_read) == (4, 4, [], [])
    strong = next(r for r in found.records if (r.model, r.filter) == ("a/strong", "strict"))
    assert strong.items == {"0": 1.0, "1": 1.0, "2": 1.0, "3": 0.0}
    assert (strong.value, strong.shots, strong.n, strong.se_from) == (0.75, 2, 4, "items")
    assert strong.se == pytest.approx(0.25)  # sd of 1, 1, 1, 0 is .5; over 4 items
    board = next(b for b in found.benchmark_boards if b.tests[0][3] == "strict")
    assert board.interval == "paired: the models' scores item by item"


def test_samples_alone_name_their_model_by_the_folder(written: Path, tmp_path: Path) -> None:
    (source,) = (written / "a__weak").glob("samples_*.jsonl")
    folder = tmp_path / "a__weak"
    folder.mkdir()
    copy = folder / source.name
    copy.write_bytes(source.read_bytes() + b"not json\n")
    found = ingest([copy])
    strict: Record = found.records[0]
    assert (strict.model, strict.benchmark, strict.value, strict.shots) == ("a/weak", "mgsm_de", 0.25, None)
    assert [(left.what, left.count) for left in found.not_read] == [("lines", 1)]
    assert "folder's name" in found.files[0].notes[0]


def test_the_same_study_gives_the_same_bytes(written: Path) -> None:
    assert json.dumps(ingest([written]).to_json()) == json.dumps(ingest([written]).to_json())

"""The numbers we carry are those that were published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from polyteach.published.paper import BASE, Paper, read_paper

RELEASED_AS = {
    "Gemma 3 27B Inst.": "gemma-3-27b-it",
    "Aya Expanse 32B": "aya-expanse-32b",
    "Gemma 3 12B Inst.": "gemma-3-12b-it",
    "Command A": "cohere-command-a",
    "Gemma 3 4B Inst.": "gemma-3-4b-it",
    "GPT 4o mini": "gpt-4o-mini-2024-07-18",
    "IBM Granite 4.0": "granite-4.0-1b",
    "IBM Granite Micro": "granite-4.0-micro",
    "Llama 3.1 70B Inst.": "Llama-3.1-70B-Instruct",
    "Llama 3.1 8B Inst.": "Llama-3.1-8B-Instruct",
}
FILES = {
    BASE: "olmo3",
    "Gemma 3 4B": "gemma3-4b",
    "Qwen 3 8B": "qwen3-8b",
    "Llama 3 8B": "llama3-8b",
}


@pytest.fixture
def folder(real_data: Path) -> Path:
    return real_data / "paper"


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def plain(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def test_every_released_cell_of_every_base(paper: Paper, folder: Path) -> None:
    seen = 0
    for base, name in FILES.items():
        for row in rows(folder / f"authors_pg_scores_base_{name}.jsonl"):
            (teacher,) = (ours for ours, theirs in RELEASED_AS.items() if theirs == row["teacher_model"])
            cell = paper.cells[base, row["target_lang"], teacher]
            assert (cell.result, cell.z, cell.pgr, cell.pg_score, cell.se) == (
                row["result"],
                row["z_score"],
                row["pgr"],
                row["pg_score"],
                row.get("result_stderr"),
            )
            seen += 1
    assert seen == len(paper.cells) == 60 + 3 * 30


def test_printed_metrics_scores_and_pgrs(paper: Paper, folder: Path) -> None:
    table = rows(folder / "paper_table_1_11_12_joined.jsonl")
    assert len(table) == 60
    for row in table:
        key = row["language"], row["teacher"]
        assert paper.metrics[key] == {
            "prompt_diversity": row["prompt_diversity"],
            "response_diversity": row["response_diversity"],
            "perplexity": row["perplexity"],
            "rubric": row["rubric_score"],
        }
        assert paper.printed_cells[key] == {"pg_score": row["pg_score_table1"], "pgr": row["pgr_table12"]}


def test_further_tables(paper: Paper, folder: Path) -> None:
    theirs = plain(folder / "paper_tables_2_3_13_14_15_16_19_fig2.json")
    tables = paper.tables
    for teacher, by_language in tables["table_2"]["rows"].items():
        assert theirs["table_2_pg_score_by_method"][teacher] == by_language
    assert tables["table_2"]["columns"] == theirs["table_2_pg_score_by_method"]["columns"]
    assert tables["table_3"]["log_size"] == theirs["table_3_mixed_effects"]["log_param_size"]
    assert tables["table_3"]["benchmark_mean"] == theirs["table_3_mixed_effects"]["avg_multilingual_perf"]
    errors = theirs["table_13_standard_errors"]
    for place, language in enumerate(errors["languages"]):
        assert tables["table_13"][language] == {t: errors[t][place] for t in paper.names}
    for ours, name in (
        ("table_14", "table_14_family_match_percent"),
        ("table_15", "table_15_best_method_percent"),
    ):
        assert tables[ours]["rows"] == {k: v for k, v in theirs[name].items() if k != "columns"}
    big = theirs["table_16_pg_score_32b_students"]
    assert tables["table_16"]["rows"] == {k: v for k, v in big.items() if k != "languages"}
    assert tables["table_19"] == theirs["table_19_filbench"]
    assert tables["figure_2"]["rows"] == {
        k: v for k, v in theirs["figure_2_pg_score_by_student_base"].items() if k != "columns"
    }
    for language in paper.languages:
        _, printed, released, _ = theirs["table_8_languages"][language.code]
        assert (language.commoncrawl_printed, language.commoncrawl) == (printed, released)


def test_correlations_components_scale_translation(paper: Paper, folder: Path) -> None:
    between = rows(folder / "authors_base_model_correlations.jsonl")
    assert paper.tables["figure_2"]["correlations"] == [
        [r["model_a"], r["model_b"], r["rho"]] for r in between if r["model_a"] != r["model_b"]
    ]
    pca = plain(folder / "authors_pca_results.json")
    parts = paper.components
    assert list(parts.shares) == pca["explained_variance_ratio"]
    assert [list(row) for row in parts.weights] == pca["pca_components"]
    assert (list(parts.coefficients), parts.intercept) == (pca["coefficients"], pca["intercept"])
    scale = {(v.language, v.rows): (v.result, v.se, v.pg_score) for v in paper.scale}
    assert scale == {
        (r["target_lang"], r["scale"]): (r["result"], r["result_stderr"], r["pg_score"])
        for r in rows(folder / "authors_pg_scores_data_scaling.jsonl")
    }
    translated = sorted((v.language, v.result, v.se, v.z, v.pgr, v.pg_score) for v in paper.translation)
    assert translated == sorted(
        (r["target_lang"], r["result"], r["result_stderr"], r["z_score"], r["pgr"], r["pg_score"])
        for r in rows(folder / "authors_pg_scores_translate_abl.jsonl")
    )


def test_tagalog_reports(paper: Paper, folder: Path) -> None:
    files = sorted(folder.glob("authors_tgl_ablations__*.json"))
    assert len(files) == len(paper.tagalog) == 7
    for path, step in zip(files, paper.tagalog, strict=True):
        report = plain(path)
        assert (step.stated, step.categories) == (report["filbench_score"], report["category_scores"])
        assert {task: tuple(values) for task, values in step.tasks.items()} == {
            task: (values["acc"], values["acc_stderr"]) for task, values in report["results"].items()
        }


def test_teachers_and_seed_rows(paper: Paper, folder: Path) -> None:
    settings = plain(folder / "paper_settings_table7_9_10_16_17.json")
    assert paper.seed_rows["by_language"] == settings["seed_rows"]
    assert sorted(t.billions_printed or 0 for t in paper.teachers) == sorted(
        one["size_b"] or 0 for one in settings["teachers"]
    )
    own = {
        r["model_name"].split("/")[-1]: r["avg_all"]
        for r in rows(folder / "authors_benchmarked_teacher_model_performance.jsonl")
    }
    assert {RELEASED_AS[t.name]: t.benchmark_mean for t in paper.teachers if t.benchmark_mean} == own


def test_every_file_names_its_source() -> None:
    sources = read_paper().sources
    assert len(sources) == 8
    assert all("arXiv 2604.11290" in source or "deddec52ec6f" in source for source in sources.values())

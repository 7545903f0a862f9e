"""The step: a cell measured from its inputs' rows, byte for byte the same twice."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from quality_rows import row

from polyteach import pocket
from polyteach.quality.step import measure_cell, read_metrics
from polyteach.rows import Row, write_rows
from polyteach.steps import StepTask

SETTINGS = {"language": "de", "embedder": "lexical", "perplexity": None, "judge": None, "rng_seed": 7}
ALWAYS = {
    *(f"{side}_{what}" for side in ("prompt", "response") for what in ("diversity", "fidelity", "length")),
    *("prompt_length_median", "response_length_median", "response_tokens", "response_tokens_median"),
    *(f"{side}_{what}" for side in ("prompt", "response") for what in ("vendi", "distinct_1", "distinct_2")),
    *(f"{side}{kind}_duplicates" for side in ("", "prompt_", "response_") for kind in ("exact", "near")),
}


def run(folder: Path, inputs: dict[str, list[Row]], settings: dict[str, object], **locations: str) -> Path:
    """Runs the step on rows in fresh folders; returns its output."""
    folders = {}
    for name, rows in inputs.items():
        folders[name] = folder / "in" / name
        folders[name].mkdir(parents=True)
        write_rows(folders[name] / "rows.parquet", rows)
    output = folder / "out"
    output.mkdir()
    facts = measure_cell(StepTask(SETTINGS | settings, locations, folders, output))
    assert facts == {"rows": sum(map(len, inputs.values()))}
    return output


def test_all_metrics_of_pocket_rows(tmp_path: Path, tiny_model: Path) -> None:
    rows = pocket.seed_rows("de", 40, rng_seed=0)
    inputs = {"translate": rows[20:], "respond": rows[:20]}
    asked = {"perplexity": {"model": "0123456789abcdef" * 4}, "judge": {"kind": "oracle"}}
    outputs = [run(tmp_path / name, inputs, asked, perplexity=str(tiny_model)) for name in ("once", "again")]
    figures = read_metrics(outputs[0] / "metrics.json")
    assert set(figures) == ALWAYS | {"perplexity", "perplexity_median", "rubric", "pleas"}
    assert figures["pleas"].value == 0.0
    assert figures["rubric"].value == 5.0
    assert figures["exact_duplicates"].value == 0.0
    assert figures["response_vendi"].n == 40 and 1 < (figures["response_vendi"].value or 0) < 40
    assert "a draw has 2000" in (figures["prompt_distinct_1"].reason or "")
    perplexity = figures["perplexity"]
    assert perplexity.n == 40 and perplexity.value is not None and perplexity.value > 1
    assert "under 0123456789ab (" in perplexity.definition and str(tiny_model) not in perplexity.definition
    for name in ("metrics.json", "per_row.parquet"):
        assert (outputs[0] / name).read_bytes() == (outputs[1] / name).read_bytes()
    table = pq.read_table(outputs[0] / "per_row.parquet")
    assert table["input"].to_pylist() == ["respond"] * 20 + ["translate"] * 20  # inputs by name
    assert table["id"].to_pylist() == [r.id for r in rows]
    assert table["rubric"].to_pylist() == [5.0] * 40
    assert not [name for name in table.column_names if "vendi" in name or "distinct" in name]
    assert sorted(path.name for path in outputs[0].iterdir()) == ["metrics.json", "per_row.parquet"]


def test_samples_are_drawn_alike_however_rows_stand(tmp_path: Path) -> None:
    rows = pocket.seed_rows("de", 700, rng_seed=0)
    found = [
        read_metrics(run(tmp_path / name, {"respond": order}, {}) / "metrics.json")
        for name, order in (("once", rows), ("again", rows[::-1]))
    ]
    for name in ("response_vendi", "prompt_vendi", "prompt_distinct_1", "prompt_distinct_2"):
        first, second = found[0][name], found[1][name]
        assert first.value == pytest.approx(second.value, rel=1e-9) and first.se == pytest.approx(second.se)
        assert first.low < first.value < first.high
    assert found[0]["prompt_vendi"].n == 500


def test_a_row_without_answer_is_null_with_a_reason_and_in_no_mean(tmp_path: Path, tiny_model: Path) -> None:
    rows = [
        row(1, "Wie heißt die Hauptstadt von Frankreich?", "Paris ist die Hauptstadt von Frankreich."),
        row(2, "Wie heißt die Hauptstadt von Spanien?", ""),
        row(
            3,
            "Wie heißt die Hauptstadt von Italien?",
            "Rom ist die Hauptstadt von Italien.",
            response_tokens=9,
        ),
    ]
    output = run(tmp_path, {"respond": rows}, {"perplexity": {"model": "d"}}, perplexity=str(tiny_model))
    figures = read_metrics(output / "metrics.json")
    assert figures["response_tokens"].value == 9.0
    assert dict(figures["perplexity"].unscored) == {"empty_response": 1}
    lines = pq.read_table(output / "per_row.parquet").to_pylist()
    assert (lines[1]["perplexity"], lines[1]["perplexity_reason"]) == (None, "empty_response")
    assert (lines[1]["response_diversity"], lines[1]["response_diversity_reason"]) == (None, "empty")
    assert lines[0]["response_language"] == "de"


@pytest.mark.parametrize("rows", [[], [row(1, "Nur eine Frage, die lang genug ist?", "")]])
def test_nothing_to_measure_is_null_with_reasons(tmp_path: Path, rows: list[Row]) -> None:
    output = run(tmp_path, {"seed_data": rows}, {})
    plain = json.loads((output / "metrics.json").read_text(encoding="utf-8"))
    for name in ("response_diversity", "response_length", "response_fidelity", "exact_duplicates"):
        assert plain[name]["value"] is None and plain[name]["reason"], name

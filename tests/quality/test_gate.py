"""The gate: metrics pass where they see what they claim to see, and the step's files."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from quality_rows import row

from polyteach import pocket
from polyteach.quality.cell import Named
from polyteach.quality.corruptions import CORRUPTIONS, NEAR_DUPLICATES, NOISE, SHUFFLED, WRONG_LANGUAGE
from polyteach.quality.gate import PLEADING, GateResult, block_size, split
from polyteach.quality.gate_step import gate_language, gate_rows
from polyteach.quality.gated import METRICS
from polyteach.quality.held_out import HeldOut, read_held_out
from polyteach.quality.judge import oracle_judge
from polyteach.quality.step import measure_cell, spread_sample
from polyteach.rows import Row, write_rows
from polyteach.steps import SilentProgress, StepTask

SETTINGS = {
    "language": "de",
    "rows": 200,
    "embedder": "lexical",
    "perplexity": None,
    "judge": {"kind": "oracle"},
    "rng_seed": 7,
}
MODEL_FREE = {metric.name for metric in METRICS} - {"perplexity"}


def run_gate(folder: Path, seeds: dict[str, list[Row]], **changes: object) -> Path:
    """Runs the step for German; `seeds` has the seed data by language."""
    inputs = {}
    for code, rows in seeds.items():
        name = "seed_data" if code == "de" else f"seed_data_{code}"
        inputs[name] = folder / name
        inputs[name].mkdir(parents=True)
        write_rows(inputs[name] / "rows.parquet", rows)
    output = folder / "gate"
    output.mkdir()
    gate_language(StepTask(SETTINGS | changes, {}, inputs, output))
    return output


def read(folder: Path) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads((folder / "gate.json").read_text(encoding="utf-8"))[
        "metrics"
    ]
    return found


def direct(rows: list[Row], others: list[Row]) -> dict[str, GateResult]:
    """The gate without a language model or a judge."""
    clean, held_out = split(rows, 200, 1)
    damaging, foreign = split(others, 200, 1)
    texts = HeldOut.of(clean, "de", {"de": held_out, "en": foreign})
    results, _ = gate_rows(
        clean,
        held_out,
        damaging,
        texts,
        "de",
        embedder=Named("lexical"),
        rng_seed=1,
        progress=SilentProgress(),
    )
    return {result.metric.name: result for result in results}


@pytest.fixture(scope="module")
def seeds() -> dict[str, list[Row]]:
    return {code: pocket.seed_rows(code, 600, 2) for code in ("de", "ar", "ja", "en")}


@pytest.fixture(scope="module")
def german(seeds: dict[str, list[Row]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_gate(tmp_path_factory.mktemp("german"), seeds)


def test_the_matrix_of_pocket_german(german: Path) -> None:
    found = read(german)
    assert set(found) == MODEL_FREE
    for name, metric in found.items():
        areas = dict(metric["corruptions"])
        pleading = areas.pop(PLEADING, None)
        assert (pleading is not None) == (name == "rubric") == (PLEADING in metric["answers_for"])
        assert list(areas) == sorted(CORRUPTIONS), name
        assert all(area["definition"].startswith("AUC") for area in areas.values())
    passed = {name for name, metric in found.items() if metric["passes"]}
    # 86 short answers that no clean row has are too little to learn usual spelling and endings from.
    blind = {"relevance", "bits_per_character", "ending_bits"}
    assert passed == MODEL_FREE - blind - {"exact_duplicates", "prompt_length", "response_length"}
    assert "below 0.8" in found["relevance"]["reason"]
    assert "never counts" in found["response_length"]["reason"]
    assert found["response_fidelity"]["human"]["value"] >= 0.95
    assert found["response_fidelity"]["corrupted"]["value"] <= 0.02
    assert found["rubric"]["human"]["value"] == 5.0
    # Half of the 200 rows are copies of the first, which few end marks hide from the shingles.
    assert found["near_duplicates"]["corrupted"]["value"] == pytest.approx(0.5, abs=0.02)
    # A response that says nothing of its prompt: fidelity and spelling are blind to an exchange.
    assert found["response_fidelity"]["corruptions"]["swapped"]["value"] == pytest.approx(0.5)
    assert found["bits_per_character"]["corruptions"]["swapped"]["value"] == pytest.approx(0.5)


def test_words_of_one_word_answers_cannot_be_shuffled_and_are_counted(german: Path) -> None:
    area = read(german)["rubric"]["corruptions"][SHUFFLED]
    assert area["n"] + area["unscored"]["fewer than two different words"] == 200


def test_the_same_bytes_twice(german: Path, seeds: dict[str, list[Row]], tmp_path: Path) -> None:
    again = run_gate(tmp_path, seeds)
    for name in ("gate.json", "held_out.json"):
        assert (again / name).read_bytes() == (german / name).read_bytes()


def test_what_is_damaged_trains_no_model(german: Path, seeds: dict[str, list[Row]]) -> None:
    held_out = read_held_out(german)
    clean, _ = split(seeds["de"], 200, SETTINGS["rng_seed"])
    assert held_out.n == len(clean) == 200 and 0 < len(held_out.responses) < 400
    assert not {row.response for row in clean} & set(held_out.responses)
    assert set(held_out.texts) == {"de", "ar", "ja", "en"}
    assert not {row.prompt for row in clean} & set(held_out.texts["de"])


def test_human_rows_as_a_teacher_are_as_good_as_human(german: Path, tmp_path: Path) -> None:
    """The gated figures are on the gate's own scale: on the very rows of the gate they are its human ones."""
    rows = split(pocket.seed_rows("de", 600, 2), 200, SETTINGS["rng_seed"])[0]
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    write_rows(tmp_path / "in" / "rows.parquet", rows)
    task = StepTask(SETTINGS, {}, {"respond": tmp_path / "in", "gate": german}, tmp_path / "out")
    assert measure_cell(task) == {"rows": 200}
    gated = json.loads((tmp_path / "out" / "gated.json").read_text(encoding="utf-8"))
    assert gated["n"] == 200 and set(gated["figures"]) == MODEL_FREE
    for name, metric in read(german).items():
        for part in ("value", "se"):
            assert gated["figures"][name][part] == pytest.approx(metric["human"][part]), name


def test_a_teacher_of_fewer_rows_has_no_corpus_level_figure(german: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    write_rows(tmp_path / "in" / "rows.parquet", pocket.seed_rows("de", 150, 9))
    measure_cell(StepTask(SETTINGS, {}, {"respond": tmp_path / "in", "gate": german}, tmp_path / "out"))
    figures = json.loads((tmp_path / "out" / "gated.json").read_text(encoding="utf-8"))["figures"]
    for metric in METRICS:
        if metric.name == "perplexity":
            continue
        assert (figures[metric.name]["value"] is None) == (metric.level == "corpus")
    assert figures["near_duplicates"]["reason"] == "150 rows, the gate's human data has 200"
    assert figures["rubric"]["n"] == 150


def test_perplexity_counts_as_minus_log_one_plus(tiny_model: Path) -> None:
    rows = pocket.seed_rows("de", 12, 1)
    clean, held_out = split(rows, 200, 1)
    results, _ = gate_rows(
        clean,
        held_out,
        [],
        HeldOut.of(clean, "de", {"de": held_out}),
        "de",
        embedder=Named("lexical"),
        perplexity_model=Named("tiny", str(tiny_model)),
        judge=oracle_judge("de"),
        rng_seed=1,
        progress=SilentProgress(),
    )
    human = next(result.human for result in results if result.metric.name == "perplexity")
    assert human.value is not None and human.n == 6
    assert 1 < math.expm1(-human.value) < 5000 and human.definition.startswith(
        "mean over rows of -log(1 + PPL)"
    )


def test_without_another_language_fidelity_cannot_pass(seeds: dict[str, list[Row]]) -> None:
    results = direct(seeds["de"], [])
    fidelity = results["response_fidelity"]
    assert not fidelity.passes and fidelity.reason == "wrong language: no clean row has a value"
    assert dict(fidelity.corruptions[WRONG_LANGUAGE].unscored)["no text of another language"] == 200
    assert fidelity.corrupted.value is None and results["near_duplicates"].passes


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_hardly_any_human_pairs(count: int) -> None:
    results = direct(pocket.seed_rows("de", 10, 1)[:count], pocket.seed_rows("en", 10, 1))
    assert not any(result.passes for result in results.values())
    assert all(result.reason for result in results.values())


def test_rows_all_alike_tell_nothing() -> None:
    rows = [row(n, "Was ist das Gegenteil von groß?", "klein") for n in range(60)]
    results = direct(rows, pocket.seed_rows("en", 60, 1))
    assert not results["prompt_diversity"].passes and not results["near_duplicates"].passes
    # Human data that are copies themselves cannot anchor a metric of copies.
    assert results["near_duplicates"].human.value == pytest.approx(29 / 30)
    assert results["prompt_diversity"].human.value == pytest.approx(0.0, abs=1e-9)


def test_too_few_rows_never_pass() -> None:
    results = direct(pocket.seed_rows("de", 30, 1), pocket.seed_rows("en", 30, 1))
    noisy = results["bits_per_character"].corruptions[NOISE]
    assert noisy.n == 15 and noisy.low is not None and noisy.low < 0.8
    assert not any(result.passes for result in results.values())


def test_corpus_level_metrics_are_tested_on_blocks() -> None:
    assert [block_size(n) for n in (0, 15, 40, 100, 200, 5000)] == [2, 2, 2, 5, 10, 10]
    results = direct(pocket.seed_rows("de", 200, 1), pocket.seed_rows("en", 200, 1))
    area = results["response_diversity"].corruptions[NEAR_DUPLICATES]
    assert area.n == 20 and "block of 5 rows" in area.definition


def test_split_halves_at_most_and_drops_copies() -> None:
    rows = [row(n, f"Frage {n // 2}?", "ja") for n in range(20)]  # each twice
    clean, held_out = split(rows, 200, 0)
    assert len(clean) == 10 and split(rows, 3, 0)[0] == clean[:3]
    assert not {one.prompt for one in clean} & {one.prompt for one in held_out}
    assert split(rows, 200, 0) == (clean, held_out) != split(rows, 200, 1)


def test_a_sample_is_spread_over_methods_and_alike_for_teachers() -> None:
    placed = [("generate", str(n)) for n in range(50)] + [("respond", str(n)) for n in range(5)]
    places = spread_sample(placed, 20, 3)
    assert len(places) == 20 and sum(place >= 50 for place in places) == 5
    # A teacher that failed on some examples has the others' sample as far as it can.
    kept = [entry for entry in placed if entry not in placed[:10]]
    other = spread_sample(kept, 20, 3)
    assert {placed[p] for p in places if p >= 10} <= {kept[p] for p in other}
    assert spread_sample(placed, 1000, 3) == list(range(55)) and spread_sample([], 5, 3) == []


def test_copies_are_drawn_apart() -> None:
    """200 of 400 rows, each source twice: a random half has each pair with probability 1/4, not 1/2."""
    placed = [("respond", str(n % 200)) for n in range(400)]
    drawn = [
        sum(np.unique([p % 200 for p in spread_sample(placed, 200, s)], return_counts=True)[1] == 2)
        for s in range(20)
    ]
    assert 45 <= np.mean(drawn) <= 55


def test_a_gate_without_pairs_still_writes(tmp_path: Path) -> None:
    prompts = [replace(one, response="") for one in pocket.seed_rows("de", 20, 1)]
    output = run_gate(tmp_path, {"de": prompts, "en": pocket.seed_rows("en", 20, 1)})
    plain = json.loads((output / "gate.json").read_text(encoding="utf-8"))
    assert plain["n"] == 0
    assert not any(metric["passes"] for metric in plain["metrics"].values())


def test_a_bound_just_below_what_passes_does_not_read_as_equal(seeds: dict[str, list[Row]]) -> None:
    """All of 15 rows told apart: the lower bound is 15 / (15 + 1.96^2) = 0.796."""
    fidelity = direct(seeds["de"][:30], seeds["en"])["prompt_fidelity"]
    assert fidelity.corruptions[WRONG_LANGUAGE].n == 15
    assert fidelity.reason == "wrong language: AUC 1.00, lower bound 0.796, below 0.8"

"""How many rows steps have is told beforehand, for every kind of step, and holds when they are made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tiny_translators import save_nllb

from polyteach.artifacts import Artifact, Store
from polyteach.forecast import forecast, requests_of
from polyteach.pipeline import cell_steps
from polyteach.resources import Resources, find_resources
from polyteach.row_counts import rows_given, rows_measured
from polyteach.running import look_up
from polyteach.steps import Step
from polyteach.study import Study
from polyteach.workload import PAIR, Workload

SEEDS, ASKED, FILE = 20, 30, 4
MODEL = {"name": "mini", "model": "pocket:err-03", "prompts": "pocket"}
CONTESTANTS = [
    {"name": "sim", "simulated": {"error": 0.3}},
    {"name": "humans", "data": "seed_data"},
    {"name": "bought", "data": "pairs.jsonl"},
]


def graph(
    folder: Path, teachers: list[dict[str, Any]], **changes: Any
) -> tuple[dict[str, Step], Study, Resources]:
    plain = {
        "name": "counted",
        "languages": ["de"],
        "teachers": teachers,
        "seed_data": [{"pocket": SEEDS}],
        "synthesis": {"rows_per_method": ASKED, "language_gate": False},
        "students": {"bases": [{"name": "c", "model": "pocket:base-c"}], "rows": 60},
        "benchmarks": ["pocket-choice"],
        "trials": 1,
    }
    study = Study.model_validate(plain | changes)
    resources = find_resources(study, folder)
    return {step.id: step for step in cell_steps(study, resources)}, study, resources


def made(store: Store, step: Step) -> Mapping[str, Any]:
    """The facts of a step, its inputs made first."""
    for parent in step.inputs.values():
        made(store, parent)
    return store.make(step).facts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pairs = ({"prompt": f"Frage {n}?", "response": f"Antwort {n}"} for n in range(FILE))
    text = "".join(json.dumps(pair) + "\n" for pair in pairs)
    (tmp_path / "pairs.jsonl").write_text(text + '{"prompt": "Und?"}\n', encoding="utf-8")
    return tmp_path


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "store")
    store.prepare()
    return store


def test_of_data_that_takes_part_there_are_no_more_than_it_has(folder: Path, store: Store) -> None:
    steps, study, resources = graph(folder, CONTESTANTS)
    expected = {"sim/de/generate": ASKED, "sim/de/translate": SEEDS, "sim/de/respond": SEEDS}
    expected |= {"humans/de/data": SEEDS, "bought/de/data": FILE}
    found = {id: step for id, step in steps.items() if step.kind == "synthesis"}
    assert {id: rows_given(step, study, resources) for id, step in found.items()} == {
        f"synthesis/{id}": count for id, count in expected.items()
    }
    assert {id for id, step in found.items() if not requests_of(step, study, resources)} == {
        "synthesis/humans/de/data",
        "synthesis/bought/de/data",
    }
    for id in ("humans", "bought"):
        step = found[f"synthesis/{id}/de/data"]
        assert made(store, step)["rows"] == rows_given(step, study, resources)
    sums = {"sim": ASKED + 2 * SEEDS, "humans": SEEDS, "bought": FILE, "seed_data": SEEDS}
    for name, rows in sums.items():
        assert rows_measured(steps[f"quality/{name}/de"], study, resources).judged == rows


@pytest.mark.parametrize("variant", ["model", "model_then_teacher"])
def test_a_translation_model_has_no_more_than_the_english_rows(
    folder: Path, store: Store, variant: str
) -> None:
    save_nllb(folder / "nllb")
    asked = {"translate": variant, "translator": "nllb", "methods": ["translate"], "rows_per_method": ASKED}
    steps, study, resources = graph(folder, [MODEL], synthesis=asked | {"language_gate": False})
    written = steps["synthesis/mini/de/translate"]
    assert rows_given(written, study, resources) == SEEDS < ASKED
    assert requests_of(written, study, resources) == (0 if variant == "model" else SEEDS)
    assert rows_measured(steps["quality/mini/de"], study, resources).read == SEEDS
    translating = written if variant == "model" else steps["translation/de"]
    assert rows_given(translating, study, resources) == SEEDS
    assert made(store, translating)["attempts"] == SEEDS
    trained = Workload(study, resources).of(steps["students/c/mini/de/0"])[0].trained
    of_teacher = Workload(study, resources).of(written)[0].written // SEEDS
    assert trained == SEEDS * study.students.epochs * (PAIR if variant == "model" else 256 + of_teacher)


def test_a_made_step_has_what_it_has(folder: Path) -> None:
    steps, study, resources = graph(folder, CONTESTANTS)
    id = "synthesis/sim/de/generate"
    there = {id: Artifact(folder, {"facts": {"rows": 17}}, reused=True)}
    assert rows_given(steps[id], study, resources, there) == 17
    assert rows_measured(steps["quality/sim/de"], study, resources, there).read == 17 + 2 * SEEDS


@pytest.mark.parametrize(("asked", "damaged"), [(6, 6), (50, SEEDS // 2)])
def test_the_gate_damages_half_of_the_pairs_at_most(
    folder: Path, store: Store, asked: int, damaged: int
) -> None:
    steps, study, resources = graph(folder, CONTESTANTS, quality={"gate_rows": asked})
    gate = steps["gate/de"]
    counted = rows_measured(gate, study, resources)
    # The clean rows and seven corruptions, one of which leaves half as they are, which a judge knows by then;
    # 7 answers more of it about each pair; one set more embedded.
    assert (counted.read, counted.embedded) == (damaged * 8, damaged * 9)
    assert counted.judged == damaged * 15 - damaged // 2
    facts = made(store, gate)
    assert facts["rows"] == damaged
    assert damaged * 5 < facts["measured"] <= counted.embedded
    (read,) = (load.read for load in Workload(study, resources).of(gate))
    assert read == counted.read * PAIR


def test_tokens_before_a_run_and_requests_of_a_preview_are_of_the_same_rows(
    folder: Path, store: Store
) -> None:
    def served(model: str) -> dict[str, Any]:
        where = {"urls": ["https://api.example.com/v1"], "most_at_once": 4}
        return {"model": model, "endpoint": where, "price": {"input": 1, "output": 2}}

    quality = {"judge": served("judge-1"), "embedder": served("vectors-1"), "gate_rows": 50}
    _, study, resources = graph(folder, CONTESTANTS, quality=quality)
    told = forecast(study, resources, look_up(cell_steps(study, resources), store), store)
    unasked = {part["model"]: part["requests"] for part in told["money_unasked"]["parts"]}
    assert unasked == {one["model"]: one["requests"] for one in told["measuring"]}
    rows = ASKED + 2 * SEEDS + SEEDS + FILE + SEEDS
    assert unasked["judge-1"] == rows + SEEDS // 2 * 15 - SEEDS // 4

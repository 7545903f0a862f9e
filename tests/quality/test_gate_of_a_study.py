"""Where the gate stands among a study's steps."""

from __future__ import annotations

from pathlib import Path

from polyteach.pipeline import cell_steps, closing_steps
from polyteach.resources import Resources, find_resources
from polyteach.steps import Step
from polyteach.study import Study

TEACHERS = [{"name": name, "model": f"pocket:{name}", "prompts": "pocket"} for name in ("err-03", "err-55")]
PLAIN = {
    "name": "gates",
    "languages": ["de", "ja"],
    "teachers": TEACHERS,
    "seed_data": [{"pocket": 20}],
    "students": {"bases": [{"name": "a", "model": "pocket:base-a"}], "rows": 10},
    "benchmarks": ["pocket-choice"],
    "trials": 1,
}


def graph(**changes: object) -> tuple[dict[str, Step], Study, Resources]:
    study = Study.model_validate(PLAIN | changes)
    resources = find_resources(study, Path())
    return {step.id: step for step in cell_steps(study, resources)}, study, resources


def test_every_language_has_a_gate_that_its_cells_and_the_score_read() -> None:
    steps, study, resources = graph()
    assert {id for id in steps if id.startswith("gate/")} == {"gate/de", "gate/ja"}
    assert set(steps["gate/de"].inputs) == {"seed_data", "seed_data_en", "seed_data_ja"}
    assert steps["gate/de"].settings["rows"] == 200
    for id, step in steps.items():
        if id.startswith("quality/"):
            language = id.rsplit("/", 1)[1]
            assert step.inputs["gate"] is steps[f"gate/{language}"]
    scored, *_ = closing_steps(study, resources, list(steps.values()), {})
    assert scored.inputs["gate/de"] is steps["gate/de"]


def test_no_teacher_moves_a_gate() -> None:
    one, two = graph(teachers=TEACHERS[:1])[0], graph()[0]
    assert one["gate/de"].key == two["gate/de"].key
    assert one["quality/err-03/de"].key == two["quality/err-03/de"].key


def test_a_language_alone_still_has_english(tmp_path: Path) -> None:
    assert set(graph(languages=["de"])[0]["gate/de"].inputs) == {"seed_data", "seed_data_en"}
    lines = '{"prompt": "Wie geht es?", "response": "Gut."}\n{"prompt": "Und dir?", "response": "Auch."}\n'
    (tmp_path / "de.jsonl").write_text(lines, encoding="utf-8")
    source = {"path": str(tmp_path / "de.jsonl"), "language": "de", "methods": ["respond"]}
    alone = graph(languages=["de"], seed_data=[source], synthesis={"methods": ["respond"]})[0]
    assert set(alone["gate/de"].inputs) == {"seed_data"}


def test_without_pairs_there_is_no_gate(tmp_path: Path) -> None:
    (tmp_path / "de.jsonl").write_text('{"prompt": "Wie geht es?"}\n', encoding="utf-8")
    source = {"path": str(tmp_path / "de.jsonl"), "language": "de", "methods": ["respond"]}
    steps = graph(languages=["de"], seed_data=[source], synthesis={"methods": ["respond"]})[0]
    assert not any(id.startswith("gate/") for id in steps)
    assert "gate" not in steps["quality/err-03/de"].inputs


def test_the_number_of_rows_is_a_setting() -> None:
    fewer = graph(quality={"gate_rows": 50})[0]
    assert fewer["gate/de"].settings["rows"] == 50
    assert fewer["gate/de"].key != graph()[0]["gate/de"].key

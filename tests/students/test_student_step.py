import json
import subprocess
import sys
from dataclasses import replace

import pytest

from polyteach.errors import StepImpossible
from polyteach.rows import write_rows
from polyteach.steps import StepTask
from polyteach.students.step import train_student

SETTINGS = {
    "language": "de",
    "base": "digest of the base",
    "methods": ["respond", "generate"],
    "rows": 40,
    "epochs": 1,
    "learning_rate": 6e-3,
    "batch_size": 8,
    "gradient_accumulation": 1,
    "weight_decay": 0.0,
    "max_length": 64,
    "lora": None,
    "packing": True,
    "filters": [],
    "without_overlap": [],
    "rng_seed": 5,
}


def run(folder, base, rows):
    inputs = {"respond": folder / "respond", "generate": folder / "generate"}
    output = folder / "out"
    for path in (*inputs.values(), output):
        path.mkdir(parents=True)
    write_rows(inputs["respond"] / "rows.parquet", rows[:40])
    write_rows(inputs["generate"] / "rows.parquet", rows[40:])
    return output, train_student(StepTask(SETTINGS, {"base": base}, inputs, output))


def test_the_step_writes_a_model_and_what_it_was_trained_on(base, rows, tmp_path):
    output, facts = run(tmp_path / "a", base, rows)
    training = json.loads((output / "training.json").read_text())
    assert training["shares"] == {"generate": 8, "respond": 32}
    assert training["refilled"] == {"respond": 12}
    assert training["steps"] == facts["steps"] == 5
    assert facts["shortfall"] == 0
    again, _ = run(tmp_path / "b", base, rows)
    files = sorted(p.relative_to(output) for p in output.rglob("*") if p.is_file())
    assert files == sorted(p.relative_to(again) for p in again.rglob("*") if p.is_file())
    assert all((output / name).read_bytes() == (again / name).read_bytes() for name in files)


def test_seed_prompts_without_responses_are_no_candidates(base, rows, tmp_path):
    mixed = [*rows[:10], *(replace(row, response="") for row in rows[10:])]
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    write_rows(tmp_path / "in" / "rows.parquet", mixed)
    settings = SETTINGS | {"methods": ["seed_data"]}
    task = StepTask(settings, {"base": base}, {"seed_data": tmp_path / "in"}, tmp_path / "out")
    facts = train_student(task)
    assert (facts["examples"], facts["shortfall"]) == (10, 30)


def test_importing_the_steps_is_light():
    code = (
        "import sys, polyteach.students.step, polyteach.benchmarks.step;"
        "heavy = {'torch', 'transformers', 'trl', 'peft', 'datasets', 'lm_eval'} & set(sys.modules);"
        "sys.exit(', '.join(heavy) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_rows_with_a_question_of_the_exam_are_taken_away_and_counted(base, rows, tmp_path):
    from polyteach.benchmarks.finding import asked_texts, find_exam

    listed = [
        {"language": "de", "settings": dict(find_exam(name, "de", tmp_path).settings)}
        for name in ("pocket-choice", "pocket-exact")
    ]
    question = max(asked_texts(listed, {}), key=len)
    cheating = [replace(row, prompt=question) for row in rows[:3]]
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    write_rows(tmp_path / "in" / "rows.parquet", [*cheating, *rows[3:]])
    settings = SETTINGS | {"methods": ["respond"], "without_overlap": listed}
    task = StepTask(settings, {"base": base}, {"respond": tmp_path / "in"}, tmp_path / "out")
    facts = train_student(task)
    assert facts["removed"] == {"no_response": 0, "overlaps_benchmark": 3}
    assert facts["examples"] == 40  # others take their places


def test_checkpoints_are_gone_when_the_step_is_done(base, rows, tmp_path):
    inputs = tmp_path / "in"
    inputs.mkdir()
    write_rows(inputs / "rows.parquet", rows)
    places = {"base": base, "state": str(tmp_path / "state"), "devices": '{"checkpoint_seconds": 0}'}
    for lr, fails in ((6e-3, False), (1e30, True)):
        (tmp_path / f"out-{fails}").mkdir()
        settings = SETTINGS | {"methods": ["respond"], "learning_rate": lr}
        task = StepTask(settings, places, {"respond": inputs}, tmp_path / f"out-{fails}")
        if fails:
            with pytest.raises(StepImpossible):
                train_student(task)
        else:
            train_student(task)
        assert not (tmp_path / "state").exists()


def test_the_papers_preset_holds_table_9():
    from pydantic import ValidationError

    from polyteach.study.schema import Students

    bases = [{"name": "b", "model": "pocket:base-a"}]
    paper = Students.model_validate({"bases": bases, "preset": "paper", "lora": {}})
    assert (paper.batch_size * paper.gradient_accumulation, paper.epochs, paper.learning_rate) == (
        128,
        2,
        5e-5,
    )
    with pytest.raises(ValidationError) as caught:
        Students.model_validate({"bases": bases, "preset": "paper", "epochs": 3, "max_length": 512})
    told = {error["loc"]: error["msg"] for error in caught.value.errors()}
    assert set(told) == {("epochs",), ("max_length",)}
    assert "`preset: paper` means 2;" in told[("epochs",)]
    assert "`preset: paper` means 16384;" in told[("max_length",)]

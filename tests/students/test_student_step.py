import json
import subprocess
import sys

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
    from dataclasses import replace

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

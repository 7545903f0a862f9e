"""Four small studies that share a store: one of three teachers, and each of these alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyteach.cli.main import invoke

TEACHERS = {
    "clean": "{name: clean, simulated: {}}",
    "wrong": "{name: wrong, simulated: {error: .6}}",
    "copies": "{name: copies, simulated: {unique: .2}}",
}
STUDY = """
name: NAME
rng_seed: 3
languages: [de]
teachers: [TEACHERS]
seed_data: [{pocket: 240}]
synthesis: {methods: [respond], rows_per_method: 240}
quality: {gate_rows: 60}
students:
  bases: [{name: base-c, model: "pocket:base-c"}]
  rows: 240
  epochs: 3
  learning_rate: 6e-3
  batch_size: 16
  gradient_accumulation: 1
  max_length: 64
benchmarks: [pocket-choice]
benchmark_items: 60
trials: 1
"""


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the runs `joint`, `clean`, `wrong` and `copies`."""
    folder = tmp_path_factory.mktemp("studies")
    for name, teachers in {"joint": list(TEACHERS), **{one: [one] for one in TEACHERS}}.items():
        text = STUDY.replace("TEACHERS", ", ".join(TEACHERS[one] for one in teachers)).replace("NAME", name)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        assert invoke(["run", str(folder / f"{name}.yaml"), "--output-dir", str(folder)]) == 0
    return folder / "runs"

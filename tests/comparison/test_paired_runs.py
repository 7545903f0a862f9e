"""Two small real runs: intervals are paired by item, and what is the same artifact has no chance in it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from polyteach.cli.main import invoke
from polyteach.comparison.comparing import compare, to_json

STUDY = """
name: NAME
rng_seed: 3
languages: [de]
teachers: [{name: clean, simulated: {}}, {name: wrong, simulated: {error: .6}}]
seed_data: [{pocket: 300}]
synthesis: {methods: [respond], rows_per_method: 300}
quality: {gate_rows: 40}
students:
  bases: [{name: base-c, model: "pocket:base-c"}]
  rows: 300
  epochs: EPOCHS
  learning_rate: 6e-3
  batch_size: 16
  gradient_accumulation: 1
  max_length: 64
benchmarks: [pocket-choice]
benchmark_items: 120
trials: 1
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("paired")
    for name, epochs in (("long", 8), ("short", 6)):
        text = STUDY.replace("NAME", name).replace("EPOCHS", str(epochs))
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        assert invoke(["run", str(folder / f"{name}.yaml"), "--output-dir", str(folder)]) == 0
    return folder / "runs"


def test_errors_are_paired_by_item(runs: Path) -> None:
    paired = to_json(compare([runs / "long", runs / "short"]))["changes"][0]
    alone = to_json(compare([runs / "long" / "results.json", runs / "short" / "results.json"]))["changes"][0]
    assert paired["paired"] and not alone["paired"]
    assert [c["key"] for c in paired["settings"]["changes"]] == ["name", "students.epochs"]
    scored = [t for t in paired["teachers"] if t["score"]["value"] is not None]
    assert scored, "the studies are too small for a score"
    for with_items, without in zip(paired["teachers"], alone["teachers"], strict=True):
        if with_items["score"]["value"] is None:
            assert "no score" in with_items["score"]["reason"]
            continue
        assert with_items["score"]["value"] == pytest.approx(without["score"]["value"], abs=1e-9)
        assert with_items["score"]["se"] < without["score"]["se"]
        assert sum(with_items["parts"].values()) == pytest.approx(with_items["score"]["value"], abs=1e-9)


def test_the_same_artifacts_have_no_chance_in_them(runs: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    shutil.copytree(runs / "long", again, symlinks=True)
    for link in again.rglob("*"):
        if link.is_symlink():
            target = (runs / "long" / link.relative_to(again)).resolve()
            link.unlink()
            link.symlink_to(target)
    change = to_json(compare([runs / "long", again]))["changes"][0]
    assert all(t["same_artifacts"] for t in change["teachers"])
    assert all(t["score"]["se"] in (0.0, None) for t in change["teachers"])
    assert "No setting differs." in change["summary"]


def test_json_is_one_object(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["compare", str(runs / "long"), str(runs / "short"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema_version"] == 1
    assert [run["label"] for run in found["runs"]] == ["long", "short"]

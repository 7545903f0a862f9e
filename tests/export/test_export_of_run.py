"""Which rows of a run are exported: the winner's, or those that are named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from exporting import Export

from polyteach.cli.main import invoke


@pytest.fixture
def own_run(run_folder: Path, tmp_path: Path) -> Path:
    """A copy of the run that a test may change."""
    return Path(shutil.copytree(run_folder, tmp_path / "run"))


def change(run: Path, **verdict: Any) -> None:
    path = run / "results.json"
    results = json.loads(path.read_text(encoding="utf-8"))
    results["verdict"] |= verdict
    path.write_text(json.dumps(results), encoding="utf-8")


@pytest.mark.parametrize("kind", ["wins", "leads"])
def test_the_winner_is_the_default(export: Export, own_run: Path, kind: str) -> None:
    change(own_run, kind=kind, teachers=["faulty"])
    told = export(own_run)
    assert told["counts"]["teacher"] == {"faulty": 60}
    assert told["counts"]["method"] == {"generate": 30, "respond": 30}
    written = pq.read_table(told["folder"] / "data" / "train.parquet").to_pylist()
    rows = [
        row
        for method in ("generate", "respond")
        for row in pq.read_table(own_run / f"artifacts/synthesis/faulty/de/{method}/rows.parquet").to_pylist()
    ]
    assert [(row["id"], row["messages"]) for row in written] == [(row["id"], row["messages"]) for row in rows]


@pytest.mark.parametrize(
    ("kind", "teachers", "choices"),
    [
        ("tied", ["faultless", "faulty"], "faultless, faulty"),
        ("inconclusive", ["faulty"], "faulty"),
        ("undefined", [], "faultless, faulty"),
    ],
)
def test_without_a_winner_the_choices_are_named(
    export: Export, own_run: Path, kind: str, teachers: list[str], choices: str
) -> None:
    change(own_run, kind=kind, teachers=teachers)
    assert f"choose with --teacher: {choices}\n" in export(own_run, code=2)["stderr"]
    assert export(own_run, "--teacher", "faulty", "--method", "respond")["rows"] == 30


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--teacher", "nobody"), "teachers of this run: faultless, faulty"),
        (("--teacher", "faulty", "--language", "ja"), "languages of this run: de"),
        (("--teacher", "faulty", "--method", "translate"), "methods there: generate, respond"),
        (("--teacher", "faulty", "--layout", "alpaca"), "one of messages, plain, sharegpt, llama-factory"),
        (("--teacher", "faulty", "--yes"), "is for what is sent to the hub"),
    ],
)
def test_what_the_run_has_not_is_told_with_what_it_has(
    export: Export, run_folder: Path, options: tuple[str, ...], said: str
) -> None:
    assert said in export(run_folder, *options, code=2)["stderr"]


def test_a_damaged_artifact_is_no_source(export: Export, own_run: Path) -> None:
    folder = own_run / "artifacts" / "synthesis" / "faulty" / "de" / "respond"
    table = pq.read_table(folder / "rows.parquet")
    pq.write_table(table.slice(0, 5), folder / "rows.parquet")
    assert "is not what its manifest says" in export(own_run, "--teacher", "faulty", code=2)["stderr"]


def test_nothing_is_written_into_the_artifacts_of_a_run(
    own_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inside = own_run / "artifacts" / "synthesis"
    command = ["export", str(own_run), "--teacher", "faulty", "--output", str(inside), "--force"]
    assert invoke(command) == 2
    assert "is read by this command" in capsys.readouterr().err


def test_a_folder_that_is_no_run_is_refused(export: Export, run_folder: Path, tmp_path: Path) -> None:
    assert "no run that has ended" in export(tmp_path, code=2)["stderr"]
    assert "no run that has ended" in export(run_folder, run_folder, code=2)["stderr"]
    assert "there is no such file" in export(tmp_path / "gone.jsonl", code=2)["stderr"]


SCREEN = """
name: candidates
languages: [de]
teachers:
  - {name: faultless, simulated: {}}
  - {name: half-english, simulated: {wrong_language: .6}}
seed_data: [{pocket: 60}]
synthesis: {methods: [respond], rows_per_method: 60}
quality: {judge: oracle, perplexity_model: "pocket:base-c"}
"""


def test_a_screen_is_a_source_too(export: Export, tmp_path: Path) -> None:
    (tmp_path / "screen.yaml").write_text(SCREEN, encoding="utf-8")
    assert invoke(["screen", str(tmp_path / "screen.yaml"), "--output-dir", str(tmp_path)]) == 0
    run = next((tmp_path / "runs").iterdir())
    screen = json.loads((run / "screen.json").read_text(encoding="utf-8"))
    assert screen["verdict"]["candidates"] == ["faultless"]
    told = export(run)
    assert told["counts"]["teacher"] == {"faultless": 60}
    text = (told["folder"] / "README.md").read_text(encoding="utf-8")
    assert "screen score" in text and "What students learn from the data: none was trained." in text
    assert "a screen trains no students" in export(run, "--student", "base-c", code=2)["stderr"]

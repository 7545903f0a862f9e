"""`polyteach bundle`: written, merged and shown from the command line."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from polyteach.cli.main import invoke

PAPER = "polyglot-teachers-2026"


def test_from_runs_to_a_table(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parts = []
    for name in ("clean", "wrong"):
        parts.append(str(tmp_path / f"{name}.json"))
        assert invoke(["bundle", str(runs / name), "--output", parts[-1]]) == 0
    merged, table = tmp_path / "merged.json", tmp_path / "table.csv"
    command = ["bundle", "merge", *parts, PAPER, "--output", str(merged), "--csv", str(table)]
    capsys.readouterr()
    assert invoke(command) == 0
    printed = capsys.readouterr().out
    assert "clean" in printed
    assert "Aya Expanse 32B" in printed
    lines = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    scored = {line["teacher"] for line in lines if line["scored_here"] == "true"}
    assert scored == {"clean", "wrong"}
    assert {line["doubt"] != "" for line in lines if line["figure"] == "pgr" and line["bundle"] == PAPER} == {
        True
    }
    assert invoke(command) == 0  # its own output may be written again ...
    assert invoke(["bundle", "show", str(merged), "--json"]) == 0


def test_json_has_all_but_the_evidence(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "a.json")
    assert invoke(["bundle", "clean", "--output-dir", str(runs.parent), "--output", path]) == 0
    capsys.readouterr()
    assert invoke(["bundle", "show", path, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["schema_version"] == 1
    (bundle,) = shown["bundles"]
    assert "evidence" not in bundle
    assert bundle["cells"][0]["figures"]["robust"].keys() >= {"value", "se", "low", "high", "n", "definition"}


def test_what_is_refused_is_told_and_is_no_success(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("clean", "wrong", "copies"):
        assert invoke(["bundle", str(runs / name), "--output", str(tmp_path / f"{name}.json")]) == 0
    plain = json.loads((tmp_path / "wrong.json").read_text(encoding="utf-8"))
    plain["bundle"]["evidence"]["study"]["quality_weight"] = 0.25
    (tmp_path / "wrong.json").write_text(json.dumps(plain), encoding="utf-8")
    paths = [str(tmp_path / f"{name}.json") for name in ("clean", "wrong", "copies")]
    capsys.readouterr()
    assert invoke(["bundle", "merge", *paths, "--json"]) == 3
    (refused,) = json.loads(capsys.readouterr().out)["refused"]
    assert refused["reason"] == "quality weight is 0.25 and not 0.5 as in clean.json"
    assert invoke(["bundle", "merge", *paths[:2]]) == 2
    assert "quality weight is 0.25" in capsys.readouterr().err


def test_mistakes_end_with_a_message(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "notes.json"
    other.write_text("{}")
    assert invoke(["bundle", str(runs / "clean"), "--output", str(other)]) == 2
    assert other.read_text() == "{}"
    assert invoke(["bundle", str(tmp_path)]) == 2
    assert invoke(["bundle", "no-such-run", "--output-dir", str(tmp_path)]) == 2
    assert invoke(["bundle", "merge", str(tmp_path / "nothing.json")]) == 2
    assert invoke(["bundle", "show", "no-such-bundle"]) == 2
    assert "fix:" in capsys.readouterr().err

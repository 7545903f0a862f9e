from __future__ import annotations

import json
from pathlib import Path

import pytest

from polyteach.cli.main import invoke


def test_json_is_one_object_by_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["published", "--json"]) == 0
    study = json.loads(capsys.readouterr().out)
    assert study["schema_version"] == 1
    assert len(study["figures"]) == 19
    for figure in study["figures"]:
        assert {"id", "recipe", "status", "entries", "explanation"} <= figure.keys()
        assert figure["status"] in ("match", "differs", "not_released")
        for entry in figure["entries"]:
            assert {"key", "ours", "published", "precision"} <= entry.keys()
    for finding in study["audit"]:
        assert {"id", "finding", "evidence", "interval"} <= finding.keys()


def test_twice_the_same_bytes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pages = []
    for name in ("a", "b"):
        assert invoke(["published", "--output-dir", str(tmp_path / name)]) == 0
        pages.append((tmp_path / name / "published.html").read_bytes())
    assert pages[0] == pages[1]


def test_piped_text_is_plain_and_short(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["published"]) == 0
    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert max(map(len, text.split("\n"))) <= 100
    assert "10 match, 7 differ, 2 not released" in text
    assert "The reference is below the base in 5 of 6 languages" in text


def test_a_folder_that_cannot_be_written_is_the_users_mistake(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert invoke(["published", "--output-dir", str(tmp_path / "file")]) == 2
    assert "cannot be written" in capsys.readouterr().err

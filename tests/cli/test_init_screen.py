"""`polyteach init --screen` writes candidates that a screen can plan."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from polyteach.cli.main import invoke
from polyteach.study import Candidates, Teacher, load_candidates


def test_what_is_written_for_a_pocket_language_can_be_planned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "candidates.yaml"
    assert invoke(["init", "--screen", "de", "--output", str(path)]) == 0
    assert f"polyteach screen {path} --dry-run" in capsys.readouterr().out
    assert invoke(["screen", str(path), "--output-dir", str(tmp_path), "--dry-run", "--json"]) == 0
    planned = json.loads(capsys.readouterr().out)
    assert planned["requests"]["total"] == 2 * 3 * 200
    assert {*planned["kinds"]} == {"seed_data", "synthesis", "gate", "quality"}


@pytest.mark.parametrize("languages", [["no", "sw"], ["en", "de"], ["zh-Hant"]])
def test_what_is_written_is_candidates_in_any_language(
    languages: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "candidates.yaml"
    assert invoke(["init", "--screen", *languages, "--output", str(path)]) == 0
    assert "cannot run" not in capsys.readouterr().err  # no benchmark is needed
    assert type(load_candidates(path)) is Candidates


@pytest.mark.parametrize("language", ["de", "sw"])
def test_the_example_of_an_endpoint_is_a_teacher_once_uncommented(language: str, tmp_path: Path) -> None:
    path = tmp_path / "candidates.yaml"
    assert invoke(["init", "--screen", language, "--output", str(path)]) == 0
    text = path.read_text(encoding="utf-8")
    start, end = text.index("  # - name: mini"), text.index("# budget: 50")
    example = re.sub(r"^  # ", "  ", text[start:end], flags=re.MULTILINE)
    path.write_text(text[:start] + example + text[end:], encoding="utf-8")
    teacher = load_candidates(path).teachers[-1]
    assert isinstance(teacher, Teacher) and teacher.endpoint is not None
    said = {"max_new_tokens"} | ({"prompts"} if language == "de" else set())
    assert said <= teacher.model_fields_set

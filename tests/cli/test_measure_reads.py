"""What `polyteach measure` takes as it is, and what it refuses before it measures anything."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from polyteach.cli.main import USER_ERROR, invoke


def test_a_blank_prompt_is_a_problem_that_is_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"prompt": "Wie spät ist es?", "response": "Es ist drei Uhr."},
        {"prompt": " ", "response": "Ja."},
    ]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert invoke(["measure", str(path), "--language", "de", "--judge", "oracle", "--json"]) == 0
    (source,) = json.loads(capsys.readouterr().out)["sources"]
    assert (source["rows"], source["problems"]["empty_prompt"]) == (2, 1)


@pytest.mark.parametrize("option", ["--perplexity-model", "--judge"])
def test_a_model_needs_packages_that_a_plain_installation_lacks(
    tmp_path: Path, option: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.jsonl").write_text('{"prompt": "a", "response": "b"}\n', encoding="utf-8")
    monkeypatch.setitem(sys.modules, "torch", None)  # as Python marks what cannot be imported
    arguments = ["measure", str(tmp_path / "a.jsonl"), "--language", "de", option, "pocket:base-a"]
    assert invoke(arguments) == USER_ERROR
    printed = capsys.readouterr().err
    assert f"{option} needs torch" in printed
    assert "pip install 'polyteach[train]'" in printed


def test_rows_are_counted_once_and_files_of_one_name_are_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [tmp_path / folder / "a.jsonl" for folder in ("one", "two")]
    for path in paths:
        path.parent.mkdir()
        path.write_text(
            '{"prompt": "Wie spät ist es?", "response": "Es ist drei Uhr."}\n' * 3, encoding="utf-8"
        )
    assert invoke(["measure", *map(str, paths), "--language", "de", "--judge", "oracle"]) == 0
    printed = capsys.readouterr()
    assert "one/a.jsonl: 3 rows" in printed.err
    assert "two/a.jsonl: 3 rows" in printed.err
    assert "one/a.jsonl" in printed.out

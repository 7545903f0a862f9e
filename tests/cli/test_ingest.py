"""`polyteach ingest` as a user types it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from polyteach.cli.ingest_tables import labels
from polyteach.cli.main import USER_ERROR, invoke


def results(model: str, acc: float) -> dict[str, Any]:
    tasks = {task: {"acc": acc, "acc_stderr": 0.01} for task in ("mgsm_de", "mgsm_es")}
    config = {"model_args": f"pretrained={model}", "num_fewshot": 0}
    return {"results": tasks, "versions": {}, "config": config}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for model, acc in (("hub/good", 0.8), ("hub/bad", 0.4)):
        path = tmp_path / "in" / f"{model[4:]}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(results(model, acc)), encoding="utf-8")
    (tmp_path / "in" / "log.txt").write_text("x", encoding="utf-8")
    return tmp_path / "in"


def test_json_is_one_object(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["ingest", str(folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema_version"] == 1
    assert [read["format"] for read in found["files"]] == ["lm-eval 0.3", "lm-eval 0.3"]
    assert {record["language"] for record in found["records"]} == {"de", "es"}
    assert found["scales"][0]["rule"].startswith("0 to 1")
    assert [left["reason"] for left in found["not_read"]] == ["not a result file: .txt ending"]
    (shared,) = found["ranks"]["shared"]
    assert [(place["model"], place["rank_interval"]) for place in shared["places"]] == [
        ("hub/good", [1, 1]),
        ("hub/bad", [2, 2]),
    ]


def test_text_says_what_was_read_and_what_was_not(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["ingest", str(folder)]) == 0
    printed = capsys.readouterr().out
    for expected in (
        "good.json",
        "lm-eval 0.3",
        "not a result file",
        "log.txt",
        "Over the 2 benchmarks",
        "1-1",
    ):
        assert expected in printed
    assert "\x1b" not in printed
    assert max(map(len, printed.splitlines())) <= 110


def test_files_are_written_where_asked(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, shared = tmp_path / "out", tmp_path / "eee"
    arguments = ["ingest", str(folder), "--json", "--output-dir", str(out), "--every-eval-ever", str(shared)]
    assert invoke([*arguments, "--organization", "ours"]) == 0
    printed = capsys.readouterr().out
    assert json.loads((out / "ingest.json").read_text(encoding="utf-8")) == json.loads(printed)
    with (out / "records.csv").open(encoding="utf-8", newline="") as file:
        assert [row["model"] for row in csv.DictReader(file)] == ["hub/bad"] * 2 + ["hub/good"] * 2
    assert len(list(shared.rglob("*.json"))) == 2


def test_a_model_with_the_name_of_a_formula_is_text_to_a_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(results('=HYPERLINK("http://x")', 0.8)), encoding="utf-8")
    assert invoke(["ingest", str(path), "--output-dir", str(tmp_path)]) == 0
    with (tmp_path / "records.csv").open(encoding="utf-8", newline="") as file:
        assert {row["model"] for row in csv.DictReader(file)} == {'\'=HYPERLINK("http://x")'}


@pytest.mark.parametrize("content", ["{", '{"a": 1}', None])
def test_nothing_that_can_be_read_is_the_users_error(
    tmp_path: Path, content: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    assert invoke(["ingest", str(path)]) == USER_ERROR
    printed = capsys.readouterr().err
    assert "nothing could be read" in printed
    assert "a.json" in printed


def test_a_folder_that_cannot_be_written_is_the_users_error(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = folder / "log.txt" / "out"  # below a file
    assert invoke(["ingest", str(folder), "--output-dir", str(blocked)]) == USER_ERROR
    assert "cannot be written" in capsys.readouterr().err


def test_names_are_cut_where_they_part() -> None:
    assert labels(["a/b@x__1", "a/b@x__2"]) == ({"a/b@x__1": "1", "a/b@x__2": "2"}, "a/b@x__")
    assert labels(["abc", "abd"]) == ({"abc": "abc", "abd": "abd"}, "")
    assert labels(["a/b"]) == ({"a/b": "a/b"}, "")


def test_names_in_files_command_no_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, acc in (("hub/[red]\x1b[31mone", 0.8), ("hub/two\x9b2J", 0.4)):
        path = tmp_path / f"{name[-3:-2]}\x1b]0;title\x07.json"
        path.write_text(json.dumps(results(name, acc)), encoding="utf-8")
    (tmp_path / "\x1b[2J.txt").write_text("x", encoding="utf-8")
    assert invoke(["ingest", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "[red]\u241b[31mone" in printed
    assert "\u241b[2J.txt" in printed
    assert not set(printed) & {"\x1b", "\x07", "\x9b"}


@pytest.mark.parametrize("name", ["../../evil", "..", ".", " ", "a/b", "a\\b", "a\x1bb", "a\ud800"])
def test_an_organization_is_a_plain_name(
    folder: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = tmp_path / "deep" / "eee"
    arguments = ["ingest", str(folder), "--every-eval-ever", str(shared), "--organization", name]
    assert invoke(arguments) == USER_ERROR
    assert "--organization" in capsys.readouterr().err
    assert not shared.parent.exists()


@pytest.mark.parametrize("width", [60, 80, 110])
def test_real_results_show_the_recipes_of_filbench(
    real_data: Path, width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    reports = sorted(str(path) for path in (real_data / "paper").glob("authors_tgl_ablations__*.json"))
    assert invoke(["ingest", str(real_data / "results"), *reports]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    for expected in (
        "53.02",
        "47.24",
        "49.89 (!)",
        "file states 48.1895",
        "no interval is possible",
        "no score; the judge wrote $ERROR$",
        "1 figure by the rule",
        "this score is the suite's own",
        "the score has no interval",
        "in no ranking: ",
    ):
        assert expected in printed


def test_a_model_has_one_name_in_all_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Though the two that share a test share the beginning of their names too."""
    for model in ("org/team/one", "org/team/two"):
        (tmp_path / f"{model[-3:]}.json").write_text(json.dumps(results(model, 0.5)), encoding="utf-8")
    alone = results("org/lone", 0.5) | {"results": {"other": {"acc": 0.5, "acc_stderr": 0.01}}}
    (tmp_path / "lone.json").write_text(json.dumps(alone), encoding="utf-8")
    assert invoke(["ingest", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "all models' names begin with org/\n" in printed
    assert printed.count("team/one") == 4  # read, the shared board, two tests
    assert "in no ranking: lone; took no test that another model took" in printed


def a_run(folder: Path) -> Path:
    run = folder / "runs" / "mine"
    (run / "logs").mkdir(parents=True)
    for name in ("status.json", "timing.json", "logs/synthesis.json"):
        (run / name).write_text("{}", encoding="utf-8")
    return run


def test_a_run_that_goes_on_has_no_results_yet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = a_run(tmp_path)
    assert invoke(["ingest", str(run)]) == USER_ERROR
    told = capsys.readouterr().err
    assert f"{run}: nothing could be read (not finished: no results.json yet)" in told


def test_of_a_run_only_the_results_are_read(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = a_run(tmp_path)
    cell = {"teacher": "t", "base": "b", "language": "de", "benchmarks": {}}
    scores = {language: cell | {"language": language} for language in ("de", "id")}
    for each in scores.values():
        each["benchmarks"] = {name: {"value": 0.5, "se": 0.1, "n": 20} for name in ("one", "two")}
    cells = [*scores.values(), *(each | {"teacher": "u"} for each in scores.values())]
    plain = {"definitions_digest": "", "cells": cells, "leaderboard": [], "anchors": []}
    (run / "results.json").write_text(json.dumps(plain), encoding="utf-8")
    for name in ("analysis.json", "report.html", "leaderboard.csv"):
        (run / name).write_text("{}", encoding="utf-8")
    assert invoke(["ingest", str(run), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["not_read"] == []
    assert invoke(["ingest", str(run)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "Over the 4 tests (2 benchmarks, 2 languages) that 2 models share" in printed


def test_what_is_not_there_is_named_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "nosuch"
    assert invoke(["ingest", str(missing)]) == USER_ERROR
    assert capsys.readouterr().err.count("nosuch") == 1

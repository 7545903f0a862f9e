"""An option that would change nothing is refused, and the message names it as it was given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from polyteach.cli.main import USER_ERROR, invoke

MARKS = ["--drop", "judge_below: {least: 3}", "--judge", "oracle"]
SCORES = ["--pairs", "other", "--judge", "scores"]
HERE = ["--teacher", "pocket:err-03"]
SERVED = ["--url", "http://127.0.0.1:9/v1", "--model", "m"]
JUDGED = ["--judge", "j", "--judge-url", "http://127.0.0.1:9/v1"]
COMMANDS: dict[str, list[str]] = {
    "bakeoff": ["bakeoff", "TRUTH.parquet", "SCORES.parquet"],
    "filter": ["filter", "DATA", "--language", "de", "--output", "OUT.jsonl"],
    "export": ["export", "DATA", "--language", "de", "--output", "OUT"],
    "measure": ["measure", "DATA", "--language", "de"],
    "rewrite": ["rewrite", "DATA", "--language", "de", "--output", "OUT.jsonl"],
    "synthesize": [
        "synthesize",
        "--language",
        "de",
        "--seed-data",
        "pocket:5",
        "--rows",
        "2",
        "--output",
        "OUT.jsonl",
    ],
}


@pytest.mark.parametrize(
    ("command", "options", "said"),
    [
        (
            "filter",
            ["--budget", "5", "--price", "1,2", "--key-env", "X"],
            "--key-env, --price, --budget: is for a judge",
        ),
        (
            "filter",
            [*MARKS, "--price", "zzz", "--budget", "3"],
            "--price, --budget: is for a judge at a server",
        ),
        ("filter", ["--trials", "9", "--verify-rows", "3"], "--trials, --verify-rows: is for --verify"),
        ("filter", ["--recipe", "nothere.yaml"], "--recipe: is for --verify"),
        ("export", ["--margin", "3", "--journal", "j"], "--journal, --margin: is for preference pairs"),
        ("export", ["--key-env", "X"], "--key-env: is for preference pairs"),
        ("export", [*SCORES, "--journal", "j"], "--journal: is for a judge that is asked"),
        ("export", ["--pairs", "other", *JUDGED, "--margin", "3"], "--margin: is for --judge scores"),
        ("export", ["--trial", "5"], "--trial: is of a student"),
        (
            "export",
            ["--student", "b", "--measured", "n.json", "--layout", "sharegpt", "--method", "translate"],
            "--layout, --method, --measured: is for rows",
        ),
        ("bakeoff", ["--rows-a-teacher", "200", "--force"], "--rows-a-teacher, --force: is for --rows alone"),
        ("measure", ["--key-env", "X"], "--key-env: is for a judge at a server"),
        ("measure", ["--journal", "j"], "--journal: is for a judge"),
        (
            "rewrite",
            [*HERE, "--judge-price", "1,2", "--judge-key-env", "X"],
            "--judge-key-env, --judge-price: is for a",
        ),
        (
            "rewrite",
            [*HERE, "--key-env", "X", "--most-at-once", "3"],
            "--key-env, --most-at-once: is for a model at an",
        ),
        ("rewrite", [*SERVED, "--batch-size", "3"], "--batch-size: is for a model on this machine"),
        ("synthesize", [*HERE, "--budget", "3"], "--budget: is for a model at an endpoint"),
        ("synthesize", [*HERE, "--batch"], "--batch: is for a model at an endpoint"),
        ("synthesize", [*SERVED, "--dtype", "float32"], "--dtype: is for a model on this machine"),
    ],
)
def test_an_option_that_would_change_nothing_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, options: list[str], said: str
) -> None:
    assert _run(tmp_path, command, options) == USER_ERROR
    assert f"error: {said}" in capsys.readouterr().err
    assert not list(tmp_path.glob("OUT*"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--judge-price", "abc"], "--judge-price: 'abc' is no price"),
        (["--budget", "1"], "the price of j is unknown\n  fix: add --judge-price INPUT,OUTPUT"),
    ],
)
def test_what_is_wrong_with_the_price_of_a_judge_names_its_own_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    assert _run(tmp_path, "rewrite", [*SERVED, "--price", "1,2", *JUDGED, *options]) == USER_ERROR
    assert said in capsys.readouterr().err


def _run(folder: Path, command: str, options: list[str]) -> int:
    data = folder / "data.jsonl"
    data.write_text(json.dumps({"prompt": "Wie geht es?", "response": "Gut, danke."}) + "\n")
    names = {"DATA": str(data), "OUT": str(folder / "OUT"), "OUT.jsonl": str(folder / "OUT.jsonl")}
    return invoke([names.get(word, word) for word in COMMANDS[command]] + options)

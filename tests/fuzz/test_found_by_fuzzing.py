"""The least inputs that fuzzing has found: each ended in a traceback, or without a word on what to do."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from polyteach.bundles.files import read
from polyteach.cli.main import invoke
from polyteach.curation.naming import read_rules
from polyteach.curation.recipes import recipe_of
from polyteach.errors import UserError
from polyteach.export.run import open_run
from polyteach.languages import code_named, standard_code
from polyteach.rows import Row, read_rows, read_rows_of_run, write_rows
from polyteach.runs import RunFolder
from polyteach.seed_data.gather import code_of
from polyteach.study import load_study

STATUS: dict[str, Any] = {
    "state": "done",
    "pid": 1,
    "steps": [{"id": "a", "kind": "seed_data", "state": "done", "progress": None}],
    "requests": {"done": 1, "failed": {}, "left": 0, "retried": {}},
    "endpoint": {"down": {}, "told_to_wait": 0},
    "tokens": {"prompt": 0, "response": 0, "thinking": 0, "cached": 0},
    "money": 0.0,
    "unpriced": 0,
    "budget": None,
    "rate": None,
    "seconds_left": None,
}


@pytest.mark.parametrize("text", ["name: " + "[" * 3000, "name: " + "[" * 101 + "]" * 101, "&a\nname: *a\n"])
def test_a_study_nested_too_deep_is_told_what_to_do(text: str, tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="nested too deep") as told:
        load_study(path)
    assert told.value.fix


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("endpoint", "x"),
        ("endpoint", {"down": "x", "told_to_wait": 0}),
        ("steps", ["x"]),
        ("steps", [{"id": "a"}]),
        ("requests", {"done": "1", "failed": {}, "left": 0, "retried": {}}),
        ("money", "x"),
        ("rate", 10**400),
        ("budget", {"cap": 1}),
    ],
)
def test_a_status_that_is_none_is_refused(tmp_path: Path, key: str, value: Any) -> None:
    path = tmp_path / "status.json"
    path.write_text(json.dumps(STATUS), encoding="utf-8")
    assert RunFolder(tmp_path).status() == STATUS
    path.write_text(json.dumps(STATUS | {key: value}), encoding="utf-8")
    with pytest.raises(UserError, match="not what a run writes"):
        RunFolder(tmp_path).status()


@pytest.mark.parametrize("text", ["epochs: !!int x", "epochs: [[", "epochs: 2024-13-45"])
def test_a_value_that_is_not_what_its_tag_says_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text, encoding="utf-8")
    for read_it in (load_study, read_rules, lambda path: recipe_of(path, "pocket:base-a")):
        with pytest.raises(UserError, match="not valid YAML") as told:
            read_it(path)
        assert told.value.fix


def test_half_a_surrogate_pair_is_refused_in_yaml_and_is_no_language(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    for text in ('languages: ["a\\ud83d"]', '"\\udfff": 1'):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UserError, match="half of a surrogate pair"):
            load_study(path)
    with pytest.raises(UserError, match="unknown language"):
        standard_code("a\ud83d")


def test_a_status_of_an_earlier_version_is_shown(tmp_path: Path) -> None:
    earlier = {key: value for key, value in STATUS.items() if key not in ("unpriced", "endpoint")}
    (tmp_path / "status.json").write_text(json.dumps(earlier), encoding="utf-8")
    assert invoke(["status", str(tmp_path)]) == 0


def test_a_packed_bundle_that_is_damaged_inside_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.bundle.json.gz"
    packed = gzip.compress(b'{"schema_version": 1}', mtime=0)
    path.write_bytes(packed[:10] + b"\xff\xff" + packed[12:])
    with pytest.raises(UserError, match="cannot be read"):
        read(path)


@pytest.mark.parametrize("column", ["extra", "prompt"])
@pytest.mark.parametrize("value", [None, b"\xff", 7, "[]"])
def test_rows_that_are_none_are_refused(column: str, value: Any, tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    write_rows(path, [Row("1", "de", "respond", "t", "s", "1", "Wer?", "Ich.", extra={"a": 1})])
    records = pq.read_table(path).to_pylist()
    assert read_rows(path)[0].extra == {"a": 1}
    pq.write_table(pa.Table.from_pylist([record | {column: value} for record in records]), path)
    if column == "prompt" and value == "[]":
        assert read_rows(path)[0].prompt == "[]"
        return
    if column == "prompt" and value == 7:  # a number as text is a text
        assert read_rows(path)[0].prompt == "7"
        return
    with pytest.raises(UserError, match="missing or damaged"):
        read_rows_of_run(path)


def test_a_name_that_the_table_of_languages_cannot_look_up_is_none() -> None:
    assert code_named("German\ud83d") is None
    assert code_named("German\x00") is None
    assert code_of("German\x00") is None


SCREEN: dict[str, Any] = {
    "study": "s",
    "languages": ["de"],
    "verdict": {"kind": "best", "text": "t", "candidates": ["a"]},
    "candidates": [
        {"candidate": "a", "teacher": "a", "methods": [], "kind": "data", "model": None, "family": None}
        | {"parameters": None, "settings": {}}
    ],
    "cells": [],
    "warnings": [],
    "cannot_see": [],
}


@pytest.mark.parametrize(
    ("key", "value"),
    [("languages", [1.5]), ("verdict", SCREEN["verdict"] | {"candidates": []}), ("candidates", [{}])],
)
def test_a_screen_that_is_none_is_refused(key: str, value: Any, tmp_path: Path) -> None:
    path = tmp_path / "screen.json"
    path.write_text(json.dumps(SCREEN), encoding="utf-8")
    assert open_run(tmp_path).first == "a"
    path.write_text(json.dumps(SCREEN | {key: value}), encoding="utf-8")
    with pytest.raises(UserError, match="cannot be read"):
        open_run(tmp_path)

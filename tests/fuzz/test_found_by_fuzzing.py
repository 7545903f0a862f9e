"""The least inputs that fuzzing has found: each ended in a traceback, or without a word on what to do."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from polyteach.bundles.files import read
from polyteach.curation.naming import read_rules
from polyteach.curation.recipes import recipe_of
from polyteach.errors import UserError
from polyteach.languages import standard_code
from polyteach.runs import RunFolder
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


def test_a_study_nested_too_deep_is_told_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("name: " + "[" * 3000, encoding="utf-8")
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


def test_a_packed_bundle_that_is_damaged_inside_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.bundle.json.gz"
    packed = gzip.compress(b'{"schema_version": 1}', mtime=0)
    path.write_bytes(packed[:10] + b"\xff\xff" + packed[12:])
    with pytest.raises(UserError, match="cannot be read"):
        read(path)

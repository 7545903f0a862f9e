"""The least inputs that fuzzing has found: each ended in a traceback, or without a word on what to do."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from polyteach.bundles.files import read
from polyteach.errors import UserError
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


def test_a_packed_bundle_that_is_damaged_inside_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.bundle.json.gz"
    packed = gzip.compress(b'{"schema_version": 1}', mtime=0)
    path.write_bytes(packed[:10] + b"\xff\xff" + packed[12:])
    with pytest.raises(UserError, match="cannot be read"):
        read(path)

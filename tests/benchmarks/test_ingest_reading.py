"""Files that nobody vouches for are listed with the reason, never a traceback, never dropped."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from polyteach.benchmarks.ingest.collect import ingest
from polyteach.benchmarks.ingest.reading import MAX_JSON_BYTES, MAX_LINE_BYTES

GOOD = {"results": {"t": {"acc": 0.5}}, "versions": {"t": 0}, "config": {"model_args": "pretrained=a/b"}}


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.json", b"", "empty"),
        ("a.json", b"{", "not JSON"),
        ("a.json", b"\xff\xfe{}", "not UTF-8"),
        ("a.json", b"[1]", "no JSON object"),
        ("a.json", b"[" * 200_000, "nested too deeply"),
        ("a.json", b'{"a": ' + b"9" * 5000 + b"}", "too many digits"),
        ("a.json", b'{"results": {"t": {"acc": 1, "acc": 0}}}', "'acc' stands twice"),
        ("a.json", b'{"results": {"\\ud800": {"acc": 1}}}', "half a character"),
        ("a.json", b'{"loss": 1, "epoch": 2}', "no known format: keys loss, epoch"),
        ("a.json", pickle.dumps(GOOD), "not"),
        ("a.jsonl", b"1\n2\n", "no line is a JSON object"),
        ("a.jsonl", b'{"prompt": "a"}\n', "no known format: columns prompt"),
        ("a.jsonl", b'{"a": "' + b"x" * MAX_LINE_BYTES + b'"}\n', "line 1 is longer than 16 MiB"),
        ("a.parquet", b"PAR1 not really PAR1", "not Parquet"),
    ],
)
def test_a_bad_file_is_listed_and_the_others_are_read(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "good.json").write_text(json.dumps(GOOD), encoding="utf-8")
    found = ingest([tmp_path])
    assert [record.model for record in found.records] == ["a/b"]
    (left,) = found.not_read
    assert left.file.endswith(name)
    assert reason in left.reason


def test_a_file_that_is_too_large_is_not_opened(tmp_path: Path) -> None:
    with (tmp_path / "a.json").open("wb") as file:
        file.truncate(MAX_JSON_BYTES + 1)  # a hole: it takes no space
    assert [left.reason for left in ingest([tmp_path]).not_read] == ["larger than 64 MiB"]


def test_everything_under_a_folder_is_accounted_for(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "good.json").write_text(json.dumps(GOOD), encoding="utf-8")
    (tmp_path / "notes.md").write_text("hello", encoding="utf-8")
    missing = tmp_path / "none.json"
    found = ingest([tmp_path, tmp_path / "in" / "good.json", missing])
    assert len(found.files) == 1
    assert sorted((Path(left.file).name, left.reason.split(":")[0]) for left in found.not_read) == [
        ("good.json", f"the same file as {tmp_path}/in/good.json"),
        ("none.json", "there is no such file"),
        ("notes.md", "not a result file"),
    ]


def test_what_is_no_table_where_one_should_be_is_noted(tmp_path: Path) -> None:
    odd = GOOD | {"results": {"t": [1], "u": {"acc": 0.5}}, "config": 3, "n-shot": [], "group_subtasks": 1}
    (tmp_path / "odd.json").write_text(json.dumps(odd), encoding="utf-8")
    found = ingest([tmp_path])
    assert [(left.what, left.reason) for left in found.not_read] == [
        ("t", "the task's results are no table of metrics")
    ]
    assert [(r.model, r.benchmark) for r in found.records] == [(tmp_path.name, "u")]


@pytest.mark.parametrize("se", [1e308, -0.1, 2.0])
def test_an_impossible_standard_error_is_left_out_and_noted(tmp_path: Path, se: float) -> None:
    content = GOOD | {"results": {"t": {"acc": 0.5, "acc_stderr": se}}}
    (tmp_path / "a.json").write_text(json.dumps(content), encoding="utf-8")
    found = ingest([tmp_path])
    assert [(record.value, record.se) for record in found.records] == [(0.5, None)]
    assert ["standard error fits no scale" in left.reason for left in found.not_read] == [True]

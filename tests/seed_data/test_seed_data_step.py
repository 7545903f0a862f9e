"""The step that gathers seed data: which row feeds what, and that paths leave no trace."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from polyteach.errors import UserError
from polyteach.files import file_digest
from polyteach.rows import read_rows
from polyteach.seed_data.step import seed_data
from polyteach.steps import StepTask

ALL = ["generate", "translate", "respond"]


def gathered(output: Path, language: str, sources: list[dict[str, Any]], **locations: str) -> dict[str, Any]:
    output.mkdir()
    settings = {"language": language, "sources": sources, "rng_seed": 5}
    return dict(seed_data(StepTask(settings, locations, {}, output)))


def test_prompts_alone_feed_respond_and_english_ones_translate(real_data: Path, tmp_path: Path) -> None:
    for language, feeds in (("de", ["respond"]), ("en", ["translate", "respond"])):
        path = real_data / "prompts" / f"{language}_llmzoo100.jsonl"
        digest = file_digest(path)
        source = {"kind": "file", "digest": digest, "methods": ALL}
        facts = gathered(tmp_path / language, language, [source], **{digest: str(path)})
        rows = read_rows(tmp_path / language / "rows.parquet")
        assert facts["rows"] == 100
        assert {tuple(row.extra["feeds"]) for row in rows} == {tuple(feeds)}
        assert rows[0].id == f"file:{digest[:12]}/llmzoo100:1"
        assert (rows[0].source_id, rows[0].extra["category"]) == ("llmzoo100:1", "generic")


def test_pairs_feed_what_their_source_may_feed(tmp_path: Path) -> None:
    sources = [{"kind": "pocket", "rows": 30, "methods": ["generate", "translate"]}]
    assert gathered(tmp_path / "de", "de", sources)["feeds"] == {"generate": 30, "translate": 0, "respond": 0}
    assert gathered(tmp_path / "en", "en", sources)["feeds"] == {
        "generate": 30,
        "translate": 30,
        "respond": 0,
    }


def test_the_same_content_elsewhere_gives_the_same_bytes(real_data: Path, tmp_path: Path) -> None:
    here = real_data / "prompts" / "de_llmzoo100.jsonl"
    there = tmp_path / "other name.jsonl"
    shutil.copyfile(here, there)
    digest = file_digest(here)
    sources = [
        {"kind": "file", "digest": digest, "methods": ALL},
        {"kind": "pocket", "rows": 9, "methods": ALL},
    ]
    for name, path in (("a", here), ("b", there)):
        gathered(tmp_path / name, "de", sources, **{digest: str(path)})
    assert (tmp_path / "a/rows.parquet").read_bytes() == (tmp_path / "b/rows.parquet").read_bytes()


def test_a_file_that_changed_meanwhile_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"prompt": "a"}\n')
    digest = file_digest(path)
    path.write_text('{"prompt": "b"}\n')
    source = {"kind": "file", "digest": digest, "methods": ALL}
    with pytest.raises(UserError, match="has changed"):
        gathered(tmp_path / "out", "de", [source], **{digest: str(path)})


def test_a_source_listed_twice_is_refused(tmp_path: Path) -> None:
    source = {"kind": "pocket", "rows": 5, "methods": ALL}
    with pytest.raises(UserError, match="listed twice"):
        gathered(tmp_path / "out", "de", [source, source])

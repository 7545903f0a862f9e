"""A method of which no answer made a row is told with its first answer, read from what the step wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polyteach.artifacts import MANIFEST
from polyteach.rows import Row, write_rows
from polyteach.scoring.evidence import read_evidence
from polyteach.scoring.records import Fruitless, StudyFacts, Teacher

STUDY = StudyFacts("small", ("de",), ("a",), 1, (Teacher("t"),))
FACTS = {
    "rows": 0,
    "retried": {},
    "prompt_tokens": 1,
    "response_tokens": 1,
    "thinking_tokens": 0,
    "cached_tokens": 0,
    "money": None,
}


def written(folder: Path, rows: int, failed: Mapping[str, Any]) -> Path:
    folder.mkdir()
    write_rows(
        folder / "rows.parquet", [Row(str(n), "de", "respond", "t", "", "", "Q", "A") for n in range(rows)]
    )
    (folder / "failures.json").write_text(json.dumps(failed))
    (folder / MANIFEST).write_text(json.dumps({"facts": FACTS}))
    return folder


def test_only_methods_without_a_row_are_told(tmp_path: Path) -> None:
    unparsable = {"count": 2, "examples": ["", "Sure! Here it is"]}
    failed = {"prompt_too_long": {"count": 1, "examples": ["a prompt"]}, "unparsable": unparsable}
    (facts,) = read_evidence(
        STUDY,
        {
            "synthesis/t/de/generate": written(tmp_path / "g", 0, failed),
            "synthesis/t/de/respond": written(tmp_path / "r", 3, {"unparsable": unparsable}),
        },
        [],
    ).synthesis
    assert facts.fruitless == [
        Fruitless("generate", {"prompt_too_long": 1, "unparsable": 2}, "Sure! Here it is")
    ]
    assert (facts.rows, facts.failures) == (3, {"prompt_too_long": 1, "unparsable": 4})

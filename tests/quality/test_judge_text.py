"""Reading marks: GPT-4's own judgments as it wrote them, in the form of double brackets."""

import json
import re
from pathlib import Path
from typing import Any

from polyteach.models.completions import STOP, Completion
from polyteach.quality.judge_text import MarkForm, read_mark

TEN = MarkForm(re.compile(r"\[\[(?=\d+\]\])"), re.compile(r"(10|[1-9])\]\]"))
"""MT-Bench's form, 1 to 10: not the one our judges are asked for, but read by the same function."""


def judgments(real_data: Path) -> list[dict[str, Any]]:
    """The 24 recorded judgments."""
    text = (real_data / "results/judge_de_mtbenchx_gpt4_single.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n") if line]


def test_real_judgments_are_read_as_their_authors_read_them(real_data: Path) -> None:
    given = judgments(real_data)
    assert len(given) == 24
    read = [read_mark(Completion(one["judgment"], STOP, 1, 1), TEN) for one in given]
    for one, (mark, reason) in zip(given, read, strict=True):
        if one["score"] == -1:  # the request failed: "$ERROR$"
            assert (mark, reason) == (None, "judge_unparsable")
        else:
            assert (float(mark or "nan"), reason) == (one["score"], None)
    assert sum(mark is not None for mark, _ in read) == 20


def test_real_judgments_that_lost_their_form_are_not_read(real_data: Path) -> None:
    texts = [one["judgment"] for one in judgments(real_data) if one["score"] != -1]
    for text in texts:
        for damaged in (text.replace("]]", "]"), f"{text} Oder doch [[5]]", f"{text} Oder auch nicht"):
            assert read_mark(Completion(damaged, STOP, 1, 1), TEN) == (None, "judge_unparsable")

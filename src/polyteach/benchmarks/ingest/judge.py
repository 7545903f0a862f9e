"""Transcripts of judges, one line a judgment: id, teacher, judge, judge_prompt, judgment, score.

The scale is what the judge's prompts name (`1 bis 10`, `1 to 5`); prompts that name none, such as those of
second turns, follow the others of the file. A score outside the scale (-1 for an error) is no score: it is
counted, with what the judge wrote in its place if that is short.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polyteach.benchmarks.ingest.items import ItemScores
from polyteach.benchmarks.ingest.reading import Unreadable, iterate_lines, text_of
from polyteach.benchmarks.ingest.record import NO_FILTER, FileRead
from polyteach.benchmarks.ingest.scale import number
from polyteach.errors import UserError
from polyteach.languages import standard_code

FORMAT = "judge transcripts"
_SCALE = re.compile(r"(?<![\d.])([01])\s?[^\d\s.,;]{1,6}\s?(\d{1,3})(?!\d)")
_TOPS = frozenset({5, 7, 10, 100})


def recognise(line: Mapping[str, Any]) -> bool:
    """Whether the first line of a JSONL file is a judgment."""
    return {"judge", "judgment", "score", "id"} <= line.keys()


def read(file: str, path: Path) -> FileRead:
    """Reads a file of judgments; items judged several times count once, by their mean.

    Raises:
        Unreadable: the prompts name no scale, or more than one.
    """
    read = FileRead(file, FORMAT)
    lines: list[Mapping[str, Any]] = []
    broken: Counter[str] = Counter()
    for _, line in iterate_lines(path):
        if isinstance(line, str):
            broken[line] += 1
        elif not recognise(line):
            broken["no judgment: a field is missing"] += 1
        else:
            lines.append(line)
    for reason, count in sorted(broken.items()):
        read.skip(reason, "lines", count)
    scale = _scale(lines)
    tables: dict[tuple[str, str, str | None], ItemScores] = {}
    for judgment in lines:
        benchmark = str(judgment["id"]).split(":")[0] if ":" in str(judgment["id"]) else path.stem
        model = text_of(judgment.get("teacher")) or text_of(judgment.get("model")) or path.stem
        score = number(judgment["score"])
        inside = score is not None and scale[0] <= score <= scale[1]
        tables.setdefault((model, benchmark, _language(judgment.get("language"))), ItemScores()).add(
            f"judge:{judgment['judge']}",
            NO_FILTER,
            str(judgment["id"]),
            score if inside else None,
            _reason(judgment["judgment"]),
        )
    for (model, benchmark, language), scores in tables.items():
        read.figures.extend(scores.figures(read, model, benchmark, None, language, scale))
    return read


def _scale(lines: list[Mapping[str, Any]]) -> tuple[float, float]:
    found = {
        (int(low), int(high))
        for line in lines
        for low, high in _SCALE.findall(text_of(line.get("judge_prompt")) or "")
        if int(high) in _TOPS
    }
    if len(found) != 1:
        raise Unreadable(
            "the judge's prompts name no scale" if not found else "the judge's prompts name several scales"
        )
    low, high = found.pop()
    return float(low), float(high)


def _reason(judgment: Any) -> str:
    text = text_of(judgment)
    return f"no score; the judge wrote {text}" if text and len(text) <= 20 else "no score"


def _language(value: Any) -> str | None:
    try:
        return standard_code(value) if isinstance(value, str) else None
    except UserError:
        return None

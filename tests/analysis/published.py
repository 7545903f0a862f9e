"""The authors' files, as tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

BASES = ("olmo3", "gemma3-4b", "qwen3-8b", "llama3-8b")
SHARED = ("ar", "de", "id")


def lines(folder: Path, name: str) -> list[dict[str, Any]]:
    text = (folder / "paper" / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def teacher_means(rows: list[dict[str, Any]], column: str, languages: tuple[str, ...]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for row in rows:
        if row["target_lang"] in languages:
            found.setdefault(row["teacher_model"], []).append(row[column])
    return {teacher: sum(values) / len(values) for teacher, values in found.items()}

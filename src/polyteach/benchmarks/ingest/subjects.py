"""Nested tables of accuracies by subject, as AceGPT's evaluation writes them: `MODEL__metrics.json`.

{"STEM": {"physics": {"astronomy": {"Accuracy": 0.32}, "average": {...}, "overall": {...}}}}. The file names
no model, shots, items or errors. The model is what the file's name begins with, up to `__`; what stands
between (`few_shot`) is kept as the filter, lest two ways of asking be taken for one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from polyteach.benchmarks.ingest.record import NO_FILTER, FileRead, Raw

FORMAT = "accuracies by subject"
AVERAGE = "average of subjects"
_LEAF = "Accuracy"
_AVERAGES = frozenset({"average", "overall"})


def recognise(content: Mapping[str, Any]) -> bool:
    """Whether a JSON object is nested tables that all end in an accuracy."""
    return bool(content) and all(_is_table(value) for value in content.values())


def _is_table(value: Any, depth: int = 0) -> bool:
    if not isinstance(value, Mapping) or not value or depth > 8:
        return False
    return set(value) == {_LEAF} or all(_is_table(inner, depth + 1) for inner in value.values())


def read(file: str, path: Path, content: Mapping[str, Any]) -> FileRead:
    """Reads the table; averages and overall figures are no records of their own."""
    read = FileRead(file, FORMAT)
    model, *settings = path.name.removesuffix(path.suffix).split("__")
    ways = [part for part in settings if part != "metrics"]
    read.notes.append("the model's name is the file's; neither shots nor numbers of items are known")
    for names, value in _leaves(content, ()):
        average = names[-1] in _AVERAGES
        read.figures.append(
            Raw(
                model=model,
                benchmark=":".join(names) if average else names[-1],
                metric=_LEAF.lower(),
                value=value,
                filter="+".join(ways) or NO_FILTER,
                aggregate=AVERAGE if average else None,
            )
        )
    return read


def _leaves(content: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in content.items():
        if set(value) == {_LEAF}:
            yield (*names, name), value[_LEAF]
        else:
            yield from _leaves(value, (*names, name))

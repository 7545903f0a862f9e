"""Our own results.json (`docs/results.md`): students of each teacher, their bases and references.

A student is named `TEACHER > BASE`; the base itself and its reference are models of their own, so that their
figures stand beside the students'. Scores are means over items and trials. Of bases and references the file
has 95% intervals; half of one over 1.96 is taken as the standard error (a little too wide: it was t-based).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyteach.benchmarks.ingest.reading import table, whole
from polyteach.benchmarks.ingest.record import FileRead, Raw
from polyteach.benchmarks.ingest.scale import number

FORMAT = "polyteach results"
METRIC = "score"


def recognise(content: Mapping[str, Any]) -> bool:
    """Whether a JSON object is the results of a study of ours."""
    return {"definitions_digest", "cells", "leaderboard", "anchors"} <= content.keys()


def read(file: str, content: Mapping[str, Any]) -> FileRead:
    """Reads a study's results; figures without a value are listed with their reason."""
    read = FileRead(file, FORMAT, facts={"results_schema_version": str(content.get("schema_version"))})
    read.notes.append(
        "its own leaderboard compares students item by item and over trials; ranks here know neither"
    )
    cells = content["cells"]
    for cell in map(table, cells if isinstance(cells, list) else ()):
        model = f"{cell.get('teacher')} > {cell.get('base')}"
        for benchmark, figure in table(cell.get("benchmarks")).items():
            _add(read, model, benchmark, cell.get("language"), table(figure))
    anchors = content["anchors"]
    for anchor in map(table, anchors if isinstance(anchors, list) else ()):
        for model, kind in (
            (str(anchor.get("base")), "base"),
            (f"reference > {anchor.get('base')}", "reference"),
        ):
            figure = {
                "value": anchor.get(f"{kind}_score"),
                "se": _error(anchor.get(f"{kind}_interval")),
                "se_from": "interval",
                "n": anchor.get("n"),
                "reason": "not examined",
            }
            _add(read, model, str(anchor.get("benchmark")), anchor.get("language"), figure)
    return read


def _add(read: FileRead, model: str, benchmark: str, language: Any, figure: Mapping[str, Any]) -> None:
    if figure.get("value") is None:
        read.skip(str(figure.get("reason") or "undefined"), f"{model}: {benchmark}")
        return
    unscored = {str(reason): whole(count) or 0 for reason, count in table(figure.get("unscored")).items()}
    read.figures.append(
        Raw(
            model=model,
            benchmark=benchmark,
            metric=METRIC,
            value=figure["value"],
            se=number(figure.get("se")),
            se_from=figure.get("se_from", "file"),
            n=whole(figure.get("n")),
            higher_is_better=True,
            language=language if isinstance(language, str) else None,
            scale=(0.0, 1.0),
            unscored=unscored,
        )
    )


def _error(interval: Any) -> float | None:
    low, high = map(number, interval) if isinstance(interval, list) and len(interval) == 2 else (None, None)
    return None if low is None or high is None else (high - low) / 2 / 1.96

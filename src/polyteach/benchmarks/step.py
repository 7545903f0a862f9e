"""The step that examines a model. Light to import: torch and lm-eval come with the work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from polyteach.benchmarks.catalogue import Benchmark, benchmark
from polyteach.benchmarks.examine import ItemResult, examine
from polyteach.files import write_json
from polyteach.steps import StepTask

_SCHEMA = pa.schema(
    [
        ("benchmark", pa.string()),
        ("item_id", pa.string()),
        ("cluster", pa.string()),
        ("score", pa.float64()),
        ("score_norm", pa.float64()),
        ("answer", pa.string()),
        ("reason", pa.string()),
    ]
)


def examine_model(task: StepTask) -> Mapping[str, Any]:
    """Examines a student (input `student`, with `model/`) or a model (`locations["model"]`).

    Settings: language, benchmarks (names), limit (so many items, or null), model (digest, or null for a
    student). A LoRA student also needs `locations["base"]`. Writes `items.parquet` (one row an item:
    benchmark, item_id, cluster, score, score_norm, answer, reason) and `summary.json` (benchmark -> metric,
    chance, n, unscored, mean, metric_norm, mean_norm).

    Returns:
        How many items were scored, and how many were not.
    """
    settings, student = task.settings, task.inputs.get("student")
    results = examine(
        str(student / "model") if student else task.locations["model"],
        settings["language"],
        settings["benchmarks"],
        base_location=task.locations.get("base"),
        limit=settings["limit"],
        progress=task.progress,
    )
    table = pa.Table.from_pylist([asdict(result) for result in results], schema=_SCHEMA)
    pq.write_table(table, task.output / "items.parquet", compression="zstd")
    summary = {
        name: summarise(benchmark(name), [r for r in results if r.benchmark == name])
        for name in settings["benchmarks"]
    }
    write_json(task.output / "summary.json", {"schema_version": 1, "benchmarks": summary})
    scored = sum(result.score is not None for result in results)
    return {"items": scored, "unscored": len(results) - scored}


def summarise(known: Benchmark, results: Sequence[ItemResult]) -> dict[str, Any]:
    """A benchmark's means over the items that were scored; null where none was."""
    return {
        "metric": known.metric,
        "chance": known.chance,
        "n": sum(result.score is not None for result in results),
        "unscored": dict(sorted(Counter(r.reason for r in results if r.reason is not None).items())),
        "mean": _mean([r.score for r in results if r.score is not None]),
        "metric_norm": known.metric_norm,
        "mean_norm": _mean([r.score_norm for r in results if r.score_norm is not None]),
    }


def _mean(scores: Sequence[float]) -> float | None:
    return sum(scores) / len(scores) if scores else None

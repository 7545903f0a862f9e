"""The step that analyses a study: results.json in; analysis.json out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polyteach.files import write_json
from polyteach.steps import StepTask

ANALYSIS = "analysis.json"
SCHEMA_VERSION = 1


def analyse(task: StepTask) -> Mapping[str, Any]:
    """Runs every analysis that a study's results allow; what they do not allow is there with the reason.

    Settings: `rng_seed`; `planned`, ids of all steps of the study's cells; `failed`, ids of those without an
    artifact. Inputs: `score`, and the steps of synthesis and quality under their own ids
    (`synthesis/TEACHER/LANGUAGE/METHOD`, each with a `rows.parquet`; `quality/TEACHER/LANGUAGE`, each with a
    `per_row.parquet`).
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1):  # sums come out alike on any number of cores
        sections = _all_sections(task)
    write_json(task.output / ANALYSIS, {"schema_version": SCHEMA_VERSION, "sections": sections})
    return {"sections": len(sections)}


def _all_sections(task: StepTask) -> dict[str, dict[str, Any]]:
    from polyteach.analysis.of_rows import sizes
    from polyteach.rows import Row, read_rows

    settings = task.settings
    results = json.loads((task.inputs["score"] / "results.json").read_text(encoding="utf-8"))
    sections = sections_of(results, settings["planned"], settings["failed"], settings["rng_seed"])
    rows: dict[tuple[str, str], list[Row]] = {}
    values: dict[tuple[str, str], dict[str, list[float | None]]] = {}
    for id in sorted(task.inputs):
        kind, *place = id.split("/")
        if kind == "synthesis":
            teacher, language, _ = place
            rows.setdefault((teacher, language), []).extend(read_rows(task.inputs[id] / "rows.parquet"))
        elif kind == "quality":
            teacher, language = place
            values[teacher, language] = _means_of_rows(task.inputs[id] / "per_row.parquet")
    return sections | {"sizes": sizes(rows, values, settings["rng_seed"])}


def _means_of_rows(path: Path) -> dict[str, list[float | None]]:
    """The values of rows whose mean is a metric; copies and diversity are of the whole set."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    return {
        field.name: table[field.name].to_pylist()
        for field in table.schema
        if field.type == pa.float64() and not field.name.endswith(("duplicates", "diversity"))
    }


def sections_of(
    results: Mapping[str, Any], planned: list[str], failed: list[str], rng_seed: int
) -> dict[str, dict[str, Any]]:
    """Every section by name; plain JSON."""
    from polyteach.analysis import of_metrics, of_ranking

    return {
        "bases": of_ranking.bases(results),
        "weights": of_ranking.weights(results),
        "benchmark_weights": of_ranking.benchmark_weights(results),
        "trainings": of_ranking.trainings(planned, failed),
        "power": of_ranking.power(results),
        **of_metrics.sections(results, rng_seed),
    }

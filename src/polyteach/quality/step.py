"""The step that measures a cell: rows in; metrics.json and per_row.parquet out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from polyteach.figures import Figure
from polyteach.files import write_json
from polyteach.models.embeddings import LEXICAL
from polyteach.quality.cell import ORACLE, Cell, Named, measure_rows
from polyteach.rows import Row, read_rows
from polyteach.steps import StepTask

METRICS = "metrics.json"
PER_ROW = "per_row.parquet"


def measure_cell(task: StepTask) -> Mapping[str, Any]:
    """Measures the rows of all inputs (their `rows.parquet`, inputs by name) as one set.

    Settings: `language`; `rng_seed`; `embedder`, `lexical` or a digest; `perplexity`, {"model": digest} or
    null; `judge`, {"kind": "oracle"}, {"kind": "model", "model": digest} or null. Locations: `embedder`,
    `perplexity`, `judge`, where a model is named.
    """
    settings, locations = task.settings, task.locations
    placed = [
        (name, row) for name in sorted(task.inputs) for row in read_rows(task.inputs[name] / "rows.parquet")
    ]
    asked, judge = settings["perplexity"], settings["judge"]
    cell = measure_rows(
        [row for _, row in placed],
        settings["language"],
        embedder=_named(settings["embedder"], locations, "embedder"),
        perplexity_model=_named(asked["model"], locations, "perplexity") if asked else None,
        judge=_judge(judge, locations) if judge else None,
        rng_seed=settings["rng_seed"],
        progress=task.progress,
    )
    write_metrics(task.output / METRICS, cell.figures)
    write_per_row(task.output / PER_ROW, placed, cell)
    return {"rows": len(placed)}


def write_metrics(path: Path, figures: Mapping[str, Figure]) -> None:
    """Writes figures by name as JSON, the same bytes for the same figures."""
    plain = {name: figure.to_json() for name, figure in figures.items()}
    write_json(path, plain)


def read_metrics(path: Path) -> dict[str, Figure]:
    """Reads what `write_metrics` wrote."""
    plain = json.loads(path.read_text(encoding="utf-8"))
    return {name: Figure.from_json(figure) for name, figure in plain.items()}


def write_per_row(path: Path, placed: Sequence[tuple[str, Row]], cell: Cell) -> None:
    """Writes one line a row: `input`, `id`, the found languages, each metric's value and reason.

    A value is null where the row is unscored; then `{metric}_reason` says why. A median's rows are those of
    its mean, and written once, under the mean's name.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, Any] = {
        "input": pa.array([name for name, _ in placed], pa.string()),
        "id": pa.array([row.id for _, row in placed], pa.string()),
        "prompt_language": pa.array(cell.prompt_languages, pa.string()),
        "response_language": pa.array(cell.response_languages, pa.string()),
    }
    for name, measured in sorted(cell.metrics.items()):
        if name.endswith("_median"):
            continue
        columns[name] = pa.array(measured.values, pa.float64())
        columns[f"{name}_reason"] = pa.array(measured.reasons, pa.string())
    pq.write_table(pa.table(columns), path, compression="zstd")


def _named(name: str, locations: Mapping[str, str], role: str) -> Named:
    return Named(name) if name == LEXICAL else Named(_spoken(name), locations[role])


def _judge(judge: Mapping[str, str], locations: Mapping[str, str]) -> Named:
    return ORACLE if judge["kind"] == "oracle" else Named(_spoken(judge["model"]), locations["judge"])


def _spoken(digest: str) -> str:
    """A digest as definitions have it: its first 12 characters tell models apart."""
    return digest[:12]

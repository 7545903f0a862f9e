"""The step that measures a cell: rows in; metrics.json, per_row.parquet and, after a gate, gated.json out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from polyteach.figures import Figure
from polyteach.files import write_json
from polyteach.models.build import find_served
from polyteach.models.embeddings import LEXICAL
from polyteach.models.took import Took
from polyteach.quality.cell import Cell, Embedder, Named, embedder_name, measure_rows, pair_texts
from polyteach.quality.gated import Corpus, Gated, gated_metrics, row_values
from polyteach.quality.held_out import HeldOut, read_held_out
from polyteach.quality.judge import Judge, open_judge
from polyteach.quality.metric_result import Measured
from polyteach.rows import Row, read_rows
from polyteach.steps import StepTask, digest_of

METRICS = "metrics.json"
GATED = "gated.json"
GATE_INPUT = "gate"
PER_ROW = "per_row.parquet"


def measure_cell(task: StepTask) -> Mapping[str, Any]:
    """Measures the rows of all inputs (their `rows.parquet`, inputs by name) as one set.

    Settings: `language`; `rng_seed`; `embedder`, `lexical`, a digest, or {"kind": "endpoint", "model": name
    there} with `extra` where more is sent along; `perplexity`, {"model": digest} or null; `judge`, see
    `open_judge`, or null. Locations: `embedder`, `perplexity`, `judge`, where a model of this machine is
    named; `embedder_endpoint`, `judge_endpoint` and `judge_price`, see `find_served`, and `budget`; `journal`
    and `payer`, see `open_journal`. The input `gate`, where there is one, has no rows: it says on how many
    rows the gated metrics are taken, and has the texts of the small models. Facts say what a judge and an
    embedder at endpoints took, see `taken`.

    Raises:
        UserError: a model cannot be loaded, or nobody answers at an endpoint.
        BudgetReached: the cap is reached; what was answered is in the journal.
        StepImpossible: too many questions to the judge were left without an answer.
    """
    settings = task.settings
    placed = [
        (name, row)
        for name in sorted(task.inputs)
        if name != GATE_INPUT
        for row in read_rows(task.inputs[name] / "rows.parquet")
    ]
    held_out = read_held_out(task.inputs[GATE_INPUT]) if GATE_INPUT in task.inputs else None
    rows = [row for _, row in placed]
    sources = [(name, row.source_id) for name, row in placed]
    sampled = spread_sample(sources, held_out.n, settings["rng_seed"]) if held_out else []
    embedder, perplexity_model = models_of(settings, task.locations)
    embedded = embedding_took(settings, task.locations)
    with judge_of(task) as judge:
        cell = measure_rows(
            rows,
            settings["language"],
            embedder=embedder,
            perplexity_model=perplexity_model,
            judge=judge,
            short=held_out.short if held_out else None,
            keep=sampled,
            scratch=task.output,
            rng_seed=settings["rng_seed"],
            progress=task.progress,
            embedded=embedded,
        )
    write_metrics(task.output / METRICS, cell.figures)
    write_per_row(task.output / PER_ROW, placed, cell)
    if held_out:
        found = gate_sample(rows, sampled, cell, held_out, embedder, settings["rng_seed"])
        plain = {name: figure.to_json() for name, figure in found.figures.items()}
        write_json(
            task.output / GATED,
            {"n": held_out.n, "figures": plain, "correlations": dict(found.correlations)},
        )
    return {"rows": len(placed)} | taken(judge, embedded)


def gate_sample(
    rows: Sequence[Row],
    places: Sequence[int],
    cell: Cell,
    held_out: HeldOut,
    embedder: Embedder,
    rng_seed: int,
) -> Gated:
    """The gated metrics of a cell on a sample of its rows, those whose embeddings it kept."""
    chosen, name = [rows[place] for place in places], embedder_name(embedder)
    metrics = {metric: _part(measured, places) for metric, measured in cell.metrics.items()}
    values = row_values(metrics, chosen, cell.embeddings, name, held_out)
    corpus = Corpus(cell.embeddings, pair_texts(chosen), name, rng_seed)
    return gated_metrics(values, corpus, range(len(places)), held_out.n)


def spread_sample(placed: Sequence[tuple[str, str]], n: int, rng_seed: int) -> list[int]:
    """Places of n rows, equally many of each input as far as there are; all rows where there are fewer.

    Which ones is decided by what a row rests on, so that the samples of several teachers rest on the same
    seed examples as far as possible. Rows on the same one are drawn apart from each other, copies too.

    Args:
        placed: the input and the `source_id` of each row.
        n: how many.
        rng_seed: of the order.
    """
    queues: dict[str, list[tuple[str, int]]] = {}
    times: Counter[tuple[str, str]] = Counter()
    for place, (name, source) in enumerate(placed):
        lot = digest_of([rng_seed, name, source, times[name, source]])
        queues.setdefault(name, []).append((lot, place))
        times[name, source] += 1
    turns = sorted(
        (turn, name, place) for name, queue in queues.items() for turn, (_, place) in enumerate(sorted(queue))
    )
    return sorted(place for _, _, place in turns[:n])


def _part(measured: Measured, places: Sequence[int]) -> Measured:
    return Measured(
        measured.figure, tuple(measured.values[p] for p in places), tuple(measured.reasons[p] for p in places)
    )


def write_metrics(path: Path, figures: Mapping[str, Figure]) -> None:
    """Writes figures by name as JSON, the same bytes for the same figures."""
    plain = {name: figure.to_json() for name, figure in figures.items()}
    write_json(path, plain)


def read_metrics(path: Path) -> dict[str, Figure]:
    """Reads what `write_metrics` wrote."""
    plain = json.loads(path.read_text(encoding="utf-8"))
    return {name: Figure.from_json(figure) for name, figure in plain.items()}


def write_per_row(path: Path, placed: Sequence[tuple[str, Row]], cell: Cell) -> None:
    """Writes one line a row: `input`, `id`, the found languages, the value and reason of each row's metrics.

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


def models_of(settings: Mapping[str, Any], locations: Mapping[str, str]) -> tuple[Embedder, Named | None]:
    """The embedder and the model of perplexity that a step's settings name."""
    asked = settings["perplexity"]
    return _embedder(settings["embedder"], locations), (
        _named(asked["model"], locations["perplexity"]) if asked else None
    )


def embedding_took(settings: Mapping[str, Any], locations: Mapping[str, str]) -> Took | None:
    """To count what the embedder takes that a step's settings name; None for one of this machine."""
    asked = settings["embedder"]
    if isinstance(asked, str):
        return None
    return Took(asked["model"], find_served(asked["model"], {}, locations, role="embedder_").price)


def taken(judge: Judge | None, embedded: Took | None) -> dict[str, Any]:
    """Facts under `judge` and `embedder`, of those at endpoints: what all their answers took."""
    took = {"judge": judge.took if judge else None, "embedder": embedded}
    return {role: counts.facts() for role, counts in took.items() if counts}


def judge_of(task: StepTask) -> AbstractContextManager[Judge | None]:
    """The judge that a step's settings name, ready to be asked in the block."""
    settings = task.settings
    if not settings["judge"]:
        return nullcontext()
    return open_judge(
        settings["judge"],
        task.locations,
        settings["language"],
        rng_seed=settings["rng_seed"],
        progress=task.progress,
    )


def _embedder(asked: str | Mapping[str, Any], locations: Mapping[str, str]) -> Embedder:
    if isinstance(asked, str):
        return Named(LEXICAL) if asked == LEXICAL else _named(asked, locations["embedder"])
    fixed = {"extra": asked.get("extra", {})}
    return find_served(asked["model"], fixed, locations, role="embedder_").settings


def _named(digest: str, location: str) -> Named:
    """A model as definitions have it: its digest's first 12 characters tell models apart."""
    return Named(digest[:12], location)

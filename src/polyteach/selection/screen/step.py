"""The step that ranks a screen's candidates: gate, quality and rows in; screen.json out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyteach.files import write_json
from polyteach.quality.step import PER_ROW
from polyteach.scoring.records import Evidence, StudyFacts, SynthesisFacts, Teacher
from polyteach.steps import StepTask, digest_of
from polyteach.synthesis.contestant import METHOD as EXISTING

if TYPE_CHECKING:
    from polyteach.scoring.cautions.caution import Caution
    from polyteach.selection.screen.ranking import ScreenedCell, ScreenedRow, Screening

SCREEN = "screen.json"
SCHEMA_VERSION = 1
_IN_LANGUAGE = {1.0: True, 0.0: False, None: None}


def screen(task: StepTask) -> Mapping[str, Any]:
    """Ranks the candidates of a screen.

    Settings: `study`, its facts (`facts.screen_facts`); `rng_seed`; `failed`, a list of {step, reason}.
    Inputs: `gate/L`, `quality/CANDIDATE/L`, and `synthesis/CANDIDATE/L/METHOD` for each of its methods,
    even where candidates share such a step.
    """
    from polyteach.scoring.evidence import read_evidence
    from polyteach.selection.screen.ranking import rank_screen

    study, failed = task.settings["study"], task.settings["failed"]
    evidence = read_evidence(_facts(study), task.inputs, failed)
    cells = list(_cells(evidence, task.inputs))
    ranked = rank_screen(
        cells,
        evidence.gate,
        study["languages"],
        task.settings["rng_seed"],
        missing=_missing(study, {(cell.candidate, cell.language) for cell in cells}, failed),
        gate_failed=[e["step"].removeprefix("gate/") for e in failed if e["step"].startswith("gate/")],
    )
    result = screen_of(study, evidence, cells, ranked)
    write_json(task.output / SCREEN, result)
    return {"verdict": result["verdict"]["kind"], "warnings": len(result["warnings"])}


def screen_of(
    study: Mapping[str, Any], evidence: Evidence, cells: Sequence[ScreenedCell], ranked: Screening
) -> dict[str, Any]:
    """A screen as the outside view has it (`docs/screening.md`): plain JSON, no times, no paths."""
    from polyteach.scoring.requests import measuring_of

    plain = ranked.to_json()
    cautions = [*_rehearsed(study), *_of_measuring(evidence)]
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "screen",
        **{name: study[name] for name in ("rng_seed", "rows_per_method", "languages", "limit", "by")},
        "study": study["name"],
        "definitions_digest": definitions_digest(evidence, plain),
        "candidates": study["candidates"],
        **plain,
        "gate": [
            {"language": m.language, "metric": m.metric, "passes": m.passes, "reason": m.reason}
            for m in evidence.gate
        ],
        "measuring": measuring_of(evidence.measuring),
        "warnings": [caution.to_json() for caution in cautions] + plain["warnings"],
    }


def definitions_digest(evidence: Evidence, ranked: Mapping[str, Any]) -> str:
    """A hash of what the figures mean: screens with the same one can be compared."""
    metrics: dict[str, set[str]] = {}
    for measured in evidence.metrics:
        for name, figure in measured.figures.items():
            metrics.setdefault(name, set()).add(figure.definition)
    return digest_of(
        {
            "gate": sorted({(m.metric, m.level, *m.answers_for) for m in evidence.gate}),
            "metrics": {name: sorted(texts) for name, texts in metrics.items()},
            "cells": sorted(
                {
                    (name, value["definition"])
                    for cell in ranked["cells"]
                    for name, value in cell.items()
                    if isinstance(value, Mapping) and "definition" in value
                }
            ),
        }
    )


def _facts(study: Mapping[str, Any]) -> StudyFacts:
    """The candidates as the readers of evidence know teachers; there are no students."""
    from polyteach.scoring.records import Scorer

    return StudyFacts(
        name=study["name"],
        languages=tuple(study["languages"]),
        bases=(),
        trials=0,
        teachers=tuple(
            Teacher(one["candidate"], one["family"], one["parameters"]) for one in study["candidates"]
        ),
        scorers=tuple(
            Scorer(s["metric"], s["model"], s["family"], tuple(s["teachers"])) for s in study["scorers"]
        ),
        limit=study["limit"],
    )


def _cells(evidence: Evidence, inputs: Mapping[str, Path]) -> Iterator[ScreenedCell]:
    """The cells whose data was written and measured, candidates in their order."""
    from polyteach.selection.screen.ranking import ScreenedCell

    figures = {(m.teacher, m.language): m.figures for m in evidence.metrics}
    gated = {(g.teacher, g.language): g for g in evidence.gated}
    for written in evidence.synthesis:
        place = (written.teacher, written.language)
        if place in figures:
            requests, rows = _rows(written, inputs)
            yield ScreenedCell(
                candidate=written.teacher,
                language=written.language,
                requests=requests,
                rows=rows,
                failures=written.failures,
                metrics=figures[place],
                gated=gated.get(place),
                usages=written.usages,
            )


def _rows(written: SynthesisFacts, inputs: Mapping[str, Path]) -> tuple[list[str], list[ScreenedRow]]:
    """The names of a cell's requests, alike for all who were asked the same, and its rows."""
    import pyarrow.parquet as pq

    from polyteach.selection.screen.ranking import ScreenedRow

    prefix = f"synthesis/{written.teacher}/{written.language}/"
    requests: list[str] = []
    of_row: dict[str, str] = {}
    for name in sorted(inputs):
        if name.startswith(prefix):
            asked, rows_of = _requests(inputs[name], name.removeprefix(prefix))
            requests += asked
            of_row |= rows_of
    columns = ["id", "prompt_fidelity", "response_fidelity", "near_duplicates"]
    path = inputs[f"quality/{written.teacher}/{written.language}"] / PER_ROW
    rows = [
        ScreenedRow(
            of_row[row["id"]],
            _IN_LANGUAGE[row["prompt_fidelity"]],
            _IN_LANGUAGE[row["response_fidelity"]],
            row["near_duplicates"] == 1.0,
        )
        for row in pq.read_table(path, columns=columns).to_pylist()
    ]
    return requests, rows


def _requests(folder: Path, method: str) -> tuple[list[str], dict[str, str]]:
    """The requests of a synthesis step, and which of them made each row, by the row's id.

    A teacher's request is named by its number, which stands for the same seed examples whoever is asked. Rows
    that exist were asked for by others: theirs is named by its prompt, and by how often it came before.
    """
    import pyarrow.parquet as pq

    rows = pq.read_table(folder / "rows.parquet", columns=["id", "prompt"]).to_pylist()
    if method == EXISTING:
        seen: Counter[str] = Counter()
        made = {}
        for row in rows:
            prompt = digest_of(row["prompt"])
            made[row["id"]] = f"{method}/{prompt}/{seen[prompt]}"
            seen[prompt] += 1
        return list(made.values()), made
    failed = json.loads((folder / "failures.json").read_text(encoding="utf-8"))
    asked = len(rows) + sum(int(facts["count"]) for facts in failed.values())
    made = {row["id"]: f"{method}/{row['id'].rpartition('/')[2]}" for row in rows}
    return [f"{method}/{number}" for number in range(asked)], made


def _missing(
    study: Mapping[str, Any], there: set[tuple[str, str]], failed: Sequence[Mapping[str, str]]
) -> dict[tuple[str, str], str]:
    """Why cells are not there: what the first of their steps that failed says."""
    reasons = {entry["step"]: entry["reason"] for entry in failed}
    missing = {}
    for one in study["candidates"]:
        for language in study["languages"]:
            if (one["candidate"], language) not in there:
                steps = [f"synthesis/{one['teacher']}/{language}/{method}" for method in one["methods"]]
                steps += [f"gate/{language}", f"quality/{one['candidate']}/{language}"]
                told = (reasons[step] for step in steps if step in reasons)
                missing[one["candidate"], language] = next(told, "its data was not measured")
    return missing


def _rehearsed(study: Mapping[str, Any]) -> Iterator[Caution]:
    from polyteach.scoring.cautions.caution import Caution

    if study["limit"] is not None:
        text = f"A rehearsal (--limit {study['limit']}): it shows that the screen runs, and ranks nobody."
        yield Caution("rehearsal", "study", text)


def _of_measuring(evidence: Evidence) -> Iterator[Caution]:
    """What studies are warned of too: judges that fail their checks, metrics under a teacher's own kin."""
    from polyteach.scoring.cautions import of_data

    yield from of_data.doubtful_judge(evidence)
    yield from of_data.scorer_family(evidence)
    yield from of_data.short_sources(evidence)

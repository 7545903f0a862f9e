"""Evidence into a bundle's figures, by the same scoring that makes a run's results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from polyteach.bundles.bundle import (
    Bundle,
    BundledCell,
    BundledTeacher,
    Provenance,
    Ranked,
    Tokens,
    Verdict,
)
from polyteach.bundles.pack import unpack
from polyteach.bundles.packed import PackedEvidence
from polyteach.bundles.terms import Terms
from polyteach.figures import Figure
from polyteach.scoring.records import Evidence

Plain = Mapping[str, Any]


def scored_bundle(
    packed: PackedEvidence,
    provenance: Provenance,
    teachers: Sequence[BundledTeacher],
    terms: Terms,
    others: Sequence[BundledCell] = (),
    origin: Mapping[tuple[str, str], str] | None = None,
) -> tuple[Bundle, dict[str, Any]]:
    """Scores evidence; returns the bundle, and the results as a run's `results.json` has them.

    Args:
        packed: the evidence.
        provenance: of the bundle; its definitions' digest is set here.
        teachers: how each teacher was asked, and teachers of other cells.
        terms: under which the evidence was made.
        others: cells that have figures only.
        origin: the bundle that a cell's evidence was first in, by teacher and language; else this one.
    """
    from polyteach.scoring.results import results_of

    evidence, study = unpack(packed), packed.study
    results = results_of(evidence, study.facts, study.rng_seed)
    who = {entry.name: entry for entry in study.teachers}
    bundle = Bundle(
        kind="run",
        name=study.name,
        provenance=provenance.model_copy(update={"definitions_digest": results["definitions_digest"]}),
        languages=list(dict.fromkeys([*study.languages, *(cell.language for cell in others)])),
        teachers=[
            asked.model_copy(
                update=who[asked.name].model_dump(include={"kind", "model", "family", "parameters"})
            )
            if asked.name in who
            else asked
            for asked in teachers
        ],
        cells=[
            *(_cell(cell, evidence, (origin or {}), study.name) for cell in results["cells"]),
            *others,
        ],
        ranking=[_ranked(line) for line in results["leaderboard"]],
        verdict=Verdict(**{key: results["verdict"][key] for key in ("kind", "text", "teachers")}),
        terms=terms,
        evidence=packed,
    )
    return bundle, results


def _cell(cell: Plain, evidence: Evidence, origin: Mapping[tuple[str, str], str], name: str) -> BundledCell:
    key = cell["teacher"], cell["language"]
    return BundledCell(
        teacher=cell["teacher"],
        language=cell["language"],
        base=cell["base"],
        bundle=origin.get(key, name),
        scored=True,
        trials=cell["trials"],
        figures={name: Figure.from_json(plain) for name, plain in _figures_of(cell)},
        **_taken(evidence, *key),
    )


def _figures_of(cell: Plain) -> Iterator[tuple[str, Plain]]:
    yield from cell["scores"].items()
    yield "gain", cell["gain"]
    yield "quality", cell["quality"]
    yield "pgr", cell["pgr"]["mean"]
    for part, prefix in (("benchmarks", "benchmark"), ("gains", "gain"), ("metrics", "metric")):
        for name, plain in cell[part].items():
            yield f"{prefix}/{name}", plain


def _ranked(line: Plain) -> Ranked:
    figures = {**line["scores"], "gain": line["gain"], "quality": line["quality"], "pgr": line["pgr"]}
    return Ranked(
        teacher=line["teacher"],
        rank_interval=line["rank_interval"],
        figures={name: Figure.from_json(plain) for name, plain in figures.items()},
    )


def _taken(evidence: Evidence, teacher: str, language: str) -> dict[str, Any]:
    """What a cell's data took; nothing where no teacher was asked."""
    from polyteach.scoring.requests import requests_of

    own = [s for s in evidence.synthesis if (s.teacher, s.language) == (teacher, language)]
    found = requests_of(replace(evidence, synthesis=own))
    if not found:
        return {"rows": sum(s.rows for s in own) if own else None}
    asked, used = found[0], found[0].usage
    return {
        "rows": asked.rows,
        "requests": asked.asked,
        "failures": dict(asked.failed),
        "tokens": Tokens(
            prompt=used.prompt_tokens, response=used.response_tokens, thinking=used.thinking_tokens
        ),
        "money": used.money,
        "money_per_10k": asked.money_for_many_rows,
    }

"""Bundles as evidence: others' runs and screens, and published figures, which can only stand beside ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from polyteach.selection.recommend.candidates import Candidate
from polyteach.selection.recommend.evidence import (
    Cost,
    Evidence,
    Key,
    Kind,
    definition_of,
    mean_of,
    recipe_of,
)
from polyteach.selection.recommend.reading import NO_STUDENT, known_readings, without_error
from polyteach.selection.recommend.weighing import Reading

if TYPE_CHECKING:
    from polyteach.bundles.bundle import Bundle, BundledCell
    from polyteach.figures import Figure

SHOWN: Mapping[Kind, tuple[str, ...]] = {
    "run": ("robust",),
    "screen": ("score",),
    "published": ("result",),
}
"""By which figure teachers are compared: the first one that a bundle has."""
_REHEARSAL = re.compile(r"-limit-(\d+)$")
UNPAIRED = "errors are not paired by item: a bundle's figures say less than the run itself"


def read_bundle(path: Path) -> list[Evidence]:
    """What a bundle holds, one entry for each set of figures that share a definition.

    Raises:
        UserError: it is none, or damaged.
    """
    from polyteach.bundles.files import read

    return evidence_of(read(path))


def evidence_of(bundle: Bundle) -> list[Evidence]:
    """The same, of a bundle that was read."""
    kinds: dict[tuple[str, Kind], list[BundledCell]] = {}
    for cell in bundle.cells:
        kinds.setdefault((cell.bundle, _kind(cell)), []).append(cell)
    return [_evidence(bundle, name, kind, cells) for (name, kind), cells in kinds.items()]


def _kind(cell: BundledCell) -> Kind:
    if not cell.scored:
        return "published"
    return "screen" if cell.base is None else "run"


def _evidence(bundle: Bundle, name: str, kind: Kind, cells: list[BundledCell]) -> Evidence:
    shown = next((figure for figure in SHOWN[kind] if any(figure in c.figures for c in cells)), "")
    teachers = {
        teacher.name: Candidate.of(
            teacher.name,
            teacher.kind,
            teacher.model,
            teacher.family,
            teacher.parameters,
            teacher.methods,
        )
        for teacher in bundle.teachers
        if teacher.kind != "data"
    }
    groups: dict[Key, list[BundledCell]] = {}
    for cell in cells:
        if cell.teacher in teachers:
            groups.setdefault((cell.language, cell.teacher), []).append(cell)
    figures = {key: figure for key, own in groups.items() if (figure := _mean(own, shown)) is not None}
    readings = {key: Reading(figure.value or 0.0) for key, figure in figures.items()}
    unknown: list[str] = []
    if kind != "published":  # whose errors are in what they are worth
        readings = known_readings(figures)
        unknown = without_error(key for key in figures if key not in readings)
    return Evidence(
        id=f"bundle {name}",
        kind=kind,
        definition=_definition(bundle, name, kind, cells),
        teachers=teachers,
        readings=readings,
        figures=figures,
        gains={key: f for key, own in groups.items() if (f := _mean(own, "gain")) is not None},
        costs={
            (own[0].language, own[0].teacher): Cost(
                own[0].money_per_10k,
                own[0].rows or 0,
                own[0].tokens.prompt if own[0].tokens else 0,
                own[0].tokens.response if own[0].tokens else 0,
            )
            for own in groups.values()
        },
        excluded={key: own[0].excluded for key, own in groups.items() if own[0].excluded},
        rows=max((cell.rows or 0 for cell in cells), default=0),
        trials=max((cell.trials for cell in cells), default=0),
        limit=_limit(bundle, name, kind),
        doubts=(*_doubts(kind, cells, shown), *unknown),
    )


def _definition(bundle: Bundle, name: str, kind: Kind, cells: list[BundledCell]) -> str:
    """What the figures mean, as a run's or screen's own file says it."""
    from polyteach.bundles.terms import STUDY

    digest = bundle.provenance.definitions_digest
    if digest is None:
        return f"bundle {name}"
    if kind != "run":
        return digest
    bases = sorted({cell.base for cell in cells if cell.base})
    rows = bundle.evidence.study.student_rows if bundle.evidence else None
    return definition_of(digest, bases, rows, recipe_of(bundle.terms.get(STUDY, {})))


def _limit(bundle: Bundle, name: str, kind: Kind) -> int | None:
    """Of a rehearsal; of a screen within a merged bundle only the name says it."""
    from polyteach.bundles.terms import STUDY

    if kind == "run":
        return bundle.evidence.study.limit if bundle.evidence else None
    if kind == "published":
        return None
    said = bundle.terms.get(STUDY, {}).get("limit") if bundle.kind == "screen" else None
    named = _REHEARSAL.search(name)
    return said if isinstance(said, int) else int(named[1]) if named else None


def _mean(cells: list[BundledCell], name: str) -> Figure | None:
    """A figure of one base, or the mean over bases; None where a base has none."""
    figures = [cell.figures.get(name) for cell in cells]
    known = [figure for figure in figures if figure is not None and figure.value is not None]
    return mean_of(known) if len(known) == len(cells) else None


def _doubts(kind: Kind, cells: list[BundledCell], shown: str) -> tuple[str, ...]:
    every = [cell.doubts.get(shown) for cell in cells]
    said = {doubt for doubt in every if doubt and every.count(doubt) == len(every)}
    if kind == "run":
        said.add(UNPAIRED)
    if kind == "screen":
        said.add(NO_STUDENT)
    if not shown:
        said.add(f"it has none of the figures that are compared ({', '.join(SHOWN[kind])})")
    return tuple(sorted(said))


def published_evidence() -> list[Evidence]:
    """The published figures that come with the package."""
    from polyteach.bundles.files import shipped

    return [source for path in shipped().values() for source in read_bundle(path)]

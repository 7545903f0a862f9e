"""Bundles as evidence: others' runs and screens, and published figures, which can only stand beside ours."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from polyteach.selection.recommend.candidates import Candidate
from polyteach.selection.recommend.evidence import Cost, Evidence, Key, Kind
from polyteach.selection.recommend.reading import NO_STUDENT, is_free
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
        teacher.name: Candidate(
            teacher.name,
            teacher.model,
            teacher.family,
            teacher.parameters,
            tuple(teacher.methods),
            is_simulated=teacher.kind == "simulated",
            is_local=is_free(teacher.kind, teacher.model),
        )
        for teacher in bundle.teachers
        if teacher.kind != "data"
    }
    groups: dict[Key, list[BundledCell]] = {}
    for cell in cells:
        if cell.teacher in teachers:
            groups.setdefault((cell.language, cell.teacher), []).append(cell)
    figures = {key: figure for key, own in groups.items() if (figure := _mean(own, shown)) is not None}
    bases = sorted({cell.base for cell in cells if cell.base})
    digest = bundle.provenance.definitions_digest or f"bundle {name}"
    terms = ",".join(str(bundle.terms.get(language)) for language in sorted(bundle.terms))
    return Evidence(
        id=f"bundle {name}",
        kind=kind,
        definition=f"{digest} {', '.join(bases)}"
        if bundle.provenance.definitions_digest
        else f"{digest} {terms}",
        teachers=teachers,
        readings={key: Reading(figure.value or 0.0, figure.se or 0.0) for key, figure in figures.items()},
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
        doubts=_doubts(kind, cells, shown),
    )


def _mean(cells: list[BundledCell], name: str) -> Figure | None:
    """A figure of one base, or the mean over bases with their mean error (they share items)."""
    from polyteach.figures import Figure

    known = [f for cell in cells if (f := cell.figures.get(name)) is not None and f.value is not None]
    if not known or len(known) < len(cells):
        return None
    if len(known) == 1:
        return known[0]
    errors = [figure.se for figure in known if figure.se is not None]
    return Figure(
        sum(figure.value or 0.0 for figure in known) / len(known),
        f"mean over {len(known)} bases of: {known[0].definition}",
        known[0].n,
        sum(errors) / len(errors) if len(errors) == len(known) else None,
    )


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

"""Merging bundles: evidence made under the same terms is joined and scored anew, as one study's would be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from polyteach.bundles.bundle import Bundle, BundledCell, BundledTeacher, Provenance
from polyteach.bundles.card import StudyTeacher
from polyteach.bundles.join import Cell, cells_of, gate_difference, join, same_cell
from polyteach.bundles.packed import PackedEvidence
from polyteach.bundles.scored import scored_bundle
from polyteach.bundles.terms import STUDY, Terms, differences, terms_of_evidence
from polyteach.errors import UserError

MOST_TOLD = 3
NAME = "merged"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was not joined, and why.

    Attributes:
        bundle: its label.
        what: `all of it`, languages, or a teacher in a language.
    """

    bundle: str
    what: str
    reason: str

    def __str__(self) -> str:
        return f"{self.bundle}: {self.what} not joined: {self.reason}"


@dataclass(frozen=True, slots=True)
class Merged:
    """What came of a merge.

    Attributes:
        bundle: the table, evidence joined and scored anew; other bundles' figures beside it as they are.
        results: of the joint study, as a run's `results.json` has them; None where no bundle has evidence.
        refused: what was left out.
    """

    bundle: Bundle
    results: dict[str, Any] | None
    refused: tuple[Refusal, ...]


@dataclass(slots=True)
class _State:
    """What is joined so far; `label` is the bundle that terms are compared with."""

    label: str
    packed: PackedEvidence
    terms: Terms
    teachers: dict[str, BundledTeacher]
    origin: dict[Cell, str]


def merge(bundles: Sequence[Bundle], labels: Sequence[str] | None = None, name: str = NAME) -> Merged:
    """Merges bundles into one teacher x language table.

    The first bundle with evidence sets the terms. Of each other one the languages and cells are joined whose
    terms agree with what is there already.

    Args:
        bundles: at least one.
        labels: what messages call them; their names where nothing is said.
        name: of the merged bundle.

    Raises:
        UserError: several have evidence, but nothing could be joined.
    """
    called = list(labels or [bundle.name for bundle in bundles])
    scored = [(label, b, b.evidence) for label, b in zip(called, bundles, strict=True) if b.evidence]
    others, refused = _figures_only(bundles, called)
    state: _State | None = None
    joined = 0
    for label, bundle, evidence in scored:
        if state is None:
            state = _start(label, bundle, evidence)
            continue
        cells, refusals = _add(state, label, bundle, evidence)
        joined += cells
        refused += refusals
    if len(scored) > 1 and not joined:
        fix = "merge runs of the same settings; look at each alone with: polyteach bundle show"
        raise UserError("nothing can be joined: " + "; ".join(map(str, refused)), ", ".join(called), fix)
    listed = _teachers(bundles, others, state)
    provenance = _provenance(bundles)
    if state is None:
        languages = list(dict.fromkeys(cell.language for cell in others))
        bundle = Bundle(
            kind="figures",
            name=name,
            provenance=provenance,
            languages=languages,
            teachers=listed,
            cells=others,
        )
        return Merged(bundle, None, tuple(refused))
    packed = state.packed.model_copy(update={"study": state.packed.study.model_copy(update={"name": name})})
    bundle, results = scored_bundle(packed, provenance, listed, state.terms, others, state.origin)
    return Merged(bundle, results, tuple(refused))


def _start(label: str, bundle: Bundle, evidence: PackedEvidence) -> _State:
    teachers = {teacher.name: teacher for teacher in bundle.teachers}
    return _State(label, evidence, bundle.terms, teachers, _origins(bundle))


def _add(state: _State, label: str, bundle: Bundle, evidence: PackedEvidence) -> tuple[int, list[Refusal]]:
    """Joins what agrees; returns how many cells are now in both or new, and what was refused."""
    ours, theirs = terms_of_evidence(state.packed), terms_of_evidence(evidence)
    if why := _why_not(STUDY, state, bundle.terms, ours, theirs):
        return 0, [Refusal(label, "all of it", why)]
    reasons: dict[str, list[str]] = {}
    languages = []
    for code in evidence.study.languages:
        why = _why_not(code, state, bundle.terms, ours, theirs) if code in ours else None
        if code in ours and not why:
            why = gate_difference(state.packed, evidence, code)
        if why:
            reasons.setdefault(why, []).append(code)
        else:
            languages.append(code)
    refused = [Refusal(label, ", ".join(codes), why) for why, codes in reasons.items()]
    known, cells, same = set(cells_of(state.packed)), [], 0
    for teacher, code in cells_of(evidence):
        if code not in languages:
            continue
        why = _other_teacher(state, bundle, evidence, teacher)
        if not why and (teacher, code) in known:
            why = same_cell(state.packed, evidence, (teacher, code))
            same += not why
        elif not why:
            cells.append((teacher, code))
        if why:
            refused.append(Refusal(label, f"{teacher} in {code}", why))
    new = {code for _, code in cells if code not in ours}
    state.packed = join(state.packed, evidence, new, set(cells))
    state.terms = {code: bundle.terms.get(code, {}) for code in new} | {
        code: (bundle.terms.get(code, {}) if code in languages else {}) | own
        for code, own in state.terms.items()
    }
    origins = _origins(bundle)
    for teacher, code in cells:
        state.teachers.setdefault(teacher, bundle.teacher(teacher))
        state.origin[teacher, code] = origins.get((teacher, code), bundle.name)
    return len(cells) + same, refused


def _why_not(part: str, state: _State, said: Terms, ours: Terms, theirs: Terms) -> str | None:
    """What differs in the terms of the study, or of a language; None where nothing does."""
    if not (state.terms.get(part) and said.get(part)):
        return "its terms are not in the bundle"
    known, other = said[part] | theirs[part], state.terms[part] | ours[part]
    told = [text for _, text in differences(known, other)]
    if not told:
        return None
    more = f", and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
    return f"{'; '.join(told[:MOST_TOLD])}{more} as in {state.label}"


def _other_teacher(state: _State, bundle: Bundle, evidence: PackedEvidence, name: str) -> str | None:
    """Why a teacher is not the one that is known by its name; None where it is, or none is known."""
    known = state.teachers.get(name)
    if known is None:
        return None
    own = bundle.teacher(name)
    if (known.settings, known.methods) != (own.settings, own.methods):
        return f"another teacher has this name in {state.label}: it was asked in another way"
    if _who(state.packed, name) != _who(evidence, name):
        return f"another teacher has this name in {state.label}"
    return None


def _who(packed: PackedEvidence, name: str) -> list[dict[str, Any]]:
    found: list[StudyTeacher] = [teacher for teacher in packed.study.teachers if teacher.name == name]
    return [teacher.model_dump(include={"kind", "model", "dials"}) for teacher in found]


def _origins(bundle: Bundle) -> dict[Cell, str]:
    return {(cell.teacher, cell.language): cell.bundle for cell in bundle.cells if cell.scored and cell.base}


def _figures_only(
    bundles: Sequence[Bundle], labels: Sequence[str]
) -> tuple[list[BundledCell], list[Refusal]]:
    """Cells that have figures alone (published, or of a screen): they stand beside others as they are."""
    found: dict[tuple[str, str, str, str | None], BundledCell] = {}
    refused = []
    for label, bundle in zip(labels, bundles, strict=True):
        for cell in bundle.cells:
            if cell.scored and cell.base:
                continue
            key = (cell.bundle, *cell.key)
            if found.setdefault(key, cell) != cell:
                why = f"a bundle of the same name ({cell.bundle}) has other figures of it"
                refused.append(Refusal(label, f"{cell.teacher} in {cell.language}", why))
    return list(found.values()), refused


def _teachers(
    bundles: Sequence[Bundle], others: Sequence[BundledCell], state: _State | None
) -> list[BundledTeacher]:
    """The teachers of the joint study in its order, then those of other cells."""
    found = {t.name: state.teachers[t.name] for t in state.packed.study.teachers} if state else {}
    named = {cell.teacher for cell in others}
    for bundle in bundles:
        for teacher in bundle.teachers:
            if teacher.name in named:
                found.setdefault(teacher.name, teacher)
    return list(found.values())


def _provenance(bundles: Sequence[Bundle]) -> Provenance:
    from polyteach import __version__

    licences = dict.fromkeys(b.provenance.licence for b in bundles if b.provenance.licence)
    notes = dict.fromkeys(f"{b.name}: {note}" for b in bundles for note in b.provenance.notes)
    return Provenance(
        polyteach=__version__,
        rng_seed=next((b.provenance.rng_seed for b in bundles if b.evidence), None),
        source="merged by polyteach; "
        + ("evidence scored anew, together; all else" if any(b.evidence for b in bundles) else "all figures")
        + " as its bundle has it",
        licence="; ".join(licences) or None,
        merged=list(dict.fromkeys(name for b in bundles for name in (b.provenance.merged or [b.name]))),
        notes=list(notes),
    )

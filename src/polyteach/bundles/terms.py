"""Under which terms a run's figures were made: what must agree before two bundles are scored together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from polyteach.bundles.card import StudyCard
from polyteach.bundles.packed import PackedEvidence, PackedExam
from polyteach.bundles.values import Scalar
from polyteach.steps import digest_of

STUDY = "study"
"""The key of the terms that hold for all languages."""
SHORT = 16
_PER_STUDENT = ("language", "base", "methods", "rng_seed", "without_overlap")
MEANING = {
    "gate": "which metrics count, found with the seed data of all languages of the study",
    "seed data": "a digest of where it is from and how it was drawn",
    "base scores": "a digest of the base's answers",
    "reference scores": "a digest of the reference's answers",
    "training without": "benchmarks whose questions students' rows must not hold",
}

Manifests = Mapping[str, Mapping[str, Any]]
Terms = dict[str, dict[str, Scalar]]


def short(value: Any) -> str:
    """The beginning of a digest of plain data."""
    return digest_of(value)[:SHORT]


def terms_of_run(manifests: Manifests, study: StudyCard) -> Terms:
    """What the artifacts of a run say of how it was made, of the study and by language.

    Args:
        manifests: of the artifacts, by step id.
        study: its facts.
    """
    bases = {base.name: f"examination/{base.name}/base/" for base in study.bases}
    of_study: dict[str, Scalar] = {}
    for name, start in bases.items():
        models = [known["settings"]["model"] for step, known in manifests.items() if step.startswith(start)]
        of_study[f"base model {name}"] = models[0][:SHORT] if models else None
    trained = _first(manifests, "students/")
    if trained:
        settings = {k: v for k, v in trained["settings"].items() if k not in _PER_STUDENT}
        of_study |= _flat("students", settings | {"version": trained["version"]})
    return {STUDY: of_study} | {code: _of_language(manifests, study, code) for code in study.languages}


def _of_language(manifests: Manifests, study: StudyCard, language: str) -> dict[str, Scalar]:
    seed_data, gate = manifests.get(f"seed_data/{language}"), manifests.get(f"gate/{language}")
    terms: dict[str, Scalar] = {
        "seed data": seed_data["key"][:SHORT] if seed_data else None,
        "gate": gate["key"][:SHORT] if gate else None,
    }
    for method in study.methods:
        for step, known in manifests.items():
            settings = known["settings"]
            if step.startswith("synthesis/") and step.endswith(f"/{language}/{method}"):
                kept = {k: settings[k] for k in ("rows", "few_shot", "rng_seed") if k in settings}
                terms |= _flat(method, kept | {"from": short(known["inputs"])})
                break
    if measured := _first(manifests, "quality/", f"/{language}"):
        terms |= _flat("metrics", {**measured["settings"], "version": measured["version"]})
    if examined := _first(manifests, "examination/", f"/base/{language}"):
        settings = {k: v for k, v in examined["settings"].items() if k not in ("model", "language")}
        terms |= _flat("examination", settings | {"version": examined["version"]})
    for step, known in manifests.items():
        if step.startswith("students/") and known["settings"]["language"] == language:
            terms["training without"] = short(known["settings"].get("without_overlap"))
            trial = step.rpartition("/")[2]
            if trial.isdecimal():  # a reference's has none
                terms[f"rng_seed of students, trial {trial}"] = known["settings"]["rng_seed"]
    return terms


def terms_of_evidence(packed: PackedEvidence) -> Terms:
    """What the evidence itself says; read anew at every merge, so that a bundle cannot say otherwise."""
    study = packed.study
    of_study: dict[str, Scalar] = {
        "rng_seed": study.rng_seed,
        "trials": study.trials,
        "limit": study.limit,
        "methods": ", ".join(study.methods),
        "quality weight": study.quality_weight,
        "student rows": study.student_rows,
        "bases": ", ".join(base.name for base in study.bases),
    }
    for benchmark in study.benchmarks:
        of_study[f"definition of {benchmark.name}"] = short(benchmark.model_dump(exclude={"languages"}))
    terms: Terms = {STUDY: of_study}
    for code in study.languages:
        exams = [e for e in (*packed.bases, *packed.references, *packed.students) if _in(packed, e) == code]
        sets = {packed.items[e.items].benchmark: packed.items[e.items] for e in reversed(exams)}
        terms[code] = {
            "benchmarks": ", ".join(sorted(sets)),
            **{f"items of {name}": short(found.model_dump()) for name, found in sorted(sets.items())},
            "base scores": _scores(packed, packed.bases, code),
            "reference scores": _scores(packed, packed.references, code),
        }
    return terms


def differences(one: Mapping[str, Scalar], other: Mapping[str, Scalar]) -> Iterator[tuple[str, str]]:
    """What differs between the terms of a language (or of the study), of what both say: a name, and how."""
    for name, value in one.items():
        if name in other and other[name] != value:
            known = MEANING.get(name)
            yield (
                name,
                f"{name} is {_said(value)} and not {_said(other[name])}" + (f" ({known})" if known else ""),
            )


def _said(value: Scalar) -> str:
    return "nothing" if value is None else str(value)


def _in(packed: PackedEvidence, exam: PackedExam) -> str:
    return packed.items[exam.items].language


def _scores(packed: PackedEvidence, exams: list[PackedExam], language: str) -> str | None:
    found = sorted(
        (exam.base, packed.items[exam.items].benchmark, short(exam.scores))
        for exam in exams
        if _in(packed, exam) == language
    )
    return short(found) if found else None


def _first(manifests: Manifests, start: str, end: str = "") -> Mapping[str, Any] | None:
    return next((m for s, m in sorted(manifests.items()) if s.startswith(start) and s.endswith(end)), None)


def _flat(name: str, value: Any) -> dict[str, Scalar]:
    """Nested settings as dotted names; of texts and lists, that may say where something is, only a digest."""
    if isinstance(value, Mapping):
        return {k: v for key in sorted(value) for k, v in _flat(f"{name}.{key}", value[key]).items()}
    return {name: short(value) if isinstance(value, str | list) else value}

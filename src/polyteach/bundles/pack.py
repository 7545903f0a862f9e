"""Evidence into a bundle and out of it again. What scoring makes of both is the same, to the last byte.

Not carried are side effects, the reasons of failed steps (they quote errors), and the texts of ids.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from polyteach.bundles.card import StudyCard
from polyteach.bundles.packed import (
    HASH_LENGTH,
    PackedEvidence,
    PackedExam,
    PackedGated,
    PackedGateMetric,
    PackedItems,
    PackedJudge,
    PackedMeasuring,
    PackedMetrics,
    PackedSource,
    PackedSynthesis,
    PackedTraining,
    PackedUsage,
    hashes,
)
from polyteach.bundles.public import public_figure, public_model, public_text
from polyteach.figures import Figure
from polyteach.scoring.records import (
    CellMetrics,
    Evidence,
    Exam,
    Failure,
    GatedFigures,
    GateMetric,
    JudgeChecks,
    MeasuringFacts,
    SourceFacts,
    SynthesisFacts,
    Training,
    Usage,
)

FAILED = "the step failed; the run's own results say why"
_OF_TRAINING = ("base", "who", "language", "trial", "examples", "wanted")
_DIGITS = {1.0: "1", 0.0: "0", None: "."}


def study_card(facts: Mapping[str, Any]) -> StudyCard:
    """A study's facts (`facts.study_facts`), without where its models lie."""
    plain = {name: facts[name] for name in StudyCard.model_fields if name in facts and name != "side_effects"}
    for part, keys in (("teachers", ("model",)), ("bases", ("model",)), ("scorers", ("model",))):
        plain[part] = [
            entry | {key: public_model(entry[key]) for key in keys if entry[key]} for entry in plain[part]
        ]
    return StudyCard.model_validate(plain | ({"side_effects": None} if "side_effects" in facts else {}))


def pack(
    evidence: Evidence,
    facts: Mapping[str, Any],
    data_digests: Mapping[tuple[str, str], str],
    measuring: Iterable[tuple[str, MeasuringFacts]],
) -> PackedEvidence:
    """Packs what one study found out.

    Args:
        evidence: all of it.
        facts: the study as its results say it.
        data_digests: of what made each cell's data, by teacher and language.
        measuring: what judges and embedders took, with the step that asked them.
    """
    items: dict[PackedItems, int] = {}

    def exams(found: Iterable[Exam]) -> list[PackedExam]:
        return [_exam(exam, items.setdefault(_items(exam), len(items))) for exam in found]

    return PackedEvidence(
        study=study_card(facts),
        bases=exams(evidence.bases),
        references=exams(evidence.references),
        students=exams(evidence.students),
        items=list(items),
        metrics=[_metrics(found) for found in evidence.metrics],
        seed_metrics=[_metrics(found) for found in evidence.seed_metrics],
        synthesis=[
            PackedSynthesis(
                teacher=found.teacher,
                language=found.language,
                rows=found.rows,
                failures=_counts(found.failures),
                usages=[_usage(usage) for usage in found.usages],
                data_digest=data_digests.get((found.teacher, found.language)),
            )
            for found in evidence.synthesis
        ],
        failed=[failure.step for failure in evidence.failures],
        gate=[
            PackedGateMetric(
                language=found.language,
                metric=found.metric,
                level=found.level,
                answers_for=list(found.answers_for),
                passes=found.passes,
                reason=public_text(found.reason) if found.reason else None,
                human=public_figure(found.human),
                corrupted=public_figure(found.corrupted),
                corruptions=_figures(found.corruptions),
            )
            for found in evidence.gate
        ],
        gated=[
            PackedGated(
                teacher=found.teacher,
                language=found.language,
                n=found.n,
                figures=_figures(found.figures),
                correlations=_nested(found.correlations),
            )
            for found in evidence.gated
        ],
        judges=[
            PackedJudge(language=j.language, judge=public_model(j.judge), checks=_figures(j.checks))
            for j in evidence.judges
        ],
        sources=[
            PackedSource.model_validate(
                asdict(found) | {"name": public_text(found.name), "dropped": _counts(found.dropped)}
            )
            for found in evidence.sources
        ],
        measuring=[
            PackedMeasuring(
                step=step,
                role=found.role,
                model=public_model(found.model),
                requests=found.requests,
                usage=_usage(found.usage),
            )
            for step, found in measuring
        ],
        trainings=[
            PackedTraining(
                **{name: getattr(found, name) for name in _OF_TRAINING},
                removed=_counts(found.removed),
                steps=[step for step, _ in found.loss_curve],
                losses=[loss for _, loss in found.loss_curve],
            )
            for found in evidence.trainings
        ],
    )


def unpack(packed: PackedEvidence) -> Evidence:
    """The evidence that scoring computes with."""
    from polyteach.scoring.evidence import study_facts

    return Evidence(
        study=study_facts(packed.study.facts),
        bases=_unpacked(packed, packed.bases),
        references=_unpacked(packed, packed.references),
        students=_unpacked(packed, packed.students),
        metrics=[CellMetrics(m.teacher, m.language, m.figures) for m in packed.metrics],
        seed_metrics=[CellMetrics(m.teacher, m.language, m.figures) for m in packed.seed_metrics],
        synthesis=[
            SynthesisFacts(s.teacher, s.language, s.rows, s.failures, [_used(u) for u in s.usages])
            for s in packed.synthesis
        ],
        failures=[Failure(step, FAILED) for step in packed.failed],
        gate=[
            GateMetric(
                m.language,
                m.metric,
                m.level,
                tuple(m.answers_for),
                m.passes,
                m.reason,
                m.human,
                m.corrupted,
                m.corruptions,
            )
            for m in packed.gate
        ],
        gated=[
            GatedFigures(
                g.teacher,
                g.language,
                g.n,
                g.figures,
                {(one, other): v for one, others in g.correlations.items() for other, v in others.items()},
            )
            for g in packed.gated
        ],
        judges=[JudgeChecks(j.language, j.judge, j.checks) for j in packed.judges],
        sources=[SourceFacts(s.name, s.language, s.wanted, s.rows, s.dropped) for s in packed.sources],
        measuring=[MeasuringFacts(m.role, m.model, m.requests, _used(m.usage)) for m in packed.measuring],
        trainings=[
            Training(
                **{name: getattr(t, name) for name in _OF_TRAINING},
                removed=t.removed,
                loss_curve=list(zip(t.steps, t.losses, strict=True)),
            )
            for t in packed.trainings
        ],
    )


def id_hash(text: str) -> str:
    """What stands for an item's id or cluster in every bundle."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:HASH_LENGTH]


def _items(exam: Exam) -> PackedItems:
    return PackedItems(
        language=exam.language,
        benchmark=exam.benchmark,
        chance=exam.chance,
        ids="".join(map(id_hash, exam.item_ids)),
        clusters="".join(map(id_hash, exam.clusters)),
    )


def _exam(exam: Exam, items: int) -> PackedExam:
    plain = all(score in _DIGITS for score in exam.scores)
    return PackedExam(
        items=items,
        base=exam.base,
        teacher=exam.teacher,
        trial=exam.trial,
        scores="".join(_DIGITS[score] for score in exam.scores) if plain else list(exam.scores),
        reasons=_counts(exam.reasons),
    )


def _unpacked(packed: PackedEvidence, exams: Sequence[PackedExam]) -> list[Exam]:
    known = [(hashes(items.ids), hashes(items.clusters)) for items in packed.items]
    return [
        Exam(
            base=exam.base,
            language=packed.items[exam.items].language,
            benchmark=packed.items[exam.items].benchmark,
            item_ids=known[exam.items][0],
            scores=_scores(exam.scores),
            chance=packed.items[exam.items].chance,
            teacher=exam.teacher,
            trial=exam.trial,
            reasons=exam.reasons,
            clusters=known[exam.items][1],
        )
        for exam in exams
    ]


def _scores(packed: str | list[float | None]) -> tuple[float | None, ...]:
    if isinstance(packed, list):
        return tuple(packed)
    return tuple(None if digit == "." else float(digit) for digit in packed)


def _metrics(found: CellMetrics) -> PackedMetrics:
    return PackedMetrics(teacher=found.teacher, language=found.language, figures=_figures(found.figures))


def _figures(figures: Mapping[str, Figure]) -> dict[str, Figure]:
    return {name: public_figure(figure) for name, figure in figures.items()}


def _counts(counts: Mapping[str, int]) -> dict[str, int]:
    return {public_text(reason): count for reason, count in counts.items()}


def _nested(correlations: Mapping[tuple[str, str], float]) -> dict[str, dict[str, float]]:
    nested: dict[str, dict[str, float]] = {}
    for (one, other), value in correlations.items():
        nested.setdefault(one, {})[other] = value
    return nested


def _usage(usage: Usage) -> PackedUsage:
    return PackedUsage.model_validate(asdict(usage) | {"retried": _counts(usage.retried)})


def _used(packed: PackedUsage) -> Usage:
    return Usage(**packed.model_dump())

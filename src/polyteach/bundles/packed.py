"""The evidence that scoring computes with, packed: each set of items once, scores in a character each.

Ids of items and clusters are hashes, alike in every bundle: they pair the same items, and say nothing of
them.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints, model_validator

from polyteach.bundles.card import StudyCard
from polyteach.bundles.values import BundledFigure, Count, Counts, Figures, Name, Part, Share, Text
from polyteach.scoring.evidence import REFERENCE

HASH_LENGTH = 16
"""Hex digits of an id: among 100,000 items the chance that two share one is below 1 in a billion."""
_HASHES = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{16})*$")]
Digits = Annotated[str, StringConstraints(pattern=r"^[01.]*$")]


class PackedItems(Part):
    """The items of one benchmark in one language.

    Attributes:
        ids: their hashes, one behind the other.
        clusters: likewise, what each asks; empty where each asks something of its own.
    """

    language: Name
    benchmark: Name
    chance: Annotated[float, Field(ge=0, lt=1)]
    ids: _HASHES
    clusters: _HASHES = ""

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.ids) // HASH_LENGTH

    @model_validator(mode="after")
    def _aligned(self) -> PackedItems:
        ids = hashes(self.ids)
        if len(set(ids)) < len(ids):
            raise ValueError("an item is listed twice")
        if self.clusters and len(self.clusters) != len(self.ids):
            raise ValueError("clusters are not aligned with items")
        return self


class PackedExam(Part):
    """One model's scores on one set of items.

    Attributes:
        items: which of `PackedEvidence.items`.
        teacher, trial: of a student; None for a base or a reference.
        scores: a character an item: `1` right, `0` wrong, `.` not scored; numbers where they are others.
    """

    items: Count
    base: Name
    teacher: Name | None = None
    trial: Count | None = None
    scores: Digits | list[Share | None]
    reasons: Counts = Field(default={})


class PackedMetrics(Part):
    """Intrinsic metrics of a teacher's data in a language; of the seed data where `teacher` is None."""

    teacher: Name | None
    language: Name
    figures: Figures


class PackedGated(Part):
    """A cell's metrics on the gate's number of rows; `correlations` of their errors, by both names."""

    teacher: Name
    language: Name
    n: Count
    figures: Figures
    correlations: dict[Name, dict[Name, float]] = Field(default={})


class PackedGateMetric(Part):
    """What the gate found of a metric, see `scoring.records.GateMetric`."""

    language: Name
    metric: Name
    level: Name
    answers_for: list[Name]
    passes: bool
    reason: Text | None
    human: BundledFigure
    corrupted: BundledFigure
    corruptions: Figures


class PackedJudge(Part):
    """What the gate found of a judge."""

    language: Name
    judge: Name
    checks: Figures


class PackedUsage(Part):
    """What answers took, see `scoring.records.Usage`."""

    retried: Counts = Field(default={})
    prompt_tokens: Count = 0
    response_tokens: Count = 0
    thinking_tokens: Count = 0
    cached_tokens: Count = 0
    money: Annotated[float, Field(ge=0)] | None = 0.0


class PackedSynthesis(Part):
    """What became of the requests for a cell's data.

    Attributes:
        data_digest: of all that made the data: the same requests to the same teacher have the same one.
    """

    teacher: Name
    language: Name
    rows: Count
    failures: Counts = Field(default={})
    usages: list[PackedUsage] = Field(default=[])
    data_digest: Name | None = None


class PackedSource(Part):
    """What a public data set gave of a language."""

    name: Name
    language: Name
    wanted: Count
    rows: Count
    dropped: Counts = Field(default={})


class PackedMeasuring(Part):
    """What a judge or an embedder at an endpoint took."""

    step: Name
    role: Name
    model: Name
    requests: Count
    usage: PackedUsage


class PackedTraining(Part):
    """How a student was trained, see `scoring.records.Training`.

    Attributes:
        who: a teacher, or `reference`.
        steps, losses: the loss curve, a step and its loss at the same place.
    """

    base: Name
    who: Name
    language: Name
    trial: Count
    examples: Count
    wanted: Count
    removed: Counts = Field(default={})
    steps: list[Count]
    losses: list[float]

    @model_validator(mode="after")
    def _aligned(self) -> PackedTraining:
        if len(self.steps) != len(self.losses):
            raise ValueError("a loss curve's steps are not aligned with its losses")
        return self


class PackedEvidence(Part):
    """All that one study found out, before it is scored; without side effects."""

    study: StudyCard
    items: list[PackedItems]
    bases: list[PackedExam]
    references: list[PackedExam]
    students: list[PackedExam]
    metrics: list[PackedMetrics]
    seed_metrics: list[PackedMetrics] = Field(default=[])
    synthesis: list[PackedSynthesis] = Field(default=[])
    failed: list[Name] = Field(default=[])
    gate: list[PackedGateMetric] = Field(default=[])
    gated: list[PackedGated] = Field(default=[])
    judges: list[PackedJudge] = Field(default=[])
    sources: list[PackedSource] = Field(default=[])
    measuring: list[PackedMeasuring] = Field(default=[])
    trainings: list[PackedTraining] = Field(default=[])

    @model_validator(mode="after")
    def _exams_have_items(self) -> PackedEvidence:
        for exam in (*self.bases, *self.references, *self.students):
            if exam.items >= len(self.items):
                raise ValueError(f"an exam names item set {exam.items}, there are {len(self.items)}")
            if len(exam.scores) != self.items[exam.items].count:
                raise ValueError("an exam's scores are not aligned with its items")
        return self

    @model_validator(mode="after")
    def _of_the_study(self) -> PackedEvidence:
        study = self.study
        languages, teachers = set(study.languages), {teacher.name for teacher in study.teachers}
        bases = {base.name for base in study.bases}
        if (len(languages), len(teachers)) != (len(study.languages), len(study.teachers)):
            raise ValueError("a language or a teacher is listed twice")
        cells: list[Any] = [*self.metrics, *self.gated, *self.synthesis]
        told: list[Any] = [*cells, *self.seed_metrics, *self.gate, *self.judges, *self.items, *self.trainings]
        known = all(one.language in languages for one in told)
        known &= all(cell.teacher in teachers for cell in cells)
        known &= all(one.base in bases and one.who in {*teachers, REFERENCE} for one in self.trainings)
        for role, exams in (("anchor", (*self.bases, *self.references)), ("student", self.students)):
            known &= all(exam.base in bases for exam in exams)
            known &= all((exam.teacher in teachers) == (role == "student") for exam in exams)
            known &= all((exam.trial is not None) == (role == "student") for exam in exams)
        if not known:
            raise ValueError("there is evidence of a language, base, teacher or trial that the study has not")
        for exams in (self.bases, self.references, self.students):
            if len({(e.items, e.base, e.teacher, e.trial) for e in exams}) < len(exams):
                raise ValueError("an exam is listed twice")
        return self


def hashes(packed: str) -> tuple[str, ...]:
    """The ids in a packed text."""
    return tuple(packed[at : at + HASH_LENGTH] for at in range(0, len(packed), HASH_LENGTH))

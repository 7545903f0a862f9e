"""What scoring is told: plain typed records, whatever files they came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from polyteach.figures import Figure

Cluster = str
"""What an item asks, whatever the wording, benchmark and language: such items do not vary independently."""


@dataclass(frozen=True, slots=True)
class Exam:
    """One model's results on one benchmark of one language.

    Attributes:
        base: the base model whose comparison this belongs to.
        language: standard code.
        benchmark: its name.
        item_ids: unique within the exam.
        clusters: what each item asks, aligned with `item_ids`; empty where each asks something of its own.
        scores: aligned with `item_ids`, each in 0..1; None where the item could not be scored.
        chance: what guessing earns.
        teacher: whose student was examined; None for the base itself and for its reference.
        trial: which repetition; None likewise.
        reasons: unscored items, counted by reason.
    """

    base: str
    language: str
    benchmark: str
    item_ids: tuple[str, ...]
    scores: tuple[float | None, ...]
    chance: float
    teacher: str | None = None
    trial: int | None = None
    reasons: Mapping[str, int] = field(default_factory=dict)
    clusters: tuple[Cluster, ...] = ()

    def __post_init__(self) -> None:
        if len(self.item_ids) != len(self.scores):
            raise ValueError(f"{len(self.item_ids)} ids but {len(self.scores)} scores in {self.benchmark}")
        if len(set(self.item_ids)) != len(self.item_ids):
            raise ValueError(f"an item id occurs twice in {self.benchmark} ({self.language})")
        if self.clusters and len(self.clusters) != len(self.item_ids):
            raise ValueError(f"clusters of {self.benchmark} are not aligned with its items")

    @property
    def by_item(self) -> dict[str, float]:
        """The scored items."""
        pairs = zip(self.item_ids, self.scores, strict=True)
        return {item: score for item, score in pairs if score is not None}

    @property
    def cluster_of(self) -> dict[str, Cluster]:
        """Each item's cluster; an item without one stands for itself, in this benchmark of any language."""
        clusters = self.clusters or tuple(f"{self.benchmark}/{item}" for item in self.item_ids)
        return dict(zip(self.item_ids, clusters, strict=True))


@dataclass(frozen=True, slots=True)
class ContestantData:
    """Data that takes part as it is.

    Attributes:
        rows: pairs of prompt and response by language.
        wanted: rows that a teacher is asked for by language.
        is_seed_data: whether it is seed data of the study, in some language.
    """

    rows: Mapping[str, int]
    wanted: Mapping[str, int]
    is_seed_data: bool


@dataclass(frozen=True, slots=True)
class Teacher:
    """What a study says of a teacher; None where it says nothing. `data` is a contestant's."""

    name: str
    family: str | None = None
    parameters: int | None = None
    data: ContestantData | None = None


@dataclass(frozen=True, slots=True)
class Scorer:
    """The model behind a metric, such as the one perplexity is taken under; `teachers` are the same model."""

    metric: str
    model: str
    family: str | None = None
    teachers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """What scoring must know of a study.

    Attributes:
        definitions: each benchmark's own definition, by name.
        minimum_gaps: the least reference - base with which a benchmark counts, of those that have one.
        trials: how many were planned.
        limit: most rows and items of a rehearsal; None for a full study.
        quality_weight: a of the PG-Scores (Eq. 4): how much the data itself weighs against students' gain.
        side_languages: those in which students were examined beyond their own; None where side effects were
            not asked for.
    """

    name: str
    languages: tuple[str, ...]
    bases: tuple[str, ...]
    trials: int
    teachers: tuple[Teacher, ...]
    definitions: Mapping[str, str] = field(default_factory=dict)
    scorers: tuple[Scorer, ...] = ()
    limit: int | None = None
    quality_weight: float = 0.5
    minimum_gaps: Mapping[str, float] = field(default_factory=dict)
    side_languages: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class CellMetrics:
    """The intrinsic metrics of one set of data: a teacher's in a language, or the seed data's own."""

    teacher: str | None
    language: str
    figures: Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class GateMetric:
    """What the gate found of one metric in one language, from human and corrupted data alone.

    Attributes:
        level: `row` (a value for each row) or `corpus` (one for the set).
        answers_for: the corruptions that the metric must see, named before any data was.
        reason: why it does not pass; None where it does.
        human, corrupted: the metric on clean human pairs, and its mean over those corruptions: the ends of
            the scale on which quality is read.
        corruptions: how well the metric tells each corruption from clean data (AUC).
    """

    language: str
    metric: str
    level: str
    answers_for: tuple[str, ...]
    passes: bool
    reason: str | None
    human: Figure
    corrupted: Figure
    corruptions: Mapping[str, Figure] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JudgeChecks:
    """What the gate found of a judge in a language: parse rate, consistency, and what pleading earns."""

    language: str
    judge: str
    checks: Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class GatedFigures:
    """A cell's metrics on as many rows as the gate used, each on the scale of its `GateMetric`.

    Attributes:
        correlations: of the metrics' errors, by both names, in either order; they are over the same rows.
            What is not there is taken as 1, or -1 where one of the two falls as data gets better.
    """

    teacher: str
    language: str
    n: int
    figures: Mapping[str, Figure]
    correlations: Mapping[tuple[str, str], float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """A step of the study that did not end well."""

    step: str
    reason: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What a model's answers took, those that made no row included.

    Attributes:
        retried: answers that were asked for again, counted by what was wrong with them.
        prompt_tokens, response_tokens: of all answers; thinking is among the response's.
        thinking_tokens, cached_tokens: of these, those of thinking; of the prompts', those that were cached.
        money: USD; None where the price is unknown. Nothing for a model of one's own machine.
    """

    retried: Mapping[str, int] = field(default_factory=dict)
    prompt_tokens: int = 0
    response_tokens: int = 0
    thinking_tokens: int = 0
    cached_tokens: int = 0
    money: float | None = 0.0


@dataclass(frozen=True, slots=True)
class Fruitless:
    """A method of which no answer made a row: failures by reason, and the first answer, as hostile as it came
    (empty where there was none).
    """

    method: str
    failures: Mapping[str, int]
    answer: str = ""


@dataclass(frozen=True, slots=True)
class SynthesisFacts:
    """What became of the attempts to write a cell's data: rows kept, failures by reason, what it took, and
    methods that gave no row.
    """

    teacher: str
    language: str
    rows: int
    failures: Mapping[str, int] = field(default_factory=dict)
    usages: Sequence[Usage] = ()
    fruitless: Sequence[Fruitless] = ()


@dataclass(frozen=True, slots=True)
class Training:
    """How one student was trained.

    Attributes:
        who: the teacher whose rows it learned from; `reference`.
        examples: rows that it was trained on.
        wanted: rows that the study asked for.
        removed: rows that no student of this data may learn from, counted by reason.
        loss_curve: [step, mean loss an answer token since the last point].
    """

    base: str
    who: str
    language: str
    trial: int
    examples: int
    wanted: int
    removed: Mapping[str, int] = field(default_factory=dict)
    loss_curve: Sequence[tuple[int, float]] = ()


@dataclass(frozen=True, slots=True)
class SideExam:
    """The exam of a student in a language that it was not taught; `taught` is the one it was."""

    who: str
    taught: str
    exam: Exam


@dataclass(frozen=True, slots=True)
class FreeAnswers:
    """What one model answered freely, by the ids of its prompts.

    Attributes:
        who: the teacher whose student it was; `base` or `reference`.
        in_language: whether each answer is in the language asked for, 1 or 0, as an exam.
        found: the answers by the language they are in, as far as that was found.
        characters, tokens: lengths; 0 for no answer.
        cut_off: answers that reached the limit.
        learned: prompts that the student was trained on.
    """

    who: str
    in_language: Exam
    found: Mapping[str, int]
    characters: Mapping[str, int]
    tokens: Mapping[str, int]
    cut_off: int
    learned: int


@dataclass(frozen=True, slots=True)
class SideEvidence:
    """What was found of side effects; `bases` are the exams of the bases in the other languages."""

    bases: Sequence[Exam] = ()
    students: Sequence[SideExam] = ()
    answers: Sequence[FreeAnswers] = ()


@dataclass(frozen=True, slots=True)
class MeasuringFacts:
    """What a judge or an embedder at an endpoint took for one set of rows, or for one language's gate."""

    role: str
    model: str
    requests: int
    usage: Usage


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What a public data set gave of a language; `dropped` are its other records, by why they are no rows."""

    name: str
    language: str
    wanted: int
    rows: int
    dropped: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that one study found out, before it is scored."""

    study: StudyFacts
    bases: Sequence[Exam]
    references: Sequence[Exam]
    students: Sequence[Exam]
    metrics: Sequence[CellMetrics]
    seed_metrics: Sequence[CellMetrics] = ()
    synthesis: Sequence[SynthesisFacts] = ()
    failures: Sequence[Failure] = ()
    gate: Sequence[GateMetric] = ()
    gated: Sequence[GatedFigures] = ()
    judges: Sequence[JudgeChecks] = ()
    sources: Sequence[SourceFacts] = ()
    measuring: Sequence[MeasuringFacts] = ()
    side: SideEvidence = SideEvidence()
    trainings: Sequence[Training] = ()

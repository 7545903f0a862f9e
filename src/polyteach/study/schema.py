"""The study file as typed data. Plain values only: nothing here loads a model or reads a data set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from polyteach.study.benchmarks import Benchmarks
from polyteach.study.sources import FileSource, HubSource, PocketSource, Source
from polyteach.study.teachers import (
    AnyTeacher,
    Endpoint,
    SimulatedTeacher,
    TokenPrice,
)
from polyteach.study.values import (
    METHODS,
    Distinct,
    Language,
    Method,
    Name,
    Number,
    Parameters,
    Part,
    Positive,
    TokenLimit,
)

Translating = Literal["teacher", "model", "model_then_teacher"]


class Synthesis(Part):
    """How much data each teacher writes, and how."""

    methods: Annotated[list[Method], Distinct, Field(min_length=1)] = Field(default=list(METHODS))
    rows_per_method: Positive = Field(
        default=3500, description="requests a method in each cell (paper: 3,500)"
    )
    few_shot: Positive = Field(default=3, le=50, description="seed pairs shown to generate (paper: 3)")
    attempts: Positive = Field(
        default=3,
        le=20,
        description="times one answer is asked for, while it makes no row, before it has failed",
    )
    language_gate: bool = Field(
        default=True, description="whether an answer in another language makes no row, and is asked for again"
    )
    translate: Translating = Field(
        default="teacher",
        description="who translates for the method translate: the teacher; a translation model, prompts and "
        "responses, no teacher asked (`model`); or it the prompts, which the teacher answers",
    )
    translator: str | None = Field(
        default=None,
        description="the translation model of the last two: a folder or a hub id (NLLB, M2M-100)",
    )

    @model_validator(mode="after")
    def _translator_has_work(self) -> Synthesis:
        if "translate" not in self.methods and (self.translator or self.translate != "teacher"):
            raise ValueError("`translate` is not among the methods: leave `translate` and `translator` out")
        if self.translate != "teacher" and not self.translator:
            raise ValueError(f"`translate: {self.translate}` needs a `translator`: a translation model")
        if self.translate == "teacher" and self.translator:
            raise ValueError(
                "a `translator` has nothing to do with `translate: teacher`; write "
                "`translate: model_then_teacher`, or `model`"
            )
        return self


class EndpointModel(Part):
    """A model at an endpoint that judges or embeds."""

    model: str
    endpoint: Endpoint
    price: TokenPrice | None = None


class Quality(Part):
    """How the data is measured."""

    embedder: str | EndpointModel = Field(
        default="lexical",
        description="lexical (character n-grams), a sentence-transformers model, or {model, endpoint}",
    )
    perplexity_model: str | None = Field(
        default=None, description="scores the responses; the first student base where nothing is said"
    )
    judge: str | EndpointModel | None = Field(
        default=None, description="oracle (pocket world), a model, or {model, endpoint}; nothing: no rubric"
    )
    gate_rows: Positive = Field(
        default=200, description="human pairs a language on which metrics are tested; at most half of them"
    )


class Lora(Part):
    """Low-rank adapters on all linear layers instead of all weights (paper: r = alpha = 16)."""

    r: Positive = 16
    alpha: Positive = 16
    four_bit: bool = Field(
        default=False, description="QLoRA: the frozen base in 4 bits; needs a CUDA GPU and the extra `qlora`"
    )


class Base(Part):
    """A base model that students start from, with the reference that anchors it."""

    name: Name
    model: str = Field(description="a folder, a hub id (org/name), or pocket:NAME")
    reference: str = Field(
        default="seed_data", description="seed_data (the base tuned on seed data of equal size), or a model"
    )
    family: str | None = None
    parameters: Parameters = None


def _anchored_apart(bases: list[Base]) -> list[Base]:
    """Each base has anchors of its own: PGR between another base's measures the difference of the bases."""
    named = [base.reference for base in bases if base.reference != "seed_data"]
    shared = sorted({model for model in named if named.count(model) > 1})
    if shared:
        raise ValueError(f"the reference of two bases: {', '.join(shared)}; each base needs one of its own")
    if untaught := sorted(base.name for base in bases if base.reference == base.model):
        raise ValueError(f"a base is no reference for itself: {', '.join(untaught)}")
    return bases


Filter = Literal["cut_off", "wrong_language", "exact_duplicates", "near_duplicates"]
_TABLE_9 = ("epochs", "learning_rate", "batch_size", "gradient_accumulation", "weight_decay", "max_length")


class Students(Part):
    """How students are fine-tuned. Defaults are the paper's (Table 9)."""

    bases: Annotated[list[Base], Distinct, AfterValidator(_anchored_apart), Field(min_length=1)]
    rows: Positive = Field(default=10_000, description="examples a student, in equal shares of the methods")
    filters: Annotated[list[Filter], Distinct] = Field(
        default=[], description="rows no student learns from, taken away in this order"
    )
    preset: Literal["paper"] | None = Field(
        default=None, description="`paper` holds the next six keys to Table 9: another value is refused"
    )
    epochs: Positive = 2
    learning_rate: Number = Field(default=5e-5, gt=0, le=1)
    batch_size: Positive = 32
    gradient_accumulation: Positive = 4
    weight_decay: Number = Field(default=0.001, ge=0)
    max_length: TokenLimit = 16_384
    lora: Lora | None = None
    packing: bool = Field(
        default=True, description="whether forward passes are rows of whole examples, without padding"
    )
    tokens_per_pass: Positive | None = Field(
        default=None, description="tokens of a packed pass, at most: 4,096 on a GPU, 512 on a CPU"
    )
    gradient_checkpointing: bool | None = Field(
        default=None, description="less memory, a third more work; where nothing is said, on a GPU"
    )
    processes: Positive = Field(
        default=1, description="GPUs (without any: processes) that train one student together"
    )
    sharded: bool = Field(
        default=False, description="each of them holds a part of the weights (FSDP), not all of them (DDP)"
    )
    checkpoint_seconds: Number = Field(
        default=300.0, ge=0, description="a training that is killed loses about so much"
    )

    @field_validator(*_TABLE_9)
    @classmethod
    def _preset_is_kept(cls, value: Any, info: ValidationInfo) -> Any:
        default = cls.model_fields[str(info.field_name)].default
        if info.data.get("preset") and value != default:
            raise ValueError(f"`preset: paper` means {default}; leave the key out, or the preset")
        return value


class Scoring(Part):
    """How figures become the PG-Scores."""

    quality_weight: Number = Field(
        default=0.5,
        ge=0,
        le=1,
        description="a of Eq. 4: how much the data itself weighs against the students' gain (paper: .5)",
    )


class SideEffects(Part):
    """What becomes of students beyond the language they are taught; none of it enters a score."""

    languages: Annotated[list[Language], Distinct] = Field(
        default=["en"], description="each student is examined in these too, in its own language anyway"
    )
    free_answers: int = Field(
        default=50,
        ge=0,
        le=100_000,
        description="prompts of its language's seed data that each student answers freely; 0: none",
    )
    max_new_tokens: TokenLimit = Field(
        default=512, description="a free answer is cut off after so many tokens, and counted as cut off"
    )

    @model_validator(mode="after")
    def _asks_something(self) -> SideEffects:
        if not self.languages and not self.free_answers:
            raise ValueError("nothing is asked: name `languages`, or leave `side_effects` out")
        return self


class Study(Part):
    """One question put to a set of teachers: everything that its numbers depend on."""

    name: Name
    rng_seed: int = Field(default=1, ge=0, lt=2**31)
    languages: Annotated[list[Language], Distinct, Field(min_length=1)]
    teachers: Annotated[list[AnyTeacher], Distinct, Field(min_length=1)]
    seed_data: Annotated[list[Source], Field(min_length=1)]
    synthesis: Synthesis = Field(
        default=Synthesis(),
        validate_default=True,
        description="without English among the languages all methods; with it `methods: [generate, respond]`",
    )
    quality: Quality = Quality()
    students: Students
    scoring: Scoring = Scoring()
    budget: Number | None = Field(
        default=None, gt=0, description="US dollars: when so much is spent at endpoints, nothing more is sent"
    )
    benchmarks: Benchmarks
    benchmark_items: Positive | None = Field(
        default=None, description="so many items of each benchmark, spread over it"
    )
    trials: Positive = Field(default=3, description="repetitions, each with its own rng_seed (paper: 3)")
    side_effects: SideEffects | None = Field(
        default=None, description="what students lose in other languages, and how they answer freely"
    )
    _limit: int | None = PrivateAttr(default=None)

    @property
    def limit(self) -> int | None:
        """The limit of a rehearsal, see `limited`; None for the study itself. No setting of the file."""
        return self._limit

    @field_validator("synthesis")
    @classmethod
    def _translate_has_a_target_and_someone_who_can(
        cls, synthesis: Synthesis, info: ValidationInfo
    ) -> Synthesis:
        languages: list[str] = info.data.get("languages", [])
        english = [code for code in languages if code.split("-")[0] == "en"]
        if english and "translate" in synthesis.methods:
            raise ValueError(f"`translate` goes from English into another language, not into {english[0]}")
        simulated = [t.name for t in info.data.get("teachers", []) if isinstance(t, SimulatedTeacher)]
        if simulated and synthesis.translate != "teacher":
            raise ValueError(
                f"{simulated[0]} is simulated and can only translate itself: leave `translate` out"
            )
        return synthesis

    def limited(self, rows: int) -> Study:
        """The same study, under a name of its own, on at most so many rows a method, rows a student and items
        a benchmark.
        """
        synthesis = self.synthesis.model_copy(
            update={"rows_per_method": min(rows, self.synthesis.rows_per_method)}
        )
        students = self.students.model_copy(update={"rows": min(rows, self.students.rows)})
        effects = self.side_effects
        if effects:
            effects = effects.model_copy(update={"free_answers": min(rows, effects.free_answers)})
        changed = {
            "name": f"{self.name}-limit-{rows}",
            "synthesis": synthesis,
            "students": students,
            "benchmark_items": min(rows, self.benchmark_items or rows),
            "side_effects": effects,
        }
        rehearsal = self.model_copy(update=changed)
        rehearsal._limit = rows
        return rehearsal

    def reseeded(self, rng_seed: int) -> Study:
        """The same study, under a name of its own, with another rng_seed (0 to 2**31 - 1)."""
        return self.model_copy(update={"name": f"{self.name}-rng-seed-{rng_seed}", "rng_seed": rng_seed})

    def feeding(self, method: Method, language: str) -> Sequence[FileSource | PocketSource | HubSource]:
        """The sources that feed a method in a language; translate is fed by English ones."""
        wanted = "en" if method == "translate" else language
        return [
            source
            for source in self.seed_data
            if method in source.methods and (isinstance(source, PocketSource) or source.language == wanted)
        ]

"""The study file as typed data: candidates, and how students show what their data is worth.

Plain values only: nothing here loads a model or reads a data set.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from polyteach.study.benchmarks import Benchmarks
from polyteach.study.candidates import Candidates
from polyteach.study.values import (
    Distinct,
    Language,
    Name,
    Number,
    Parameters,
    Part,
    Positive,
    TokenLimit,
)


class Lora(Part):
    """Low-rank adapters on all linear layers instead of all weights (paper: r = alpha = 16)."""

    r: Positive = Field(default=16, description="their rank")
    alpha: Positive = Field(default=16, description="their scale")
    four_bit: bool = Field(
        default=False, description="QLoRA: the frozen base in 4 bits; needs a CUDA GPU and the extra `qlora`"
    )


class Base(Part):
    """A base model that students start from, with the reference that anchors it."""

    name: Name = Field(description="its name in the results")
    model: str = Field(description="a folder, a hub id (org/name), or pocket:NAME")
    reference: str = Field(
        default="seed_data", description="seed_data (the base tuned on seed data of equal size), or a model"
    )
    family: str | None = Field(
        default=None, description="models of one family share a base; used in warnings"
    )
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

    bases: Annotated[list[Base], Distinct, AfterValidator(_anchored_apart), Field(min_length=1)] = Field(
        description="the models to be fine-tuned"
    )
    rows: Positive = Field(default=10_000, description="examples a student, in equal shares of the methods")
    filters: Annotated[list[Filter], Distinct] = Field(
        default=[], description="rows no student learns from, taken away in this order"
    )
    preset: Literal["paper"] | None = Field(
        default=None, description="`paper` holds the next six keys to Table 9: another value is refused"
    )
    epochs: Positive = Field(default=2, description="passes over the rows")
    learning_rate: Number = Field(default=5e-5, gt=0, le=1, description="of the optimizer, above 0 to 1")
    batch_size: Positive = Field(default=32, description="examples of a padded forward pass")
    gradient_accumulation: Positive = Field(default=4, description="so many times as many examples a step")
    weight_decay: Number = Field(default=0.001, ge=0, description="of the optimizer")
    max_length: TokenLimit = Field(default=16_384, description="longer rows are cut, in tokens")
    lora: Lora | None = Field(
        default=None,
        description="low-rank adapters on all linear layers instead of all weights: "
        "`lora: {r: 16, alpha: 16}`",
    )
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


class Study(Candidates):
    """One question put to a set of teachers: everything that its numbers depend on."""

    students: Students = Field(description="which models are fine-tuned on the data, and how")
    scoring: Scoring = Field(default=Scoring(), description="how figures become the PG-Scores")
    benchmarks: Benchmarks = Field(
        description="which benchmarks examine students, by name or as below; names must differ"
    )
    benchmark_items: Positive | None = Field(
        default=None, description="so many items of each benchmark, spread over it"
    )
    trials: Positive = Field(
        default=3,
        description="repetitions, each with its own rng_seed (paper: 3); with 1 no teacher can win",
    )
    side_effects: SideEffects | None = Field(
        default=None, description="what students lose in other languages, and how they answer freely"
    )
    samples_shown: int = Field(
        default=48,
        ge=0,
        le=10_000,
        description="examples of each language in the report, side by side, beside those with rare problems",
    )

    def limited(self, rows: int) -> Self:
        """The same study, under a name of its own, on at most so many rows a method, rows a student and items
        a benchmark.
        """
        students = self.students.model_copy(update={"rows": min(rows, self.students.rows)})
        effects = self.side_effects
        if effects:
            effects = effects.model_copy(update={"free_answers": min(rows, effects.free_answers)})
        changed = {
            "students": students,
            "benchmark_items": min(rows, self.benchmark_items or rows),
            "side_effects": effects,
        }
        return super().limited(rows).model_copy(update=changed)

    def candidates(self) -> Candidates:
        """Its teachers and their data alone, measured as the study measures them."""
        shared = {name: getattr(self, name) for name in Candidates.model_fields}
        scorer = self.quality.perplexity_model or self.students.bases[0].model
        shared["quality"] = self.quality.model_copy(update={"perplexity_model": scorer})
        return Candidates.model_construct(**shared)

"""Candidates as typed data: who writes which data, in which languages, and how it is measured.

A file of these alone can be screened; a study adds students and benchmarks (`schema.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from polyteach.study.sources import FileSource, HubSource, PocketSource, Source
from polyteach.study.teachers import (
    AnyTeacher,
    Contestant,
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
    Part,
    Positive,
)

Translating = Literal["teacher", "model", "model_then_teacher"]


class Synthesis(Part):
    """How much data each teacher writes, and how."""

    methods: Annotated[list[Method], Distinct, Field(min_length=1)] = Field(
        default=list(METHODS),
        description="how teachers are used: `generate` (new pairs), `translate` (English prompts), `respond` "
        "(to prompts)",
    )
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
        "responses, no teacher asked (`model`); or it the prompts, which the teacher answers "
        "(`model_then_teacher`)",
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

    model: str = Field(description="its name at the endpoint")
    endpoint: Endpoint = Field(description="where it is asked")
    price: TokenPrice | None = Field(default=None, description="instead of the price list's")


class Quality(Part):
    """How the data is measured."""

    embedder: str | EndpointModel = Field(
        default="lexical",
        description="lexical (character n-grams), a sentence-transformers model, or {model, endpoint}",
    )
    perplexity_model: str | None = Field(
        default=None, description="scores the responses; where nothing is said the first student base, if any"
    )
    judge: str | EndpointModel | None = Field(
        default=None, description="oracle (pocket world), a model, or {model, endpoint}; nothing: no rubric"
    )
    gate_rows: Positive = Field(
        default=200, description="human pairs a language on which metrics are tested; at most half of them"
    )


By = Literal["teacher", "method"]
"""What is compared: a teacher with all its methods together, or each of its methods by itself."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A set of rows in each language, compared with others.

    Attributes:
        name: the teacher's, or teacher/method.
        teacher: who writes them.
        methods: in which of its ways; none for rows that exist.
    """

    name: str
    teacher: AnyTeacher
    methods: Sequence[Method]


class Candidates(Part):
    """Teachers and the data they write, how much of it and how it is measured: all that a screen needs."""

    name: Name = Field(
        description="of the study, and of its folder under `runs/`: letters, digits and `. + @ - _`"
    )
    rng_seed: int = Field(
        default=1,
        ge=0,
        lt=2**31,
        description="where all randomness starts from, 0 to 2**31 - 1; another one is another repetition of "
        "the whole study",
    )
    languages: Annotated[list[Language], Distinct, Field(min_length=1)] = Field(
        description="list of BCP-47 codes, such as `[de, fil, sw]`"
    )
    teachers: Annotated[list[AnyTeacher], Distinct, Field(min_length=1)] = Field(
        description="who is compared; names must differ"
    )
    seed_data: Annotated[list[Source], Field(min_length=1)] = Field(
        description="what humans wrote and teachers start from, such as [{path: seed-de.jsonl, language: de}]"
    )
    synthesis: Synthesis = Field(
        default=Synthesis(),
        validate_default=True,
        description="without English among the languages all methods; with it `methods: [generate, respond]`",
    )
    quality: Quality = Field(default=Quality(), description="how the data is measured")
    budget: Number | None = Field(
        default=None,
        gt=0,
        description="US dollars, above 0: when so much is spent at endpoints, nothing more is sent; "
        "`--dry-run` spends nothing; exit code 4, and a larger one goes on",
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
        teachers: list[AnyTeacher] = info.data.get("teachers", [])
        writing = [teacher for teacher in teachers if not isinstance(teacher, Contestant)]
        for teacher in writing:
            if beyond := [m for m in teacher.methods or [] if m not in synthesis.methods]:
                raise ValueError(
                    f"{teacher.name} is to `{beyond[0]}`, which is not among the methods: add it here, or "
                    "take it out there"
                )
        simulated = [
            teacher.name
            for teacher in writing
            if isinstance(teacher, SimulatedTeacher) and "translate" in (teacher.methods or METHODS)
        ]
        if simulated and synthesis.translate != "teacher":
            raise ValueError(
                f"{simulated[0]} is simulated and can only translate itself: leave `translate` out"
            )
        return synthesis

    def limited(self, rows: int) -> Self:
        """The same, under a name of its own, on at most so many rows a method."""
        fewer = self.asking(min(rows, self.synthesis.rows_per_method), f"limit-{rows}")
        fewer._limit = rows
        return fewer

    def asking(self, rows: int, suffix: str) -> Self:
        """The same, under a name of its own, asking each teacher for so many rows a method."""
        synthesis = self.synthesis.model_copy(update={"rows_per_method": rows})
        return self.model_copy(update={"name": f"{self.name}-{suffix}", "synthesis": synthesis})

    def reseeded(self, rng_seed: int) -> Self:
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

    def methods_of(self, teacher: AnyTeacher) -> list[Method]:
        """How a teacher is used: in all of the study's ways, or in those it names; data in none."""
        if isinstance(teacher, Contestant):
            return []
        return [m for m in self.synthesis.methods if teacher.methods is None or m in teacher.methods]

    def compared(self, by: By = "teacher") -> list[Candidate]:
        """Who is compared, in the study's order."""
        found = []
        for teacher in self.teachers:
            methods = self.methods_of(teacher)
            if by == "teacher" or not methods:
                found.append(Candidate(teacher.name, teacher, methods))
            else:
                found += [Candidate(f"{teacher.name}/{method}", teacher, [method]) for method in methods]
        return found

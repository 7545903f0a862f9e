"""What a bundle is: the figures of a run, a screen or a publication, as one small file that can be shared.

It holds figures, their definitions, settings and provenance. It holds no text of rows, prompts or items, no
keys, no paths of a machine and no addresses of endpoints. Light, so that any command may read one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator

from polyteach.bundles.packed import PackedEvidence
from polyteach.bundles.values import Count, Counts, Figures, Name, Part, Scalar, Seed, Text

SCHEMA_VERSION = 1
MOST_CELLS = 100_000
"""Of one bundle; a table of more can be read by nobody."""


class Provenance(Part):
    """Where a bundle's figures come from.

    Attributes:
        polyteach: the version that made the figures; None where another program did.
        definitions_digest: of what the figures mean; None where only the definitions say so.
        study_digest: of the study's facts: the same study has the same one.
        rng_seed: the study's.
        source: a citation, or how the bundle was made.
        licence: under which the figures may be used, as far as it is known.
        merged: the bundles that this one was merged from.
        notes: what a reader must know before using it.
    """

    polyteach: Name | None = None
    definitions_digest: Name | None = None
    study_digest: Name | None = None
    rng_seed: Seed | None = None
    source: Text
    licence: Text | None = None
    merged: list[Name] = Field(default=[])
    notes: list[Text] = Field(default=[])


class BundledTeacher(Part):
    """A teacher or candidate, as far as it can be said without where it runs.

    Attributes:
        kind: `model`, `simulated`, or `data` that takes part as it is.
        model: its name at the hub or at an endpoint; of a folder of a machine only the last part.
        licence: of its outputs, where it is known.
        methods: how it was used; empty where nobody says.
        settings: of its draws, such as `temperature`.
    """

    name: Name
    kind: Literal["model", "simulated", "data"] = "model"
    model: Name | None = None
    family: Name | None = None
    parameters: float | None = None
    licence: Text | None = None
    methods: list[Name] = Field(default=[])
    settings: dict[Name, Scalar] = Field(default={})


class Tokens(Part):
    """Tokens of all answers; those of thinking are among the response's."""

    prompt: Count = 0
    response: Count = 0
    thinking: Count = 0


class BundledCell(Part):
    """One teacher in one language, with students of one base.

    Attributes:
        base: None where no student was trained (a screen's cells).
        bundle: the name of the bundle that the figures were first in.
        scored: whether polyteach made the figures from what it measured. Where not, they are as another
            source has them, and can only stand beside others.
        trials: of the students; 0 without any.
        figures: by name: `robust`, `gain`, `quality`, `pgr`, `published`, `paper`; `benchmark/NAME`,
            `gain/NAME`, `metric/NAME`, and others of the source's own. Each says what it is.
        rows, requests: of its data; None where nobody says.
        failures: requests that made no row, by reason.
        money, money_per_10k: US dollars; None where the price is unknown.
        excluded: why the cell takes no part in its source's ranking.
        doubts: by name of a figure, why it cannot be used as it stands.
    """

    teacher: Name
    language: Name
    base: Name | None = None
    bundle: Name
    scored: bool = False
    trials: Count = 0
    figures: Figures
    rows: Count | None = None
    requests: Count | None = None
    failures: Counts = Field(default={})
    tokens: Tokens | None = None
    money: float | None = None
    money_per_10k: float | None = None
    excluded: Text | None = None
    doubts: dict[Name, Text] = Field(default={})

    @property
    def key(self) -> tuple[str, str, str | None]:
        """Teacher, language, base."""
        return self.teacher, self.language, self.base


class Ranked(Part):
    """One line of a ranking over all languages (`language` None) or within one.

    Attributes:
        rank_interval: best and worst rank that the data allow; None where the teacher is not ranked.
        figures: `robust`, `gain`, `quality` and others; those of a screen: `score`.
    """

    teacher: Name
    language: Name | None = None
    rank_interval: Annotated[list[Count], Field(min_length=2, max_length=2)] | None
    figures: Figures


class Verdict(Part):
    """What the figures say of who teaches best, in one sentence."""

    kind: Name
    text: Text
    teachers: list[Name] = Field(default=[])


class Bundle(Part):
    """The figures of a run (`run`), of a screen (`screen`), or without evidence (`figures`).

    Attributes:
        name: of the study, or of the publication.
        terms: what the figures were made under, as the run's artifacts say it: of the whole study (`study`)
            and by language. Only where they agree are bundles scored together.
        evidence: what scoring computes figures from; None where there are figures only.
    """

    schema_version: Literal[1] = 1
    kind: Literal["run", "screen", "figures"]
    name: Name
    provenance: Provenance
    languages: list[Name]
    teachers: list[BundledTeacher]
    cells: Annotated[list[BundledCell], Field(max_length=MOST_CELLS)]
    ranking: list[Ranked] = Field(default=[])
    verdict: Verdict | None = None
    terms: dict[Name, dict[Name, Scalar]] = Field(default={})
    evidence: PackedEvidence | None = None

    @model_validator(mode="after")
    def _names_are_known(self) -> Bundle:
        teachers = [teacher.name for teacher in self.teachers]
        if len(set(teachers)) < len(teachers):
            raise ValueError("a teacher is listed twice")
        if len(set(self.languages)) < len(self.languages):
            raise ValueError("a language is listed twice")
        if len({(cell.bundle, *cell.key) for cell in self.cells}) < len(self.cells):
            raise ValueError("a cell is listed twice")
        named = {cell.teacher for cell in self.cells} | {line.teacher for line in self.ranking}
        if any(cell.scored and cell.base for cell in self.cells) and not self.evidence:
            raise ValueError("figures of students are said to be scored, but there is no evidence of them")
        if unknown := sorted(named - set(teachers)):
            raise ValueError(f"teachers that are not listed: {', '.join(unknown[:3])}")
        if other := sorted({cell.language for cell in self.cells} - set(self.languages)):
            raise ValueError(f"languages that are not listed: {', '.join(other[:3])}")
        return self

    def teacher(self, name: str) -> BundledTeacher:
        """The teacher of that name.

        Raises:
            KeyError: there is none.
        """
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> Mapping[str, BundledTeacher]:
        return {teacher.name: teacher for teacher in self.teachers}

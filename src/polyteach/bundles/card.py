"""What a bundle says of its study: the facts of its results, as typed data."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from polyteach.bundles.values import Count, Name, Part, Seed, Share, Text


class ContestantRows(Part):
    """Rows of data that take part as they are, by language."""

    rows: dict[Name, Count]
    wanted: dict[Name, Count]
    is_seed_data: bool


class StudyTeacher(Part):
    """A teacher as results say it."""

    name: Name
    kind: Literal["model", "simulated", "data"]
    model: Name | None = None
    family: Name | None = None
    parameters: Count | None = None
    dials: dict[Name, float] | None = None
    data: ContestantRows | None = None


class StudyBase(Part):
    """A student base."""

    name: Name
    model: Name
    family: Name | None = None


class StudyBenchmark(Part):
    """A benchmark as results say it."""

    name: Name
    kind: Name
    metric: Name | None = None
    metric_norm: Name | None = None
    chance: Share | None = None
    definition: Text | None = None
    languages: list[Name]
    minimum_gap: Share | None = None


class StudyScorer(Part):
    """The model behind a metric."""

    metric: Name
    model: Name
    family: Name | None = None
    teachers: list[Name] = Field(default=[])


class StudyCard(Part):
    """The facts of a study, as its results say them (`facts.study_facts`)."""

    name: Name
    rng_seed: Seed
    limit: Count | None
    languages: list[Name]
    trials: Annotated[int, Field(ge=1, le=1000)]
    methods: list[Name]
    teachers: list[StudyTeacher]
    bases: list[StudyBase]
    benchmarks: list[StudyBenchmark]
    scorers: list[StudyScorer]
    student_rows: Count
    quality_weight: Share
    side_effects: None = None

    @property
    def facts(self) -> dict[str, Any]:
        """As results have them: what was not said is not there."""
        return self.model_dump(mode="json", exclude_unset=True)

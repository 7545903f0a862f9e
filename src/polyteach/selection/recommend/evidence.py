"""What a source found, in one form for runs, screens and bundles: readings of teachers by language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Self

from polyteach.figures import Figure
from polyteach.scoring.power import Noise, Plan
from polyteach.selection.recommend.candidates import Candidate
from polyteach.selection.recommend.weighing import NORMAL_95, Reading

Kind = Literal["run", "screen", "published"]
Key = tuple[str, str]
"""(language, teacher)."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a teacher's answers took in a source.

    Attributes:
        per_10k: USD for 10,000 rows; None where unknown.
        rows: that came; with prompt and response tokens, all attempts included.
    """

    per_10k: float | None
    rows: int = 0
    prompt_tokens: int = 0
    response_tokens: int = 0


@dataclass(frozen=True)
class Evidence:
    """One source.

    Attributes:
        id: `run NAME`, `screen NAME`, `bundle NAME`.
        definition: what its figures mean; only sources with the same one share a scale.
        teachers: by the source's own names; rows that exist are none of them.
        readings: robust PG-Score of a run, score of a screen, by (language, teacher); errors as far as they
            set two teachers apart. What has no known error, above 0, is not in it: it has no weight.
        figures: the same as the source shows them.
        gains: of students, runs alone.
        costs: by (language, teacher); language `""` where it is over all of them.
        excluded: teachers that a screen would not rank, and why.
        bases: mean raw score of students by (language, teacher), then base.
        noise, plan: of a run, for what more items or trials would tell.
        methods: of a run, by which teachers wrote that name none of their own.
        rows: by which a screen measured a teacher in a language.
        doubts: what speaks against it, in sentences.
        limit: of a rehearsal (`--limit`), which has no weight; None else.
        cannot_see: what such a source cannot show.
        first: by language, who could be first by a screen's own comparison.
    """

    id: str
    kind: Kind
    definition: str
    teachers: Mapping[str, Candidate]
    readings: Mapping[Key, Reading]
    figures: Mapping[Key, Figure] = field(default_factory=dict)
    gains: Mapping[Key, Figure] = field(default_factory=dict)
    costs: Mapping[Key, Cost] = field(default_factory=dict)
    excluded: Mapping[Key, str] = field(default_factory=dict)
    bases: Mapping[Key, Mapping[str, float]] = field(default_factory=dict)
    noise: Noise | None = None
    plan: Plan | None = None
    methods: tuple[str, ...] = ()
    rows: int = 0
    trials: int = 0
    limit: int | None = None
    doubts: tuple[str, ...] = ()
    cannot_see: tuple[str, ...] = ()
    first: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def languages(self) -> list[str]:
        """Those with a reading, in order."""
        return list(dict.fromkeys(language for language, _ in self.readings))

    def covers(self, language: str) -> bool:
        """Whether it has anything of a language, scores or not."""
        return any(
            code == language for part in (self.readings, self.gains, self.excluded) for code, _ in part
        )

    def teachers_in(self, language: str) -> list[str]:
        """Those with a reading there."""
        return [teacher for code, teacher in self.readings if code == language]

    def without_weight(self) -> Self:
        """What is left of a rehearsal: who took part, and what it cost."""
        return replace(self, readings={}, figures={}, gains={}, excluded={}, bases={}, noise=None, plan=None)


def definition_of(digest: str, bases: Sequence[str], rows: int | None, recipe: str) -> str:
    """What a run's figures mean: runs of the same one are pooled, so students must be trained alike.

    Args:
        digest: of the scores' definitions.
        bases: their names.
        rows: of a student.
        recipe: see `recipe_of`.
    """
    return f"{digest} {', '.join(sorted(bases))}; {rows} rows, recipe {recipe}"


def recipe_of(terms: Mapping[str, object]) -> str:
    """A digest of how students were trained, by the terms of a study; `unknown` where they do not say."""
    from polyteach.bundles.terms import short

    said = {name: value for name, value in terms.items() if name.startswith("students.")}
    return short(said) if said else "unknown"


def mean_of(figures: Sequence[Figure]) -> Figure:
    """The figure, or the mean of several bases' with their mean error: they share their items.

    Where one of them is undefined, so is the mean; where an interval is not known, it is that of the error.
    """
    undefined = next((figure for figure in figures if figure.value is None), None)
    if undefined or len(figures) == 1:
        return undefined or figures[0]
    value, se, low, high = (_average([getattr(f, part) for f in figures]) for part in _PARTS)
    if value is not None and se is not None and (low is None or high is None):
        low, high = value - NORMAL_95 * se, value + NORMAL_95 * se
    definition = f"mean over {len(figures)} bases of: {figures[0].definition}"
    return Figure(value, definition, figures[0].n, se, low, high)


def _average(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if len(known) == len(values) else None


_PARTS = ("value", "se", "low", "high")

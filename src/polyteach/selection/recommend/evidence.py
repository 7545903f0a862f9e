"""What a source found, in one form for runs, screens and bundles: readings of teachers by language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from polyteach.figures import Figure
from polyteach.scoring.power import Noise, Plan
from polyteach.selection.recommend.candidates import Candidate
from polyteach.selection.recommend.weighing import Reading

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
            set two teachers apart.
        figures: the same as the source shows them.
        gains: of students, runs alone.
        costs: by (language, teacher); language `""` where it is over all of them.
        excluded: teachers that a screen would not rank, and why.
        bases: mean raw score of students by (language, teacher), then base.
        noise, plan: of a run, for what more items or trials would tell.
        rows: by which a screen measured a teacher in a language.
        doubts: what speaks against it, in sentences.
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
    rows: int = 0
    trials: int = 0
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

"""What a selector is: rows of all teachers of one language in, a score per teacher out, with its cost.

A selector is a small frozen dataclass with a `name` and a `select(pool, tools)`. **Higher is better**: where
the published figure is better when lower, the selector gives it with its sign turned and says so. Scores
compare teachers within one language and one student base, nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum, isfinite
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from polyteach.rows import Row
    from polyteach.selection.selectors.tools import Tools

NO_ROWS = "the teacher has no rows"
NOT_FINITE = "its score is no finite number"

Scored = tuple[float | None, str | None]
"""A score, or None and why."""


@dataclass(frozen=True, slots=True)
class TeacherFacts:
    """What is known of a teacher without its rows.

    Attributes:
        parameters: how many it has; None where nobody knows.
        benchmark_score: its own result in an exam (higher is better), the same exam for all teachers of the
            pool; None where it sat none.
    """

    parameters: float | None = None
    benchmark_score: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """The teachers to choose from: one language, one student base.

    Two pools are the same only if they are the same object: what is computed for one is never used for
    another.

    Attributes:
        language: standard code.
        base: the student base's name.
        rows: by teacher, equally many each, in the order of their draw.
        seed_rows: human rows of the language.
        other_rows: human rows of other languages, by language; they say what a wrong language looks like.
        facts: by teacher; a teacher that is not there has none.
        rng_seed: of the draw, and of all that is random in selectors.
    """

    language: str
    base: str
    rows: Mapping[str, Sequence[Row]]
    seed_rows: Sequence[Row] = ()
    other_rows: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    facts: Mapping[str, TeacherFacts] = field(default_factory=dict)
    rng_seed: int = 0

    def facts_of(self, teacher: str) -> TeacherFacts:
        """What is known of a teacher; nothing where it is not named."""
        return self.facts.get(teacher, TeacherFacts())


@dataclass(frozen=True, slots=True)
class Selection:
    """One selector's scores of a pool.

    Attributes:
        scores: by teacher, higher is better; None where undefined.
        reasons: why it is undefined, by teacher; exactly for those with None.
    """

    scores: Mapping[str, float | None]
    reasons: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if {t for t, score in self.scores.items() if score is None} != set(self.reasons):
            raise ValueError("an undefined score says why, and no other has a reason")

    @classmethod
    def of(cls, found: Mapping[str, Scored]) -> Selection:
        """From each teacher's score and, where it has none, why; NaN and infinity are none."""
        finite = {
            teacher: (value, why) if value is None or isfinite(value) else (None, NOT_FINITE)
            for teacher, (value, why) in found.items()
        }
        return cls(
            {teacher: value for teacher, (value, _) in finite.items()},
            {teacher: why or "undefined" for teacher, (value, why) in finite.items() if value is None},
        )


class Selector(Protocol):
    """Anything with a name and a `select`; no class is derived from this."""

    @property
    def name(self) -> str:
        """As tables have it; unique among selectors."""

    def select(self, pool: Pool, tools: Tools) -> Selection:
        """Scores all teachers of the pool; those of empty rows and missing tools get None and a reason."""


def each_teacher(pool: Pool, score: Callable[[str], Scored]) -> Selection:
    """The selection of which each teacher's score can be said alone."""
    return Selection.of({teacher: score(teacher) for teacher in pool.rows})


def mean_or_why(values: Sequence[float], why: str) -> Scored:
    """The mean, or why there is none."""
    return (fsum(values) / len(values), None) if values else (None, why)


def nobody(pool: Pool, reason: str) -> Selection:
    """No teacher can be scored, all for one reason."""
    return Selection(dict.fromkeys(pool.rows), dict.fromkeys(pool.rows, reason))

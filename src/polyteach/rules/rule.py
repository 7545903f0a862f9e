"""The contract of a rule: which rows it finds something wrong with, and where it cannot tell.

To add a rule: one class in one of the files beside this one, its name in `RULES` (`__init__.py`), a line in
docs/curation.md. A rule that stands in `DEFAULTS` also needs its false positives in bench/curation.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

from pydantic import Field

from polyteach.steps import Progress, SilentProgress
from polyteach.study.values import Part

if TYPE_CHECKING:
    from polyteach.quality.judge import Judge
    from polyteach.rows import Row

Side = Literal["prompt", "response"]


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule found.

    Attributes:
        bad: one entry a row, in their order: whether the rule would take it away.
        untold: rows of which the rule could not tell, counted by reason; they stay.
    """

    bad: tuple[bool, ...]
    untold: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule may need beyond rows and its own settings.

    Attributes:
        rng_seed: of MinHash.
        judge: who is asked for marks; None: marks are read from the data.
        progress: told of rows that a model has read.
    """

    rng_seed: int = 0
    judge: Judge | None = None
    progress: Progress = field(default_factory=SilentProgress)


class Rule(Protocol):
    """One rule with its settings.

    Attributes:
        of_set: whether what it says of a row depends on the other rows, or takes a model: such a rule sees
            only the rows that no rule before it found.
    """

    @property
    def of_set(self) -> bool:
        """See the class."""

    @property
    def reason(self) -> str:
        """Under which name its finds are counted; unlike all others of the same list."""

    def find(self, rows: Sequence[Row], context: Context) -> Found:
        """Judges rows; see `Found`."""


class Settings(Part):
    """What all rules can be told, and how their finds are called."""

    rule: ClassVar[str]
    plain_side: ClassVar[str] = "response"
    called: str | None = Field(default=None, min_length=1, description="another name for what it finds")

    @property
    def reason(self) -> str:
        """`called`, or the rule's name, with the side where it is not the usual one."""
        side = getattr(self, "side", self.plain_side)
        return self.called or (self.rule if side == self.plain_side else f"{self.rule}_{side}")


def each(rows: Sequence[Row], check: Callable[[Row], bool | str]) -> Found:
    """What a check of one row at a time finds; a text is why it cannot tell."""
    results = [check(row) for row in rows]
    untold = Counter(result for result in results if isinstance(result, str))
    return Found(tuple(result is True for result in results), dict(sorted(untold.items())))


def text_of(row: Row, side: Side) -> str:
    """The row's prompt or response."""
    return row.prompt if side == "prompt" else row.response

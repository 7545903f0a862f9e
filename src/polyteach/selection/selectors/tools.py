"""What selectors may use: made when first asked for, shared among them, with an account of what each cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from polyteach.selection.selectors.contract import Pool

if TYPE_CHECKING:
    from polyteach.models.local import LocalModel
    from polyteach.quality.cell import Embedder
    from polyteach.quality.judge import Judge

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Cost:
    """What something took.

    Attributes:
        forward_tokens: tokens that the student read, prompts included, padding not.
        backward_tokens: of these, those through which gradients went back.
        seconds: of the clock on this machine; no two runs have the same.
    """

    forward_tokens: int = 0
    backward_tokens: int = 0
    seconds: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.forward_tokens + other.forward_tokens,
            self.backward_tokens + other.backward_tokens,
            self.seconds + other.seconds,
        )


@dataclass(frozen=True, slots=True)
class Reward:
    """Who marks a response, and under which name.

    Attributes:
        name: shown beside every figure that rests on it, such as `pocket oracle`.
        of: a mark for (prompt, response, language), 0 or more, higher is better; None where there is none.
    """

    name: str
    of: Callable[[str, str, str], float | None]


@dataclass(slots=True)
class _Part:
    """Something that was made for selectors: what it is, what it took itself, and what it rests on."""

    made: Any = None
    cost: Cost = field(default_factory=Cost)
    inner_seconds: float = 0.0
    uses: set[tuple[Pool, Hashable]] = field(default_factory=set)


@dataclass(slots=True)
class Tools:
    """All that selectors share; whatever is None is not there, and what needs it says so.

    Attributes:
        student: the base that would be taught, in eval mode.
        reward: who marks responses.
        judge: who gives rubric scores.
        embedder: for diversity and relevance; None: the one that needs no download.
    """

    student: LocalModel | None = None
    reward: Reward | None = None
    judge: Judge | None = None
    embedder: Embedder | None = None
    _parts: dict[tuple[Pool, Hashable], _Part] = field(default_factory=dict)
    _open: list[_Part] = field(default_factory=list)

    def once(self, pool: Pool, key: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` gives, made once for a pool and a key, and charged to every selector that asks for it.

        Args:
            pool: what it is made from.
            key: names it, and every setting that changes it.
            make: makes it; it may itself call `once`, and tells `spent` of its tokens.
        """
        place = (pool, key)
        if place not in self._parts:
            self._parts[place] = self._run(make)
        part = self._parts[place]
        if self._open:
            self._open[-1].uses.add(place)
        made: Made = part.made
        return made

    def spent(self, *, forward_tokens: int = 0, backward_tokens: int = 0) -> None:
        """Charges tokens to whatever is being made just now."""
        if self._open:
            self._open[-1].cost += Cost(forward_tokens, backward_tokens)

    def priced(self, make: Callable[[], Made]) -> tuple[Made, Cost]:
        """What `make` gives, and what it would have cost alone: what others made before counts in full."""
        part = self._run(make)
        reached: set[tuple[Pool, Hashable]] = set()
        waiting = set(part.uses)
        total = part.cost
        while waiting:
            place = waiting.pop()
            if place not in reached:
                reached.add(place)
                total += self._parts[place].cost
                waiting |= self._parts[place].uses
        made: Made = part.made
        return made, total

    def _run(self, make: Callable[[], Any]) -> _Part:
        """Runs it with an account of its own; the time of the parts it has made meanwhile is theirs."""
        part, start = _Part(), time.perf_counter()
        self._open.append(part)
        try:
            part.made = make()
        finally:
            self._open.pop()
        whole = time.perf_counter() - start
        part.cost += Cost(seconds=whole - part.inner_seconds)
        if self._open:
            self._open[-1].inner_seconds += whole
        return part

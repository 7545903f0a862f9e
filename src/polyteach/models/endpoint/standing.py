"""What came of a run's requests so far, from which follows whether further ones will fare better."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

MANY = 8
"""Different requests that failed alike, from which on it is not theirs. One that always fails is just one."""

_AT_WORK_SECONDS = 1.0  # a request that is in flight for longer is taken for one that is being answered


@dataclass(slots=True)
class Tries:
    """What one request went through.

    Attributes:
        failures: tries that took an attempt.
        changes: of the dialect.
        waits: how often it was told to wait, or met a server that is down.
        waits_since: the moment of the first of them.
        reasons: of its faults.
    """

    failures: int = 0
    changes: int = 0
    waits: int = 0
    waits_since: float = 0.0
    reasons: set[str] = field(default_factory=set)


class Standing:
    """Counts over all requests of a run; `now` is seconds on a clock that only rises.

    Args:
        met: whether the same servers answered in an earlier call of this run, such as an earlier round.
        has_answers: whether answers from an earlier run are there: then what fails now is left unanswered,
            and ends no run.
    """

    def __init__(self, met: bool, has_answers: Callable[[], bool]) -> None:
        self._met = met
        self._has_answers = has_answers
        self._begun = 0
        self._answers = 0
        self._failed: Counter[str] = Counter()
        self._told_to_wait: set[str] = set()
        self._told_since = 0.0
        self._open: dict[int, float] = {}
        self._doubted_at = 0.0

    @property
    def met(self) -> bool:
        """Whether such requests have been answered in this run."""
        return self._met or self._answers > 0

    @property
    def proven(self) -> bool:
        """Whether such requests have been answered, in this run or before it."""
        return self.met or self._has_answers()

    def begin(self) -> Tries:
        """A request is to be asked."""
        self._begun += 1
        return Tries()

    def sent(self, tries: Tries, now: float) -> None:
        """One try goes out."""
        self._open[id(tries)] = now

    def back(self, tries: Tries) -> None:
        """What was sent is over, whatever came of it."""
        del self._open[id(tries)]

    def answered(self) -> None:
        """A request was answered."""
        self._answers += 1
        if self._told_to_wait:
            self._told_to_wait.clear()

    def failed(self, tries: Tries, reason: str) -> None:
        """One try failed; a request counts once for each reason."""
        if reason not in tries.reasons:
            tries.reasons.add(reason)
            self._failed[reason] += 1

    def is_hopeless(self, reason: str) -> bool:
        """Whether many different requests, most of those begun, failed alike, and none was ever answered."""
        return not self.proven and self._failed[reason] >= max(MANY, self._begun / 2)

    def waits_for_no_answer(self, now: float) -> bool:
        """Whether all is back that was in flight when this was first asked: when all looked hopeless."""
        self._doubted_at = self._doubted_at or now
        return all(at > self._doubted_at for at in self._open.values())

    def only_waits(self, key: str, now: float, patience_seconds: float) -> bool:
        """Whether all that came for so long is to wait, with nothing being answered; `key` is told again."""
        self._told_since = self._told_since if self._told_to_wait else now
        self._told_to_wait.add(key)
        if now - self._told_since <= patience_seconds:
            return False
        oldest = min(self._open.values(), default=now)
        return now - oldest <= _AT_WORK_SECONDS

    @property
    def many_wait(self) -> bool:
        """Whether it was not just a few that were told to wait, or nobody was ever answered."""
        return len(self._told_to_wait) >= MANY or not self.proven

"""How many requests a server is given at once: found out from how it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_START = 32
_ROUND_LEAST = 32  # answers in a round at least, so that its means mean something
_WORTH_IT = 0.5  # of the growth in requests at once, how much must arrive as growth in answers per second
_HOLD_ROUNDS = 20
_NEAR = 0.7  # of the limit in flight: then it is the limit that holds requests back
_MOST_CUT = 0.5
_NEWEST = 0.02  # weight of an answer in the running mean of latency
_SLOWER_CUT = 0.1


@dataclass(frozen=True, slots=True)
class Level:
    """How many at once, at one moment; an observer is told at the end of each round.

    Attributes:
        seconds: on the event loop's clock, which only rises.
        url: of the server.
        limit: requests that may be in flight there.
        in_flight: requests that are.
        why: `faster`, `steady`, `told to wait` (429, 503, 529, timeouts), `slower` (latency), `down`, `up`.
    """

    seconds: float
    url: str
    limit: int
    in_flight: int
    why: str


Observer = Callable[[Level], None]


class AdaptiveLimit:
    """Additive increase while answers come faster for it, multiplicative decrease on overload.

    It looks at rounds of about as many answers as there are in flight:

    * 429, 503, 529 and timeouts in a round: down by their share, at most by half. (A server that lets through
      what it can is then asked for just that; a few stray ones cost little.)
    * Latency grew about as fast as the number at once, so that a quarter of the growth or less arrived as
      more answers per second: back to before it, and no growth for a while. (A plain bound on latency would
      not do: a server that batches answers each request more slowly and all of them sooner.)
    * Latency doubled at the same number at once: down by a tenth.
    * Else up: doubling until the first decrease, then by a 32nd of the most in each round. It rises only
      while it is what holds requests back.

    Requests that were sent before the last decrease say nothing of what came of it: no round counts them.

    Args:
        most: the limit's limit.
        now: seconds on a clock that only rises.

    Attributes:
        share: of the last round's requests, how many were told to wait.
    """

    def __init__(self, most: int, now: float) -> None:
        self.most = most
        self._step = max(1.0, most / 32)
        self.restart(now)

    def restart(self, now: float) -> None:
        """Begins anew, as with a server that was down."""
        self._limit = float(min(self.most, _START))
        self._doubling = True
        self._hold = 0
        self.share = 0.0
        self._since = now
        self._latency = 0.0  # a running mean
        self._reference: tuple[float, float] | None = None  # requests at once, answers per second
        self._begin_round(now)

    @property
    def interval(self) -> float:
        """Seconds between two requests that keep as many in flight as may be, with room to catch up.

        Without them, requests that were sent together come back together, wave after wave.
        """
        return self._latency / self._limit / (2.0 if self._doubling else 1.5)

    @property
    def limit(self) -> int:
        """Requests that may be in flight."""
        return int(self._limit)

    def answered(self, sent_at: float, now: float, in_flight: int) -> str | None:
        """Takes note of an answer; at the end of a round, says what was made of it.

        Args:
            sent_at: when its request was sent.
            now: when it was answered.
            in_flight: requests, this one included.
        """
        if in_flight >= _NEAR * self.limit and not self._hold:
            self._limit = min(self.most, self._limit + (1.0 if self._doubling else self._step / self._limit))
        self._latency += (now - sent_at - self._latency) * _NEWEST
        if sent_at < self._since:
            return None
        self._latencies += now - sent_at
        self._good += 1
        return self._end_round(now) if self._good + self._bad >= self._size else None

    def overloaded(self, sent_at: float, now: float) -> str | None:
        """Takes note of a 429, 503, 529 or a timeout; the result is as of `answered`."""
        if sent_at < self._since:
            return None
        self._bad += 1
        return self._end_round(now) if self._good + self._bad >= self._size else None

    def _begin_round(self, now: float) -> None:
        self._began = now
        self._good = self._bad = 0
        self._latencies = 0.0
        self._size = max(_ROUND_LEAST, self.limit)

    def _end_round(self, now: float) -> str:
        self.share = self._bad / (self._good + self._bad)
        if self._bad:
            why = self._down(1 - min(_MOST_CUT, self.share), now, "told to wait")
        else:
            why = self._judge_latency(now)
        self._hold = max(0, self._hold - 1)
        self._begin_round(now)
        return why

    def _judge_latency(self, now: float) -> str:
        seconds = max(now - self._began, 1e-9)
        at_once, speed = self._latencies / seconds, self._good / seconds
        if self._reference is None or at_once < self._reference[0] / 1.5:
            self._reference = (at_once, speed)
            return "steady"
        grown = at_once / self._reference[0]
        if grown >= 1.5:
            if speed / self._reference[1] < 1 + _WORTH_IT * (grown - 1):
                self._hold = _HOLD_ROUNDS
                return self._down(max(0.5, 1.1 / grown), now, "slower")
            self._reference = (at_once, speed)
            return "faster"
        if speed / self._reference[1] < grown / 2:
            self._reference = (at_once, speed)  # so that a server that stays slow is not cut for ever
            return self._down(1 - _SLOWER_CUT, now, "slower")
        return "steady" if self._hold or self._limit >= self.most else "faster"

    def _down(self, factor: float, now: float, why: str) -> str:
        self._limit = max(1.0, self._limit * factor)
        self._doubling = False
        self._since = now
        return why

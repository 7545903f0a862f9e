"""What can go wrong with one try of a request, and what is done about it."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum

LONGEST_BACKOFF_SECONDS = 60.0

_BUSY = frozenset({429, 503, 529})
_OF_ITS_OWN = frozenset({408, 409, 425, 500, 502, 504, 520, 521, 522, 523, 524})


class Kind(Enum):
    """What a fault says, and of whom."""

    BUSY = "the server asks to wait (429, 503, 529): the request waits and takes no attempt; fewer at once"
    TIMEOUT = "no answer in time: takes an attempt; fewer at once"
    LOST = "the connection broke: takes an attempt; a server that loses many in a row is taken for down"
    DOWN = "no connection: the server is left out until it is back; takes no attempt"
    OWN = "this try failed (500, no JSON, ...): takes an attempt"
    REFUSED = "the server will not answer this request (400): no further try"


class Fault(Exception):
    """One try of a request failed.

    Args:
        kind: see `Kind`.
        reason: short and countable, such as `http 500` or `answer cut off`.
        detail: what the server said, for a message; shortened.
        retry_after: seconds for which the server asked to be left alone.
        status: of HTTP; None where it did not come to one.
    """

    def __init__(
        self,
        kind: Kind,
        reason: str,
        detail: str = "",
        retry_after: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.kind = kind
        self.reason = reason
        self.detail = detail
        self.retry_after = retry_after


def fault_of_status(status: int, detail: str, retry_after: str | None) -> Fault:
    """The fault of an HTTP status other than 200.

    Args:
        status: of the answer.
        detail: what the server said.
        retry_after: the header of that name.
    """
    reason = f"http {status}"
    if status in _BUSY:
        return Fault(Kind.BUSY, reason, detail, seconds_to_wait(retry_after), status)
    if status in _OF_ITS_OWN or status >= 500:
        return Fault(Kind.OWN, reason, detail, seconds_to_wait(retry_after), status)
    return Fault(Kind.REFUSED, reason, detail, status=status)


def seconds_to_wait(header: str | None) -> float | None:
    """Reads `Retry-After`: seconds, or an HTTP date; None where it is neither.

    A date is compared with this machine's clock; one that has passed is 0.
    """
    if header is None:
        return None
    text = header.strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=UTC)
            seconds = (moment - datetime.now(UTC)).total_seconds()
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if seconds < float("inf") else None


def backoff_seconds(key: str, failures: int, first: float, retry_after: float | None) -> float:
    """How long a request waits after a fault: exponential, with full jitter, the same for the same request.

    Args:
        key: of the request.
        failures: its faults so far, 1 or more.
        first: mean seconds after the first fault.
        retry_after: what the server asked for; up to a tenth is added, so that not all come back at once.
    """
    jitter = random.Random(f"{key} {failures}").random()
    if retry_after is not None:
        return retry_after * (1 + 0.1 * jitter) + 0.05 * jitter
    return min(LONGEST_BACKOFF_SECONDS, 2 * first * 2.0 ** min(failures - 1, 16)) * jitter

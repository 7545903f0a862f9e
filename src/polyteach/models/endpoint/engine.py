"""Sends a request to the servers of an endpoint until it has an answer, or a reason why it has none."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from polyteach.errors import UserError
from polyteach.models.endpoint.answers import ENDED
from polyteach.models.endpoint.call import Wire
from polyteach.models.endpoint.dialect import Dialect
from polyteach.models.endpoint.explained import all_down, down_too_long, only_waits, refused, waits_too_long
from polyteach.models.endpoint.faults import Fault, Kind, backoff_seconds
from polyteach.models.endpoint.gate import Gate, Server
from polyteach.models.endpoint.limits import Observer
from polyteach.models.endpoint.pace import Pace
from polyteach.models.endpoint.settings import EndpointSettings
from polyteach.models.endpoint.standing import Standing, Tries

WAITS = 64
"""How often one request may be told to wait, or meet a server that is down; within the patience, oftener."""

_CHANGES = 6  # of the dialect for one request; more are a server that refuses whatever it is sent
_REPROBE_SECONDS = 15.0
_RESTART_SECONDS = 30.0  # for servers that answered in an earlier run only: the URL may be a wrong one now
_MAY_RESTART = ("connection refused", "no connection in time")
_USELESS = (Kind.OWN, Kind.REFUSED, Kind.TIMEOUT)
_OF_THE_ADDRESS = frozenset((301, 302, 307, 308, 403, 404, 405))
"""Refusals that are not of one request. From a server that has answered they are a spell that passes."""

Answer_co = TypeVar("Answer_co", covariant=True)


class Request(Protocol[Answer_co]):
    """What is asked; its body is made anew for each try: each server takes another part of the format."""

    @property
    def key(self) -> str:
        """Its identity, for the jitter of its waits."""

    @property
    def path(self) -> str:
        """Where at the server, such as `chat/completions`."""

    def body(self, dialect: Dialect) -> bytes:
        """The JSON to send."""

    def read(self, answer: dict[str, Any], sent: Dialect) -> Answer_co:
        """Reads an answer to what was sent in a dialect; raises Fault if it is none."""

    def read_refusal(self, status: int, said: str) -> Answer_co | None:
        """The answer that lies in a refusal, such as that the prompt is too long; None where none does."""


class Engine:
    """All requests of one run to one endpoint; make it inside the event loop, and close it.

    Args:
        settings: of the endpoint.
        may_send: see `Gate`.
        observer: see `Gate`.
        on_rest: called when a request begins to wait after a fault, so that another may be begun.
        met, has_answers: see `Standing`.

    Attributes:
        gate: who may send.
        faults: what went wrong so far, by reason, tries that were repeated included.
        resting: requests that wait after a fault.
        standing: what came of all requests.
    """

    def __init__(
        self,
        settings: EndpointSettings,
        may_send: Callable[[int], bool] = lambda in_flight: True,
        observer: Observer | None = None,
        on_rest: Callable[[], None] = lambda: None,
        met: bool = False,
        has_answers: Callable[[], bool] = lambda: False,
    ) -> None:
        self.settings = settings
        self.faults: Counter[str] = Counter()
        self.resting = 0
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        dialect = Dialect(schema=settings.structured != "words")
        self._servers = [Server(url, dialect, settings.most_at_once, now) for url in settings.urls]
        self.gate = Gate(self._servers, settings.most_at_once, Pace(settings), may_send, observer)
        self._on_rest = on_rest
        self._wire = Wire(settings)
        self._probes: set[asyncio.Task[None]] = set()
        self.standing = Standing(met, has_answers)

    async def close(self) -> None:
        """Ends the probes and closes the connections."""
        for probe in self._probes:
            probe.cancel()
        await asyncio.gather(*self._probes, return_exceptions=True)
        await self._wire.close()

    async def ask(self, request: Request[Answer_co], tokens: int) -> Answer_co:
        """One request with all its tries.

        Args:
            request: what to ask.
            tokens: it is expected to take, for the limit of tokens per minute.

        Raises:
            Fault: it has no answer, after all attempts or because the server refuses it.
            UserError: no request can be answered.
            BudgetReached: `may_send` raised it.
        """
        standing = self.standing
        tries, again = standing.begin(), False
        while True:
            server = await self.gate.enter(tokens, again=again)
            dialect, sent_at, again = server.dialect, self._loop.time(), True
            standing.sent(tries, sent_at)
            try:
                answer = await self._wire.post(server.url, request.path, request.body(dialect))
                read = request.read(answer, dialect)
                self._note_answer(server, sent_at)
                return read
            except Fault as error:
                fault = error
            finally:
                standing.back(tries)
                self.gate.leave(server)
            if fault.status is not None:
                said = request.read_refusal(fault.status, fault.detail)
                if said is not None:
                    self._note_answer(server, sent_at)
                    return said
                if self._changes_dialect(server, dialect, fault, tries):
                    continue
            fault.detail = self._wire.masked(fault.detail)
            if fault.reason.startswith(ENDED):  # the rest is the server's
                fault.reason = f"{ENDED}{self._wire.masked(fault.reason.removeprefix(ENDED))}"
            self.faults[fault.reason] += 1
            standing.failed(tries, fault.reason)
            await self._rest(self._seconds_to_rest(request.key, fault, server, sent_at, tries))

    def _note_answer(self, server: Server, sent_at: float) -> None:
        self.gate.answered(server, sent_at)
        self.standing.answered()

    async def _rest(self, seconds: float) -> None:
        """Lets a request wait, and another take its place; nobody waits when nothing is sent any more."""
        if seconds <= 0:
            return
        self.resting += 1
        self._on_rest()
        try:
            async with asyncio.timeout(seconds):
                await self.gate.closed.wait()
        except TimeoutError:
            pass
        finally:
            self.resting -= 1

    def _changes_dialect(self, server: Server, sent: Dialect, fault: Fault, tries: Tries) -> bool:
        """Learns from a refusal what the server does not take; True if the request is to be sent again."""
        if fault.status is None or tries.changes >= _CHANGES:
            return False
        changed = sent.without_what_is_refused(fault.status, fault.detail)
        if changed is None or (self.settings.structured == "json_schema" and sent.schema != changed.schema):
            return False
        tries.changes += 1
        if server.dialect == sent:  # else another request has learned already
            server.dialect = changed
        return True

    def _seconds_to_rest(self, key: str, fault: Fault, server: Server, sent_at: float, tries: Tries) -> float:
        """What a fault means for all, and how long its request waits; raises if it is tried no more."""
        if error := self._refusal_of_all(fault, server):
            self._refuse(server, error)
            return 0.0  # another server may do better
        hopeless = fault.kind in _USELESS and self.standing.is_hopeless(fault.reason)
        if hopeless and fault.kind is Kind.REFUSED:  # it comes at once; what is in flight may yet be answered
            hopeless = self.standing.waits_for_no_answer(self._loop.time())
        if hopeless:
            raise refused(fault, server.url, self.settings)
        if fault.kind is Kind.REFUSED and fault.status not in _OF_THE_ADDRESS:
            raise fault
        if fault.kind in (Kind.BUSY, Kind.TIMEOUT):
            self.gate.overloaded(server, sent_at, fault.retry_after)
        if fault.kind is Kind.DOWN or (fault.kind is Kind.LOST and self.gate.lost(server)):
            self._down(server, fault)
        if fault.kind in (Kind.BUSY, Kind.DOWN):
            return self._seconds_to_wait(key, fault, tries)
        tries.failures += 1
        if tries.failures >= self.settings.attempts:
            raise fault
        return backoff_seconds(key, tries.failures, self.settings.backoff_seconds, fault.retry_after)

    def _seconds_to_wait(self, key: str, fault: Fault, tries: Tries) -> float:
        """How long a request waits that was told to, or met a server that is down: not for ever."""
        now, patience = self._loop.time(), self.settings.patience_seconds
        tries.waits_since = tries.waits_since or now
        tries.waits += 1
        if tries.waits > WAITS and now - tries.waits_since > patience:
            raise fault
        if fault.kind is Kind.DOWN:
            return 0.0  # the gate knows of a server that is up, or waits for one
        if self.standing.only_waits(key, now, patience):
            raise only_waits(fault, self.settings) if self.standing.many_wait else fault
        return backoff_seconds(key, tries.waits, self.settings.backoff_seconds, fault.retry_after)

    def _refusal_of_all(self, fault: Fault, server: Server) -> UserError | None:
        """What to tell the user where a server will refuse all further requests as well."""
        if fault.status in (401, 402) or "insufficient_quota" in fault.detail:
            return refused(fault, server.url, self.settings)
        others_answer = any(each.answered for each in self._servers)
        known = self.standing.proven if fault.status == 403 else self.standing.met  # 403 may be of one prompt
        unknown = not server.answered and (others_answer or not known)
        if fault.status in _OF_THE_ADDRESS and unknown:
            return refused(fault, server.url, self.settings)
        if fault.retry_after is not None and fault.retry_after > self.settings.patience_seconds:
            return waits_too_long(fault, server.url, self.settings)
        return None

    def _refuse(self, server: Server, error: UserError) -> None:
        """Takes a server out for the rest of the run; raises where no other is left."""
        if server.refusal is None:
            server.refusal = error
            self.gate.down(server)
            self._be_patient()
        if all(each.refusal for each in self._servers):
            raise error

    @property
    def may_answer(self) -> bool:
        """Whether what is in flight may still be answered."""
        return any(server.up or server.refusal for server in self._servers)

    def _down(self, server: Server, fault: Fault) -> None:
        """Leaves a server out and begins to look whether it is back."""
        if not server.up:
            return
        self.gate.down(server)
        may_restart = self.standing.met or (self.standing.proven and fault.reason in _MAY_RESTART)
        if not any(each.up or each.answered for each in self._servers) and not may_restart:
            error = all_down(fault, self.settings)
            self.gate.close(error)
            raise error
        self._be_patient()  # also where it answered in an earlier run, and may be about to start again
        probe = self._loop.create_task(self._probe(server))
        self._probes.add(probe)
        probe.add_done_callback(self._probes.discard)

    def _be_patient(self) -> None:
        """Sets an end to the waiting for servers that are down, where all are."""
        if not any(each.up for each in self._servers):
            patience = self.settings.patience_seconds
            seconds = patience if self.standing.met else min(patience, _RESTART_SECONDS)
            self._loop.call_later(seconds, self._give_up_if_down, self._loop.time(), seconds)

    async def _probe(self, server: Server) -> None:
        """Asks a server that is down, ever more rarely, until it answers."""
        seconds = 0.5
        while not await self._wire.is_up(server.url):
            await asyncio.sleep(seconds)
            seconds = min(2 * seconds, _REPROBE_SECONDS)
        if server.refusal is None:
            self.gate.up(server)

    def _give_up_if_down(self, since: float, seconds: float) -> None:
        """Ends the run if no server has come back in time."""
        if not any(server.up or server.up_at > since for server in self._servers):
            self.gate.close(down_too_long(self.settings, seconds))

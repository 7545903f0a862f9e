"""One run over many requests: reads them as it goes, keeps each answer, stops when the money does."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, ClassVar

from polyteach.errors import UserError
from polyteach.models.answering import Outcome
from polyteach.models.asks import Ask
from polyteach.models.budget import Budget, BudgetReached
from polyteach.models.completions import FILTERED, TOO_LONG, Completion
from polyteach.models.endpoint.answers import completion_of
from polyteach.models.endpoint.dialect import Dialect, filtered, too_long
from polyteach.models.endpoint.engine import Engine
from polyteach.models.endpoint.faults import Fault
from polyteach.models.endpoint.limits import Observer
from polyteach.models.endpoint.pace import Sizes
from polyteach.models.endpoint.settings import EndpointSettings
from polyteach.models.journal import PAUSE_SECONDS, Journal
from polyteach.models.prices import Price
from polyteach.steps import Progress

_CHUNK = 256  # asks looked up in the journal at once
_RESTING = 8  # times `most_at_once` requests may be begun while others wait after a fault


@dataclass(frozen=True, slots=True)
class Answered:
    """A completion, and whether the server said what it used."""

    completion: Completion
    usage_known: bool


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """An ask, as a request to `/chat/completions`."""

    ask: Ask
    settings: EndpointSettings
    path: ClassVar[str] = "chat/completions"

    @property
    def key(self) -> str:
        """The ask's key."""
        return self.ask.key

    def body(self, dialect: Dialect) -> bytes:
        """The JSON to send."""
        return dialect.body(self.ask, self.settings)

    def read(self, answer: dict[str, Any], sent: Dialect) -> Answered:
        """The completion in an answer."""
        completion, usage_known = completion_of(answer)
        left_out = sent.left_out(self.ask)
        return Answered(replace(completion, left_out=left_out) if left_out else completion, usage_known)

    def read_refusal(self, status: int, said: str) -> Answered | None:
        """That the prompt is too long, or was withheld from the model, is an answer: it costs nothing."""
        if too_long(status, said):
            return Answered(Completion("", TOO_LONG, 0, 0), True)
        return Answered(Completion("", FILTERED, 0, 0), True) if filtered(status, said) else None


class Run:
    """One call of `EndpointAnswerer.answer`; `go` is called once.

    Args:
        met, has_answers: see `Standing`; what earlier calls came to.

    Attributes:
        faults: what went wrong, by reason.
        met, has_answers: with what this call came to.
    """

    def __init__(
        self,
        settings: EndpointSettings,
        price: Price | None,
        cap: float | None,
        asks: Iterable[Ask],
        journal: Journal,
        progress: Progress,
        observer: Observer | None,
        met: bool = False,
        has_answers: bool = False,
    ) -> None:
        self.faults: Counter[str] = Counter()
        self._settings = settings
        self._price = price
        self._budget = Budget(cap, journal, price) if cap is not None else None
        self._asks = iter(asks)
        self._next: deque[Ask] = deque()
        self._journal = journal
        self._progress = progress
        self._observer = observer
        self._sizes = Sizes()
        self._counts_tokens = cap is not None or settings.tokens_per_minute is not None
        self._expected_money = 0.0  # of one request
        self._sent = self._reused = 0
        self._unanswered: Counter[str] = Counter()
        self._details: dict[str, str] = {}
        self.met = met
        self.has_answers = has_answers
        self._stopped: BudgetReached | UserError | None = None
        self._flush_comes = False
        self._working = 0

    async def go(self) -> Outcome:
        """Answers all that can be answered; see `Answerer.answer`."""
        self._loop = asyncio.get_running_loop()
        self._reading = asyncio.Lock()
        self._workers: set[asyncio.Task[None]] = set()
        self._done: asyncio.Future[None] = self._loop.create_future()
        self._engine = Engine(
            self._settings,
            self._may_send,
            self._observer,
            self._replace_resting,
            self.met,
            lambda: self.has_answers or self._reused > 0,
        )
        self.faults = self._engine.faults
        with _old_objects_left_alone():
            await self._answer_all()
        if self._stopped is not None:
            raise self._stopped
        return Outcome(self._sent, self._reused, dict(self._unanswered), self._details)

    async def _answer_all(self) -> None:
        """Lets the workers do it; closes the engine and the journal's last group."""
        try:
            for _ in range(self._settings.most_at_once):
                self._begin_worker()
            await self._done
            if self._budget:
                self._budget.may_send(0.0)  # lets go of what it had reserved
        finally:
            for worker in self._workers:
                worker.cancel()
            await asyncio.gather(*self._workers, return_exceptions=True)
            await self._engine.close()
            self.met = self._engine.standing.met
            self.has_answers = self._engine.standing.proven
            self._journal.flush()

    def _begin_worker(self) -> None:
        self._working += 1
        worker = self._loop.create_task(self._work())
        self._workers.add(worker)
        worker.add_done_callback(self._end_worker)

    def _end_worker(self, worker: asyncio.Task[None]) -> None:
        """Hands on what ended a worker; the last one ends the run."""
        self._workers.discard(worker)
        error = None if worker.cancelled() else worker.exception()  # looked at, or asyncio complains of it
        if self._done.done() or worker.cancelled():
            return
        if error is not None:
            self._done.set_exception(error)
        elif not self._workers:
            self._done.set_result(None)

    def _replace_resting(self) -> None:
        """Begins a worker in place of one whose request waits after a fault."""
        most = self._settings.most_at_once
        if self._working - self._engine.resting < most and self._working < _RESTING * most:
            self._begin_worker()

    async def _work(self) -> None:
        """Takes one ask after the other, until there is none or the run is stopped."""
        most = self._settings.most_at_once
        try:
            while self._stopped is None and self._working - self._engine.resting <= most:
                try:
                    ask = await self._take()
                except UserError as error:  # of the journal, or another step's: what is in flight is paid
                    self._stop(error)
                    return
                if ask is None:
                    return
                expected = self._expected(ask) if self._counts_tokens else 0
                try:
                    answered = await self._engine.ask(ChatRequest(ask, self._settings), expected)
                except (BudgetReached, UserError) as error:
                    self._stop(error)
                    if not self._engine.may_answer:
                        raise
                except Fault as fault:
                    self._sent += 1
                    self._unanswered[fault.reason] += 1
                    self._details.setdefault(fault.reason, fault.detail)
                else:
                    try:
                        self._keep(ask, answered, expected)
                    except UserError as error:
                        self._stop(error)
        finally:
            self._working -= 1

    def _stop(self, error: BudgetReached | UserError) -> None:
        """Begins nothing more; what is in flight is finished and kept, if there is anybody to answer it."""
        if self._stopped is None:
            self._stopped = error
            self._engine.gate.close(error)

    async def _take(self) -> Ask | None:
        """The next ask that the journal has no answer to; None at the end."""
        async with self._reading:
            while not self._next:
                chunk = list(islice(self._asks, _CHUNK))
                if not chunk:
                    return None
                known = self._journal.known([ask.key for ask in chunk])
                known -= self._journal.refused(list(known))  # perhaps no more; each is asked once in a run
                self._next.extend(ask for ask in chunk if ask.key not in known)
                self._reused += len(chunk) - len(self._next)
                self._progress.advance(len(chunk) - len(self._next))
                await asyncio.sleep(0)  # a long stretch of known ones must not hold up what is in flight
            return self._next.popleft()

    def _keep(self, ask: Ask, answered: Answered, expected: int) -> None:
        """Keeps an answer, which was expected to take so many tokens; raises UserError if that fails."""
        completion = answered.completion
        money = self._price.of(completion) if self._price and answered.usage_known else None
        self._journal.put(ask.key, completion, money=money, model=self._settings.model)
        self._sent += 1
        self._progress.advance()
        if self._counts_tokens:
            self._sizes.learn(ask, completion)
            self._engine.gate.settle(expected, completion.prompt_tokens + completion.completion_tokens)
            if self._budget and not answered.usage_known:
                what = "the server does not say how many tokens it used, so that no budget can be kept"
                fix = "leave the budget out, or ask a server that sends `usage`; answers so far are kept"
                self._stop(UserError(what, where=", ".join(self._settings.urls), fix=fix))
        if self._journal.waiting and not self._flush_comes:
            self._flush_comes = True
            self._loop.call_later(PAUSE_SECONDS, self._flush)

    def _flush(self) -> None:
        """Commits what no further answer has committed."""
        self._flush_comes = False
        try:
            self._journal.flush()
        except UserError as error:
            self._stop(error)

    def _expected(self, ask: Ask) -> int:
        """Tokens that a request will take; notes what one costs."""
        prompt, answer = self._sizes.expected(ask)
        if self._price:
            self._expected_money = self._price.of_tokens(prompt, answer)
        return prompt + answer

    def _may_send(self, in_flight: int) -> bool:
        """Whether the budget allows another request; raises BudgetReached when it is spent."""
        if self._budget is None or self._budget.may_send(in_flight * self._expected_money):
            return True
        if not self._budget.may_send():
            raise self._budget.reached()
        return False


@contextmanager
def _old_objects_left_alone() -> Iterator[None]:
    """Keeps the garbage collector off all that was loaded before the run.

    It would hold up the event loop for tens of milliseconds each time, while answers wait unread: what a kill
    loses. The collector still looks after all that the run itself makes.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()

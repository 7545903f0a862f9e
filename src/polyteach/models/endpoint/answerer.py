"""Answers requests at an OpenAI-compatible endpoint, each durable as it arrives."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from polyteach.models.answering import Outcome
from polyteach.models.endpoint.limits import Level, Observer
from polyteach.models.endpoint.settings import EndpointSettings
from polyteach.models.trouble import Trouble

if TYPE_CHECKING:
    from polyteach.models.asks import Ask
    from polyteach.models.journal import Journal
    from polyteach.models.prices import Price
    from polyteach.steps import Progress


class EndpointAnswerer:
    """An `Answerer` over an endpoint: bounded memory, whatever the number of requests.

    Args:
        settings: where, as whom, how much at once.
        price: of the model; None where it is unknown.
        cap: USD that the journal's payer may spend; nothing is sent that is expected to go beyond it. What
            requests in flight will cost is judged by the answers so far, and before the first one by the
            longest answer.
        observer: told how many requests may be in flight, and why, whenever that was judged anew.
        trouble: where what goes wrong is counted.

    Attributes:
        trouble: what went wrong over all calls, tries that were repeated included.
    """

    def __init__(
        self,
        settings: EndpointSettings,
        price: Price | None = None,
        cap: float | None = None,
        observer: Observer | None = None,
        trouble: Trouble | None = None,
    ) -> None:
        self.settings = settings
        self._price = price
        self._cap = cap
        self._observer = observer
        self.trouble = trouble or Trouble()
        self._met = self._has_answers = False

    def answer(self, asks: Iterable[Ask], journal: Journal, progress: Progress) -> Outcome:
        """Asks for what the journal lacks; see `Answerer`. Call it outside of any event loop.

        Raises:
            UserError: no server can be reached or will answer; no price for a cap; the journal cannot be
                written. Answers so far are kept.
            BudgetReached: as in `Answerer`.
            KeyboardInterrupt: after all that was answered is on disk.
        """
        from polyteach.models.endpoint.run import Run

        run = Run(
            self.settings,
            self._price,
            self._cap,
            asks,
            journal,
            progress,
            self._told,
            self._met,
            self._has_answers,
        )
        try:
            return asyncio.run(run.go())
        finally:
            self.trouble.faults.update(run.faults)
            self._met, self._has_answers = run.met, run.has_answers

    def _told(self, level: Level) -> None:
        self.trouble.note(level)
        if self._observer:
            self._observer(level)

"""What came of a data set without a study: its summary, whether all was asked or the run was stopped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from polyteach.models.budget import BudgetReached
from polyteach.models.completions import LENGTH
from polyteach.models.trouble import Trouble
from polyteach.synthesis.answers import UNANSWERED
from polyteach.synthesis.rounds import Asked, Cell
from polyteach.synthesis.step import what_was_sent
from polyteach.synthesis.tally import Tally

if TYPE_CHECKING:
    from polyteach.rows import Row
    from polyteach.synthesis.stand_alone import Files

_SUMS = ("rows", "attempts", "prompt_tokens", "response_tokens", "thinking_tokens", "cached_tokens")


@dataclass
class Account:
    """Counts over one run.

    Attributes:
        tallies: of each method's requests.
        trouble: of the endpoint.
        asked: what was sent, reused and left without an answer.
        stopped: what ended the run before all was asked.
        cut_off: rows whose answer ended with its room, by method.
    """

    tallies: Mapping[str, Tally]
    trouble: Trouble
    asked: Asked = field(default_factory=Asked)
    stopped: BudgetReached | KeyboardInterrupt | None = None
    cut_off: Counter[str] = field(default_factory=Counter)

    def stop(self, stopped: BudgetReached | KeyboardInterrupt, sent: int) -> None:
        """Notes that the run was stopped after so many answers."""
        self.stopped = stopped
        self.asked = Asked(sent=sent)

    def noting(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows, counted."""
        for row in rows:
            self.cut_off[row.method] += row.finish_reason == LENGTH
            yield row

    def summary_of(
        self, files: Files, settings: Mapping[str, Any], cells: Mapping[str, Cell]
    ) -> dict[str, Any]:
        """The run as the outside view has it.

        Returns:
            `state` (`done`, `budget_reached`, `interrupted`), `rows`, `files`, `methods` ({method: facts,
            failures, what was sent, rows `cut_off`}), `sent`, `reused` (None after a stop), `left` (requests
            that a stop left without an answer), `unanswered` (those the server did not answer), `reasons`
            of these, `details` (what the server said for each), `endpoint` (its troubles), and sums of tokens
            and money.
        """
        facts = {method: tally.facts() for method, tally in self.tallies.items()}
        money = [own["money"] for own in facts.values()]
        missing = sum(tally.unanswered for tally in self.tallies.values())
        if self.stopped is not None:  # they were not refused an answer: most were never sent
            for own in facts.values():
                own["failed"].pop(UNANSWERED, None)
        return {
            "schema_version": 1,
            "state": self._state,
            "teacher": settings["teacher"],
            "language": settings["language"],
            **{name: sum(own[name] for own in facts.values()) for name in _SUMS},
            "money": None if None in money else round(sum(money), 6),
            "unanswered": 0 if self.stopped else missing,
            "left": missing if self.stopped else 0,
            "reasons": dict(sorted(self.asked.unanswered.items())),
            "details": dict(sorted(self.asked.details.items())),
            "sent": self.asked.sent,
            "reused": None if self.stopped else self.asked.reused,
            "endpoint": self.trouble.facts(),
            "methods": {
                method: self._method(method, facts[method], cell, settings) for method, cell in cells.items()
            },
            "files": {"rows": str(files.rows), "summary": str(files.summary), "journal": str(files.journal)},
        }

    @property
    def _state(self) -> str:
        if self.stopped is None:
            return "done"
        return "budget_reached" if isinstance(self.stopped, BudgetReached) else "interrupted"

    def _method(
        self, method: str, facts: Mapping[str, Any], cell: Cell, settings: Mapping[str, Any]
    ) -> dict[str, Any]:
        tally = self.tallies[method]
        examples = {
            reason: raw for reason, raw in tally.failures.examples.items() if reason in facts["failed"]
        }
        asked = what_was_sent(cell.terms, tally, settings)
        if method == "respond":
            asked["schema"] = None  # of answers that the teacher writes as plain text none is asked for
        money = facts["money"] if facts["money"] is None else round(facts["money"], 6)
        return {
            **facts,
            "money": money,
            "cut_off": self.cut_off[method],
            "failures": examples,
            "asked": asked,
        }

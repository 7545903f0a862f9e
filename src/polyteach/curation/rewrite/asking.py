"""A teacher asked for new responses to the prompts of weak rows, as `polyteach synthesize` asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from polyteach.models.budget import BudgetReached
from polyteach.models.build import find_served, open_journal
from polyteach.models.trouble import Trouble
from polyteach.synthesis.account import Account
from polyteach.synthesis.answers import REASONS
from polyteach.synthesis.fitting import estimated_tokens, fit
from polyteach.synthesis.methods.respond import plan_respond
from polyteach.synthesis.prompts import load_prompts
from polyteach.synthesis.requests import Plan
from polyteach.synthesis.rounds import Cell, ask_in_rounds
from polyteach.synthesis.rowing import written_rows
from polyteach.synthesis.tally import Tally
from polyteach.synthesis.teacher import FREE, find_teacher

if TYPE_CHECKING:
    from polyteach.models.prices import Price
    from polyteach.rows import Row
    from polyteach.steps import Progress
    from polyteach.synthesis.stand_alone import Files

METHOD = "respond"
_OF_ACCOUNT = (
    *("sent", "reused", "unanswered", "left", "reasons", "details", "endpoint", "money"),
    *("prompt_tokens", "response_tokens", "thinking_tokens", "cached_tokens"),
)


@dataclass(frozen=True)
class Answers:
    """What a teacher answered.

    Attributes:
        rows: with their new responses, by place in the set.
        facts: what was asked, sent, failed and paid, as `account.summary_of` has it.
        stopped: what ended the asking before all was asked.
    """

    rows: Mapping[int, Row] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    stopped: BudgetReached | KeyboardInterrupt | None = None

    @property
    def failed(self) -> dict[str, int]:
        """Prompts without an answer that is one, by reason; those that a stop left are none of them."""
        return dict(self.facts["respond"]["failed"]) if self.facts else {}

    @property
    def unasked(self) -> int:
        """Prompts that a stop left without an answer."""
        return int(self.facts["left"]) if self.facts else 0


def plan_of(
    rows: Sequence[Row], places: Sequence[int], settings: Mapping[str, Any], limit: int | None
) -> Plan:
    """What is asked: the prompts at some places, or as many of them as the limit says.

    Who raises the limit asks the same ones first. A seed row's id is its place.
    """
    return Plan(
        seeds=[replace(rows[place], id=str(place)) for place in places],
        prompts=load_prompts(settings["prompts"]),
        language=settings["language"],
        rows=len(places) if limit is None else min(limit, len(places)),
        few_shot=0,
        rng_seed=settings["rng_seed"],
    )


def ask_again(
    rows: Sequence[Row],
    plan: Plan,
    settings: Mapping[str, Any],
    locations: Mapping[str, str],
    files: Files,
    progress: Progress,
) -> Answers:
    """Asks for what a plan has.

    Args:
        rows: the set.
        plan: see `plan_of`; with at least one row.
        settings: as for `step.synthesize`, without `method` and `rows`.
        locations: as there.
        files: of the output.
        progress: told of each answer.

    Raises:
        UserError: nobody can answer.
    """
    trouble = Trouble()
    teacher = find_teacher(settings, locations, trouble)
    cell = Cell(partial(plan_respond, plan), teacher.terms({**settings, "method": METHOD}))
    account = Account({METHOD: Tally(teacher.price)}, trouble)
    progress.start(plan.rows, "rows")
    with open_journal(locations) as journal:
        before = journal.spent().answers
        try:
            account.asked = ask_in_rounds([cell], teacher.answerer, journal, progress)
        except (BudgetReached, KeyboardInterrupt) as stop:
            account.stop(stop, journal.spent().answers - before)
        found = written_rows(cell, journal, settings["teacher"], account.tallies[METHOD])
        answered = {int(row.source_id): row for row in account.noting(found)}
    plain = account.summary_of(files, settings, {METHOD: cell})
    facts = {name: plain[name] for name in _OF_ACCOUNT} | {"respond": plain["methods"][METHOD]}
    return Answers(
        {place: _with_answer(rows[place], row) for place, row in sorted(answered.items())},
        facts,
        account.stopped,
    )


def _with_answer(row: Row, answer: Row) -> Row:
    """A row with another response: whatever was known of the old one is not."""
    return replace(
        row,
        method=METHOD,
        teacher=answer.teacher,
        response=answer.response,
        finish_reason=answer.finish_reason,
        prompt_tokens=answer.prompt_tokens,
        response_tokens=answer.response_tokens,
        extra={},
    )


def most_it_takes(plan: Plan, settings: Mapping[str, Any], locations: Mapping[str, str]) -> dict[str, Any]:
    """What asking for a plan takes at most, if every answer is bad and as long as it may be; asks nobody.

    Tokens of prompts are estimated (rather too many, see `estimated_tokens`); an answer asked for again comes
    with the bad one. Money is None where the price is unknown, and 0 for a model of this machine.
    """
    attempts, room = settings["attempts"], settings["max_new_tokens"]
    words = max(
        estimated_tokens([{"content": plan.prompts.again(reason, plan.language)}]) for reason in REASONS
    )
    price: Price | None = FREE
    if settings.get("endpoint") is not None:
        price = find_served(settings["model"], settings["endpoint"], locations).price
    prompt = response = requests = 0
    money = 0.0
    for request in plan_respond(plan) if plan.rows else ():
        fitted = fit(request, room, settings.get("context"), estimated_tokens)
        if fitted is None:
            continue
        given = estimated_tokens(fitted.request.conversation)
        for attempt in range(attempts):
            sent = given + (fitted.max_new_tokens + words if attempt else 0)
            prompt, response, requests = prompt + sent, response + fitted.max_new_tokens, requests + 1
            money += price.of_tokens(sent, fitted.max_new_tokens) if price else 0.0
    return {
        "requests": requests,
        "prompt_tokens": prompt,
        "response_tokens": response,
        "money": money if price else None,
    }

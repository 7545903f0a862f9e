"""What judges and embedders at endpoints will be asked in a study, and what that will cost.

How many requests these are follows from the study: one for each row, some for the gate. What one costs is
known from a preview, whose rows the judge is really asked about. Texts to be embedded are not sent, since
vectors are not kept: their tokens are estimated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from polyteach.errors import StepImpossible
from polyteach.models.answering import Outcome
from polyteach.models.asks import Ask
from polyteach.models.build import find_served, open_journal
from polyteach.models.forecast import Bill, draw_preview
from polyteach.models.journal import Journal
from polyteach.models.took import TOKEN_KINDS, Took
from polyteach.preview import make_inputs, rows_so_far
from polyteach.row_counts import MeasuredRows, rows_measured
from polyteach.scoring.evidence import MEASURING
from polyteach.steps import Progress, Step
from polyteach.synthesis.preview import directly

if TYPE_CHECKING:
    from pathlib import Path

    from polyteach.artifacts import Artifact, Store
    from polyteach.resources import Resources
    from polyteach.rows import Row
    from polyteach.study import Candidates

JUDGE = MEASURING[0]


def measuring_steps(steps: Iterable[Step], role: str) -> list[Step]:
    """The steps in which a judge, or an embedder, at an endpoint is asked."""
    return [step for step in steps if step.kind in ("gate", "quality") and _is_served(step, role)]


def _is_served(step: Step, role: str) -> bool:
    asked = step.settings[role]
    return isinstance(asked, Mapping) and asked["kind"] == "endpoint"


def rows_to_judge(
    steps: Iterable[Step], there: Mapping[str, Artifact], store: Store, size: int, rng_seed: int
) -> dict[str, list[Row]]:
    """Draws about `size` of the rows that are there and not measured yet, by the id of the step that will.

    Args:
        steps: all of a study.
        there: finished artifacts by step id.
        store: its journal has what teachers answered so far.
        size: how many; each set has at least two.
        rng_seed: of the draw.
    """
    sets = {
        step.id: rows
        for step in measuring_steps(steps, JUDGE)
        if step.id not in there and (rows := rows_so_far(step, there, store))
    }
    drawn = draw_preview({id: len(rows) for id, rows in sets.items()}, size, rng_seed)
    return {id: [sets[id][place] for place in places] for id, places in drawn.items()}


def ask_judges(
    steps: Iterable[Step], rows: Mapping[str, Sequence[Row]], store: Store, progress: Progress
) -> None:
    """Asks judges about rows, as the steps will, so that these do not ask again; directly, not in batches.

    What the gates read (seed data) is made, so that what they will ask can be counted.

    Args:
        steps: in which rows will be judged.
        rows: by their ids, see `rows_to_judge`.
        store: its journal has the answers afterwards.
        progress: told of each row.

    Raises:
        UserError, BudgetReached: as `ask_preview`.
    """
    from polyteach.quality.judge import open_judge

    progress.start(sum(map(len, rows.values())), "rows judged")
    for step in steps:
        if step.kind == "gate":
            make_inputs(step, store)
        if step.id in rows:
            settings, places = step.settings, directly(store.locations(step), "judge_")
            with (
                open_judge(
                    settings["judge"],
                    places,
                    settings["language"],
                    rng_seed=settings["rng_seed"],
                    progress=progress,
                ) as judge,
                suppress(StepImpossible),
            ):  # too few answers for a figure, which nobody wants here
                judge.score(rows[step.id])


@dataclass
class Measuring:
    """What one judge or embedder will have been asked in the end.

    Attributes:
        role, model: who.
        requests: at most; those that are finished included.
        answered: how many of these are.
        bill: what is known of their cost.
        made: tokens of the finished steps, by kind.
        sampled: tokens of the requests (or texts) that the bill's `answered` are, by kind.
    """

    role: str
    model: str
    requests: int = 0
    answered: int = 0
    bill: Bill = field(default_factory=Bill)
    made: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TOKEN_KINDS, 0))
    sampled: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TOKEN_KINDS, 0))

    def to_json(self) -> dict[str, Any]:
        """As `forecast` has it; tokens are None while nothing is known of those to come."""
        left = sum(self.bill.planned.values())
        known = sum(map(len, self.bill.answered.values()))
        times = left / known if known else 0.0
        tokens = {kind: self.made[kind] + round(self.sampled[kind] * times) for kind in TOKEN_KINDS}
        return {
            "role": self.role,
            "model": self.model,
            "requests": self.requests,
            "answered": self.answered,
            "tokens": tokens if known or not left else None,
            "money": self.bill.figure().to_json(),
        }


def foretell(
    study: Candidates,
    resources: Resources,
    steps: Sequence[Step],
    there: Mapping[str, Artifact],
    store: Store | None,
) -> list[Measuring]:
    """What the judge and the embedder at endpoints will have been asked, from what is there already.

    A judge's requests about human rows, the gate's and the seed data's, are taken to cost as much as those
    about teachers' rows, which alone a preview knows.
    """
    found = []
    for role in MEASURING:
        if own := measuring_steps(steps, role):
            one = Measuring(role, own[0].settings[role]["model"])
            left = [step for step in own if step.id not in there]
            for step in own:
                if step.id in there:
                    _add_made(one, there[step.id].facts.get(role))
            for step in left:
                inputs = _inputs(step, store) if step.kind == "gate" else None
                _add_planned(one, step, rows_measured(step, study, resources, there), inputs)
            if store:
                _sample(one, left, there, store)
            found.append(one)
    return found


def _inputs(step: Step, store: Store | None) -> Mapping[str, Path] | None:
    """What a step reads; None where it is not all there."""
    there = store is not None and all(store.find(parent) for parent in step.inputs.values())
    return store.inputs(step) if store and there else None


def _add_made(one: Measuring, took: Mapping[str, Any] | None) -> None:
    """Counts a finished step; None where it does not say what it took."""
    one.bill.add_paid(took["money"] if took else None)
    if took:
        one.requests += took["requests"]
        one.answered += took["requests"]
        for kind in TOKEN_KINDS:
            one.made[kind] += took[f"{kind}_tokens"]


def _add_planned(one: Measuring, step: Step, rows: MeasuredRows, inputs: Mapping[str, Path] | None) -> None:
    """Counts what a step will ask at most, by language: a judge's requests, an embedder's rows.

    A judge's requests about a gate can be counted exactly once the gate's seed data is there (`inputs`).
    """
    from polyteach.quality.gate_step import count_judged

    if one.role == JUDGE:
        units = count_judged(step.settings, inputs) if inputs else rows.judged
        one.requests += units
    else:
        units = rows.embedded
        one.requests += rows.embedding_requests
    one.bill.plan(f"{one.role} in {step.settings['language']}", units)


def _sample(one: Measuring, left: Iterable[Step], there: Mapping[str, Artifact], store: Store) -> None:
    """Adds what is known of the rows that are there."""
    for step in left:
        if rows := rows_so_far(step, there, store):
            place = f"{one.role} in {step.settings['language']}"
            took = (_judged if one.role == JUDGE else _embedded)(step, rows, store)
            one.answered += len(took.costs) if one.role == JUDGE else 0
            one.bill.know(place, list(took.costs.values()), is_priced=took.money is not None)
            for kind in TOKEN_KINDS:
                one.sampled[kind] += getattr(took, f"{kind}_tokens")


class _Nobody:
    """Answers nothing: what the journal has stays all that is known."""

    def answer(self, asks: Iterable[Ask], journal: Journal, progress: Progress) -> Outcome:
        """Reads them, and sends none."""
        for _ in asks:
            pass
        return Outcome(sent=0, reused=0)


def _judged(step: Step, rows: Sequence[Row], store: Store) -> Took:
    """What the judge's answers about rows took, of those that the journal has."""
    from polyteach.quality.judge import asked_at_endpoint, model_judge

    asked, places = step.settings["judge"], store.locations(step)
    served = find_served(asked["model"], {"extra": asked.get("extra", {})}, places, role="judge_")
    took = Took(asked["model"], served.price)
    with open_journal(places) as journal:
        model = asked_at_endpoint(served, journal, rng_seed=step.settings["rng_seed"])
        model = replace(model, answerer=_Nobody(), took=took)
        model_judge(model, asked["model"], step.settings["language"]).score(rows)
    return took


def _embedded(step: Step, rows: Sequence[Row], store: Store) -> Took:
    """What embedding rows will take, by their estimated tokens; a row counts as one request."""
    from polyteach.models.completions import STOP, Completion
    from polyteach.synthesis.fitting import estimated_tokens

    asked = step.settings["embedder"]
    took = Took(
        asked["model"], find_served(asked["model"], {}, store.locations(step), role="embedder_").price
    )
    for row in rows:
        tokens = sum(estimated_tokens([{"content": text}]) for text in (row.prompt, row.response))
        took.add(row.id, Completion("", STOP, tokens, 0))
    return took

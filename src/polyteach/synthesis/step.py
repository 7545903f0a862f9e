"""The step in which a teacher writes rows of one language by one method."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from polyteach.errors import StepImpossible
from polyteach.files import write_json
from polyteach.models.answering import left_over
from polyteach.models.build import open_journal
from polyteach.models.trouble import Trouble
from polyteach.steps import StepTask
from polyteach.synthesis.course import Terms
from polyteach.synthesis.methods import planner
from polyteach.synthesis.prompts import load_prompts
from polyteach.synthesis.requests import Plan, count_requests
from polyteach.synthesis.rounds import Cell, ask_in_rounds
from polyteach.synthesis.tally import Tally
from polyteach.synthesis.teacher import find_teacher

MOST_UNANSWERED = 0.05
"""A larger share of requests that nobody answered is a fault to be mended, not a property of the teacher."""


def synthesize(task: StepTask) -> Mapping[str, Any]:
    """Writes `rows.parquet`, `failures.json` ({reason: count and examples}) and `sent.json` (what was sent).

    Settings: `language`, `method`, `teacher`, `model` (a digest, or the name at an endpoint), `prompts` (a
    prompt set), `rows`, `few_shot`, `rng_seed`, `temperature`, `max_new_tokens`; optional `top_p`, `top_k`,
    `context` (tokens), `attempts` (1), `language_gate` (false), `variant` (of translate). A local model has
    `batch_size`, `dtype` and optionally `adapter` (a digest); a model at an endpoint has `endpoint`: what of
    it changes answers (`{"extra": {...}}`, or `{}`; with `"structured": "words"` where no schema is sent).

    Locations, which do not change rows: `model`, `adapter`, `device_map` of a local model; `endpoint`,
    `price`, `budget` and `state`, see `models.build.find_served`; `journal` and `payer`, see `open_journal`.

    Inputs: `seed_data`; translate reads `seed_data_en` in its place. Facts count the tokens and the money of
    all answers, those that failed included, because they were paid for; `money` is None where the price is
    unknown. Some facts depend on the run: `sent`, `reused` and the troubles of an `endpoint`.

    Raises:
        UserError: nothing feeds the method, the model cannot be loaded, or nobody can answer.
        BudgetReached: the cap is reached; what was answered is in the journal.
        StepImpossible: more than `MOST_UNANSWERED` of the requests were left without an answer.
    """
    from polyteach.rows import write_rows
    from polyteach.synthesis.rowing import written_rows

    settings = task.settings
    plan = plan_of(settings, task.inputs)
    requests = partial(planner(settings["method"], settings.get("variant")), plan)
    next(requests())  # a method that nothing feeds says so before the model is loaded
    trouble = Trouble()
    teacher = find_teacher(settings, task.locations, trouble)
    cell = Cell(requests, teacher.terms(settings))
    task.progress.start(count_requests(plan, settings["method"]), "rows")
    tally = Tally(teacher.price)
    with open_journal(task.locations) as journal:
        asked = ask_in_rounds([cell], teacher.answerer, journal, task.progress)
        rows = written_rows(cell, journal, settings["teacher"], tally)
        write_rows(task.output / "rows.parquet", rows)
    if tally.unanswered > MOST_UNANSWERED * tally.requests:
        why = left_over(asked.unanswered, asked.details) + _doubt(task, tally, asked.unanswered)
        raise StepImpossible(f"{tally.unanswered} of {tally.requests} requests have no answer {why}")
    tally.failures.write(task.output / "failures.json")
    write_json(task.output / "sent.json", what_was_sent(cell.terms, tally, settings))
    run = {"sent": asked.sent, "reused": asked.reused, "unanswered": dict(sorted(asked.unanswered.items()))}
    return (
        tally.facts() | run | ({"endpoint": trouble.facts()} if settings.get("endpoint") is not None else {})
    )


def _doubt(task: StepTask, tally: Tally, reasons: Mapping[str, int]) -> str:
    """What may be wrong where nothing was answered: some servers say http 500 of a model they do not have."""
    if tally.unanswered < tally.requests or "endpoint" not in task.locations:
        return ""
    urls = ", ".join(json.loads(task.locations["endpoint"])["urls"])
    said = f"every request so far ended with {', '.join(sorted(reasons))}"
    return f"; {said}: is the model {task.settings['model']} served at {urls}?"


def plan_of(settings: Mapping[str, Any], inputs: Mapping[str, Path]) -> Plan:
    """What a method plans from; settings and inputs as for `synthesize`, those of sampling left out."""
    from polyteach.rows import read_rows

    method = settings["method"]
    source = inputs["seed_data_en" if method == "translate" else "seed_data"]
    return Plan(
        seeds=[row for row in read_rows(source / "rows.parquet") if method in row.extra["feeds"]],
        prompts=load_prompts(settings["prompts"]),
        language=settings["language"],
        rows=settings["rows"],
        few_shot=settings["few_shot"],
        rng_seed=settings["rng_seed"],
    )


def what_was_sent(terms: Terms, tally: Tally, settings: Mapping[str, Any]) -> dict[str, Any]:
    """How a cell was really asked, as plain data."""
    return {
        "sampling": asdict(terms.sampling),
        "context": terms.context,
        "attempts": terms.attempts,
        "language_gate": terms.checks_language,
        "schema": terms.schema,
        "fields_left_out": dict(sorted(tally.fields_left_out.items())),
        "few_shot": settings["few_shot"] if terms.method == "generate" else 0,
        "few_shot_left_out": {str(n): count for n, count in sorted(tally.left_out.items()) if n},
        "short_of_room": tally.short_of_room,
        "retried": dict(sorted(tally.retried.items())),
    }

"""Data without a study: one teacher, one language, methods mixed, straight into a Parquet or JSONL file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyteach.files import PARQUET, check_row_file, file_digest, write_atomically, write_json, writing
from polyteach.models.budget import BudgetReached
from polyteach.models.build import open_journal
from polyteach.models.forecast import draw_preview, forecast_money
from polyteach.models.took import TOKEN_KINDS
from polyteach.models.trouble import Trouble
from polyteach.steps import Progress, SilentProgress, rng_seed_of
from polyteach.synthesis.account import Account
from polyteach.synthesis.methods import planner
from polyteach.synthesis.preview import ask_some, directly, known_of
from polyteach.synthesis.prompts import load_prompts
from polyteach.synthesis.requests import Plan, count_requests
from polyteach.synthesis.rounds import Cell, ask_in_rounds, in_turn
from polyteach.synthesis.rowing import written_rows
from polyteach.synthesis.tally import Tally
from polyteach.synthesis.teacher import Askable, find_teacher

if TYPE_CHECKING:
    from polyteach.rows import Row


@dataclass(frozen=True, slots=True)
class Files:
    """What is written, named after the data.

    Attributes:
        rows: the data.
        summary: what was asked, sent, answered and paid, as JSON; what failed is in it, with examples.
        journal: every answer; with it the same command sends only what is missing. It may be deleted.
        batches: a folder of what lies at a host's batch API, where that is used.
    """

    rows: Path
    summary: Path
    journal: Path
    batches: Path

    @property
    def locations(self) -> dict[str, str]:
        """As a step's are: what outlives a run."""
        return {"journal": str(self.journal), "state": str(self.batches), "payer": self.rows.name}

    @property
    def are_there(self) -> bool:
        """Whether an earlier run wrote them: the data alone may be anybody's."""
        return self.summary.is_file() or self.journal.is_file()

    @classmethod
    def of(cls, output: Path) -> Files:
        """The files of an output.

        Raises:
            UserError: the output is neither Parquet nor JSONL, or a folder, or its folder is missing.
        """
        check_row_file(output)
        return cls(
            output,
            output.with_name(f"{output.name}.summary.json"),
            output.with_name(f"{output.name}.journal.sqlite"),
            output.with_name(f"{output.name}.batches"),
        )


def write_data(
    output: Path,
    settings: Mapping[str, Any],
    locations: Mapping[str, str],
    *,
    methods: Sequence[str],
    rows: int,
    seeds: Sequence[Row],
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Asks one teacher for rows in equal shares of the methods, and writes them in turn; returns the summary.

    The share of translate and respond is no larger than the seed data that feed them, see `shortfalls`: each
    is used once. A request that fails is a count with a reason, and no other one takes its place. Where the
    budget is reached, or the user stops the run, what was answered so far is written first. The same
    arguments give the same bytes of data, whether or not the journal had some of the answers.

    Args:
        output: see `Files`.
        settings: as for `step.synthesize`, without `method` and `rows`.
        locations: as there, without what outlives the run: that lies beside the output.
        methods: some of generate, translate, respond.
        rows: how many are asked for, over all methods.
        seeds: rows whose `extra["feeds"]` names the methods they feed.
        progress: told of each answer.

    Returns:
        The summary, see `account.summary_of`.

    Raises:
        UserError: nothing feeds a method, nobody can answer, or the files cannot be written.
        BudgetReached, KeyboardInterrupt: after the rows so far were written; a note on it says how many.
    """
    files = Files.of(output)
    progress = progress or SilentProgress()
    plans = _plans(settings, methods, rows, seeds)
    locations = files.locations | dict(locations)
    trouble = Trouble()
    teacher = find_teacher(settings, locations, trouble)
    cells = _cells(settings, plans, teacher)
    account = Account({method: Tally(teacher.price) for method in cells}, trouble)
    progress.start(sum(count_requests(plan, method) for method, plan in plans.items()), "rows")
    with open_journal(locations) as journal:
        before = journal.spent().answers
        try:
            account.asked = ask_in_rounds(list(cells.values()), teacher.answerer, journal, progress)
        except (BudgetReached, KeyboardInterrupt) as stop:
            account.stop(stop, journal.spent().answers - before)
        found = account.noting(
            in_turn(
                written_rows(cell, journal, settings["teacher"], account.tallies[method])
                for method, cell in cells.items()
            )
        )
        first = next(found, None)
        if first is not None or account.stopped is None:  # a run stopped at once leaves what was there
            with writing(output):
                write_atomically(
                    output, partial(_write, chain([first] if first else [], found), suffix=output.suffix)
                )
    written = first is not None or account.stopped is None
    summary = account.summary_of(files, settings, cells) | {
        "shortfall": shortfalls(methods, rows, seeds),
        "output": {"file": output.name, "sha256": file_digest(output)} if written else None,
    }
    with writing(files.summary):
        write_json(files.summary, summary)
    if account.stopped is not None:
        kept = f"rows so far are in {output}" if first else "no row so far, and none is written"
        account.stopped.add_note(f"{summary['rows']} {kept}; {summary['left']} requests are left")
        raise account.stopped
    return summary


def preview_data(
    output: Path,
    settings: Mapping[str, Any],
    locations: Mapping[str, str],
    *,
    methods: Sequence[str],
    rows: int,
    seeds: Sequence[Row],
    size: int,
    progress: Progress,
) -> dict[str, Any]:
    """Really asks about `size` of what `write_data` would, and foretells from them what all will cost.

    The answers are kept in the output's journal, so that `write_data` does not ask for them again; nothing
    else is written. Arguments as there, but that the teacher is at an endpoint; it is asked directly, even
    where the batch API is named.

    Returns:
        `teacher`, `language`, `requests`, `answered`, `tokens` (of all requests, as foretold) and `money`, a
        figure in USD as JSON.

    Raises:
        UserError, BudgetReached: as there.
    """
    files = Files.of(output)
    plans = _plans(settings, methods, rows, seeds)
    locations = files.locations | dict(locations)
    drawn = draw_preview(
        {method: count_requests(plan, method) for method, plan in plans.items()}, size, settings["rng_seed"]
    )
    progress.start(sum(len(numbers) for numbers in drawn.values()), "requests")
    asked = find_teacher(settings, directly(locations))
    cells = _cells(settings, plans, asked)
    price = find_teacher(settings, locations).price
    with open_journal(locations) as journal:
        ask_some([(cell, drawn[method]) for method, cell in cells.items()], asked.answerer, journal, progress)
        known = {method: known_of(cell, price, journal) for method, cell in cells.items()}
    planned = {method: part.planned for method, part in known.items()}
    priced = all(part.tally.money is not None for part in known.values())
    costs = {method: part.costs for method, part in known.items()} if priced else None
    return {
        "schema_version": 1,
        "teacher": settings["teacher"],
        "language": settings["language"],
        "requests": sum(planned.values()),
        "answered": sum(part.tally.requests for part in known.values()),
        "tokens": {kind: sum(part.grown(kind) for part in known.values()) for kind in TOKEN_KINDS},
        "money": forecast_money(planned, costs).to_json(),
    }


def _cells(settings: Mapping[str, Any], plans: Mapping[str, Plan], teacher: Askable) -> dict[str, Cell]:
    """What is asked by each method."""
    return {
        method: Cell(
            partial(planner(method), plan),
            teacher.terms({**settings, "method": method, "rng_seed": plan.rng_seed}),
        )
        for method, plan in plans.items()
    }


def shares(methods: Sequence[str], rows: int) -> dict[str, int]:
    """How many of the rows each method is to give; the first ones give what is left over."""
    return {
        method: rows // len(methods) + (place < rows % len(methods)) for place, method in enumerate(methods)
    }


def shortfalls(methods: Sequence[str], rows: int, seeds: Sequence[Row]) -> dict[str, dict[str, int]]:
    """Methods that have fewer prompts than their share of the rows: {method: {asked_for, prompts}}.

    Generate is never among them: it shows its seed pairs again and again. Arguments as for `write_data`.
    """
    feeding = Counter(method for row in seeds for method in row.extra["feeds"])
    return {
        method: {"asked_for": share, "prompts": feeding[method]}
        for method, share in shares(methods, rows).items()
        if method != "generate" and feeding[method] < share
    }


def _plans(
    settings: Mapping[str, Any], methods: Sequence[str], rows: int, seeds: Sequence[Row]
) -> dict[str, Plan]:
    """Each method's plan; what cannot be planned is said before anybody is asked."""
    plans = {}
    for method, share in shares(methods, rows).items():
        plans[method] = Plan(
            seeds=[row for row in seeds if method in row.extra["feeds"]],
            prompts=load_prompts(settings["prompts"]),
            language=settings["language"],
            rows=share,
            few_shot=settings["few_shot"],
            rng_seed=rng_seed_of(settings["rng_seed"], method),
        )
        next(planner(method)(plans[method]), None)
    return plans


def _write(rows: Iterable[Row], path: Path, *, suffix: str) -> None:
    from polyteach.rows import write_rows

    if suffix == PARQUET:
        write_rows(path, rows)
        return
    with path.open("w", encoding="utf-8") as file:
        file.writelines(_lines(rows))


def _lines(rows: Iterable[Row]) -> Iterator[str]:
    from dataclasses import asdict

    for row in rows:
        plain = asdict(row) | {"messages": row.messages, "extra": dict(row.extra)}
        yield json.dumps(plain, ensure_ascii=False) + "\n"

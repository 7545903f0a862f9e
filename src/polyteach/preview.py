"""A preview: some requests of each cell at an endpoint are really asked, to foretell what all will cost.

They go through the store's journal, as the run's own requests do, so that the run does not ask them again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from polyteach.artifacts import JOURNAL, Store
from polyteach.models.forecast import draw_preview
from polyteach.models.journal import Journal
from polyteach.steps import Progress, Step
from polyteach.synthesis.methods import planner
from polyteach.synthesis.preview import Known, ask_some, directly, known_of
from polyteach.synthesis.requests import count_requests
from polyteach.synthesis.rounds import Cell
from polyteach.synthesis.rowing import written_rows
from polyteach.synthesis.step import plan_of
from polyteach.synthesis.tally import Tally
from polyteach.synthesis.teacher import Askable, find_teacher

if TYPE_CHECKING:
    from polyteach.artifacts import Artifact
    from polyteach.rows import Row


def served_steps(steps: Iterable[Step]) -> list[Step]:
    """The steps in which a teacher at an endpoint writes."""
    return [step for step in steps if step.kind == "synthesis" and "endpoint" in step.locations]


def ask_preview(steps: Sequence[Step], store: Store, size: int, rng_seed: int, progress: Progress) -> None:
    """Asks about `size` requests, drawn over all cells, and again where the answer makes no row.

    What the cells read (seed data) is made first, where it is not there. Everything is asked directly, even
    where the run will use the batch API, which takes hours.

    Args:
        steps: of `served_steps`; those that are there already left out.
        store: its journal has the answers afterwards.
        size: how many; each cell has at least two.
        rng_seed: of the draw.
        progress: told of each answer.

    Raises:
        UserError: nothing feeds a method, or nobody can answer.
        BudgetReached: the study's budget is spent; what was answered is kept.
    """
    for step in steps:
        make_inputs(step, store)
    planned = {step.id: _count(step, store) for step in steps}
    drawn = draw_preview(planned, size, rng_seed)
    progress.start(sum(len(numbers) for numbers in drawn.values()), "requests")
    for name in dict.fromkeys(step.settings["teacher"] for step in steps):
        own = [step for step in steps if step.settings["teacher"] == name]
        teacher = find_teacher(own[0].settings, directly(store.locations(own[0])))
        cells = [(_cell(step, store, teacher), drawn[step.id]) for step in own]
        with _journal(own[0], store) as journal:
            ask_some(cells, teacher.answerer, journal, progress)


def known_costs(steps: Iterable[Step], store: Store) -> dict[str, Known]:
    """What the store's journal tells of steps that are not made yet, by id.

    Steps whose inputs are not there are left out: what they would ask is not known.
    """
    if not (store.root / JOURNAL).is_file():
        return {}
    known = {}
    for step in steps:
        if all(store.find(parent) for parent in step.inputs.values()):
            teacher = find_teacher(step.settings, store.locations(step))
            with _journal(step, store) as journal:
                known[step.id] = known_of(_cell(step, store, teacher), teacher.price, journal)
    return known


def rows_so_far(step: Step, there: Mapping[str, Artifact], store: Store) -> list[Row]:
    """The rows that a step will read and teachers have written, whole cells or single answers of a journal.

    Args:
        step: of measuring.
        there: finished artifacts by step id.
        store: whose journal it is.
    """
    from polyteach.rows import read_rows

    rows: list[Row] = []
    for parent in step.inputs.values():
        if parent.kind == "synthesis" and parent.id in there:
            rows += read_rows(there[parent.id].path / "rows.parquet")
        elif served_steps([parent]) and all(store.find(it) for it in parent.inputs.values()):
            teacher = find_teacher(parent.settings, store.locations(parent))
            with _journal(parent, store) as journal:
                cell = _cell(parent, store, teacher)
                rows += written_rows(cell, journal, parent.settings["teacher"], Tally(None))
    return rows


def make_inputs(step: Step, store: Store) -> None:
    """Makes what a step reads, where it is not there."""
    for parent in step.inputs.values():
        if not store.find(parent):
            make_inputs(parent, store)
            store.make(parent)


def _journal(step: Step, store: Store) -> Journal:
    return Journal(store.root / JOURNAL, step.locations["payer"])


def _count(step: Step, store: Store) -> int:
    return count_requests(plan_of(step.settings, store.inputs(step)), step.settings["method"])


def _cell(step: Step, store: Store, teacher: Askable) -> Cell:
    """As the step's work asks it."""
    settings = step.settings
    plan = plan_of(settings, store.inputs(step))
    return Cell(partial(planner(settings["method"], settings.get("variant")), plan), teacher.terms(settings))

"""Candidates -> the graph of a screen: their data made and measured, then ranked; nothing is trained.

    seed_data, synthesis, gate, quality (`data_steps.py`, as in a study) -> screen -> screen_page

The steps of data are a study's own, so a study with as many rows finds what its screen made, and a screen
what its study made. Where a study asks for more rows, it asks only what its screen did not ask before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from polyteach.data_steps import DataSteps
from polyteach.facts import as_yaml, screen_facts
from polyteach.graph import Graph, step
from polyteach.report.screen_step import report_screen
from polyteach.resources import Resources
from polyteach.selection.screen.step import screen
from polyteach.steps import Step
from polyteach.study import By, Candidates, Study

ROWS = 200
"""Requests a teacher, method and language, where nothing is said."""
_READ = ("gate", "quality")


def screened(given: Candidates, rows: int | None = None) -> Candidates:
    """The candidates of a file as a screen takes them, under a name of its own.

    Args:
        given: what the file holds: candidates, or a whole study, whose students have no part in a screen.
        rows: requests a teacher, method and language. Where nothing is said, what a file of candidates says
            itself; a study's number is that of its run, so then it is `ROWS` as everywhere else.
    """
    own = given.synthesis.rows_per_method if "rows_per_method" in given.synthesis.model_fields_set else ROWS
    if isinstance(given, Study):
        given, own = given.candidates(), ROWS
    return given.asking(rows or own, "screen")


def screen_steps(candidates: Candidates, resources: Resources, by: By = "teacher") -> list[Step]:
    """All steps of a screen up to the quality of each candidate's data, inputs before what reads them."""
    graph = Graph(candidates.rng_seed)
    DataSteps(candidates, resources, graph, by).add_all(seed_data_too=False)
    return list(graph.steps.values())


def screen_closing(
    candidates: Candidates,
    resources: Resources,
    by: By,
    steps: Sequence[Step],
    failed: Mapping[str, str],
) -> list[Step]:
    """The steps that turn what a screen did into a ranking and a page; see `closing_steps`."""
    there = {one.id: one for one in steps if one.id not in failed}
    data = DataSteps(candidates, resources, Graph(candidates.rng_seed), by)
    rows = {
        f"synthesis/{one.name}/{language}/{method}": there[made.id]
        for one in data.candidates
        for language in candidates.languages
        for method, made in data.data(one, language).items()
        if made.id in there
    }
    ranked = step(
        "screen",
        screen,
        {
            "study": screen_facts(candidates, resources, by),
            "rng_seed": candidates.rng_seed,
            "failed": [{"step": id, "reason": failed[id]} for id in sorted(failed)],
        },
        inputs={id: one for id, one in there.items() if one.kind in _READ} | rows,
    )
    page = step(
        "screen_page", report_screen, {"settings_text": as_yaml(candidates)}, inputs={"screen": ranked}
    )
    return [ranked, page]

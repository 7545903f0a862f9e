"""The released cells as the table that the analyses read."""

from __future__ import annotations

from polyteach.analysis.table import Column, Row, Table, with_fluency
from polyteach.published.paper import BASE, Paper
from polyteach.scoring.pg_score import COMPONENTS

PREDICTORS = ("prompt_diversity", "response_diversity", "fluency", "rubric")
"""The four released metrics, perplexity as it enters Eq. 1."""


def main_cells(paper: Paper) -> Table:
    """One row a cell of the main base: metrics, `z`, `pgr`, `pg_score` and the mean `result`."""
    metrics = tuple(name for name, _ in COMPONENTS)
    rows = tuple(
        Row(
            cell.teacher,
            cell.language,
            BASE,
            {
                **paper.metrics[cell.language, cell.teacher],
                "z": cell.z,
                "pgr": cell.pgr,
                "pg_score": cell.pg_score,
                "result": cell.result,
            },
        )
        for cell in paper.of_base(BASE)
    )
    columns = {
        "z": Column("mean z-score of the metrics, pooled over cells", metrics),
        "pgr": Column("PGR of the mean result", ("result",)),
        "pg_score": Column("(z + PGR) / 2", (*metrics, "result")),
    }
    return with_fluency(Table(rows, columns, {teacher.name: teacher.family for teacher in paper.teachers}))


def all_cells(paper: Paper) -> Table:
    """One row a cell and base, in the languages that all bases have: `pg_score` and `result`."""
    shared = set.intersection(*(set(paper.languages_of(base)) for base in paper.bases))
    rows = tuple(
        Row(cell.teacher, cell.language, cell.base, {"pg_score": cell.pg_score, "result": cell.result})
        for cell in paper.cells.values()
        if cell.language in shared
    )
    return Table(
        rows,
        {"pg_score": Column("(z + PGR) / 2"), "result": Column("mean over benchmarks")},
        {teacher.name: teacher.family for teacher in paper.teachers},
        {base: base.split()[0] for base in paper.bases},
    )

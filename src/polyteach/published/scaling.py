"""Figure 5: how many rows."""

from __future__ import annotations

from polyteach.published.anchors import solve_all
from polyteach.published.comparing import THREE, Entry, Recomputed
from polyteach.published.paper import BASE, Paper
from polyteach.scoring.numbers import number
from polyteach.scoring.pg_score import published_score

TEACHER = "Gemma 3 27B Inst."


def figure_5(paper: Paper) -> Recomputed:
    """PG-Score against the number of rows, from mean results, the main anchors and z."""
    anchors = solve_all(paper, BASE)
    entries, main = [], []
    for variant in paper.scale:
        cell = paper.cells[BASE, variant.language, TEACHER]
        ours = published_score(cell.z, anchors[variant.language].pgr(variant.result))
        entries.append(Entry(f"{variant.language}, {variant.way}", ours, variant.pg_score, THREE))
        if variant.rows == 10_000:
            main.append(f"{variant.language} {number(variant.result, 3)} and {number(cell.result, 3)}")
    same = [entry.key for entry in entries if entry.status == "match"]
    return Recomputed(
        "figure_5",
        "PG-Score of Gemma 3 27B by number of rows, ar, de, id",
        "(z + (result - base) / (reference - base)) / 2 of the released results, with z and the anchors of "
        "the main "
        "table, beside the released scores",
        tuple(entries),
        f"The scores of {', '.join(same) or 'no row'} follow from z and the main anchors, the others from no "
        "base and "
        f"reference at all: no line through a language's scores fits them. The file's "
        f"results at 10,000 rows are not those of the same teacher in the main file ({'; '.join(main)}), so "
        "students "
        "or benchmarks differ; which, was not released.",
    )

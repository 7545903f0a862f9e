"""The published study as a bundle: its figures as released, each with what the audit says against it.

Figures only: items and answers were not released, so nothing of it can be scored anew or joined. The bundle
is shipped as data; `python -m polyteach.bundles.paper` writes it again from `published/data`.
"""

from __future__ import annotations

import json

from polyteach.bundles.bundle import Bundle, BundledCell, BundledTeacher, Provenance, Ranked
from polyteach.bundles.files import SHIPPED, write
from polyteach.figures import Figure, undefined
from polyteach.published.anchors import Anchors, solve_all
from polyteach.published.paper import BASE, CITATION, DATA, RELEASED, Cell, Paper, read_paper

NAME = "polyglot-teachers-2026"
LICENCE = (
    "numbers (facts) of an arXiv paper and of a repository without a licence file, carried with their "
    "citation; no text of either"
)
SCORE = "PG-Score as released: half the sum of z and PGR (not Eq. 3 or 4 of arXiv 2604.11290)"
Z = "mean z-score of the data's four metrics, pooled over all 60 cells, as released"
PGR = "PGR of the student's mean result, as released"
RESULT = "student's mean accuracy over its benchmarks (Global-MMLU-Lite, M-RewardBench, MGSM), as released"
SE = {True: "; se as printed in Table 13", False: "; se as released; the audit finds errors over items alone"}
DIFFERENCE = "the student's mean result less its base's, which is solved from the released PGRs"
TABLE_1 = f"{SCORE}; mean over the six languages"
METRICS = {
    "prompt_diversity": "1 - mean pairwise cosine of the prompts' embeddings, as printed in Table 11",
    "response_diversity": "1 - mean pairwise cosine of the responses' embeddings, as printed in Table 11",
    "perplexity": "mean perplexity of the responses under Gemma 3 4B, as printed in Table 11",
    "rubric": "mean score of a judge, 1 to 5, as printed in Table 11",
}
POOLED = "pooled over languages: it says nothing between languages, and each other teacher moves it"
OUTLIERS = "a mean that a few texts decide; padding is counted (audit: perplexity_outliers)"
SAME = "most students of this language have the same result (audit: identical_students)"
FRACTIONS = "the file has only the fractional parts (audit: missing_wholes)"
BORROWED = f"between base and reference of {BASE}, not of its own base (audit: borrowed_anchors)"
AUDITED = (
    "anchors",
    "small_gaps",
    "missing_wholes",
    "half_sum",
    "borrowed_anchors",
    "identical_students",
    "told_apart",
    "rank_intervals",
)


def bundle_of_paper(paper: Paper | None = None) -> Bundle:
    """The published cells, of all bases, with their doubts.

    Args:
        paper: other numbers than those carried with the package.
    """
    numbers = read_paper() if paper is None else paper
    anchors, models = solve_all(numbers, BASE), _released_names()
    return Bundle(
        kind="figures",
        name=NAME,
        provenance=Provenance(
            source=f"{CITATION}; released figures: {RELEASED}",
            licence=LICENCE,
            notes=_notes(numbers),
        ),
        languages=list(numbers.codes),
        teachers=[
            BundledTeacher(
                name=teacher.name,
                model=models.get(teacher.name),
                family=teacher.family,
                parameters=teacher.billions * 1e9 if teacher.billions else None,
                methods=["generate", "translate", "respond"],
            )
            for teacher in numbers.teachers
        ],
        cells=[_cell(numbers, cell, anchors) for cell in numbers.cells.values()],
        ranking=[_ranked(numbers, name) for name in numbers.names],
    )


def _cell(paper: Paper, cell: Cell, anchors: dict[str, Anchors]) -> BundledCell:
    main = cell.base == BASE
    known = anchors[cell.language]
    se = paper.tables["table_13"][cell.language].get(cell.teacher) if main else cell.se
    n = next(language.benchmarks for language in paper.languages if language.code == cell.language)
    figures = {
        "published": Figure(cell.pg_score, SCORE, n=n),
        "z": Figure(cell.z, Z, n=len(METRICS)),
        "pgr": Figure(cell.pgr, PGR, n=n),
        "result": Figure(cell.result, RESULT + SE[main], n=n, se=se),
    }
    if main:
        figures["difference"] = (
            Figure(round(cell.result - known.base, 6), DIFFERENCE, n=n)
            if known.level_known
            else undefined(DIFFERENCE, "the base cannot be solved from fractional parts")
        )
        metrics = paper.metrics[cell.language, cell.teacher]
        figures |= {f"metric/{name}": Figure(metrics[name], text) for name, text in METRICS.items()}
    return BundledCell(
        teacher=cell.teacher,
        language=cell.language,
        base=cell.base,
        bundle=NAME,
        figures=figures,
        doubts=_doubts(cell, main, known),
    )


def _doubts(cell: Cell, main: bool, anchors: Anchors) -> dict[str, str]:
    """Why a figure cannot be used as it stands, by the audit's findings."""
    if not main:
        pgr = BORROWED
    elif not anchors.level_known:
        pgr = FRACTIONS
    elif anchors.gap < 0:
        pgr = f"the reference is {-anchors.gap:.4f} below the base: less accuracy gives more (audit: anchors)"
    else:
        pgr = f"reference - base is {anchors.gap:.4f}, about the error of a result (audit: small_gaps)"
    doubts = {"pgr": pgr, "published": f"half of it is PGR: {pgr}", "z": POOLED}
    if main:
        doubts["metric/perplexity"] = OUTLIERS
        if cell.language == "cs":
            doubts["result"] = doubts["difference"] = SAME
    return doubts


def _ranked(paper: Paper, name: str) -> Ranked:
    """A line of Table 1; no interval of ranks, since no error of a score was released."""
    value = paper.tables["table_1_average"][name]
    return Ranked(
        teacher=name,
        rank_interval=None,
        figures={"published": Figure(value, TABLE_1, n=len(paper.codes))},
    )


def _notes(paper: Paper) -> list[str]:
    from polyteach.published.study import audit

    found = {finding.id: finding.finding for finding in audit(paper)}
    return [f"audit, {name}: {found[name]}" for name in AUDITED]


def _released_names() -> dict[str, str]:
    """The models as the released files call them, by the teachers' names."""
    study = json.loads((DATA / "study.json").read_text(encoding="utf-8"))
    return {teacher["name"]: teacher["released_as"] for teacher in study["teachers"]}


if __name__ == "__main__":
    write(bundle_of_paper(), SHIPPED / f"{NAME}.json")

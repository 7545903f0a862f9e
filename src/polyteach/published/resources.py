"""Figure 8: PG-Score and how much text a language has."""

from __future__ import annotations

from polyteach.analysis.agreement import Agreement, spearman
from polyteach.published.anchors import solve_all
from polyteach.published.comparing import THREE, Entry, Recomputed
from polyteach.published.paper import BASE, Paper
from polyteach.published.scores import mean, published_scores
from polyteach.scoring.numbers import number


def language_means(paper: Paper, *, repaired: bool = False) -> dict[str, float]:
    """Each language's mean PG-Score over the teachers.

    Args:
        paper: the numbers.
        repaired: adds the whole numbers that PGRs lack (see `anchors`).
    """
    scores = published_scores(paper)
    means = {
        code: mean([value for (language, _), value in scores.items() if language == code])
        for code in paper.codes
    }
    if repaired:
        for code, found in solve_all(paper, BASE).items():
            means[code] += mean([float(whole) for whole in found.missing]) / 2
    return means


def with_commoncrawl(paper: Paper, *, repaired: bool = False) -> Agreement:
    """Rank correlation of a language's mean PG-Score with its share of CommonCrawl, over six languages."""
    shares = {language.code: language.commoncrawl for language in paper.languages}
    return spearman(shares, language_means(paper, repaired=repaired))


def figure_8(paper: Paper) -> Recomputed:
    """The correlation, with the released scores as they are."""
    found, mended = with_commoncrawl(paper), with_commoncrawl(paper, repaired=True)
    said = (
        "With the whole numbers put back that PGRs lack (Table 12), rho is "
        f"{number(mended.figure.value, 3)}; the printed figure seems to be from before they were lost. Six "
        f"languages: p is {number(found.p, 3)} as released, {number(mended.p, 3)} with whole numbers "
        f"({found.p_method})."
    )
    return Recomputed(
        "figure_8",
        "Spearman's rho of a language's mean PG-Score and its share of CommonCrawl",
        "rank correlation over six languages of the mean released PG-Score with the share in CC-MAIN-2025-51",
        (Entry("rho", found.figure.value, paper.tables["figure_8"]["rho"], THREE),),
        said,
    )

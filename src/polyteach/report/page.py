"""The page: one self-contained HTML file that asks nothing of any network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polyteach.report import gate, languages, next_steps, nothing_taught, plots, problems, view, wording
from polyteach.report.analysis import analysis
from polyteach.report.assumptions import assumptions
from polyteach.report.costs import costs
from polyteach.report.html import SCRIPTS, STYLES, whole_page
from polyteach.report.ladders import ladders
from polyteach.report.loadings import loadings
from polyteach.report.pareto import pareto
from polyteach.report.provenance import provenance
from polyteach.report.race import race
from polyteach.report.reviews import reviews
from polyteach.report.samples import Sample, on_page, samples_each
from polyteach.report.samples_data import Failed, samples_address, samples_data
from polyteach.report.scale import data_scale
from polyteach.report.scores import raw_means, score_tables
from polyteach.report.screen_view import lines_of
from polyteach.report.side_effects import side_effects
from polyteach.report.trainings import trainings
from polyteach.report.weights import weight_sensitivity

_SCREENED = ("score", "usable", "quality", "wrong_language", "duplicates")


def render_page(
    results: Mapping[str, Any],
    analysed: Mapping[str, Any],
    samples: Mapping[str, Sequence[Sample]],
    settings_text: str,
    *,
    failed: Sequence[Failed] = (),
    manifests: Mapping[str, Mapping[str, Any]] | None = None,
    reviewed: Mapping[str, Any] | None = None,
    raced: Mapping[str, Any] | None = None,
) -> str:
    """Renders the report.

    Args:
        results: as in `results.json`.
        analysed: as in `analysis.json`.
        samples: by language.
        settings_text: the study as its user wrote or would write it, shown as it is.
        failed: answers that became no row.
        manifests: of the artifacts that the study's figures rest on, by step id.
        reviewed: as in `reviews.json`, where native speakers reviewed the data.
        raced: as in `race.json`, where a race chose the teachers.
    """
    most = samples_each(len(results["study"]["languages"]), len(results["leaderboard"]))
    headline, rest = wording.headline(results["verdict"]["text"])
    linked = bool(failed) or any(samples.values())
    return whole_page(
        "page.html.j2",
        styles=(*STYLES, "report.css", "samples.css"),
        scripts=(*SCRIPTS, "page/languages.js", "samples.js"),
        results=results,
        study=results["study"],
        verdict=results["verdict"],
        kind=_badge(results),
        worth=raw_means(results),
        nothing_taught=nothing_taught.sentence(results),
        has_perplexity=any(entry["metric"] == "perplexity" for entry in results["gate"]),
        headline=headline,
        rest=rest,
        took=next_steps.took(results),
        next_step=next_steps.next_step(results),
        ranking=plots.ranking(results, linked=linked),
        marks_nothing=any(score > 0 for score in nothing_taught.scores_without_gain(results).values()),
        heat=languages.heat_map(results),
        each_language=languages.each_language(results),
        scatter=plots.quality_against_gain(results, linked=linked),
        metrics=view.metrics(results),
        gate=gate.matrices(results),
        analysis=analysis(analysed),
        pareto=pareto(results, linked=linked),
        loadings=loadings(analysed["sections"]["pca"]),
        data_scale=data_scale(analysed["sections"]["sizes"]),
        weight_sensitivity=weight_sensitivity(results),
        ladders=ladders(results),
        assumptions=assumptions(results, analysed, manifests),
        provenance=provenance(results, manifests or {}),
        race=race(raced) if raced else None,
        reviews=reviews(reviewed, [entry["teacher"] for entry in results["leaderboard"]]),
        requests=view.requests(results),
        costs=costs(results),
        scores=score_tables(results),
        trainings=trainings(results),
        side_effects=side_effects(results),
        warnings=view.warnings(results),
        definitions=view.definitions(results),
        samples={code: on_page(found, most) for code, found in samples.items()},
        samples_data=samples_data(samples, failed),
        to_samples=samples_address,
        problem_title=problems.title,
        problem_of_figure=problems.OF_FIGURES,
        settings_text=settings_text,
    )


def render_screen(screened: Mapping[str, Any], settings_text: str) -> str:
    """Renders a screen's page.

    Args:
        screened: as in `screen.json`.
        settings_text: the candidates as their user would write them, shown as they are.
    """
    languages = screened["languages"]
    headline, rest = wording.headline(screened["verdict"]["text"])
    figures = [(name, cell[name]) for cell in screened["cells"] for name in _SCREENED]
    return whole_page(
        "screen.html.j2",
        screened=screened,
        verdict=screened["verdict"],
        headline=headline,
        rest=rest,
        rankings=[
            (code, lines_of(screened, code))
            for code in ([None] if len(languages) == 1 else [None, *languages])
        ],
        reasons=sorted({reason for cell in screened["cells"] for reason in cell["failures"]}),
        definitions=list(dict.fromkeys((name, figure["definition"]) for name, figure in figures)),
        settings_text=settings_text,
    )


def render_race(raced: Mapping[str, Any], settings_text: str) -> str:
    """Renders a race's page.

    Args:
        raced: as in `race.json`.
        settings_text: the study as its user would write it, shown as it is.
    """
    headline, rest = wording.headline(raced["verdict"]["text"])
    return whole_page(
        "race.html.j2",
        raced=raced,
        kind=raced["verdict"]["kind"] or "under way",
        headline=headline,
        rest=rest,
        race=race(raced) | {"text": ""},  # the headline has it
        settings_text=settings_text,
    )


def _badge(results: Mapping[str, Any]) -> str:
    """The verdict in a word or two; that of a rehearsal is none."""
    if results["study"].get("limit") is not None:
        return "rehearsal"
    kind: str = results["verdict"]["kind"]
    return "no ranking" if kind == "undefined" else kind

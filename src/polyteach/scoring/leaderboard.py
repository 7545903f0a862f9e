"""One line a teacher: overall figures, and the order they are listed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any

from polyteach.figures import Figure, undefined
from polyteach.scoring import gain, pg_score, pgr, quality, robust
from polyteach.scoring.cells import Cell, Scored
from polyteach.scoring.gain import CellEstimate
from polyteach.scoring.intervals import Estimate, Interval, TrialSpread, figure_of, interval, mean_of
from polyteach.scoring.overall import Known, overall
from polyteach.scoring.ranks import Comparison, compare
from polyteach.scoring.unscored import Counts, together

DEFAULT_SCORE = "robust"
INTRINSIC = f"{pg_score.PUBLISHED_Z}; mean over languages"


@dataclass(frozen=True, slots=True)
class Ranking:
    """Teachers in order of their robust PG-Score.

    Attributes:
        scores, gains: of every teacher, or why there is none.
        order: teachers with a score, best first; equal ones in the study's order.
        intervals: of the scores, for those in `order`.
        gain_intervals: of the gains, for every teacher that has one.
        spread: trial variance of a cell's gain, pooled; None with one trial. Scores carry their weight in
            `trial_load`, so it serves them too.
    """

    scores: Mapping[str, Known]
    gains: Mapping[str, Known]
    order: tuple[str, ...]
    intervals: Mapping[str, Interval]
    gain_intervals: Mapping[str, Interval]
    comparison: Comparison
    spread: TrialSpread | None

    def estimate(self, teacher: str) -> Estimate | None:
        """A teacher's score."""
        return self.scores[teacher].estimate


def rank(scored: Scored, rng_seed: int) -> Ranking:
    """Ranks the teachers of a study by their robust PG-Score."""
    spread = gain.spread_of(cell.gain for cell in scored.cells.values() if cell.gain)
    learned = {
        key: Known(cell.gain.estimate if cell.gain else None, cell.reason)
        for key, cell in scored.cells.items()
    }
    names = [teacher.name for teacher in scored.evidence.study.teachers]
    scores = {name: overall(name, scored.robust, scored.counts, "score") for name in names}
    gains = {name: overall(name, learned, scored.counts, "gain") for name in names}
    known = {name: found.estimate for name, found in scores.items() if found.estimate is not None}
    order = tuple(sorted(known, key=lambda name: -known[name].value))
    return Ranking(
        scores=scores,
        gains=gains,
        order=order,
        intervals={name: interval(known[name], spread) for name in order},
        gain_intervals={
            name: interval(found.estimate, spread, found.estimate.extremes)
            for name, found in gains.items()
            if found.estimate is not None
        },
        comparison=compare(known, spread, rng_seed),
        spread=spread,
    )


def rows(scored: Scored, ranking: Ranking) -> list[dict[str, Any]]:
    """The leaderboard as the outside view has it; teachers without a score come last."""
    teachers = {teacher.name: teacher for teacher in scored.evidence.study.teachers}
    names = [*ranking.order, *(name for name in teachers if name not in ranking.order)]
    return [
        {
            "teacher": name,
            "family": teachers[name].family,
            "parameters": teachers[name].parameters,
            "rank_interval": list(ranking.comparison.rank_interval(name)) if name in ranking.order else None,
            "gain": _gain(scored, ranking, name).to_json(),
            "gain_by_language": _gain_by(scored, ranking, name, "language"),
            "gain_by_base": _gain_by(scored, ranking, name, "base"),
            "quality": _quality(scored, name).to_json(),
            "pgr": _pgr(scored, name).to_json(),
            "scores": {
                "robust": _robust(scored, ranking, name).to_json(),
                "published": _mean_score(scored, name, published_of, pg_score.PUBLISHED).to_json(),
                "paper": _mean_score(scored, name, paper_of, weighted(scored, pg_score.PAPER)).to_json(),
                "paper_eq3": _mean_score(scored, name, eq3_of, pg_score.PAPER_EQ3).to_json(),
                "intrinsic_pooled": _intrinsic(scored, name).to_json(),
            },
        }
        for name in names
    ]


def weighted(scored: Scored, definition: str) -> str:
    """A score's definition with the study's weight."""
    return f"{definition}; a = {scored.evidence.study.quality_weight:g}"


def published_of(scored: Scored, cell: Cell) -> tuple[float | None, str | None]:
    """A cell's `published` PG-Score, or why it has none."""
    z = scored.published_z.values.get((cell.language, cell.teacher))
    if z is None or cell.pgr_pooled is None:
        return None, _why_no_score(cell, z, scored.published_z.reasons)
    return pg_score.published_score(z, cell.pgr_pooled), None


def paper_of(scored: Scored, cell: Cell) -> tuple[float | None, str | None]:
    """A cell's `paper` PG-Score (Eq. 4), or why it has none."""
    pool = scored.paper_z[cell.language]
    z = pool.values.get((cell.language, cell.teacher))
    if z is None or cell.pgr_written is None:
        return None, _why_no_score(cell, z, pool.reasons)
    return pg_score.paper_score(z, cell.pgr_written, scored.evidence.study.quality_weight), None


def eq3_of(scored: Scored, cell: Cell) -> tuple[float | None, str | None]:
    """A cell's Eq. 3, or why it has none."""
    value = scored.paper_eq3.get(cell.key)
    if value is not None:
        return value, None
    return None, paper_of(scored, cell)[1] or "the teachers of the language do not differ"


def _why_no_score(cell: Cell, z: float | None, reasons: Mapping[Any, str]) -> str:
    if z is None:
        return reasons.get((cell.language, cell.teacher), "its data was not measured")
    return cell.pgr_reason or "PGR is undefined"


def _robust(scored: Scored, ranking: Ranking, teacher: str) -> Figure:
    definition = weighted(scored, robust.TEACHER_DEFINITION)
    lost = _lost_gains(_needed(scored, teacher))
    found = ranking.scores[teacher]
    if found.estimate is None:
        return undefined(definition, found.reason or "undefined", lost)
    return figure_of(found.estimate, ranking.spread, definition, lost)


def _quality(scored: Scored, teacher: str) -> Figure:
    languages = dict.fromkeys(language for _, language in scored.counts)
    return quality.teacher_quality({code: scored.qualities[code, teacher] for code in languages})


def _needed(scored: Scored, teacher: str) -> list[Cell]:
    return [scored.cells[base, language, teacher] for base, language in scored.counts]


def _gain(scored: Scored, ranking: Ranking, teacher: str) -> Figure:
    found = ranking.gains[teacher]
    lost = _lost_gains(_needed(scored, teacher))
    if found.estimate is None:
        return undefined(gain.TEACHER_DEFINITION, found.reason or "undefined", lost)
    estimate = found.estimate
    return figure_of(estimate, ranking.spread, gain.TEACHER_DEFINITION, lost, estimate.extremes)


def _lost_gains(cells: Sequence[Cell]) -> Counts:
    return together(cell.over_counted(cell.gain_unscored) for cell in cells)


def _gain_by(scored: Scored, ranking: Ranking, teacher: str, part: str) -> dict[str, Any]:
    """A teacher's gain in each language (over bases) or for each base (over languages)."""
    groups: dict[str, list[Cell]] = {}
    for cell in _needed(scored, teacher):
        groups.setdefault(getattr(cell, part), []).append(cell)
    figures = {}
    for name, cells in groups.items():
        lost = _lost_gains(cells)
        estimates = [cell.gain.estimate for cell in cells if cell.gain]
        if len(estimates) < len(cells):
            reasons = [f"{cell.base}/{cell.language}: {cell.reason}" for cell in cells if cell.reason]
            figure = undefined(gain.CELL_DEFINITION, "; ".join(reasons), lost)
        else:
            mean = mean_of(estimates)
            figure = figure_of(mean, ranking.spread, gain.CELL_DEFINITION, lost, mean.extremes)
        figures[name] = figure.to_json()
    return figures


def _pgr(scored: Scored, teacher: str) -> Figure:
    definition = f"{pgr.MEAN_DEFINITION}, then over bases, then over languages"
    cells = _needed(scored, teacher)
    missing = [f"{cell.base}/{cell.language}" for cell in cells if cell.pgr is None]
    lost = together(cell.over_counted(cell.pgr_unscored) for cell in cells)
    if not cells or missing:
        return undefined(
            definition,
            f"no PGR in {', '.join(missing)}" if missing else "no benchmark counts in any language",
            lost,
        )
    spread = gain.spread_of(cell.pgr for cell in scored.cells.values() if cell.pgr)
    return figure_of(_over_languages(cells), spread, definition, lost)


def _over_languages(cells: Sequence[Cell]) -> Estimate:
    found: dict[str, list[CellEstimate]] = {}
    for cell in cells:
        if cell.pgr:
            found.setdefault(cell.language, []).append(cell.pgr)
    return mean_of([mean_of([part.estimate for part in parts]) for parts in found.values()])


def _intrinsic(scored: Scored, teacher: str) -> Figure:
    languages = scored.evidence.study.languages
    pool = scored.published_z
    values = [pool.values.get((language, teacher)) for language in languages]
    known = [value for value in values if value is not None]
    if len(known) < len(languages):
        reasons = [
            f"{language}: {pool.reasons.get((language, teacher), 'not measured')}"
            for language, value in zip(languages, values, strict=True)
            if value is None
        ]
        return undefined(INTRINSIC, "; ".join(reasons))
    used = f"{INTRINSIC}; used: {', '.join(pool.used)}"
    return Figure(fsum(known) / len(known), used, n=len(known))


def _mean_score(scored: Scored, teacher: str, of: Any, definition: str) -> Figure:
    """A score's mean over bases, then languages; undefined unless every cell has it."""
    cells = [cell for cell in scored.cells.values() if cell.teacher == teacher]
    by_language: dict[str, list[float]] = {}
    for cell in cells:
        value, reason = of(scored, cell)
        if value is None:
            return undefined(definition, f"{cell.base}/{cell.language}: {reason}")
        by_language.setdefault(cell.language, []).append(value)
    means = [fsum(values) / len(values) for values in by_language.values()]
    return Figure(fsum(means) / len(means), f"{definition}; no interval", n=len(cells))

"""A screen's ranking: measured cells in, which candidates stand above which out. No training, no files.

A candidate's score in a language is 100 * usable share * quality: how much of what was asked for came as rows
in the language that are no copies, times where the data stands between corrupted data and what humans wrote
(`scoring.quality`): by the judge where it passes the gate there, else by the mean of the metrics that pass.
Its overall score is the mean over languages. Neither depends on the other candidates; ranks and ties do. Who
clearly writes another language, or copies, stands below all who do not, whatever the scores. Where no judge
passes, only differences above `BLIND_POINTS` tell candidates apart.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from polyteach.figures import Figure, undefined
from polyteach.scoring.cautions.caution import Caution
from polyteach.scoring.intervals import Estimate, combine, mean_of, standard_error
from polyteach.scoring.ranks import Comparison, compare
from polyteach.scoring.records import GateMetric
from polyteach.selection.screen.scores import (
    BLIND_POINTS,
    JUDGE,
    SCORE,
    CellScore,
    ScreenedCell,
    ScreenedRow,
    score_cell,
    score_figure,
)
from polyteach.selection.screen.words import (
    Verdict,
    cannot_see,
    cautions,
    decide,
    rests_on,
)

__all__ = [
    "RankEntry",
    "ScreenedCell",
    "ScreenedRow",
    "Screening",
    "Verdict",
    "blind_points",
    "rank_screen",
]

OVERALL = f"mean over languages of the {SCORE}, for candidates complete on them"


@dataclass(frozen=True, slots=True)
class RankEntry:
    """One candidate's place.

    Attributes:
        language: None for the mean over all.
        rank_interval: the best and worst rank that the data allow; None for a candidate without a score.
        excluded: why it stands below all who are not; None: it does not.
        surely_above: those it is surely above, by name.
    """

    candidate: str
    language: str | None
    rank_interval: tuple[int, int] | None
    score: Figure
    excluded: str | None
    surely_above: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As `screen.json` has it."""
        return {
            "candidate": self.candidate,
            "language": self.language,
            "rank_interval": list(self.rank_interval) if self.rank_interval else None,
            "score": self.score.to_json(),
            "surely_above": list(self.surely_above),
            "excluded": self.excluded,
        }


@dataclass(frozen=True, slots=True)
class Screening:
    """What a screen found.

    Attributes:
        cells: in the order given.
        ranking: over all languages first, then by language; in each the best first, without a score last.
        verdict: of the ranking over all languages.
        rests_on, cannot_see: sentences on what was really measured, and on what was not.
    """

    cells: Sequence[CellScore]
    ranking: Sequence[RankEntry]
    verdict: Verdict
    rests_on: Sequence[str]
    cannot_see: Sequence[str]
    warnings: Sequence[Caution]

    def to_json(self) -> dict[str, Any]:
        """The ranking's part of `screen.json`."""
        return {
            "cells": [cell.to_json() for cell in self.cells],
            "ranking": [entry.to_json() for entry in self.ranking],
            "verdict": self.verdict.to_json(),
            "rests_on": list(self.rests_on),
            "cannot_see": list(self.cannot_see),
            "warnings": [caution.to_json() for caution in self.warnings],
        }


@dataclass(frozen=True, slots=True)
class _Standing:
    """A candidate's score somewhere: in a language, or over all."""

    estimate: Estimate | None
    figure: Figure
    excluded: str | None


def rank_screen(
    cells: Sequence[ScreenedCell],
    gate: Sequence[GateMetric],
    languages: Sequence[str],
    rng_seed: int,
    *,
    missing: Mapping[tuple[str, str], str] | None = None,
    gate_failed: Collection[str] = (),
) -> Screening:
    """Ranks candidates, in each language and over all.

    Args:
        cells: one a candidate and language, candidates in the order in which they are shown.
        gate: what the gate found of the metrics, all languages; none for a language without human pairs.
        languages: of the screen, in order.
        rng_seed: of the draws behind the simultaneous intervals.
        missing: (candidate, language) without a cell, and why.
        gate_failed: languages whose gate did not end well.

    Raises:
        ValueError: two cells are of one candidate and language, or one is of another language.
    """
    scored = [score_cell(cell, gate, gate_failed=cell.language in gate_failed) for cell in cells]
    by_place = {(one.cell.candidate, one.cell.language): one for one in scored}
    if len(by_place) < len(scored) or not {language for _, language in by_place} <= {*languages}:
        raise ValueError("a screen has one cell a candidate and language, of its own languages")
    absent = dict(missing or {})
    names = list(dict.fromkeys([*(cell.candidate for cell in cells), *(name for name, _ in absent)]))
    here = [metric for metric in gate if metric.language in languages]
    ranking: list[RankEntry] = []
    for language in (None, *languages):
        standings = {
            name: _overall(name, by_place, languages, absent)
            if language is None
            else _in_language(name, by_place.get((name, language)), absent.get((name, language)))
            for name in names
        }
        places = languages if language is None else [language]
        ranking.extend(_ranked(standings, language, blind_points(here, places), rng_seed))
    whole = [entry for entry in ranking if entry.language is None]
    return Screening(
        cells=scored,
        ranking=ranking,
        verdict=decide(
            [(entry.candidate, entry.rank_interval, entry.excluded) for entry in whole],
            {entry.candidate: entry.score.reason for entry in whole if entry.rank_interval is None},
            here,
        ),
        rests_on=rests_on(scored, here, languages),
        cannot_see=cannot_see(scored, here, languages),
        warnings=cautions(scored, here, languages, absent, gate_failed),
    )


def _in_language(name: str, cell: CellScore | None, why: str | None) -> _Standing:
    if cell is None:
        return _Standing(None, undefined(SCORE, why or "it was not screened here"), None)
    return _Standing(cell.estimate, cell.figure, cell.excluded)


def _overall(
    name: str,
    cells: Mapping[tuple[str, str], CellScore],
    languages: Sequence[str],
    absent: Mapping[tuple[str, str], str],
) -> _Standing:
    """The mean over languages; excluded is who is excluded in any of them."""
    places = {
        code: _in_language(name, cells.get((name, code)), absent.get((name, code))) for code in languages
    }
    reasons = [f"{code}: {place.excluded}" for code, place in places.items() if place.excluded]
    excluded = "; ".join(reasons) or None
    lacking = [f"{code} ({p.figure.reason})" for code, p in places.items() if p.estimate is None]
    if lacking:
        return _Standing(None, undefined(OVERALL, f"no score in {', '.join(lacking)}"), excluded)
    estimate = mean_of([place.estimate for place in places.values() if place.estimate is not None])
    return _Standing(estimate, score_figure(estimate, OVERALL), excluded)


def blind_points(gate: Sequence[GateMetric], languages: Sequence[str]) -> float:
    """Points that a difference must exceed: the mean over languages, 0 where a judge passes, or no metric."""
    passed = {code: {m.metric for m in gate if m.language == code and m.passes} for code in languages}
    blind = [code for code, names in passed.items() if names and JUDGE not in names]
    return BLIND_POINTS * len(blind) / len(languages)


def _ranked(
    standings: Mapping[str, _Standing], language: str | None, blind: float, rng_seed: int
) -> list[RankEntry]:
    """Best first: those that are clean, then the excluded, then those without a score.

    Clean candidates are compared with each other alone, so who is excluded widens no interval among them.
    """
    scores = {name: one.estimate for name, one in standings.items() if one.estimate is not None}
    clean = {name: estimate for name, estimate in scores.items() if not standings[name].excluded}
    dirty = {name: estimate for name, estimate in scores.items() if standings[name].excluded}
    entries = []
    for better, group, worse in (([], clean, [*dirty]), ([*clean], dirty, [])):
        comparison = _beyond(compare(group, None, rng_seed), group, blind)
        for name in sorted(group, key=lambda name: (-group[name].value, name)):
            low, high = comparison.rank_interval(name)
            ranks = (len(better) + low, len(better) + high)
            above = sorted([*(w for b, w in comparison.surely_better if b == name), *worse])
            entries.append(_entry(name, language, standings[name], ranks, above))
    return entries + [_entry(name, language, one) for name, one in standings.items() if name not in scores]


def _beyond(comparison: Comparison, scores: Mapping[str, Estimate], blind: float) -> Comparison:
    """Keeps the pairs whose whole simultaneous interval is beyond so many points."""

    def is_beyond(better: str, worse: str) -> bool:
        difference = combine([(1, scores[better]), (-1, scores[worse])])
        return difference.value - (comparison.critical or 0.0) * standard_error(difference, None)[0] > blind

    kept = {pair for pair in comparison.surely_better if is_beyond(*pair)}
    return replace(comparison, surely_better=frozenset(kept)) if blind else comparison


def _entry(
    name: str,
    language: str | None,
    standing: _Standing,
    ranks: tuple[int, int] | None = None,
    above: Sequence[str] = (),
) -> RankEntry:
    return RankEntry(name, language, ranks, standing.figure, standing.excluded, tuple(above))

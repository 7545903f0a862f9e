"""The results of a study as the outside view has them (`docs/results.md`): plain JSON, no times, no paths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyteach.figures import Figure, undefined
from polyteach.scoring import anchors, gain, leaderboard, pg_score, pgr, quality, ranks, robust, worth
from polyteach.scoring.anchors import Anchor
from polyteach.scoring.cautions import cautions
from polyteach.scoring.cells import Cell, Scored, score_evidence
from polyteach.scoring.components import answer_variance, components_of
from polyteach.scoring.evidence import REFERENCE
from polyteach.scoring.intervals import OVER_ITEMS, OVER_TRIALS, SCORES, Interval, TrialSpread, figure_of
from polyteach.scoring.power import needed_to_tell
from polyteach.scoring.records import Evidence, GateMetric, Training
from polyteach.scoring.requests import measuring_of, requests_of
from polyteach.scoring.side_effects import side_effects
from polyteach.scoring.unscored import Counts
from polyteach.scoring.verdict import Unranked, decide, rehearsed
from polyteach.steps import digest_of

SCHEMA_VERSION = 1
SCORE = "mean score over items"
_DEFINITIONS = (
    anchors.DEFINITION,
    gain.TEACHER_DEFINITION,
    pgr.MEAN_DEFINITION,
    pgr.POOLED_DEFINITION,
    pg_score.PUBLISHED,
    pgr.WRITTEN_DEFINITION,
    pg_score.PAPER,
    pg_score.PAPER_EQ3,
    robust.TEACHER_DEFINITION,
    quality.TEACHER_DEFINITION,
    leaderboard.INTRINSIC,
    ranks.DEFINITION,
    OVER_ITEMS,
    OVER_TRIALS,
)


def results_of(evidence: Evidence, study: Mapping[str, Any], rng_seed: int) -> dict[str, Any]:
    """Scores a study.

    Args:
        evidence: what was found out.
        study: the facts of the study as they are to be shown; plain JSON data.
        rng_seed: for the draws behind the rank intervals.
    """
    scored = score_evidence(evidence)
    ranking = leaderboard.rank(scored, rng_seed)
    facts = evidence.study
    decided = decide(
        ranking.order,
        ranking.gain_intervals,
        ranking.comparison,
        facts.trials if ranking.spread else 1,
        facts.teachers,
        lambda one, other: _to_tell(scored, ranking, one, other),
        None if ranking.order else _unranked(scored, ranking),
    )
    verdict = rehearsed(decided, facts.limit)
    effects = side_effects(evidence)
    return {
        "schema_version": SCHEMA_VERSION,
        "study": dict(study),
        "definitions_digest": definitions_digest(evidence),
        "default_score": leaderboard.DEFAULT_SCORE,
        "verdict": verdict.to_json(),
        "leaderboard": leaderboard.rows(scored, ranking),
        "surely_better": [
            {"better": better, "worse": worse} for better, worse in sorted(ranking.comparison.surely_better)
        ],
        "rank_definition": ranks.DEFINITION,
        "components": components_of(
            {name: g.estimate for name, g in ranking.gains.items() if g.estimate is not None},
            scored.cells.values(),
            ranking.spread,
            facts.trials,
        ).to_json(),
        "cells": _cells(scored, ranking.spread),
        "trainings": [_training(training) for training in evidence.trainings],
        "anchors": [_anchor(anchor) for anchor in scored.anchors],
        "anchor_definition": anchors.DEFINITION,
        "seed_data": [
            {"language": m.language, "metrics": _figures(m.figures)} for m in evidence.seed_metrics
        ],
        "requests": [requests.to_json() for requests in requests_of(evidence)],
        "measuring": measuring_of(evidence.measuring),
        "gate": [_gate(metric) for metric in evidence.gate],
        "gate_judges": [
            {"language": j.language, "judge": j.judge, "checks": _figures(j.checks)} for j in evidence.judges
        ],
        "side_effects": effects.to_json() if effects else None,
        "warnings": [caution.to_json() for caution in cautions(scored, ranking, effects)],
    }


def definitions_digest(evidence: Evidence) -> str:
    """A hash of what the figures mean: two results with the same one can be compared."""
    metrics: dict[str, set[str]] = {}
    for cell in [*evidence.metrics, *evidence.seed_metrics]:
        for name, figure in cell.figures.items():
            metrics.setdefault(name, set()).add(figure.definition)
    return digest_of(
        {
            "scores": list(_DEFINITIONS),
            "quality_weight": evidence.study.quality_weight,
            "minimum_gaps": dict(evidence.study.minimum_gaps),
            "gate": sorted({(m.metric, m.level, *m.answers_for) for m in evidence.gate}),
            "benchmarks": dict(evidence.study.definitions),
            "metrics": {name: sorted(texts) for name, texts in metrics.items()},
        }
    )


def _to_tell(scored: Scored, ranking: leaderboard.Ranking, one: str, other: str) -> str:
    """How much more would tell two ranked teachers apart."""
    first, second = ranking.scores[one].estimate, ranking.scores[other].estimate
    if first is None or second is None or ranking.comparison.critical is None:
        raise ValueError(f"{one} and {other} are not both ranked")
    found = needed_to_tell(
        first,
        second,
        ranking.spread,
        ranking.comparison.critical,
        scored.evidence.study.trials,
        answer_noise=sum(_answer_noise(scored, name) for name in (one, other)),
    )
    return found.text


def _answer_noise(scored: Scored, teacher: str) -> float:
    """How much of the variance of a ranked teacher's score is the noise of single answers."""
    units = {key: known.estimate.unit for key, known in scored.robust.items() if known.estimate}
    cells = [cell for cell in scored.cells.values() if cell.teacher == teacher and cell.key in units]
    return answer_variance(cells, lambda cell: units[cell.key])


def _unranked(scored: Scored, ranking: leaderboard.Ranking) -> Unranked:
    """What is left to say where no teacher has a score."""
    reasons = dict.fromkeys(found.reason for found in ranking.scores.values() if found.reason)
    text = "; ".join(reason for reason in reasons if reason)
    if scored.anchors and all(anchor.reason == anchors.NO_REFERENCE for anchor in scored.anchors):
        text = f"there is no reference. {anchors.NAME_A_REFERENCE[0].upper()}{anchors.NAME_A_REFERENCE[1:]}"
    elif not scored.counts and any(a.too_small for a in scored.anchors):
        trained = [t for t in scored.evidence.trainings if t.who == REFERENCE]
        short = any(t.examples < t.wanted for t in trained)
        advice = [anchors.SHORT_OF_ROWS if short else anchors.LEARNED_TOO_LITTLE]
        advice += [anchors.OTHER_SUBJECT] if trained else []
        text += "".join(f". {one[0].upper()}{one[1:]}" for one in advice)
    names = [teacher.name for teacher in scored.evidence.study.teachers]
    return Unranked(text, worth.summary(scored, names) or "", tuple(worth.sentences(scored, names)))


def _cells(scored: Scored, spread: TrialSpread | None) -> list[dict[str, Any]]:
    cells = list(scored.cells.values())
    names = {anchor.benchmark for anchor in scored.anchors}
    spreads = {
        "score": {n: gain.spread_of(c.scores[n] for c in cells if n in c.scores) for n in names},
        "gain": {n: gain.spread_of(c.gains[n] for c in cells if n in c.gains) for n in names},
        "pgr": {n: gain.spread_of(p.cell for c in cells if (p := c.pgrs.get(n)) and p.cell) for n in names},
    }
    mean_pgr = gain.spread_of(c.pgr for c in cells if c.pgr)
    return [_cell(scored, cell, spread, spreads, mean_pgr) for cell in cells]


def _cell(
    scored: Scored,
    cell: Cell,
    spread: TrialSpread | None,
    spreads: Mapping[str, Mapping[str, TrialSpread | None]],
    mean_pgr: TrialSpread | None,
) -> dict[str, Any]:
    key = (cell.language, cell.teacher)
    lost_pgr = cell.over_counted(cell.pgr_unscored)
    return {
        "teacher": cell.teacher,
        "language": cell.language,
        "base": cell.base,
        "trials": cell.trials,
        "gain": _cell_gain(cell, spread).to_json(),
        "trial_gains": {str(t): value for t, value in cell.gain.per_trial.items()} if cell.gain else {},
        "benchmarks": {
            name: _score(scored, cell, name, spreads["score"][name]).to_json() for name in sorted(cell.exams)
        },
        "gains": {
            name: figure_of(
                found.estimate,
                spreads["gain"][name],
                gain.DEFINITION,
                cell.gain_unscored[name],
                found.estimate.extremes,
            ).to_json()
            for name, found in cell.gains.items()
        },
        "metrics": _figures(scored.metrics.get(key, {})),
        "quality": scored.qualities[key].figure().to_json(),
        "qualities": _figures({name: q.figure() for name, q in scored.qualities[key].metrics.items()}),
        "pgr": {
            "benchmarks": {
                name: _ratio(found, spreads["pgr"][name], cell.pgr_unscored[name]).to_json()
                for name, found in cell.pgrs.items()
            },
            "mean": (
                figure_of(cell.pgr.estimate, mean_pgr, pgr.MEAN_DEFINITION, lost_pgr)
                if cell.pgr
                else undefined(
                    pgr.MEAN_DEFINITION, cell.reason or "PGR is undefined on a benchmark", lost_pgr
                )
            ).to_json(),
            "pooled": _plain(
                cell.pgr_pooled, pgr.POOLED_DEFINITION, cell.pgr_reason or "the averaged gap is zero"
            ),
            "written": _plain(cell.pgr_written, pgr.WRITTEN_DEFINITION, cell.pgr_reason or "a gap is zero"),
        },
        "scores": {"robust": _robust(scored, cell, spread).to_json()} | _scores(scored, cell),
    }


def _robust(scored: Scored, cell: Cell, spread: TrialSpread | None) -> Figure:
    definition = leaderboard.weighted(scored, robust.DEFINITION)
    lost = cell.over_counted(cell.gain_unscored)
    found = scored.robust[cell.key]
    if found.estimate is None:
        return undefined(definition, found.reason or "undefined", lost)
    return figure_of(found.estimate, spread, definition, lost)


def _scores(scored: Scored, cell: Cell) -> dict[str, Any]:
    key = (cell.language, cell.teacher)
    pools = {"intrinsic_pooled": scored.published_z, "intrinsic": scored.paper_z[cell.language]}
    texts = {"intrinsic_pooled": pg_score.PUBLISHED_Z, "intrinsic": pg_score.PAPER_Z}
    scores = {
        name: _plain(
            pool.values.get(key),
            f"{texts[name]}; used: {', '.join(pool.used) or 'none'}",
            pool.reasons.get(key, "its data was not measured"),
        )
        for name, pool in pools.items()
    }
    for name, of, definition in (
        ("published", leaderboard.published_of, pg_score.PUBLISHED),
        ("paper", leaderboard.paper_of, leaderboard.weighted(scored, pg_score.PAPER)),
        ("paper_eq3", leaderboard.eq3_of, pg_score.PAPER_EQ3),
    ):
        value, reason = of(scored, cell)
        scores[name] = _plain(value, definition, reason or "undefined")
    return scores


def _score(scored: Scored, cell: Cell, benchmark: str, spread: TrialSpread | None) -> Figure:
    text = scored.evidence.study.definitions.get(benchmark)
    definition = f"{SCORE}: {text}" if text else SCORE
    unscored = cell.score_unscored[benchmark]
    found = cell.scores.get(benchmark)
    if found is None:
        return undefined(definition, "no item was scored", unscored)
    return figure_of(found.estimate, spread, definition, unscored, SCORES)


def _cell_gain(cell: Cell, spread: TrialSpread | None) -> Figure:
    lost = cell.over_counted(cell.gain_unscored)
    if cell.gain is None:
        return undefined(gain.CELL_DEFINITION, cell.reason or "undefined", lost)
    estimate = cell.gain.estimate
    return figure_of(estimate, spread, gain.CELL_DEFINITION, lost, estimate.extremes)


def _ratio(found: pgr.BenchmarkPgr, spread: TrialSpread | None, lost: Counts) -> Figure:
    if found.cell is None:
        return undefined(pgr.DEFINITION, found.reason or "undefined", lost)
    return figure_of(found.cell.estimate, spread, pgr.DEFINITION, lost)


def _plain(value: float | None, definition: str, reason: str) -> dict[str, Any]:
    figure = undefined(definition, reason) if value is None else Figure(value, definition, n=1)
    return figure.to_json()


def _figures(figures: Mapping[str, Figure]) -> dict[str, Any]:
    return {name: figure.to_json() for name, figure in sorted(figures.items())}


def _ends(bounds: Interval | None) -> list[float] | None:
    return [bounds.low, bounds.high] if bounds else None


def _gate(metric: GateMetric) -> dict[str, Any]:
    return {
        "language": metric.language,
        "metric": metric.metric,
        "level": metric.level,
        "answers_for": list(metric.answers_for),
        "passes": metric.passes,
        "reason": metric.reason,
        "human": metric.human.to_json(),
        "corrupted": metric.corrupted.to_json(),
        "corruptions": _figures(metric.corruptions),
    }


def _anchor(anchor: Anchor) -> dict[str, Any]:
    return {
        "benchmark": anchor.benchmark,
        "language": anchor.language,
        "base": anchor.base,
        "base_score": anchor.base_score,
        "base_interval": _ends(anchor.base_interval),
        "reference_score": anchor.reference_score,
        "reference_interval": _ends(anchor.reference_interval),
        "chance": anchor.chance,
        "gap_se": anchor.gap_se,
        "n": anchor.n,
        "minimum_gap": anchor.minimum,
        "counts": anchor.counts,
        "reason": anchor.reason,
    }


def _training(training: Training) -> dict[str, Any]:
    return {
        "base": training.base,
        "teacher": training.who,
        "language": training.language,
        "trial": training.trial,
        "examples": training.examples,
        "wanted": training.wanted,
        "removed": dict(training.removed),
        "loss_curve": [list(point) for point in training.loss_curve],
    }

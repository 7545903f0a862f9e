"""The intrinsic metrics of a pool's teachers, and which of them count in its language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from polyteach.figures import Figure
from polyteach.selection.selectors.contract import NO_ROWS, Pool
from polyteach.selection.selectors.human import human_of
from polyteach.selection.selectors.tokens import NO_STUDENT, token_scores_of
from polyteach.steps import SilentProgress

if TYPE_CHECKING:
    from polyteach.quality.cell import Cell, Embedder
    from polyteach.quality.metric_result import Measured
    from polyteach.scoring.quality import Quality
    from polyteach.scoring.records import GateMetric
    from polyteach.selection.selectors.tools import Tools

PERPLEXITY, RUBRIC = "perplexity", "rubric"
NO_JUDGE = "there is no judge to mark the rows"


@dataclass(frozen=True, slots=True)
class _Plain:
    """What needs neither student nor judge.

    Attributes:
        cell: a teacher's, with the embeddings of all its rows.
        figures: metrics over all rows, on the gate's scales where they have one.
    """

    cell: Cell
    figures: Mapping[str, Figure]


def metric_figure(pool: Pool, tools: Tools, teacher: str, name: str) -> Figure | str:
    """A metric over all rows of a teacher, on its scale of `quality/gated.py`; or why it was not measured."""
    if not pool.rows[teacher]:
        return NO_ROWS
    if name not in (PERPLEXITY, RUBRIC):
        figures = _plain_of(pool, tools)[teacher].figures
        return figures.get(name) or "there are no human rows to compare with"
    if missing := _missing(tools, name):
        return missing
    return _scaled(pool, teacher, name, _asked_models(pool, tools, name)[teacher])


def quality_of(pool: Pool, tools: Tools) -> Mapping[str, Quality]:
    """The quality of each teacher's rows as the robust score has it, the mean q of the metrics that pass.

    The gate is that of a study, of as many human pairs as the smallest teacher has rows (at most half of
    them). Perplexity is under the student, the rubric by `tools.judge`; without them they do not count.
    """
    return tools.once(pool, "gated quality", lambda: _qualities(pool, tools))


def _missing(tools: Tools, name: str) -> str | None:
    if name == PERPLEXITY:
        return None if tools.student else NO_STUDENT
    return None if tools.judge else NO_JUDGE


def _plain_of(pool: Pool, tools: Tools) -> Mapping[str, _Plain]:
    return tools.once(pool, "metrics", lambda: _measure_plain(pool, tools))


def _measure_plain(pool: Pool, tools: Tools) -> dict[str, _Plain]:
    from polyteach.quality.cell import embedder_name, measure_rows, pair_texts
    from polyteach.quality.gated import Corpus, gated_metrics, row_values

    texts, embedder = human_of(pool, tools).texts, _embedder(tools)
    name, found = embedder_name(embedder), {}
    for teacher, rows in pool.rows.items():
        if not rows:
            continue
        places = range(len(rows))
        cell = measure_rows(
            rows,
            pool.language,
            embedder=embedder,
            short=texts.short,
            keep=places,
            rng_seed=pool.rng_seed,
            progress=SilentProgress(),
        )
        values = row_values(cell.metrics, rows, cell.embeddings, name, texts)
        corpus = Corpus(cell.embeddings, pair_texts(rows), name, pool.rng_seed)
        figures = gated_metrics(values, corpus, places, len(rows)).figures
        found[teacher] = _Plain(cell, {**cell.of_samples, **figures})
    return found


def _embedder(tools: Tools) -> Embedder:
    from polyteach.models.embeddings import LEXICAL
    from polyteach.quality.cell import Named

    return tools.embedder or Named(LEXICAL)


def _asked_models(pool: Pool, tools: Tools, name: str) -> Mapping[str, Measured]:
    """Perplexity or rubric marks of each teacher with rows, from the tokens that selectors share."""
    make = _perplexities if name == PERPLEXITY else _marks
    return tools.once(pool, name, lambda: make(pool, tools))


def _perplexities(pool: Pool, tools: Tools) -> dict[str, Measured]:
    from polyteach.models.likelihood import Likelihood
    from polyteach.quality.perplexity import perplexity

    def likelihoods(teacher: str) -> list[Likelihood]:
        return [
            Likelihood(None if one.reason else float(one.nll.sum()), len(one.nll), one.reason)
            for one in token_scores_of(pool, tools)[teacher]
        ]

    return {
        teacher: perplexity(likelihoods(teacher), model=pool.base).corpus
        for teacher, rows in pool.rows.items()
        if rows
    }


def _marks(pool: Pool, tools: Tools) -> dict[str, Measured]:
    return {t: tools.judge.score(rows) for t, rows in pool.rows.items() if rows} if tools.judge else {}


def _scaled(pool: Pool, teacher: str, name: str, measured: Measured) -> Figure:
    from polyteach.quality.gated import row_values
    from polyteach.quality.held_out import HeldOut

    rows = pool.rows[teacher]
    nowhere = {
        side: np.zeros((len(rows), 1)) for side in ("prompt", "response")
    }  # relevance is not asked for
    return row_values({name: measured}, rows, nowhere, "", HeldOut(0, [], {}))[name].figure()


def _qualities(pool: Pool, tools: Tools) -> dict[str, Quality]:
    from polyteach.quality.step import gate_sample, spread_sample
    from polyteach.scoring.quality import cell_quality, passing
    from polyteach.scoring.records import GatedFigures

    human, embedder = human_of(pool, tools), _embedder(tools)
    passed = passing(gate_of(pool, tools), pool.language)
    asked = {
        name: _asked_models(pool, tools, name) for name in (PERPLEXITY, RUBRIC) if not _missing(tools, name)
    }
    found = {}
    for teacher, plain in _plain_of(pool, tools).items():
        rows = pool.rows[teacher]
        places = spread_sample([("", row.source_id) for row in rows], human.texts.n, pool.rng_seed)
        cell = replace(
            plain.cell,
            metrics={**plain.cell.metrics, **{name: of[teacher] for name, of in asked.items()}},
            embeddings={side: vectors[places] for side, vectors in plain.cell.embeddings.items()},
        )
        gated = gate_sample(rows, places, cell, human.texts, embedder, pool.rng_seed)
        pairs = {(one, other): r for one, own in gated.correlations.items() for other, r in own.items()}
        figures = GatedFigures(teacher, pool.language, human.texts.n, gated.figures, pairs)
        found[teacher] = cell_quality(teacher, passed, figures)
    return found


def gate_of(pool: Pool, tools: Tools) -> list[GateMetric]:
    """What the gate found of each metric in the pool's language; nothing without human pairs."""
    return tools.once(pool, "gate", lambda: _gate(pool, tools))


def _gate(pool: Pool, tools: Tools) -> list[GateMetric]:
    from polyteach.models.likelihood import encoded_pairs
    from polyteach.quality.cell import Named
    from polyteach.quality.gate_step import gate_rows
    from polyteach.scoring.records import GateMetric

    human, student = human_of(pool, tools), tools.student
    if not human.clean:
        return []
    results, sets = gate_rows(
        human.clean,
        human.held_out,
        human.others,
        human.texts,
        pool.language,
        embedder=_embedder(tools),
        perplexity_model=Named(pool.base, student.location) if student else None,
        judge=tools.judge,
        rng_seed=pool.rng_seed,
        progress=SilentProgress(),
    )
    if student:
        pairs = [(row.prompt, row.response) for row in sets.rows[: sets.single] if row.response.strip()]
        tools.spent(forward_tokens=sum(len(one.ids) for one in encoded_pairs(student.tokenizer, pairs)))
    return [
        GateMetric(
            language=pool.language,
            metric=result.metric.name,
            level=result.metric.level,
            answers_for=result.metric.answers_for,
            passes=result.passes,
            reason=result.reason,
            human=result.human,
            corrupted=result.corrupted,
            corruptions=result.corruptions,
        )
        for result in results
    ]

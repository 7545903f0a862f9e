"""What a study's rows say of its metrics: is any inflated by scale?

One teacher of each language is enough: the question is the metric's, not the teacher's. Diversity (lexical)
and copies are computed anew on each subset; of the other metrics the rows' own values are averaged. The
robust score takes every metric on equally many rows in any case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, fsum, log
from typing import Any

from polyteach.analysis.scale import Metric, by_size
from polyteach.rows import Row

Cell = tuple[str, str]
"""Teacher and language."""
Values = Mapping[str, Sequence[float | None]]
"""A metric's value of each row, by metric; None where the row is unscored."""
GEOMETRIC = "perplexity"
"""Averaged as its logarithm, since a few rows have perplexities of thousands."""
MOST_ROWS = 800
DRAWS = 6


def sizes(rows: Mapping[Cell, Sequence[Row]], values: Mapping[Cell, Values], rng_seed: int) -> dict[str, Any]:
    """Every metric against the number of rows, language by language.

    Args:
        rows: by cell; of each language the teacher with most rows is taken, the first of equals, and of its
            rows at most 800.
        values: of cells whose rows were measured.
        rng_seed: of the subsets.
    """
    chosen: dict[str, str] = {}
    for teacher, language in rows:
        best = chosen.get(language)
        if best is None or len(rows[teacher, language]) > len(rows[best, language]):
            chosen[language] = teacher
    cells = [
        {
            "teacher": teacher,
            "language": language,
            **_of_cell(rows[teacher, language], values.get((teacher, language), {}), rng_seed),
        }
        for language, teacher in chosen.items()
    ]
    return {"cells": cells, "reason": None if cells else "no teacher has any rows"}


def _of_cell(rows: Sequence[Row], values: Values, rng_seed: int) -> dict[str, Any]:
    found = {}
    places = _some(len(rows), rng_seed)
    for name, metric in _metrics([rows[place] for place in places]).items():
        taken = list(range(len(places)))
        found[name] = by_size(taken, metric, draws=DRAWS, rng_seed=rng_seed).to_json()
    for name, of_rows in values.items():
        some = [of_rows[place] for place in _some(len(of_rows), rng_seed)]
        mean = _geometric if name == GEOMETRIC else _mean
        found[name] = by_size(some, mean, draws=DRAWS, rng_seed=rng_seed).to_json()
    return {"rows": len(places), "metrics": found}


def _some(n: int, rng_seed: int) -> list[int]:
    """At most `MOST_ROWS` places of n, in order."""
    import numpy as np

    if n <= MOST_ROWS:
        return list(range(n))
    return sorted(np.random.default_rng(rng_seed).choice(n, MOST_ROWS, replace=False).tolist())


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fsum(known) / len(known) if known else None


def _geometric(values: Sequence[float | None]) -> float | None:
    mean = _mean([log(value) for value in values if value])
    return None if mean is None else exp(mean)


def _metrics(rows: Sequence[Row]) -> dict[str, Metric[int]]:
    """By name, each from places in the rows to a number."""
    from polyteach.models.embeddings import LEXICAL, embed
    from polyteach.quality.diversity import diversity
    from polyteach.quality.duplicates import exact_duplicates

    prompts, responses = [row.prompt for row in rows], [row.response for row in rows]
    pairs = [f"{prompt}\n{response}" for prompt, response in zip(prompts, responses, strict=True)]

    def spread(side: str, texts: Sequence[str]) -> Metric[int]:
        vectors = embed(texts, LEXICAL)
        return lambda at: diversity(vectors[list(at)], side=side, embedder=LEXICAL).figure.value

    return {
        "prompt_diversity": spread("prompt", prompts),
        "response_diversity": spread("response", responses),
        "exact_duplicates": lambda at: exact_duplicates([pairs[i] for i in at], side="pair").figure.value,
    }

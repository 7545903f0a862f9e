"""What a study's rows say of its metrics: is any inflated by scale?

One teacher of each language is enough: the question is the metric's, not the teacher's. The metrics here
need no model. The robust score takes every metric on equally many rows in any case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polyteach.analysis.scale import Metric, by_size
from polyteach.rows import Row

MOST_ROWS = 800
DRAWS = 6


def sizes(rows: Mapping[tuple[str, str], Sequence[Row]], rng_seed: int) -> dict[str, Any]:
    """Every metric against the number of rows, language by language.

    Args:
        rows: by (teacher, language); of each language the teacher with most rows is taken, the first of
            equals, and of its rows at most 800.
        rng_seed: of the subsets.
    """
    chosen: dict[str, str] = {}
    for teacher, language in rows:
        best = chosen.get(language)
        if best is None or len(rows[teacher, language]) > len(rows[best, language]):
            chosen[language] = teacher
    cells = [
        {"teacher": teacher, "language": language, **_of_cell(rows[teacher, language], rng_seed)}
        for language, teacher in chosen.items()
    ]
    return {"cells": cells, "reason": None if cells else "no teacher has any rows"}


def _of_cell(rows: Sequence[Row], rng_seed: int) -> dict[str, Any]:
    import numpy as np

    if len(rows) > MOST_ROWS:
        places = np.random.default_rng(rng_seed).choice(len(rows), MOST_ROWS, replace=False)
        rows = [rows[place] for place in sorted(places.tolist())]
    numbers = list(range(len(rows)))
    found = {
        name: by_size(numbers, metric, draws=DRAWS, rng_seed=rng_seed).to_json()
        for name, metric in _metrics(rows).items()
    }
    return {"rows": len(rows), "metrics": found}


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
        "response_length": lambda at: sum(len(responses[i]) for i in at) / len(at) if at else None,
    }

from __future__ import annotations

import json
from math import log2

import numpy as np
import pytest
from published import lines

from polyteach.analysis.scale import by_size, nested_sizes, opposed, trends
from polyteach.models.embeddings import LEXICAL, embed
from polyteach.quality.diversity import diversity
from polyteach.quality.duplicates import exact_duplicates


def _mean(values) -> float | None:
    return sum(values) / len(values) if values else None


def test_sizes_are_halved() -> None:
    assert nested_sizes(200) == (25, 50, 100, 200)
    assert nested_sizes(199) == (49, 99, 199)
    assert nested_sizes(30) == (30,)
    assert nested_sizes(8, smallest=1) == (1, 2, 4, 8)


def test_slope_by_hand() -> None:
    # The metric is log2 n itself, in every draw: 1 per doubling, without error.
    found = by_size(range(100), lambda rows: log2(len(rows)), sizes=(25, 50, 100), draws=3, rng_seed=0)
    assert found.per_doubling.value == pytest.approx(1)
    assert found.per_doubling.se == pytest.approx(0, abs=1e-12)
    assert [size.mean for size in found.sizes] == pytest.approx([log2(25), log2(50), log2(100)])
    assert found.moves is True


def test_a_mean_of_rows_is_not_inflated() -> None:
    values = np.random.default_rng(0).normal(5, 1, 400).tolist()
    found = by_size(values, _mean, draws=64, rng_seed=1)
    assert found.moves is False
    assert found.sizes[-1].mean == pytest.approx(np.mean(values))
    assert found.sizes[-1].sd == pytest.approx(0, abs=1e-12)  # every draw is all rows


def test_metrics_of_real_rows(real_data) -> None:
    """Copies grow with n; diversity, which has no bias in n, does not."""
    rows = []
    for teacher in ("gemma-3-27b-it", "aya-expanse-32b"):
        path = real_data / "sft" / f"ja_shaberi_{teacher}.jsonl"
        rows += [json.loads(line)["prompt"] for line in path.read_text(encoding="utf-8").split("\n") if line]
    copies = by_size(rows, lambda texts: exact_duplicates(texts, side="prompt").figure.value, rng_seed=0)
    assert copies.moves is True
    assert copies.per_doubling.value > 0.05  # both teachers have the same prompts: half are copies in the end
    assert copies.sizes[-1].mean == pytest.approx(0.5, abs=0.02)
    vectors = embed(rows, LEXICAL)
    spread = by_size(
        list(range(len(rows))),
        lambda places: diversity(vectors[places], side="prompt", embedder=LEXICAL).figure.value,
        draws=32,
        rng_seed=0,
    )
    assert spread.moves is False


def test_published_data_scale(real_data) -> None:
    """The mean result rises with the rows in every language while the PG-Score falls."""
    figures: dict[str, dict[str, dict[float, float]]] = {"result": {}, "pg_score": {}}
    for row in lines(real_data, "authors_pg_scores_data_scaling.jsonl"):
        for name, by_language in figures.items():
            by_language.setdefault(row["target_lang"], {})[row["scale"]] = row[name]
    result, score = trends(figures["result"]), trends(figures["pg_score"])
    assert opposed(result, score) == ("ar", "de", "id")
    # Rows 1k to 50k: in ar 25k is a little below 10k, one neighbour swap of five: 1 - 6 * 2 / 120.
    assert [trend.order.figure.value for trend in result] == pytest.approx([0.9, 1.0, 1.0])
    # In de 25k and 50k are equal.
    assert [trend.order.figure.value for trend in score] == pytest.approx([-1.0, -0.9747, -1.0], abs=1e-4)
    assert (score[0].first, score[0].last) == (0.7503718586, 0.2707624229)


def test_degenerate_sizes() -> None:
    few = by_size([1.0, 2.0], _mean, rng_seed=0)
    assert few.per_doubling.value is None
    assert few.moves is None
    assert "too few to halve" in str(few.per_doubling.reason)
    none = by_size([], _mean, rng_seed=0)
    assert (none.sizes[0].n, none.sizes[0].mean, none.sizes[0].undefined) == (0, None, 16)
    absent = by_size([1.0] * 100, lambda rows: 1.0 if len(rows) == 100 else None, rng_seed=0)
    assert "undefined on the smaller" in str(absent.per_doubling.reason)
    constant = by_size([2.0] * 100, _mean, rng_seed=0)
    assert (constant.per_doubling.value, constant.moves) == (pytest.approx(0), False)
    assert trends({"x": {}})[0].order.figure.value is None
    assert opposed(trends({"x": {}}), trends({"x": {}})) == ()
    assert few.to_json()["per_doubling"]["reason"]

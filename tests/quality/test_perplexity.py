"""Corpus perplexity: the token-weighted mean, its error, and what is left out."""

import math

import numpy as np
import pytest

from polyteach.models.likelihood import Likelihood
from polyteach.quality.perplexity import perplexity


def test_hand_worked() -> None:
    found = perplexity([Likelihood(2.0, 1), Likelihood(4.0, 5)], model="m")
    assert found.corpus.figure.value == pytest.approx(math.e)  # (2 + 4) / (1 + 5) nats a token
    assert found.corpus.values == pytest.approx((math.exp(2), math.exp(0.8)))
    assert found.median.figure.value == pytest.approx((math.exp(2) + math.exp(0.8)) / 2)
    # residuals 2 - 1 and 4 - 5: variance 2 / 1 * 2 / 36
    assert found.corpus.figure.se == pytest.approx(math.e * 2 / 6)


def test_an_outlier_moves_the_corpus_figure_by_its_tokens_only() -> None:
    usual = [Likelihood(30.0, 10)] * 99
    found = perplexity([*usual, Likelihood(110.0, 10)], model="m")  # alone: e^11 = 6e4
    assert found.corpus.figure.value == pytest.approx(math.exp(3.08))
    assert found.median.figure.value == pytest.approx(math.exp(3))


def test_error_is_the_spread_between_samples() -> None:
    rng = np.random.default_rng(2)

    def sample() -> list[Likelihood]:
        tokens = rng.integers(1, 60, size=120)
        return [Likelihood(float(t * rng.gamma(8, 0.25)), int(t)) for t in tokens]

    figures = [perplexity(sample(), model="m").corpus.figure for _ in range(400)]
    spread = np.std([f.value for f in figures], ddof=1)
    assert np.mean([f.se for f in figures]) == pytest.approx(spread, rel=0.1)


def test_degenerate() -> None:
    one = perplexity([Likelihood(3.0, 3), Likelihood(None, 0, "empty_response")], model="m").corpus.figure
    assert (one.value, one.se, one.n, dict(one.unscored)) == (math.e, None, 1, {"empty_response": 1})
    nothing = perplexity([Likelihood(None, 9, "too_long")], model="m")
    assert (nothing.corpus.figure.value, nothing.corpus.figure.reason) == (None, "too_long")
    assert perplexity([], model="m").median.figure.reason == "no rows"
    silent = perplexity([Likelihood(0.0, 0), Likelihood(3.0, 3)], model="m").corpus
    assert (silent.figure.value, silent.reasons) == (math.e, ("no_tokens", None))
    huge = perplexity([Likelihood(1e6, 10)], model="m").corpus
    assert huge.reasons == ("not_finite",)

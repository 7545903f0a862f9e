"""How surprising the responses are to a language model, given their prompts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from polyteach.figures import Figure, undefined
from polyteach.models.likelihood import Likelihood
from polyteach.quality.metric_result import Z95, Measured, count_reasons, measured_median, why_nothing

CORPUS = (
    "exp(sum of NLL / number of tokens) over the responses' tokens given the prompt, under {model} "
    "(arXiv 2604.11290 averages per-row perplexities, whose mean a few outliers dominate, and its released "
    "job copies a batch's mean loss to each row and does not mask padding); se by the delta method, rows as "
    "clusters"
)
MEDIAN = "median over rows of exp(NLL / tokens) of the response given the prompt, under {model}"


@dataclass(frozen=True, slots=True)
class Perplexity:
    """Perplexity of a set: `corpus` weighs each token alike, `median` each row; rows' values are the same."""

    corpus: Measured
    median: Measured


def perplexity(likelihoods: Sequence[Likelihood], *, model: str) -> Perplexity:
    """Perplexities of responses, in the unit of choices a token.

    With rows of NLL x_i and t_i tokens, m = sum x / sum t and the figure is exp(m). The variance of a ratio
    with rows as clusters is n / (n - 1) * sum (x_i - m t_i)^2 / (sum t)^2; its root times exp(m) is `se`, the
    interval is exp(m -+ 1.96 root). One row: no error. Beyond what a float holds a row is `not_finite`,
    without a token `no_tokens`.

    Args:
        likelihoods: of `models.likelihood.response_likelihoods`.
        model: whose surprise it is, for the definition.
    """
    values, reasons = _rows(likelihoods)
    median = measured_median(values, reasons, MEDIAN.format(model=model))
    return Perplexity(Measured(_corpus(likelihoods, values, reasons, model), values, reasons), median)


def _rows(likelihoods: Sequence[Likelihood]) -> tuple[tuple[float | None, ...], tuple[str | None, ...]]:
    values: list[float | None] = []
    reasons: list[str | None] = []
    for likelihood in likelihoods:
        if not likelihood.tokens:
            values.append(None)
            reasons.append(likelihood.reason or "no_tokens")
            continue
        mean = None if likelihood.nll is None else likelihood.nll / likelihood.tokens
        fits = mean is not None and mean < 700  # exp(709) is the largest float
        values.append(math.exp(mean) if mean is not None and fits else None)
        reasons.append(None if fits else likelihood.reason or "not_finite")
    return tuple(values), tuple(reasons)


def _corpus(
    likelihoods: Sequence[Likelihood],
    values: Sequence[float | None],
    reasons: Sequence[str | None],
    model: str,
) -> Figure:
    definition = CORPUS.format(model=model)
    scored = [item for item, value in zip(likelihoods, values, strict=True) if value is not None]
    unscored = count_reasons(reasons)
    if not scored:
        return undefined(definition, why_nothing(reasons), unscored)
    nll = np.array([item.nll for item in scored], dtype=np.float64)
    tokens = np.array([item.tokens for item in scored], dtype=np.float64)
    n, mean = len(scored), float(nll.sum() / tokens.sum())
    if n == 1:
        return Figure(math.exp(mean), definition, n=n, unscored=unscored)
    squares = float(((nll - mean * tokens) ** 2).sum())
    se = math.sqrt(n / (n - 1) * squares) / float(tokens.sum())
    return Figure(
        value=math.exp(mean),
        definition=definition,
        n=n,
        se=math.exp(mean) * se,
        low=math.exp(mean - Z95 * se),
        high=math.exp(mean + Z95 * se),
        unscored=unscored,
    )

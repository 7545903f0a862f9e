"""All intrinsic metrics of one set of rows together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from polyteach.figures import Figure
from polyteach.models.embeddings import LEXICAL, LEXICAL_NAME, embed_to
from polyteach.models.endpoint.settings import EndpointSettings
from polyteach.models.likelihood import response_likelihoods
from polyteach.models.local import LocalModel
from polyteach.models.took import Took
from polyteach.quality.distinct import distinct
from polyteach.quality.diversity import diversity
from polyteach.quality.duplicates import exact_duplicates, near_duplicates
from polyteach.quality.fidelity import language_fidelity
from polyteach.quality.judge import ORACLE as ORACLE_NAME
from polyteach.quality.judge import Judge
from polyteach.quality.judge_pleas import pleading
from polyteach.quality.lengths import character_lengths, token_lengths
from polyteach.quality.metric_result import Measured
from polyteach.quality.order import seeded_order
from polyteach.quality.perplexity import perplexity
from polyteach.quality.short_texts import ShortTexts
from polyteach.quality.vendi import vendi
from polyteach.rows import Row
from polyteach.steps import Progress


@dataclass(frozen=True, slots=True)
class Named:
    """Something on this machine, and the name under which definitions and results speak of it.

    Attributes:
        name: the same on every machine, such as a model's digest or hub id.
        location: a folder or hub id; empty for what needs none.
    """

    name: str
    location: str = ""


ORACLE = Named(ORACLE_NAME)
Embedder = Named | EndpointSettings
"""Who makes vectors: on this machine, or a model behind an endpoint."""


@dataclass(frozen=True, slots=True)
class RowLevel:
    """The metrics that have a value of their own in each row, and the languages found in the rows' texts."""

    metrics: dict[str, Measured]
    prompt_languages: tuple[str | None, ...]
    response_languages: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """The intrinsic metrics of a set of rows, by name; what else was found on the way.

    Attributes:
        metrics: those to which each row brings a value of its own, by name.
        of_samples: those of a sample of the rows as a whole, by name.
        prompt_languages, response_languages: the language found in each text.
        embeddings: k x d, of `prompt` and `response`, of the k rows asked for.
    """

    metrics: dict[str, Measured]
    of_samples: dict[str, Figure]
    prompt_languages: tuple[str | None, ...]
    response_languages: tuple[str | None, ...]
    embeddings: dict[str, NDArray[np.float64]]

    @property
    def figures(self) -> dict[str, Figure]:
        """The figures by the metrics' names."""
        return {name: measured.figure for name, measured in self.metrics.items()} | self.of_samples


def measure_rows(
    rows: Sequence[Row],
    language: str,
    *,
    embedder: Embedder = Named(LEXICAL),
    perplexity_model: Named | None = None,
    judge: Judge | None = None,
    short: ShortTexts | None = None,
    keep: Sequence[int] = (),
    scratch: Path | None = None,
    rng_seed: int,
    progress: Progress,
    embedded: Took | None = None,
) -> Cell:
    """Measures rows; metrics of models that were not asked for are not in the result.

    Args:
        rows: of one teacher and language, in any order; the figures do not depend on it, beyond rounding.
        language: standard code of the language they should be in.
        embedder: for diversity.
        perplexity_model: a causal model of which the responses' perplexity is taken.
        judge: who gives rubric scores.
        short: finds the language of short texts; without it they are left unscored.
        keep: places of the rows whose embeddings are wanted.
        scratch: a folder where one side's embeddings can lie for a while (4 n d bytes); by default the
            system's own.
        rng_seed: of MinHash and of samples.
        progress: told of rows, once for each of perplexity and judge; the judge tells its own.
        embedded: told of what an embedder at an endpoint takes.
    """
    prompts, responses = [row.prompt for row in rows], [row.response for row in rows]
    progress.start(len(rows) * (1 + (perplexity_model is not None) + (judge is not None)), "rows")
    order, name = seeded_order(rows, rng_seed), embedder_name(embedder)
    sets: dict[str, Measured] = {}
    of_samples: dict[str, Figure] = {}
    kept: dict[str, NDArray[np.float64]] = {}
    for side, texts in (("prompt", prompts), ("response", responses)):
        with TemporaryDirectory(dir=scratch) as folder:
            embeddings = embed_to(Path(folder) / side, texts, embedder_location(embedder), took=embedded)
            sets[f"{side}_diversity"] = diversity(embeddings, side=side, embedder=name)
            of_samples[f"{side}_vendi"] = vendi(embeddings, order, side=side, embedder=name)
            kept[side] = embeddings[list(keep)]
        for n in (1, 2):
            drawn = (texts[place] for place in order)
            of_samples[f"{side}_distinct_{n}"] = distinct(drawn, language, n, side=side)
    sets |= _duplicates(prompts, responses, pair_texts(rows), rng_seed)
    progress.advance(len(rows))
    by_row = measure_each_row(
        rows,
        language,
        perplexity_model=perplexity_model,
        judge=judge,
        short=short,
        progress=progress,
    )
    return Cell(sets | by_row.metrics, of_samples, by_row.prompt_languages, by_row.response_languages, kept)


def measure_each_row(
    rows: Sequence[Row],
    language: str,
    *,
    perplexity_model: Named | None,
    judge: Judge | None,
    short: ShortTexts | None,
    progress: Progress,
) -> RowLevel:
    """The metrics of one row at a time: lengths, fidelity, perplexity, rubric; see `measure_rows`."""
    prompts, responses = [row.prompt for row in rows], [row.response for row in rows]
    in_prompts = language_fidelity(prompts, language, side="prompt", short=short)
    in_responses = language_fidelity(responses, language, side="response", short=short)
    metrics = _lengths(rows)
    metrics |= {"prompt_fidelity": in_prompts.measured, "response_fidelity": in_responses.measured}
    if perplexity_model:
        model = LocalModel.load(perplexity_model.location)
        likelihoods = response_likelihoods(
            model.model,
            model.tokenizer,
            list(zip(prompts, responses, strict=True)),
            context=model.context,
            progress=progress,
        )
        result = perplexity(likelihoods, model=perplexity_model.name)
        metrics |= {"perplexity": result.corpus, "perplexity_median": result.median}
    if judge:
        metrics["rubric"] = judge.score(rows)
        metrics["pleas"] = pleading(responses)
    return RowLevel(metrics, in_prompts.detected, in_responses.detected)


def pair_texts(rows: Sequence[Row]) -> list[str]:
    """Prompt and response as one text; empty where there is no response."""
    return [f"{row.prompt}\n{row.response}" if row.response.strip() else "" for row in rows]


def embedder_name(embedder: Embedder) -> str:
    """The embedder as definitions have it."""
    if isinstance(embedder, EndpointSettings):
        return embedder.model
    return LEXICAL_NAME if embedder.name == LEXICAL else embedder.name


def embedder_location(embedder: Embedder) -> str | EndpointSettings:
    """What `embed` is to be called with."""
    if isinstance(embedder, EndpointSettings):
        return embedder
    return LEXICAL if embedder.name == LEXICAL else embedder.location


def _lengths(rows: Sequence[Row]) -> dict[str, Measured]:
    metrics: dict[str, Measured] = {}
    for side, texts, tokens in (
        ("prompt", [row.prompt for row in rows], [row.prompt_tokens for row in rows]),
        ("response", [row.response for row in rows], [row.response_tokens for row in rows]),
    ):
        metrics[f"{side}_length"], metrics[f"{side}_length_median"] = character_lengths(texts, side=side)
        if side == "response":  # prompt tokens include the teacher's instructions: no length of the prompt
            metrics["response_tokens"], metrics["response_tokens_median"] = token_lengths(tokens, side=side)
    return metrics


def _duplicates(
    prompts: list[str], responses: list[str], pairs: list[str], rng_seed: int
) -> dict[str, Measured]:
    """Of pairs under the plain names, since a copied pair adds nothing; of each side under its own."""
    metrics: dict[str, Measured] = {}
    for prefix, side, texts in (
        ("", "prompt and response pair", pairs),
        ("prompt_", "prompt", prompts),
        ("response_", "response", responses),
    ):
        metrics[f"{prefix}exact_duplicates"] = exact_duplicates(texts, side=side)
        metrics[f"{prefix}near_duplicates"] = near_duplicates(texts, side=side, rng_seed=rng_seed)
    return metrics

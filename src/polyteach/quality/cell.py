"""All intrinsic metrics of one set of rows together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from polyteach.figures import Figure
from polyteach.models.embeddings import LEXICAL, LEXICAL_NAME, embed
from polyteach.models.likelihood import response_likelihoods
from polyteach.models.local import LocalModel
from polyteach.quality.diversity import diversity
from polyteach.quality.duplicates import exact_duplicates, near_duplicates
from polyteach.quality.fidelity import language_fidelity
from polyteach.quality.lengths import character_lengths, token_lengths
from polyteach.quality.measured import Measured
from polyteach.quality.perplexity import perplexity
from polyteach.quality.rubric import judged_by_model, judged_by_oracle
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


ORACLE = Named("oracle")


@dataclass(frozen=True, slots=True)
class Cell:
    """The intrinsic metrics of a set of rows, by name, and the languages found in its texts."""

    metrics: dict[str, Measured]
    prompt_languages: tuple[str | None, ...]
    response_languages: tuple[str | None, ...]

    @property
    def figures(self) -> dict[str, Figure]:
        """The figures by the metrics' names."""
        return {name: measured.figure for name, measured in self.metrics.items()}


def measure_rows(
    rows: Sequence[Row],
    language: str,
    *,
    embedder: Named = Named(LEXICAL),
    perplexity_model: Named | None = None,
    judge: Named | None = None,
    rng_seed: int,
    progress: Progress,
) -> Cell:
    """Measures rows; metrics of models that were not asked for are not in the result.

    Args:
        rows: of one teacher and language, in any order; the figures do not depend on it, beyond rounding.
        language: standard code of the language they should be in.
        embedder: for diversity.
        perplexity_model: a causal model of which the responses' perplexity is taken.
        judge: `ORACLE` or a model.
        rng_seed: of MinHash, and handed to the judge.
        progress: told of rows, once for each of perplexity and judge.
    """
    prompts, responses = [row.prompt for row in rows], [row.response for row in rows]
    pairs = [f"{p}\n{r}" if r.strip() else "" for p, r in zip(prompts, responses, strict=True)]
    passes = 1 + (perplexity_model is not None) + (judge is not None)
    progress.start(len(rows) * passes, "rows")
    in_prompts = language_fidelity(prompts, language, side="prompt")
    in_responses = language_fidelity(responses, language, side="response")
    metrics = (
        _diversities(prompts, responses, embedder)
        | _lengths(rows)
        | {"prompt_fidelity": in_prompts.measured, "response_fidelity": in_responses.measured}
        | _duplicates(prompts, responses, pairs, rng_seed)
    )
    progress.advance(len(rows))
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
        metrics["rubric"] = _rubric(rows, language, judge, rng_seed, progress)
    return Cell(metrics, in_prompts.detected, in_responses.detected)


def _diversities(prompts: list[str], responses: list[str], embedder: Named) -> dict[str, Measured]:
    lexical = embedder.name == LEXICAL
    location, name = (LEXICAL, LEXICAL_NAME) if lexical else (embedder.location, embedder.name)
    return {
        f"{side}_diversity": diversity(embed(texts, location), side=side, embedder=name)
        for side, texts in (("prompt", prompts), ("response", responses))
    }


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


def _rubric(rows: Sequence[Row], language: str, judge: Named, rng_seed: int, progress: Progress) -> Measured:
    if judge == ORACLE:
        result = judged_by_oracle(rows, language)
        progress.advance(len(rows))
        return result
    model = LocalModel.load(judge.location)
    return judged_by_model(rows, language, model, judge=judge.name, rng_seed=rng_seed, progress=progress)

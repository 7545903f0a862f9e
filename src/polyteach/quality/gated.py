"""The metrics that may count in the robust score, what each claims to see, and on which scale it counts.

A claim is made here, beforehand, from what a metric is meant to measure; the gate (`gate.py`) tests it in
each language. A metric that fails on one claim counts for nothing there; one that claims nothing never
counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from polyteach.figures import Figure, undefined
from polyteach.quality.characters import ORDER
from polyteach.quality.corruptions import (
    BOILERPLATE,
    CUT_OFF,
    NEAR_DUPLICATES,
    NOISE,
    SHUFFLED,
    SWAPPED,
    WRONG_LANGUAGE,
)
from polyteach.quality.diversity import diversity
from polyteach.quality.duplicates import exact_duplicates, near_duplicates
from polyteach.quality.held_out import HeldOut
from polyteach.quality.metric_result import Measured, measured_mean

if TYPE_CHECKING:
    from polyteach.rows import Row

PERPLEXITY = (
    "mean over rows of -log(1 + PPL), PPL = exp(NLL / tokens) of the response given the prompt; Eq. 1 of "
    "arXiv 2604.11290 takes it of a mean of PPL, which a few outliers dominate; PPL is: "
)
BITS = (
    "mean over rows of the response's bits a character, its end included, under a character {order}-gram "
    "model (interpolated Witten-Bell) of {texts} held-out human responses of the language"
)
ENDING = (
    "mean over rows of the bits of the response's end after its last {context} characters, under a character "
    "{order}-gram model (interpolated Witten-Bell) of {texts} held-out human responses of the language"
)
RELEVANCE = "mean over rows of the cosine of the embeddings of prompt and response; embedder: {embedder}"


@dataclass(frozen=True, slots=True)
class GatedMetric:
    """One metric's claim.

    Attributes:
        name: as in `metrics.json` where it is there.
        answers_for: the corruptions it must see.
        better: 1 if a greater value is better, -1 if a smaller one is.
        level: `row` where each row has a value of its own, `corpus` where only a set has one.
    """

    name: str
    answers_for: tuple[str, ...]
    better: Literal[1, -1] = 1
    level: Literal["row", "corpus"] = "row"


METRICS = (
    # Means to say which language a text is in, and nothing else.
    GatedMetric("prompt_fidelity", (WRONG_LANGUAGE,)),
    GatedMetric("response_fidelity", (WRONG_LANGUAGE,)),
    # Fluency: word order and spelling. Not the language (its model may know several), not repetition (which
    # lowers it), and not the fit to the prompt, which hardly moves the mean over a long response's tokens.
    GatedMetric("perplexity", (SHUFFLED, NOISE)),
    # Asks for proficiency, grammar and helpfulness: all damage to a single example.
    GatedMetric("rubric", (SHUFFLED, WRONG_LANGUAGE, CUT_OFF, BOILERPLATE, SWAPPED, NOISE)),
    # Sees five characters at a time: spelling. Word order is beyond it where words are long.
    GatedMetric("bits_per_character", (NOISE,), better=-1),
    # Means to say whether a response ends as responses of the language end.
    GatedMetric("ending_bits", (CUT_OFF,), better=-1),
    # Means to say whether a response has to do with its prompt, by what their embeddings share. A response
    # that copies its prompt has 1, but q stops at what human responses have, so copying earns nothing.
    GatedMetric("relevance", (SWAPPED,)),
    # How different the texts of a set are: copies of whole rows; for responses also stock phrases.
    GatedMetric("prompt_diversity", (NEAR_DUPLICATES,), level="corpus"),
    GatedMetric("response_diversity", (NEAR_DUPLICATES, BOILERPLATE), level="corpus"),
    GatedMetric("near_duplicates", (NEAR_DUPLICATES,), better=-1, level="corpus"),
    # Near duplicates have exact ones in them: counting these again would weigh copies twice.
    GatedMetric("exact_duplicates", (), better=-1, level="corpus"),
    # Long is not good: lengths are shown and never count.
    GatedMetric("prompt_length", ()),
    GatedMetric("response_length", ()),
)


@dataclass(frozen=True, slots=True)
class RowValues:
    """A row-level metric on the scale on which it counts; None with a reason where a row has no value."""

    values: tuple[float | None, ...]
    reasons: tuple[str | None, ...]
    definition: str

    def figure(self, places: Sequence[int] | slice = slice(None)) -> Figure:
        """The mean over some of the rows."""
        here = range(len(self.values))[places] if isinstance(places, slice) else places
        values, reasons = [self.values[p] for p in here], [self.reasons[p] for p in here]
        return measured_mean(values, reasons, self.definition).figure


def row_values(
    measured: Mapping[str, Measured],
    rows: Sequence[Row],
    embeddings: Mapping[str, NDArray[np.float64]],
    embedder: str,
    held_out: HeldOut,
) -> dict[str, RowValues]:
    """The row-level metrics of rows, on their score scales.

    Args:
        measured: the metrics known already, each with the values of the rows.
        rows: aligned with these values.
        embeddings: n x d of `prompt` and `response`, aligned too.
        embedder: its name, for the definition.
        held_out: with the model of held-out responses.
    """
    found: dict[str, RowValues] = {}
    for metric in METRICS:
        if metric.level == "row" and metric.name in measured:
            one = measured[metric.name]
            values, definition = one.values, one.figure.definition
            if metric.name == "perplexity":
                values = tuple(None if value is None else -math.log1p(value) for value in values)
                definition = PERPLEXITY + definition
            found[metric.name] = RowValues(values, one.reasons, definition)
    found["relevance"] = _relevance(embeddings["prompt"], embeddings["response"], embedder)
    if held_out.characters:
        kept = [row.response if row.response.strip() else None for row in rows]
        bits = iter(held_out.characters.bits([text for text in kept if text is not None]))
        each = [None if text is None else next(bits) for text in kept]
        reasons = tuple("empty" if text is None else None for text in kept)
        words = {"order": ORDER, "context": ORDER - 1, "texts": len(held_out.responses)}
        found["bits_per_character"] = RowValues(
            tuple(None if b is None else float(b.mean()) for b in each), reasons, BITS.format(**words)
        )
        found["ending_bits"] = RowValues(
            tuple(None if b is None else float(b[-1]) for b in each), reasons, ENDING.format(**words)
        )
    return found


def _relevance(prompts: NDArray[np.float64], responses: NDArray[np.float64], embedder: str) -> RowValues:
    sizes = np.linalg.norm(prompts, axis=1) * np.linalg.norm(responses, axis=1)
    products = np.einsum("ij,ij->i", prompts, responses)
    values = tuple(float(p / s) if s > 0 else None for p, s in zip(products, sizes, strict=True))
    reasons = tuple(None if value is not None else "empty" for value in values)
    return RowValues(values, reasons, RELEVANCE.format(embedder=embedder))


@dataclass(frozen=True, slots=True)
class Corpus:
    """What the corpus-level metrics need of a set of rows.

    Attributes:
        embeddings: n x d of `prompt` and `response`.
        pairs: prompt and response as one text.
        embedder: its name, for definitions.
        rng_seed: of MinHash.
    """

    embeddings: Mapping[str, NDArray[np.float64]]
    pairs: Sequence[str]
    embedder: str
    rng_seed: int

    def figure(self, name: str, places: Sequence[int]) -> Figure:
        """One corpus-level metric over some of the rows."""
        return self.measured(name, places).figure

    def measured(self, name: str, places: Sequence[int]) -> Measured:
        """The same with what each row brings to it."""
        chosen = list(places)
        if name.endswith("_diversity"):
            side = name.removesuffix("_diversity")
            return diversity(self.embeddings[side][chosen], side=side, embedder=self.embedder)
        texts, side = [self.pairs[place] for place in chosen], "prompt and response pair"
        if name == "exact_duplicates":
            return exact_duplicates(texts, side=side)
        return near_duplicates(texts, side=side, rng_seed=self.rng_seed)


@dataclass(frozen=True, slots=True)
class Gated:
    """The gated metrics of a sample of rows.

    Attributes:
        figures: by metric.
        correlations: of the metrics' errors over these rows, by both names, each pair once.
    """

    figures: Mapping[str, Figure]
    correlations: Mapping[str, Mapping[str, float]]


def gated_metrics(values: Mapping[str, RowValues], corpus: Corpus, places: Sequence[int], n: int) -> Gated:
    """All gated metrics of a sample of a teacher's rows, on the scales of the gate.

    Args:
        values: the row-level metrics; aligned with `places`.
        corpus: the whole set.
        places: which rows of it are the sample.
        n: how many the gate's human rows are; corpus-level metrics of fewer rows cannot be compared.
    """
    figures: dict[str, Figure] = {}
    rows: dict[str, Sequence[float | None]] = {}
    for metric in METRICS:
        if metric.level == "row":
            if metric.name in values:
                figures[metric.name] = values[metric.name].figure()
                rows[metric.name] = values[metric.name].values
            continue
        measured = corpus.measured(metric.name, places)
        figure = measured.figure
        if len(places) < n:
            figure = undefined(figure.definition, f"{len(places)} rows, the gate's human data has {n}")
        figures[metric.name] = figure
        rows[metric.name] = measured.values
    return Gated(figures, correlations(rows))


def correlations(rows: Mapping[str, Sequence[float | None]]) -> dict[str, dict[str, float]]:
    """Pearson's correlation of what each row brings to two metrics, to first order that of their errors.

    A row that a metric could not score moves it by nothing, so it stands at the metric's mean. A metric that
    does not vary has no error to correlate, and 0. Rounded to six decimals.
    """
    deviations: dict[str, NDArray[np.float64]] = {}
    for name, found in rows.items():
        known = np.array([value is not None for value in found])
        x = np.array([0.0 if value is None else value for value in found], dtype=np.float64)
        deviations[name] = np.where(known, x - (x[known].mean() if known.any() else 0.0), 0.0)
    names = list(rows)
    return {
        one: {other: _cosine(deviations[one], deviations[other]) for other in names[place + 1 :]}
        for place, one in enumerate(names)
    }


def _cosine(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return round(float(one @ other) / size, 6) if size > 1e-12 else 0.0

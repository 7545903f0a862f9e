"""How likely a model finds a response to a prompt: negative log-likelihood of the response's tokens."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from polyteach.steps import Progress, SilentProgress

if TYPE_CHECKING:
    import torch

TOKENS_PER_BATCH = 4096
LOGITS_AT_ONCE = 2**26
"""Logits computed at a time: 256 MB in float32, whatever the vocabulary and the length."""


@dataclass(frozen=True, slots=True)
class Likelihood:
    """One response under one model.

    Attributes:
        nll: sum of the negative log-likelihoods of the response's tokens, in nats; None where unscored.
        tokens: how many tokens the sum is over; what ends the turn counts, as it does in training.
        reason: why it is unscored: `empty_response`, `no_tokens`, `too_long`, `not_finite`.
    """

    nll: float | None
    tokens: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Encoded:
    """Token ids of prompt and response, and where the response starts (at least 1)."""

    ids: list[int]
    start: int


def response_likelihoods(
    model: Any,
    tokenizer: Any,
    pairs: Sequence[tuple[str, str]],
    *,
    context: int,
    tokens_per_batch: int = TOKENS_PER_BATCH,
    logits_at_once: int = LOGITS_AT_ONCE,
    progress: Progress | None = None,
) -> list[Likelihood]:
    """Scores responses given their prompts; one result a pair, in their order.

    The text is what a student of the model would be taught (`students/template.py`): the tokenizer's chat
    template, or a minimal one where it has none. The response's tokens are those beyond the common prefix of
    the prompt's rendering (with the generation prompt) and the full one: where a token spans the border, it
    counts as the response's. Unlike the job released with arXiv 2604.11290, which copied a batch's mean loss
    to each of its rows and let padding into it, each row has its own sum over its own tokens, and the batch
    it was in moves it by rounding only (below 1e-4 a token in float32).

    Args:
        model: a causal language model of transformers, in eval mode, on its device.
        tokenizer: its tokenizer.
        pairs: (prompt, response).
        context: the most tokens the model can read; a longer example is `too_long`, never cut.
        tokens_per_batch: examples of like length go together up to this many tokens, padding included.
        logits_at_once: bounds the memory of logits; a longer response is read in spans, from the cache.
        progress: told of each example.
    """
    progress = progress or SilentProgress()
    results = [Likelihood(None, 0, "empty_response") for _ in pairs]
    asked = [index for index, (_, response) in enumerate(pairs) if response.strip()]
    encoded = dict(zip(asked, _encode(tokenizer, [pairs[index] for index in asked]), strict=True))
    for index, example in list(encoded.items()):
        tokens = max(len(example.ids) - example.start, 0)
        if not tokens or len(example.ids) > context:
            results[index] = Likelihood(None, tokens, "too_long" if tokens else "no_tokens")
            del encoded[index]
    progress.advance(len(pairs) - len(encoded))
    for batch in _batches({index: len(example.ids) for index, example in encoded.items()}, tokens_per_batch):
        sums = _batch_nll(model, [encoded[index] for index in batch], logits_at_once)
        for index, nll in zip(batch, sums, strict=True):
            tokens = len(encoded[index].ids) - encoded[index].start
            finite = nll < float("inf")  # False for nan too
            results[index] = Likelihood(nll, tokens) if finite else Likelihood(None, tokens, "not_finite")
        progress.advance(len(batch))
    return results


def _encode(tokenizer: Any, pairs: Sequence[tuple[str, str]]) -> list[_Encoded]:
    if not pairs:
        return []
    from polyteach.students.encode import common_prefix
    from polyteach.students.template import render, with_chat_template

    if not tokenizer.chat_template:
        tokenizer = with_chat_template(deepcopy(tokenizer))  # others use it as it is
    # A template writes its own special tokens.
    heads = [render(tokenizer, prompt) for prompt, _ in pairs]
    wholes = [render(tokenizer, prompt, response) for prompt, response in pairs]
    head_ids = tokenizer(heads, add_special_tokens=False)["input_ids"]
    whole_ids = tokenizer(wholes, add_special_tokens=False)["input_ids"]
    return [
        _Encoded(list(whole), max(1, common_prefix(head, whole)))
        for head, whole in zip(head_ids, whole_ids, strict=True)
    ]


def _batches(lengths: dict[int, int], tokens_per_batch: int) -> Iterator[list[int]]:
    """Yields indices of examples of like length, longest first; padded, a batch fits the budget or is one."""
    batch: list[int] = []
    for index in sorted(lengths, key=lambda index: (-lengths[index], index)):
        if batch and lengths[batch[0]] * (len(batch) + 1) > tokens_per_batch:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _batch_nll(model: Any, examples: Sequence[_Encoded], logits_at_once: int) -> list[float]:
    """Sum of response NLLs of each example, padded on the right, where a causal model cannot see.

    Logits are asked for from the first response on, and a span of columns at a time: where one span does not
    do, the model goes on from its cache.
    """
    import torch

    longest = max(len(example.ids) for example in examples)
    first = min(example.start for example in examples) - 1
    ids = torch.zeros((len(examples), longest), dtype=torch.long)
    mask = torch.zeros((len(examples), longest), dtype=torch.long)
    scored = torch.zeros((len(examples), longest), dtype=torch.bool)
    for row, example in enumerate(examples):
        ids[row, : len(example.ids)] = torch.tensor(example.ids)
        mask[row, : len(example.ids)] = 1
        scored[row, example.start : len(example.ids)] = True
    ids, mask, scored = (tensor.to(model.device) for tensor in (ids, mask, scored))
    vocabulary = model.config.get_text_config().vocab_size
    span = max(1, logits_at_once // (len(examples) * vocabulary))
    total = torch.zeros(len(examples), dtype=torch.float64)
    with torch.inference_mode():
        for begin, logits in _spans(model, ids[:, :-1], mask[:, :-1], first, span):
            targets = slice(begin + 1, begin + 1 + logits.shape[1])
            nll = torch.nn.functional.cross_entropy(
                logits.float().flatten(0, 1), ids[:, targets].flatten(), reduction="none"
            ).view(len(examples), -1)
            # where, not multiply: a padded column may hold nan, and 0 * nan is nan
            kept = torch.where(scored[:, targets], nll, torch.zeros_like(nll))
            total += kept.double().sum(dim=1).cpu()
    return [float(nll) for nll in total]


def _spans(
    model: Any, ids: torch.Tensor, mask: torch.Tensor, first: int, span: int
) -> Iterator[tuple[int, torch.Tensor]]:
    """Yields (column, logits [rows, up to span, vocabulary]) for all columns from `first` on."""
    length = ids.shape[1]
    keeps = "logits_to_keep" in inspect.signature(model.forward).parameters
    past, done = None, 0
    for begin in range(first, length, span):
        end = min(begin + span, length)
        options: dict[str, Any] = {"logits_to_keep": end - begin} if keeps else {}
        if past is not None:
            options["past_key_values"] = past
        output = model(
            input_ids=ids[:, done:end],
            attention_mask=mask[:, :end],
            use_cache=end < length or done > 0,
            **options,
        )
        past = getattr(output, "past_key_values", None)
        yield begin, output.logits[:, -(end - begin) :]
        done = end

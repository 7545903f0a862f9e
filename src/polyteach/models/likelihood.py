"""How likely a model finds a continuation: negative log-likelihoods of given tokens.

One engine for perplexity, for benchmarks of choices, and for whatever else compares texts under a model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from polyteach.steps import Progress, SilentProgress

if TYPE_CHECKING:
    import torch

TOKENS_PER_BATCH = 4096
LOGITS_AT_ONCE = 2**26
"""Logits computed at a time: 256 MB in float32, whatever the vocabulary and the length."""
POSITIONS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Likelihood:
    """One continuation under one model.

    Attributes:
        nll: sum of the negative log-likelihoods of the continuation's tokens, in nats; None where unscored.
        tokens: how many tokens the sum is over; what ends the turn counts, as it does in training.
        reason: why it is unscored: `empty_response`, `no_tokens`, `too_long`, `not_finite`.
        greedy: whether each of its tokens is the likeliest one; None where unscored.
    """

    nll: float | None
    tokens: int
    reason: str | None = None
    greedy: bool | None = None


@dataclass(frozen=True, slots=True)
class Continuation:
    """Token ids, of which those from `start` (at least 1) on are scored, given all before them."""

    ids: Sequence[int]
    start: int

    @property
    def tokens(self) -> int:
        """How many are scored."""
        return max(len(self.ids) - self.start, 0)

    def why_not(self, context: int) -> str | None:
        """Why it cannot be scored by a model that reads so many tokens; None where it can."""
        if not self.tokens:
            return "no_tokens"
        return "too_long" if len(self.ids) > context else None


@dataclass(slots=True)
class Read:
    """What the model reads once, for all continuations that differ in their last token only.

    Attributes:
        ids: the tokens but for the last.
        start: the first position (of `ids`, shifted by one) that is scored.
        of: which continuations, and the last token of each.
    """

    ids: Sequence[int]
    start: int
    of: list[tuple[int, int]] = field(default_factory=list)

    @property
    def scored(self) -> int:
        """Positions of which logits are needed."""
        return len(self.ids) - self.start + 1


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
    to each of its rows and let padding into it, each row has its own sum over its own tokens.

    Args:
        model: a causal language model of transformers, in eval mode, on its device.
        tokenizer: its tokenizer.
        pairs: (prompt, response).
        context: see `likelihoods`.
        tokens_per_batch: see there.
        logits_at_once: see there.
        progress: told of each pair.
    """
    progress = progress or SilentProgress()
    results = [Likelihood(None, 0, "empty_response") for _ in pairs]
    asked = [index for index, (_, response) in enumerate(pairs) if response.strip()]
    progress.advance(len(pairs) - len(asked))
    encoded = encoded_pairs(tokenizer, [pairs[index] for index in asked])
    found = likelihoods(
        model,
        encoded,
        context=context,
        tokens_per_batch=tokens_per_batch,
        logits_at_once=logits_at_once,
        progress=progress,
    )
    for index, likelihood in zip(asked, found, strict=True):
        results[index] = likelihood
    return results


def likelihoods(
    model: Any,
    continuations: Sequence[Continuation],
    *,
    context: int,
    tokens_per_batch: int = TOKENS_PER_BATCH,
    logits_at_once: int = LOGITS_AT_ONCE,
    progress: Progress | None = None,
) -> list[Likelihood]:
    """Scores continuations; one result each, in their order.

    Continuations of one prompt that differ in the last token only (the letters of a choice) are read once.
    The others of a result's batch move it by rounding only (below 1e-4 a token in float32).

    Args:
        model: a causal language model of transformers, in eval mode, on its device.
        continuations: what to score.
        context: the most tokens the model can read; a longer example is `too_long`, never cut.
        tokens_per_batch: examples of like length go together up to this many tokens, padding included.
        logits_at_once: bounds the memory of logits; a longer continuation is read in spans, from the cache.
        progress: told of each continuation.
    """
    progress = progress or SilentProgress()
    results = [Likelihood(None, one.tokens, one.why_not(context)) for one in continuations]
    reads = _reads(continuations, [index for index, found in enumerate(results) if found.reason is None])
    progress.advance(sum(found.reason is not None for found in results))
    positions = max(1, logits_at_once // model.config.get_text_config().vocab_size)
    for batch in batches(reads, tokens_per_batch, positions):
        for read, scores in zip(batch, _scores(model, batch, positions), strict=True):
            for (index, _), (nll, greedy) in zip(read.of, scores, strict=True):
                results[index] = _likelihood(nll, continuations[index].tokens, greedy)
            progress.advance(len(read.of))
    return results


def _likelihood(nll: float, tokens: int, greedy: bool) -> Likelihood:
    finite = nll < float("inf")  # False for nan too
    return Likelihood(nll, tokens, greedy=greedy) if finite else Likelihood(None, tokens, "not_finite")


def encoded_pairs(tokenizer: Any, pairs: Sequence[tuple[str, str]]) -> list[Continuation]:
    """Prompts and responses as a student of the model would be taught them, see `response_likelihoods`."""
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
        Continuation(whole, max(1, common_prefix(head, whole)))
        for head, whole in zip(head_ids, whole_ids, strict=True)
    ]


def _reads(continuations: Sequence[Continuation], asked: Sequence[int]) -> list[Read]:
    """What has to be read, longest first."""
    reads: dict[tuple[int, ...], Read] = {}
    for index in asked:
        one = continuations[index]
        read = reads.setdefault((one.start, *one.ids[:-1]), Read(one.ids[:-1], one.start))
        read.of.append((index, one.ids[-1]))
    return sorted(reads.values(), key=lambda read: (-len(read.ids), read.of[0][0]))


def batches(reads: Sequence[Read], tokens_per_batch: int, positions: int) -> Iterator[list[Read]]:
    """Yields reads of like length: padded, a batch is within both bounds, or it is a single one."""
    batch: list[Read] = []
    scored = 0
    for read in reads:
        full = batch and len(batch[0].ids) * (len(batch) + 1) > tokens_per_batch
        if batch and (full or scored + read.scored > positions):
            yield batch
            batch, scored = [], 0
        batch.append(read)
        scored += read.scored
    if batch:
        yield batch


def padded(batch: Sequence[Read], device: torch.device) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Ids, attention mask and which positions are scored, all [reads, longest].

    Examples are padded on the right, where a causal model cannot see.
    """
    import torch

    rows, longest = len(batch), max(len(read.ids) for read in batch)
    ids, mask = torch.zeros((2, rows, longest), dtype=torch.long)
    scored = torch.zeros((rows, longest), dtype=torch.bool)
    for row, read in enumerate(batch):
        ids[row, : len(read.ids)] = torch.as_tensor(read.ids)
        mask[row, : len(read.ids)] = 1
        scored[row, read.start - 1 : len(read.ids)] = True
    return ids.to(device), mask.to(device), scored.to(device)


def _scores(model: Any, batch: Sequence[Read], positions: int) -> list[list[tuple[float, bool]]]:
    """For each read and each of its last tokens: the sum of the NLLs, and whether all were the likeliest."""
    import torch

    ids, mask, scored = padded(batch, model.device)
    rows = len(batch)
    nll = torch.zeros(ids.shape, dtype=torch.float64, device=ids.device)
    likeliest = torch.ones(ids.shape, dtype=torch.bool, device=ids.device)
    ends: dict[int, list[tuple[float, bool]]] = {}
    with torch.inference_mode():
        for begin, end, logits in spans(model, ids, mask, scored, positions):
            here, columns = scored[:, begin:end], slice(begin, end)
            follows = torch.roll(ids, -1, dims=1)[:, columns][here]
            # a few positions at a time: the logarithms of all would take as much memory as the logits
            parts = [slice(at, at + POSITIONS_AT_ONCE) for at in range(0, len(follows), POSITIONS_AT_ONCE)]
            costs = [
                torch.nn.functional.cross_entropy(logits[part], follows[part], reduction="none")
                for part in parts
            ]
            best = logits.argmax(dim=-1)
            nll[:, columns][here] = torch.cat(costs).double()
            likeliest[:, columns][here] = best == follows
            places = here.flatten().cumsum(0).view_as(here) - 1
            for row, read in enumerate(batch):
                last = len(read.ids) - 1
                if begin <= last < end:
                    place = places[row, last - begin]
                    tokens = torch.as_tensor([token for _, token in read.of], device=ids.device)
                    ends_cost = -torch.log_softmax(logits[place], dim=-1)[tokens].double()
                    ends[row] = list(zip(ends_cost.tolist(), (tokens == best[place]).tolist(), strict=True))
                    nll[row, last], likeliest[row, last] = 0.0, True  # what follows it is each end's own
    before, all_best = nll.sum(dim=1).tolist(), likeliest.all(dim=1).tolist()
    return [
        [(before[row] + cost, all_best[row] and is_best) for cost, is_best in ends[row]]
        for row in range(rows)
    ]


def spans(
    model: Any, ids: torch.Tensor, mask: torch.Tensor, scored: torch.Tensor, positions: int
) -> Iterator[tuple[int, int, torch.Tensor]]:
    """Yields (first column, column after the last, logits [scored positions in them, vocabulary], float32).

    One span where the batch's scored positions are within the bound. Else (one long example) the model goes
    on from its cache.
    """
    length, first = ids.shape[1], int(scored.any(dim=0).int().argmax())
    span = length if int(scored.sum()) <= positions else positions
    past, done = None, 0
    for begin in range(first, length, span):
        end = min(begin + span, length)
        wanted = scored[:, done:end]
        options: dict[str, Any] = {} if past is None else {"past_key_values": past}
        with _picked(model, wanted):
            output = model(
                input_ids=ids[:, done:end],
                attention_mask=mask[:, :end],
                use_cache=end < length or done > 0,
                **options,
            )
        past = getattr(output, "past_key_values", None)
        logits = output.logits
        if logits.shape[1] == wanted.shape[1] and logits.shape[0] == wanted.shape[0]:
            logits = logits[wanted][None]  # a model that does not end in its output layer
        yield begin, end, logits[0].float()
        done = end


@contextmanager
def _picked(model: Any, wanted: torch.Tensor) -> Iterator[None]:
    """Lets the output layer see only the hidden states of some positions, [rows, columns] of them.

    What the model does to its logits afterwards (scaling, capping) is done to these.
    """

    def pick(module: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        return (inputs[0][wanted][None], *inputs[1:])

    hook = model.get_output_embeddings().register_forward_pre_hook(pick)
    try:
        yield
    finally:
        hook.remove()

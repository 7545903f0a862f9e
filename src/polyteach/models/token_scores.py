"""How a model finds each token of a continuation: its negative log-likelihood, and its rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from polyteach.models.likelihood import (
    LOGITS_AT_ONCE,
    POSITIONS_AT_ONCE,
    TOKENS_PER_BATCH,
    Continuation,
    Read,
    batches,
    padded,
    spans,
)

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class TokenScores:
    """One continuation under one model, token by token.

    Attributes:
        nll: negative log-likelihoods in nats, one a token; empty where unscored.
        rank: 1 + how many tokens of the vocabulary are likelier, one a token.
        reason: why it is unscored, as in `likelihood.Likelihood`.
    """

    nll: NDArray[np.float64]
    rank: NDArray[np.int64]
    reason: str | None = None

    @classmethod
    def unscored(cls, reason: str) -> TokenScores:
        """Without any token."""
        return cls(np.zeros(0), np.zeros(0, dtype=np.int64), reason)


def token_scores(
    model: Any,
    continuations: Sequence[Continuation],
    *,
    context: int,
    tokens_per_batch: int = TOKENS_PER_BATCH,
    logits_at_once: int = LOGITS_AT_ONCE,
) -> list[TokenScores]:
    """Scores every token of continuations; one result each, in their order.

    The model is asked as `likelihood.likelihoods` asks it, which see for the arguments; that one gives sums
    only, and reads choices of one letter once.
    """
    found = [TokenScores.unscored(one.why_not(context) or "not_finite") for one in continuations]
    reads = [
        Read(one.ids[:-1], one.start, [(place, one.ids[-1])])
        for place, one in enumerate(continuations)
        if not one.why_not(context)
    ]
    reads.sort(key=lambda read: (-len(read.ids), read.of[0][0]))
    positions = max(1, logits_at_once // model.config.get_text_config().vocab_size)
    for batch in batches(reads, tokens_per_batch, positions):
        nll, rank, scored = _scored(model, batch, positions)
        for row, read in enumerate(batch):
            here = scored[row]
            costs = nll[row][here]
            if np.isfinite(costs).all():
                found[read.of[0][0]] = TokenScores(costs, rank[row][here])
    return found


def _scored(
    model: Any, batch: Sequence[Read], positions: int
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
    """NLL and rank of what follows each position, and which positions are scored; all [reads, longest]."""
    import torch

    ids, mask, scored = padded(batch, model.device)
    targets = torch.roll(ids, -1, dims=1)
    for row, read in enumerate(batch):
        targets[row, len(read.ids) - 1] = read.of[0][1]
    nll = torch.zeros(ids.shape, dtype=torch.float64, device=ids.device)
    rank = torch.zeros(ids.shape, dtype=torch.long, device=ids.device)
    with torch.inference_mode():
        for begin, end, logits in spans(model, ids, mask, scored, positions):
            here, columns = scored[:, begin:end], slice(begin, end)
            follows = targets[:, columns][here]
            parts = [slice(at, at + POSITIONS_AT_ONCE) for at in range(0, len(follows), POSITIONS_AT_ONCE)]
            costs, ranks = zip(*(_of_logits(logits[part], follows[part]) for part in parts), strict=True)
            nll[:, columns][here] = torch.cat(costs)
            rank[:, columns][here] = torch.cat(ranks)
    return nll.cpu().numpy(), rank.cpu().numpy(), scored.cpu().numpy()


def _of_logits(logits: torch.Tensor, follows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """NLL and rank of what follows, [positions] each, from logits [positions, vocabulary].

    Tokens that are exactly as likely do not push each other down.
    """
    import torch

    own = logits.gather(1, follows[:, None])
    cost = torch.nn.functional.cross_entropy(logits, follows, reduction="none")
    return cost.double(), 1 + (logits > own).sum(dim=1)

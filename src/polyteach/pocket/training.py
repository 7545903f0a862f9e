"""The plain training loop of the pocket models: float32, Muon on matrices, a weighted loss per token."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from polyteach.pocket.documents import END, Document, stream
from polyteach.pocket.recipe import BATCH, Recipe, Size
from polyteach.pocket.tokenizer import BOS, PAD

POOL = 16  # batches drawn at once and sorted by length, so that little of a batch is padding
WARM_UP = 0.02
Encoded = tuple[list[int], list[float]]


def new_model(size: Size, tokenizer: Any, rng_seed: int) -> Any:
    """Returns a Llama-style model with random weights, in float32."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(rng_seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=size.width,
        intermediate_size=size.hidden,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.heads,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.convert_tokens_to_ids(BOS),
        eos_token_id=tokenizer.convert_tokens_to_ids(END),
        pad_token_id=tokenizer.convert_tokens_to_ids(PAD),
    )
    model: Any = LlamaForCausalLM(config)
    return model.to(torch.float32)


def train(recipe: Recipe, model: Any, tokenizer: Any, report: Callable[[int, float], None]) -> None:
    """Trains a model in place on the documents of its recipe.

    Deterministic on one machine with one version of torch: no dropout, fixed order and step count.

    Args:
        recipe: what to train on and how long.
        model: the starting weights.
        tokenizer: of the documents.
        report: called after each step with its number (from 1) and its loss.
    """
    import torch

    model.train()
    optimizers = _optimizers(recipe, model)
    for step, batch in enumerate(_batches(recipe, tokenizer)):
        rate = _rate(step, recipe.steps)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * rate
        loss = _loss(model, batch, tokenizer.pad_token_id)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
        model.zero_grad(set_to_none=True)
        report(step + 1, loss.item())
    model.eval()


def _rate(step: int, steps: int) -> float:
    """Linear warm-up over 2% of the steps, then linear decay to zero."""
    warm_up = max(1, round(steps * WARM_UP))
    return min((step + 1) / warm_up, (steps - step) / max(1, steps - warm_up))


def _optimizers(recipe: Recipe, model: Any) -> list[Any]:
    import torch

    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    others = [p for name, p in model.named_parameters() if p.ndim != 2 or "embed" in name]
    muon = torch.optim.Muon(
        matrices, lr=recipe.matrix_lr, momentum=0.95, weight_decay=0.0, adjust_lr_fn="match_rms_adamw"
    )
    adamw = torch.optim.AdamW(others, lr=recipe.other_lr, betas=(0.9, 0.95), weight_decay=0.0)
    for optimizer in (muon, adamw):
        for group in optimizer.param_groups:
            group["peak"] = group["lr"]
    return [muon, adamw]


def _loss(model: Any, batch: list[Encoded], pad: int) -> Any:
    """The weighted mean loss per token; no mask: padding is on the right, which a causal model never sees."""
    import torch

    longest = max(len(ids) for ids, _ in batch)
    ids = torch.tensor([ids + [pad] * (longest - len(ids)) for ids, _ in batch])
    weights = torch.tensor([weights + [0.0] * (longest - len(weights)) for _, weights in batch])[:, 1:]
    logits = model(input_ids=ids[:, :-1], use_cache=False).logits
    losses = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
    return (losses * weights.flatten()).sum() / weights.sum()


def _batches(recipe: Recipe, tokenizer: Any) -> Iterator[list[Encoded]]:
    """Yields `recipe.steps` batches: documents as drawn, but sorted by length within a pool."""
    rng = Random(f"batches {recipe.rng_seed}")
    encode = Encoder(tokenizer)
    documents = stream(recipe)
    left = recipe.steps
    while left:
        count = min(POOL, left)
        pool = sorted((encode(next(documents)) for _ in range(count * BATCH)), key=lambda pair: len(pair[0]))
        batches = [pool[start : start + BATCH] for start in range(0, len(pool), BATCH)]
        rng.shuffle(batches)
        yield from batches
        left -= count


class Encoder:
    """Turns documents into token ids and weights, remembering the parts it has seen."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._bos: int = tokenizer.convert_tokens_to_ids(BOS)
        self._known: dict[str, list[int]] = {}

    def __call__(self, document: Document) -> Encoded:
        """Returns ids (beginning with bos) and the weight of each in the loss (bos has none)."""
        ids, weights = [self._bos], [0.0]
        for text, weight in document.parts:
            part = self._part(text)
            ids += part
            weights += [weight] * len(part)
        return ids, weights

    def _part(self, text: str) -> list[int]:
        if text not in self._known:
            self._known[text] = self._tokenizer.encode(text, add_special_tokens=False)
        return self._known[text]

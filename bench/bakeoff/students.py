"""Trains and examines one student, fast: plain padded steps, and both exams in one pass over the items.

The recipe, the order of the rows and the loss are those of `polyteach.students.sft`; the exams are
`pocket-choice` and `pocket-exact`. `bakeoff.check` holds both against the program's own.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch

from bakeoff.traps import loaded
from polyteach.pocket.exam import exam
from polyteach.rows import Row
from polyteach.students.encode import encode_rows
from polyteach.students.order import steps_of
from polyteach.students.passes import padded
from polyteach.students.recipe import Recipe
from polyteach.students.template import render

RECIPE = Recipe(
    epochs=6, learning_rate=6e-3, batch_size=16, gradient_accumulation=1, weight_decay=0.0,
    max_length=160, packing=False,
)  # fmt: skip
ITEMS_AT_ONCE = 92
IGNORED = -100


def trained(base: str, rows: Sequence[Row], rng_seed: int, recipe: Recipe = RECIPE) -> tuple[Any, int]:
    """Trains a copy of a pocket base in full; returns it and the tokens it read, epochs counted."""
    model, tokenizer = loaded(base)
    student = copy.deepcopy(model).train()
    encoded = encode_rows(tokenizer, rows, recipe.max_length)
    steps = steps_of(len(encoded.ids), recipe.effective_batch, recipe.epochs, rng_seed)
    examples = list(zip(encoded.input_ids, encoded.labels, strict=True))
    optimizer = torch.optim.AdamW(
        student.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
    )
    for number, step in enumerate(steps):
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate * (len(steps) - number) / len(steps)
        batch = padded([examples[place] for place in step], tokenizer.pad_token_id)
        labels = batch["labels"][:, 1:]
        counted = labels != IGNORED
        # Padding is on the right, which a causal model never sees: no mask is needed.
        hidden = student.model(input_ids=batch["input_ids"], use_cache=False).last_hidden_state
        logits = student.lm_head(hidden[:, :-1][counted])
        torch.nn.functional.cross_entropy(logits, labels[counted]).backward()
        torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return student.eval(), recipe.epochs * sum(map(len, encoded.input_ids))


@dataclass(frozen=True)
class Items:
    """Some items, each a row: its prompt, then its choices side by side, none seeing another.

    Attributes:
        ids, positions: [items, longest].
        mask: [items, 1, longest, longest], 0 where a token sees another, else very low.
        spans: by item and choice, where its tokens lie; the logits before its first are the prompt's last.
        last: by item, where the prompt ends.
        right: by item, which choice is right.
    """

    ids: torch.Tensor
    positions: torch.Tensor
    mask: torch.Tensor
    spans: list[list[tuple[int, int]]]
    last: list[int]
    right: list[int]


@torch.no_grad()
def examined(student: Any, base: str, language: str) -> dict[str, np.ndarray]:
    """Right (1) or wrong (0) on each item of both benchmarks, in the order of `polyteach.pocket.exam`.

    An exact answer is right if each of its tokens is the likeliest one after those before it, and what is
    likeliest then ends the answer (end of turn or line break): so greedy writing would write it.
    """
    _, tokenizer = loaded(base)
    ends = {tokenizer.eos_token_id, tokenizer.convert_tokens_to_ids(tokenizer.tokenize("\n"))[0]}
    chosen: list[int] = []
    written: list[int] = []
    for items in _items(base, language):
        hidden = student.model(
            input_ids=items.ids, position_ids=items.positions, attention_mask=items.mask, use_cache=False
        ).last_hidden_state
        for number, spans in enumerate(items.spans):
            first = items.last[number]
            logits = student.lm_head(hidden[number, first:])
            scores = torch.log_softmax(logits, dim=-1)
            totals = []
            for start, end in spans:
                before = [0, *range(start - first, end - first - 1)]
                totals.append(float(scores[before, items.ids[number, start:end]].sum()))
            right = items.right[number]
            chosen.append(int(totals.index(max(totals)) == right))
            start, end = spans[right]
            places = [0, *range(start - first, end - first)]
            likeliest = logits[places].argmax(dim=-1).tolist()
            wanted = items.ids[number, start:end].tolist()
            written.append(int(likeliest[:-1] == wanted and likeliest[-1] in ends))
    return {"pocket-choice": np.array(chosen, np.uint8), "pocket-exact": np.array(written, np.uint8)}


@cache
def _items(base: str, language: str) -> tuple[Items, ...]:
    _, tokenizer = loaded(base)
    asked = exam(language).choice
    return tuple(
        _together(tokenizer, asked[at : at + ITEMS_AT_ONCE]) for at in range(0, len(asked), ITEMS_AT_ONCE)
    )


def _together(tokenizer: Any, asked: Sequence[Any]) -> Items:
    def tokens(text: str) -> list[int]:
        found: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
        return found

    prompts = [tokens(render(tokenizer, item.question)) for item in asked]
    choices = [[tokens(choice) for choice in item.choices] for item in asked]
    longest = max(len(p) + sum(map(len, c)) for p, c in zip(prompts, choices, strict=True))
    ids = torch.full((len(asked), longest), tokenizer.pad_token_id)
    positions = torch.zeros((len(asked), longest), dtype=torch.long)
    sees = torch.eye(longest, dtype=torch.bool).repeat(len(asked), 1, 1)
    spans: list[list[tuple[int, int]]] = []
    for number, (prompt, own) in enumerate(zip(prompts, choices, strict=True)):
        length = len(prompt)
        ids[number, :length] = torch.tensor(prompt)
        positions[number, :length] = torch.arange(length)
        sees[number, :length, :length] = torch.ones(length, length).tril().bool()
        at, places = length, []
        for choice in own:
            end = at + len(choice)
            ids[number, at:end] = torch.tensor(choice)
            positions[number, at:end] = torch.arange(length, length + len(choice))
            sees[number, at:end, :length] = True
            sees[number, at:end, at:end] = torch.ones(end - at, end - at).tril().bool()
            places.append((at, end))
            at = end
        spans.append(places)
    mask = torch.zeros(sees.shape).masked_fill(~sees, torch.finfo(torch.float32).min)[:, None]
    last = [len(prompt) - 1 for prompt in prompts]
    return Items(ids, positions, mask, spans, last, [item.answer_index for item in asked])

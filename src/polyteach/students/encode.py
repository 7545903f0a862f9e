"""Rows as token ids and labels: what the student reads, and which of it it is taught to write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from polyteach.rows import Row
from polyteach.students.template import render

IGNORED = -100
"""The label of a token that takes no part in the loss (PyTorch's and TRL's value)."""


@dataclass(frozen=True, slots=True)
class EncodedRows:
    """Examples ready for training.

    Attributes:
        input_ids: one list of token ids an example, at most `max_length` long.
        labels: as long; the answer's tokens where they count, `IGNORED` elsewhere.
        ids: the rows' ids, in the same order.
        truncated: examples of which the end was cut off.
        dropped: rows of which nothing of the answer was left within `max_length`.
    """

    input_ids: list[list[int]]
    labels: list[list[int]]
    ids: list[str]
    truncated: int
    dropped: int


def encode_rows(tokenizer: Any, rows: Sequence[Row], max_length: int) -> EncodedRows:
    """Tokenises rows, with labels on the answer only (including its end-of-turn tokens).

    The same ids and labels as TRL gives conversational prompt-completion data with `completion_only_loss`
    (a test compares them), in one pass of the tokenizer rather than five `Dataset.map`. The answer begins
    where the tokens of the prompt alone and of the whole turn part, so any chat template will do, with or
    without `{% generation %}` markers.
    """
    prompts = _token_ids(tokenizer, [render(tokenizer, row.prompt) for row in rows])
    turns = _token_ids(tokenizer, [render(tokenizer, row.prompt, row.response) for row in rows])
    starts = [common_prefix(prompt, turn) for prompt, turn in zip(prompts, turns, strict=True)]
    kept = [i for i, start in enumerate(starts) if start < min(len(turns[i]), max_length)]
    return EncodedRows(
        input_ids=[turns[i][:max_length] for i in kept],
        labels=[([IGNORED] * starts[i] + turns[i][starts[i] :])[:max_length] for i in kept],
        ids=[rows[i].id for i in kept],
        truncated=sum(len(turns[i]) > max_length for i in kept),
        dropped=len(rows) - len(kept),
    )


def common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    """How many leading tokens two sequences share."""
    pairs = zip(left, right, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(left), len(right)))


def _token_ids(tokenizer: Any, texts: list[str]) -> list[list[int]]:
    """Token ids of rendered text, which already holds the special tokens the template wants."""
    ids: list[list[int]] = tokenizer(texts, add_special_tokens=False)["input_ids"]
    return ids

"""How long prompts and responses are."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from polyteach.quality.metric_result import Measured, measured_mean, measured_median

CHARACTERS = (
    "{kind} length of the {side}s in characters: code points after NFC, blanks at the ends taken off "
    "(arXiv 2604.11290 counts tokens, which depend on a tokenizer)"
)
TOKENS = (
    "{kind} length of the {side}s in tokens of the teacher's own tokenizer, over rows where the teacher's "
    "server or model reported it; not comparable between teachers with different tokenizers"
)


def character_lengths(texts: Sequence[str], *, side: str) -> tuple[Measured, Measured]:
    """Mean and median length in code points; an empty text is unscored (`empty`), not a length of 0."""
    lengths = [len(unicodedata.normalize("NFC", text).strip()) for text in texts]
    values = [float(length) if length else None for length in lengths]
    reasons = [None if length else "empty" for length in lengths]
    return (
        measured_mean(values, reasons, CHARACTERS.format(kind="mean", side=side)),
        measured_median(values, reasons, CHARACTERS.format(kind="median", side=side)),
    )


def token_lengths(tokens: Sequence[int], *, side: str) -> tuple[Measured, Measured]:
    """Mean and median of reported token counts; 0 means that nobody counted (`not reported`)."""
    values = [float(count) if count > 0 else None for count in tokens]
    reasons = [None if count > 0 else "not reported" for count in tokens]
    return (
        measured_mean(values, reasons, TOKENS.format(kind="mean", side=side)),
        measured_median(values, reasons, TOKENS.format(kind="median", side=side)),
    )

"""What the pocket task files call. lm-eval loads this file by its place, so it imports nothing of ours."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

Items = Mapping[str, Sequence[Mapping[str, Any]]]


def choice_items(items: Items, **_: Any) -> dict[str, Any]:
    """The choice items that were handed over in lm-eval's metadata, as a data set."""
    return _data_set(items["pocket-choice"])


def exact_items(items: Items, **_: Any) -> dict[str, Any]:
    """The exact-answer items, likewise."""
    return _data_set(items["pocket-exact"])


def exact_match(doc: Mapping[str, str], results: Sequence[str]) -> dict[str, float]:
    """1 where the answer is the right one, else 0."""
    return {"exact_match": float(normalise(results[0]) == normalise(doc["answer"]))}


def normalise(text: str) -> str:
    """NFKC, no white space around: full-width digits and composed letters count as what they look like."""
    return unicodedata.normalize("NFKC", text).strip()


def _data_set(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    from datasets import Dataset

    return {"test": Dataset.from_list(list(items))}

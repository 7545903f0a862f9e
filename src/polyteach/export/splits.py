"""Held-out splits: drawn with an rng_seed; no prompt stands in two of them, and near ones are counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from polyteach.errors import UserError
from polyteach.texts import normalised

TRAIN = "train"
_NAME = re.compile(r"[A-Za-z]\w{0,63}", re.ASCII)
_SIZE = re.compile(r"(\d{1,12})|(\d{1,2}(?:\.\d{1,6})?)%")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Split:
    """A split that is asked for: so many rows, or a share of them."""

    name: str
    rows: int | None
    share: float | None

    @classmethod
    def of(cls, text: str) -> Split:
        """Reads `test=200` or `test=5%`.

        Raises:
            UserError: it is neither.
        """
        name, _, size = text.partition("=")
        found = _SIZE.fullmatch(size)
        if not _NAME.fullmatch(name) or name == TRAIN or not found:
            fix = "write NAME=ROWS or NAME=SHARE%, such as test=5%; what is left over is the split train"
            raise UserError(f"{text!r} is no split", where="--split", fix=fix)
        return cls(name, int(found[1]) if found[1] else None, float(found[2]) / 100 if found[2] else None)

    def size(self, rows: int) -> int:
        """How many rows it is to have, of so many."""
        return round((self.share or 0.0) * rows) if self.rows is None else self.rows


def draw_splits(
    items: Sequence[T], prompt: Callable[[T], str], splits: Sequence[Split], rng_seed: int
) -> dict[str, list[T]]:
    """Draws the splits; `train`, which comes first, is what is left over.

    Items with the same prompt, after NFKC, case folding and joining of blanks, come into the same split, so a
    split may be a few rows short of what was asked for. Each keeps the order of the items.

    Raises:
        UserError: a split is named twice, stays empty, or nothing is left for `train`.
    """
    if len({split.name for split in splits}) < len(splits):
        raise UserError("names a split twice", where="--split", fix="give each split its own name")
    groups: dict[str, list[int]] = {}
    for place, item in enumerate(items):
        groups.setdefault(normalised(prompt(item)), []).append(place)
    left = list(groups.values())
    Random(f"export splits {rng_seed}").shuffle(left)
    drawn: dict[str, list[int]] = {}
    for split in splits:
        wanted = split.size(len(items))
        chosen, left = _fill(left, wanted)
        drawn[split.name] = [place for group in chosen for place in group]
        if not chosen:
            what = f"split {split.name!r} of {wanted} of {len(items)} rows stays empty"
            raise UserError(what, where="--split", fix="ask for more rows; rows with one prompt go together")
    rest = [place for group in left for place in group]
    if not rest and items:
        raise UserError("no row is left for the split train", where="--split", fix="ask for smaller splits")
    return {
        name: [items[place] for place in sorted(places)] for name, places in ({TRAIN: rest} | drawn).items()
    }


def near_train(prompts: Mapping[str, Sequence[str]], rng_seed: int) -> dict[str, int]:
    """Rows of each held-out split whose prompt is nearly one of `train` (see `quality.duplicates.NEAR`).

    They are counted and stay: where prompts follow few templates, to keep them together would leave no split.

    Args:
        prompts: of each split's rows; with `train`.
        rng_seed: of the search.
    """
    from polyteach.quality.duplicates import near_groups

    if len(prompts) < 2:
        return {}
    places = [split for split, own in prompts.items() for _ in own]
    groups = near_groups([text for own in prompts.values() for text in own], rng_seed=rng_seed)
    trained = {group for split, group in zip(places, groups, strict=True) if split == TRAIN}
    near = Counter(split for split, group in zip(places, groups, strict=True) if group in trained)
    return {split: near[split] for split in prompts if split != TRAIN}


def _fill(groups: list[list[int]], wanted: int) -> tuple[list[list[int]], list[list[int]]]:
    """Takes groups in their order as long as they fit; returns those taken, and the others."""
    taken: list[list[int]] = []
    others: list[list[int]] = []
    room = wanted
    for group in groups:
        fits = len(group) <= room
        (taken if fits else others).append(group)
        room -= len(group) if fits else 0
    return taken, others

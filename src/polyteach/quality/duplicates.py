"""Exact and near duplicates among prompts, responses, or both together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyteach.figures import Figure, undefined
from polyteach.models.embeddings import gram_hashes
from polyteach.quality.metric_result import Measured, count_reasons
from polyteach.texts import normalised

EXACT = (
    "share of {side}s that repeat an earlier one, after NFKC, case folding and joining of blanks "
    "(surplus copies; se by jackknife over rows; not in arXiv 2604.11290)"
)
NEAR = (
    "share of {side}s that are surplus in groups of exact or near duplicates: Jaccard of the sets of "
    "{width}-character shingles at least {least}, candidates by MinHash LSH ({permutations} permutations, "
    "{bands} bands of {band}; a pair at the threshold is found with probability {found:.3f}), each "
    "checked exactly; groups are joined pair by pair; se by jackknife over rows; not in arXiv 2604.11290"
)
SHINGLE = 4
LEAST_JACCARD = 0.8
BANDS, BAND = 21, 6
"""A pair at Jaccard .8 becomes a candidate with probability 1 - (1 - .8^6)^21 = .998; at .3 with .015."""


def exact_duplicates(texts: Sequence[str], *, side: str) -> Measured:
    """Share of surplus copies; a row's value is 1 if an earlier row has the same text, else 0.

    Empty texts are unscored (`empty`). The share depends on n (copies are rarer in a part of a set), and so
    does its error: compare sets of equal size.
    """
    plain = [normalised(text) for text in texts]
    return _share(plain, plain, EXACT.format(side=side))


def near_duplicates(texts: Sequence[str], *, side: str, rng_seed: int) -> Measured:
    """Share of rows beyond the first of their group of near duplicates; exact copies are in it too.

    Groups are the connected components of the pairs found, so the share does not depend on the rows' order.
    Empty texts are unscored (`empty`).
    """
    definition = NEAR.format(
        side=side,
        width=SHINGLE,
        least=LEAST_JACCARD,
        permutations=BANDS * BAND,
        bands=BANDS,
        band=BAND,
        found=1 - (1 - LEAST_JACCARD**BAND) ** BANDS,
    )
    groups = near_groups(texts, rng_seed=rng_seed)
    return _share([normalised(text) for text in texts], groups, definition)


def near_groups(texts: Sequence[str], *, rng_seed: int) -> list[int]:
    """A number for each text, the same for exact and near duplicates (see `NEAR`); -1 for empty texts."""
    plain = [normalised(text) for text in texts]
    unique = list(dict.fromkeys(text for text in plain if text))
    group = list(range(len(unique)))
    for one, other in _candidates(unique, rng_seed):
        root, other_root = _root(group, one), _root(group, other)
        if root != other_root and _jaccard(_shingles(unique[one]), _shingles(unique[other])) >= LEAST_JACCARD:
            group[max(root, other_root)] = min(root, other_root)
    place = {text: index for index, text in enumerate(unique)}
    return [_root(group, place[text]) if text else -1 for text in plain]


def _share(plain: Sequence[str], groups: Sequence[Hashable], definition: str) -> Measured:
    """Share of rows beyond the first of their group.

    Without row i the share is (surplus - [i has copies]) / (n - 1), so the jackknife's error is
    sqrt(p (1 - p) / (n - 1)), p the share of rows with copies. No interval: near 0 it would have no width.
    """
    sizes = Counter(group for text, group in zip(plain, groups, strict=True) if text)
    seen: set[Hashable] = set()
    values: list[float | None] = []
    for text, group in zip(plain, groups, strict=True):
        values.append(float(group in seen) if text else None)
        seen.add(group)
    reasons = tuple(None if text else "empty" for text in plain)
    scored = [value for value in values if value is not None]
    unscored, n = count_reasons(reasons), len(scored)
    if not n:
        figure = undefined(definition, "empty" if plain else "no rows", unscored)
        return Measured(figure, tuple(values), reasons)
    copied = sum(size for size in sizes.values() if size > 1) / n
    se = float(np.sqrt(copied * (1 - copied) / (n - 1))) if n > 1 else None
    return Measured(Figure(sum(scored) / n, definition, n, se, unscored=unscored), tuple(values), reasons)


def _candidates(texts: Sequence[str], rng_seed: int) -> Iterator[tuple[int, int]]:
    """Pairs (i < j) that share a band of their MinHash signatures, in a fixed order.

    Memory: 12 bytes a text and band, beside the texts.
    """
    bands = _bands(texts, rng_seed)
    before = np.full(bands.shape, -1, dtype=np.int32)  # the last text before it with the same band
    for band in range(BANDS):
        order = np.argsort(bands[:, band], kind="stable")
        same = bands[order[1:], band] == bands[order[:-1], band]
        before[order[1:][same], band] = order[:-1][same]
    for later in np.flatnonzero((before >= 0).any(axis=1)).tolist():
        found: set[int] = set()
        for band in range(BANDS):
            earlier = int(before[later, band])
            while earlier >= 0:
                found.add(earlier)
                earlier = int(before[earlier, band])
        for earlier in sorted(found):
            yield earlier, later


def _bands(texts: Sequence[str], rng_seed: int) -> NDArray[np.uint64]:
    """A hash of each band of each text's signature: texts x bands."""
    from datasketch import MinHash

    def folded(text: str) -> Any:
        return (_shingles(text) >> np.uint64(32)).tolist()

    # The shingles are hashed already: datasketch's own hash would be one call each.
    sketches = MinHash.generator(
        map(folded, texts), num_perm=BANDS * BAND, seed=rng_seed % 2**32, hashfunc=lambda value: value
    )
    bands = np.zeros((len(texts), BANDS), dtype=np.uint64)
    for place, sketch in enumerate(sketches):
        values = sketch.hashvalues.tobytes()
        width = len(values) // BANDS
        for band in range(BANDS):
            part = blake2b(values[band * width : (band + 1) * width], digest_size=8)
            bands[place, band] = int.from_bytes(part.digest())
    return bands


@lru_cache(maxsize=4096)
def _shingles(text: str) -> NDArray[np.uint64]:
    """The distinct hashes of a text's shingles, sorted. Made again where they are needed: all would be many
    times the texts."""
    return np.unique(gram_hashes(text, SHINGLE))


def _jaccard(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> float:
    """Jaccard similarity of two sorted arrays of distinct hashes; of sizes too unlike, the bound."""
    small, large = sorted((len(one), len(other)))
    if small < LEAST_JACCARD * large:
        return small / large
    common = len(np.intersect1d(one, other, assume_unique=True))
    return common / (small + large - common)


def _root(group: list[int], index: int) -> int:
    """The first member of an index's group; shortens the way for the next time."""
    while group[index] != index:
        group[index] = group[group[index]]
        index = group[index]
    return index

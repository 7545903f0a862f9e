"""A character n-gram language model: small enough to be trained on half of a language's seed data."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ORDER = 5
CODE_POINTS = 2**17
"""How many characters there may be: about as many as Unicode assigns. An unseen one costs 17 bits or more."""
_BEGIN, _END = 0x110000, 0x110001  # beyond Unicode: before and behind every text

_Hashes = NDArray[np.uint64]
_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


@dataclass(frozen=True, slots=True)
class _Level:
    """Counts of one order: of n-grams, and of the contexts they begin with; keys are sorted hashes."""

    grams: _Hashes
    gram_counts: NDArray[np.float64]
    contexts: _Hashes
    totals: NDArray[np.float64]
    kinds: NDArray[np.float64]


class CharacterModel:
    """Interpolated Witten-Bell smoothing over the characters of texts, their ends included.

    P_k(c|h) = (count(hc) + kinds(h) P_{k-1}(c|h')) / (count(h) + kinds(h)), where h is the k - 1 characters
    before, h' those less the farthest, kinds(h) how many different characters followed h, and P_0 uniform
    over `CODE_POINTS` (Witten and Bell 1991; Chen and Goodman 1999, section 2.5). An unseen context leaves
    P_{k-1} as it is. Contexts are kept as 64-bit hashes. Texts are in NFC, with runs of blanks as one.
    """

    def __init__(self, texts: Sequence[str], order: int = ORDER) -> None:
        self.order = order
        codes, ends = _codes(texts, order)
        self.characters = len(ends)
        self._levels = [_counted(context, gram) for context, gram in _hashed(codes, ends, order)]

    def bits(self, texts: Sequence[str]) -> list[NDArray[np.float64]]:
        """-log2 P of each character of each text and, last, of the text's end; one array a text."""
        codes, places = _codes(texts, self.order)
        probability = np.full(len(places), 1.0 / CODE_POINTS)
        for level, (context, gram) in zip(self._levels, _hashed(codes, places, self.order), strict=True):
            totals, kinds = (
                _found(level.contexts, values, context) for values in (level.totals, level.kinds)
            )
            counts = _found(level.grams, level.gram_counts, gram)
            seen = totals > 0
            probability[seen] = ((counts + kinds * probability) / np.maximum(totals + kinds, 1))[seen]
        surprise = -np.log2(probability)
        return np.split(surprise, np.cumsum([len(_plain(text)) + 1 for text in texts])[:-1]) if texts else []


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _codes(texts: Sequence[str], order: int) -> tuple[NDArray[np.uint64], NDArray[np.intp]]:
    """All texts in a row, each with its begin marks and its end; and the places of what is predicted."""
    parts: list[NDArray[np.uint64]] = []
    places: list[NDArray[np.intp]] = []
    begin, at = np.full(max(order - 1, 1), _BEGIN, dtype=np.uint64), 0
    for text in texts:
        plain = _plain(text).encode("utf-32-le", "surrogatepass")
        points = np.frombuffer(plain, dtype="<u4").astype(np.uint64)
        parts += [begin, points, np.array([_END], dtype=np.uint64)]
        places.append(np.arange(at + len(begin), at + len(begin) + len(points) + 1))
        at += len(begin) + len(points) + 1
    if not parts:
        return np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.intp)
    return np.concatenate(parts), np.concatenate(places)


def _hashed(codes: NDArray[np.uint64], places: NDArray[np.intp], order: int) -> list[tuple[_Hashes, _Hashes]]:
    """For each order from 1 up: hashes of the contexts and of the n-grams that end at the places."""
    context = np.zeros(len(places), dtype=np.uint64)
    levels = []
    for width in range(1, order + 1):
        if width > 1:
            context = _mixed(context, codes[places - (width - 1)])
        levels.append((context, _mixed(~context, codes[places])))
    return levels


def _mixed(hashes: _Hashes, codes: _Hashes) -> _Hashes:
    """SplitMix64's finalizer over a hash and one more character."""
    value = (hashes ^ codes) * _MIX[0] + _MIX[0]
    value = (value ^ (value >> np.uint64(30))) * _MIX[1]
    value = (value ^ (value >> np.uint64(27))) * _MIX[2]
    return np.asarray(value ^ (value >> np.uint64(31)), dtype=np.uint64)


def _counted(context: _Hashes, gram: _Hashes) -> _Level:
    grams, first, gram_counts = np.unique(gram, return_index=True, return_counts=True)
    contexts, place = np.unique(context[first], return_inverse=True)
    return _Level(
        grams=grams,
        gram_counts=gram_counts.astype(np.float64),
        contexts=contexts,
        totals=np.bincount(place, weights=gram_counts, minlength=len(contexts)).astype(np.float64),
        kinds=np.bincount(place, minlength=len(contexts)).astype(np.float64),
    )


def _found(keys: _Hashes, values: NDArray[np.float64], asked: _Hashes) -> NDArray[np.float64]:
    """The values of the keys asked for; 0 where there is none."""
    if not len(keys):
        return np.zeros(len(asked))
    place = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    return np.where(keys[place] == asked, values[place], 0.0)

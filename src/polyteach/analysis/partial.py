"""What metrics add to the means of the languages: partial R2, and whether chance would do as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from polyteach.analysis.permuting import orders, p_value

DEFINITION = (
    "partial R2: the share of the variance left by the languages' means (of each base) that the metrics "
    "explain in the same rows"
)
WITHIN = (
    "metrics dealt anew among the teachers of each language by itself, the bases of a cell together; takes a "
    "teacher's languages as independent witnesses"
)
WHOLE = (
    "metrics of whole teachers dealt anew, the same way in all languages; holds also where a teacher's "
    "languages resemble each other"
)
DRAWS = 4_999
_EXACT_UP_TO = 7
_CHUNK = 1_024


@dataclass(frozen=True, slots=True)
class Permutation:
    """A permutation test; `reason` says why there is none.

    Attributes:
        definition: what is dealt anew.
        n: rows it is over.
        method: exact, or how many draws.
    """

    definition: str
    n: int
    p: float | None = None
    method: str = ""
    reason: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "definition": self.definition,
            "n": self.n,
            "p": self.p,
            "method": self.method,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Partial:
    """Partial R2 of the metrics beyond group means.

    Attributes:
        chance: mean of the partial R2 over the draws within languages: what as many meaningless metrics give.
    """

    value: float | None
    chance: float | None
    within: Permutation
    whole: Permutation
    reason: str | None = None
    definition: str = DEFINITION

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "value": self.value,
            "chance": self.chance,
            "within_languages": self.within.to_json(),
            "whole_teachers": self.whole.to_json(),
            "definition": self.definition,
            "reason": self.reason,
        }


def partial_r2(
    target: Sequence[float],
    predictors: Mapping[str, Sequence[float]],
    groups: Sequence[str],
    teachers: Sequence[str],
    languages: Sequence[str],
    rng_seed: int,
    draws: int = DRAWS,
) -> Partial:
    """Partial R2 with both permutation tests.

    Args:
        target: one value a row.
        predictors: by name, aligned with it; the same in all rows of a teacher and language.
        groups: whose means are taken off first: the language, with its base where there are several.
        teachers: of each row.
        languages: of each row.
        rng_seed: for the draws.
        draws: how many, where not all orders are tried.
    """
    import numpy as np

    n = len(target)
    y = np.asarray(target, dtype=float)
    x = np.column_stack([np.asarray(v, dtype=float) for v in predictors.values()]) if predictors else None
    reason = _why_not(y, x, groups)
    if reason or x is None:
        return Partial(
            None, None, Permutation(WITHIN, n, reason=reason), Permutation(WHOLE, n, reason=reason), reason
        )
    scaled = x / x.std(axis=0)
    observed = float(_partials(y, scaled, np.arange(n)[None, :], groups)[0])
    rng = np.random.default_rng(rng_seed)
    shuffled = np.array([_within(rng, teachers, languages) for _ in range(draws)])
    others = _partials(y, scaled, shuffled, groups)
    within = Permutation(
        WITHIN, n, p_value(observed, others, exact=False), f"{draws} seeded draws and the observed order"
    )
    return Partial(
        observed,
        float(others.mean()),
        within,
        _whole(y, scaled, groups, teachers, languages, rng_seed, draws),
    )


def _why_not(y: Any, x: Any, groups: Sequence[str]) -> str | None:
    import numpy as np

    if x is None:
        return "no metric tells cells apart"
    left = _centred(np.column_stack([y, x])[None], groups)[0]
    sizes = np.sqrt((left**2).sum(axis=0)) / np.maximum(
        np.sqrt((np.column_stack([y, x]) ** 2).sum(axis=0)), 1e-300
    )
    if sizes[0] < 1e-9:
        return "the target is the same for all teachers of a language"
    if len(y) - len(set(groups)) <= x.shape[1]:
        return f"{len(y)} complete rows are too few for {x.shape[1]} metrics beside {len(set(groups))} means"
    if (sizes[1:] < 1e-9).any():
        return "a metric is the same for all teachers of a language"
    return None


def _centred(stack: Any, groups: Sequence[str]) -> Any:
    """Arrays (draws, rows, columns) less the mean of each row's group."""
    import numpy as np

    names = np.array(groups)
    centred = np.empty_like(stack)
    for name in dict.fromkeys(groups):
        rows = np.flatnonzero(names == name)
        centred[:, rows] = stack[:, rows] - stack[:, rows].mean(axis=1, keepdims=True)
    return centred


def _partials(y: Any, x: Any, sources: Any, groups: Sequence[str]) -> Any:
    """Partial R2 with the metrics of row i taken from row sources[draw, i]."""
    import numpy as np

    left = _centred(y[None, :, None], groups)[0, :, 0]
    total = float(left @ left)
    found = []
    for start in range(0, len(sources), _CHUNK):
        design = _centred(x[sources[start : start + _CHUNK]], groups)
        gram = np.einsum("dij,dik->djk", design, design)
        moment = np.einsum("dij,i->dj", design, left)
        slopes = np.einsum("djk,dk->dj", np.linalg.pinv(gram, hermitian=True), moment)
        found.append(np.einsum("dj,dj->d", slopes, moment) / total)
    return np.concatenate(found)


def _within(rng: Any, teachers: Sequence[str], languages: Sequence[str]) -> list[int]:
    """For each row the row whose metrics it gets: another teacher's of the same language."""
    first: dict[tuple[str, str], int] = {}
    for row, cell in enumerate(zip(languages, teachers, strict=True)):
        first.setdefault(cell, row)
    dealt: dict[tuple[str, str], str] = {}
    for language in dict.fromkeys(languages):
        names = [teacher for at, teacher in first if at == language]
        for name, place in zip(names, rng.permutation(len(names)), strict=True):
            dealt[language, name] = names[place]
    return [first[at, dealt[at, teacher]] for at, teacher in zip(languages, teachers, strict=True)]


def _whole(
    y: Any,
    x: Any,
    groups: Sequence[str],
    teachers: Sequence[str],
    languages: Sequence[str],
    rng_seed: int,
    draws: int,
) -> Permutation:
    """The test by whole teachers, over those that have all languages."""
    import numpy as np

    first: dict[tuple[str, str], int] = {}
    for row, cell in enumerate(zip(languages, teachers, strict=True)):
        first.setdefault(cell, row)
    everywhere = dict.fromkeys(languages)
    names = [t for t in dict.fromkeys(teachers) if all((language, t) in first for language in everywhere)]
    rows = [row for row, teacher in enumerate(teachers) if teacher in names]
    kept = [groups[row] for row in rows]
    if len(names) < 3:
        return Permutation(
            WHOLE, len(rows), reason=f"{len(names)} teachers have all languages: at least 3 are needed"
        )
    if reason := _why_not(y[rows], x[rows], kept):
        return Permutation(WHOLE, len(rows), reason=reason)
    tried = orders(len(names), rng_seed, draws, exact_up_to=_EXACT_UP_TO)
    place = {name: i for i, name in enumerate(names)}
    sources = np.empty((len(tried.array), len(rows)), dtype=int)
    for j, row in enumerate(rows):
        column = np.array([first[languages[row], name] for name in names])
        sources[:, j] = column[tried.array[:, place[teachers[row]]]]
    at = np.array([[first[languages[row], teachers[row]] for row in rows]])
    observed = float(_partials(y[rows], x, at, kept)[0])
    p = p_value(observed, _partials(y[rows], x, sources, kept), tried.exact)
    return Permutation(WHOLE, len(rows), p, tried.method)

"""Whether teachers do better in languages of which more text exists.

The paper (Fig. 8) correlates a language's share of CommonCrawl with its mean PG-Score over six languages:
rho = .886; from the released figures .714, and .886 once the Japanese rows are mended. Six languages have 720
orders; a single one moved changes the answer, so the range without any one language is shown beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import fsum
from typing import Any

from polyteach.analysis.agreement import Agreement, spearman
from polyteach.analysis.table import Table

COMMON_CRAWL = {"ar": 0.6672, "cs": 1.1086, "de": 5.7391, "es": 4.4118, "id": 1.0383, "ja": 5.4564}
"""Percent of documents by language in CC-MAIN-2025-51, as the authors of arXiv 2604.11290 released them
(ljvmiranda921/polyglot-teachers, from the crawl's own statistics; language by CLD2)."""
COMMON_CRAWL_SOURCE = "percent of documents in CC-MAIN-2025-51 (CommonCrawl statistics, language by CLD2)"


@dataclass(frozen=True, slots=True)
class Resources:
    """A language's resources against its mean score.

    Attributes:
        languages: (resource, mean score) of each.
        agreement: Spearman's rho over them, p exact up to 8 languages.
        without_one: the smallest and largest rho with any one language left out; None below 4 languages.
        teachers: over whom the mean is taken: those that have all languages.
        unknown: languages whose resources are not known, or that no teacher of these has.
    """

    source: str
    languages: Mapping[str, tuple[float, float]]
    agreement: Agreement
    without_one: tuple[float, float] | None
    teachers: int
    unknown: tuple[str, ...] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "source": self.source,
            "languages": {name: list(pair) for name, pair in self.languages.items()},
            "agreement": self.agreement.to_json(),
            "without_one": list(self.without_one) if self.without_one else None,
            "teachers": self.teachers,
            "unknown": list(self.unknown),
            "dropped": dict(self.dropped),
        }


def resources(
    table: Table,
    target: str = "gain",
    shares: Mapping[str, float] = COMMON_CRAWL,
    source: str = COMMON_CRAWL_SOURCE,
) -> Resources:
    """Correlates what exists of a language with the mean of its teachers (over bases first).

    Args:
        table: of the study.
        target: the score.
        shares: of each language, by standard code; any scale, since ranks are compared.
        source: what the shares are.
    """
    selection = table.over_bases().complete([target])
    rows = selection.table.rows
    asked = [language for language in table.names("language") if language in shares]
    have = {(row.teacher, row.language): row.numbers([target])[0] for row in rows}
    everywhere = [
        teacher
        for teacher in selection.table.names("teacher")
        if all((teacher, language) in have for language in asked)
    ]
    means = {
        language: fsum(have[teacher, language] for teacher in everywhere) / len(everywhere)
        for language in (asked if everywhere else [])
    }
    return Resources(
        source,
        {language: (shares[language], means[language]) for language in means},
        agreement_of(shares, means),
        _without_one(shares, means),
        len(everywhere),
        tuple(name for name in table.names("language") if name not in means),
        selection.dropped,
    )


def agreement_of(shares: Mapping[str, float], means: Mapping[str, float]) -> Agreement:
    """Spearman's rho between resources and mean scores, by language."""
    return spearman({name: shares[name] for name in means}, means)


def _without_one(shares: Mapping[str, float], means: Mapping[str, float]) -> tuple[float, float] | None:
    found = [
        agreement_of(shares, {name: value for name, value in means.items() if name != left_out}).figure.value
        for left_out in means
    ]
    known = [value for value in found if value is not None]
    return (min(known), max(known)) if len(means) >= 4 and len(known) == len(means) else None

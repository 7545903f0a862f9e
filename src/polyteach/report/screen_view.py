"""A screen's ranking as people read it: one line a candidate, its cells together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any

from polyteach.scoring.requests import MANY_ROWS


@dataclass(frozen=True, slots=True)
class ScreenLine:
    """A candidate in a ranking, with what its cells of the same languages say together.

    Attributes:
        entry: of `ranking` in `screen.json`.
        quality: mean over the cells; None where one has none.
        usable: usable rows over all requests; None where nothing was asked.
        requests, failed: of all cells; failures by reason, the commonest first.
        tokens: sent and received.
        money, money_per_10k: USD for all answers, and for 10,000 usable rows; None where unknown.
    """

    entry: Mapping[str, Any]
    quality: float | None
    usable: float | None
    requests: int
    failed: Mapping[str, int]
    tokens: int
    money: float | None
    money_per_10k: float | None

    @property
    def failed_share(self) -> float | None:
        """Requests without a row; None where nothing was asked."""
        return sum(self.failed.values()) / self.requests if self.requests else None


def lines_of(screened: Mapping[str, Any], language: str | None = None) -> list[ScreenLine]:
    """The ranking of a language, or over all of them, best first."""
    return [
        _line(
            entry,
            [
                cell
                for cell in screened["cells"]
                if cell["candidate"] == entry["candidate"] and language in (None, cell["language"])
            ],
        )
        for entry in screened["ranking"]
        if entry["language"] == language
    ]


def _line(entry: Mapping[str, Any], cells: Sequence[Mapping[str, Any]]) -> ScreenLine:
    requests, usable = sum(c["requests"] for c in cells), sum(c["usable_rows"] for c in cells)
    failed: Counter[str] = Counter()
    for cell in cells:
        failed.update(cell["failures"])
    money = _sum([cell["money"] for cell in cells])
    quality = _sum([cell["quality"]["value"] for cell in cells])
    return ScreenLine(
        entry,
        None if quality is None or not cells else quality / len(cells),
        usable / requests if requests else None,
        requests,
        dict(failed.most_common()),
        sum(cell["tokens"]["prompt"] + cell["tokens"]["response"] for cell in cells),
        money if cells else None,
        money * MANY_ROWS / usable if money is not None and usable else None,
    )


def _sum(values: Sequence[float | None]) -> float | None:
    """All together; None where one of them is."""
    known = [value for value in values if value is not None]
    return fsum(known) if len(known) == len(values) else None

"""Rows judged by a list of rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyteach.curation.rules.rule import Context, Rule

if TYPE_CHECKING:
    from polyteach.rows import Row


@dataclass(frozen=True, slots=True)
class Judged:
    """What rules found.

    Attributes:
        reasons: for each row the reasons of the rules that found it, in the order of the rules; the first is
            the one it is counted as dropped for. Empty: the row stays.
        untold: rows of which a rule could not tell, by the rule's reason, counted by why.
    """

    reasons: tuple[tuple[str, ...], ...]
    untold: Mapping[str, Mapping[str, int]]

    @property
    def found(self) -> dict[str, int]:
        """Rows that each rule found, by reason; a row can count under several."""
        return dict(Counter(reason for of_row in self.reasons for reason in of_row))


def judge_rows(rows: Sequence[Row], rules: Iterable[Rule], context: Context | None = None) -> Judged:
    """Asks each rule about rows.

    A rule of one row at a time is asked about all rows; one of the set (duplicates, quantiles, models) about
    those that no rule before it found, so that the copy that stays is a row that stays.

    Args:
        rows: in the order in which they count: the first of copies stays.
        rules: in their order, with reasons that differ.
        context: what some rules need; see there.
    """
    context = context or Context()
    reasons: list[tuple[str, ...]] = [()] * len(rows)
    untold: dict[str, dict[str, int]] = {}
    for rule in rules:
        asked = [place for place in range(len(rows)) if not (rule.of_set and reasons[place])]
        found = rule.find([rows[place] for place in asked], context)
        for place, bad in zip(asked, found.bad, strict=True):
            if bad:
                reasons[place] = (*reasons[place], rule.reason)
        if found.untold:
            untold[rule.reason] = dict(found.untold)
    return Judged(tuple(reasons), untold)

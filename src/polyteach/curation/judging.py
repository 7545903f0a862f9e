"""Rows judged by a list of rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from polyteach.rules.rule import Context, Rule

if TYPE_CHECKING:
    from polyteach.rows import Row

AT_ONCE = 1024
"""Rows that are judged together by the rules of one row at a time."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What rules found.

    Attributes:
        reasons: for each row the reasons of the rules that found it, in the order of the rules; the first is
            the one it is counted as dropped for. Empty: the row stays.
        untold: rows of which a rule could not tell, by the rule's reason, counted by why.
    """

    reasons: Sequence[tuple[str, ...]]
    untold: Mapping[str, Mapping[str, int]]

    @property
    def kept(self) -> int:
        """Rows that no rule found."""
        return sum(not of_row for of_row in self.reasons)

    @property
    def found(self) -> dict[str, int]:
        """Rows that each rule found, by reason; a row can count under several."""
        return dict(Counter(reason for of_row in self.reasons for reason in of_row))

    @property
    def dropped(self) -> dict[str, int]:
        """Rows by the first rule that found them: these sum up to what is not kept."""
        return dict(Counter(of_row[0] for of_row in self.reasons if of_row))


def judge_rows(rows: Iterable[Row], rules: Sequence[Rule], context: Context | None = None) -> Judged:
    """Asks each rule about rows.

    A rule of one row at a time is asked about all rows; one of the set (duplicates, quantiles, models) about
    those that no rule before it found, so that the copy that stays is a row that stays. Rows are read once;
    only those that a rule of the set will see are held in memory.

    Args:
        rows: in the order in which they count: the first of copies stays.
        rules: in their order, with reasons that differ.
        context: what some rules need; see there.
    """
    context = context or Context()
    of_set = [place for place, rule in enumerate(rules) if rule.of_set]
    by: list[tuple[int, ...]] = []  # places of the rules that found each row
    held: dict[int, Row] = {}
    untold = [Counter[str]() for _ in rules]
    stream = iter(rows)
    while chunk := list(islice(stream, AT_ONCE)):
        marks: list[list[int]] = [[] for _ in chunk]
        for place, rule in enumerate(rules):
            if not rule.of_set:
                found = rule.find(chunk, context)
                untold[place].update(found.untold)
                for mark, bad in zip(marks, found.bad, strict=True):
                    if bad:
                        mark.append(place)
        for row, mark in zip(chunk, marks, strict=True):
            if of_set and (not mark or of_set[0] < mark[0]):
                held[len(by)] = row
            by.append(tuple(mark))
    for place in of_set:
        asked = [number for number in held if not by[number] or place < by[number][0]]
        found = rules[place].find([held[number] for number in asked], context)
        untold[place].update(found.untold)
        for number, bad in zip(asked, found.bad, strict=True):
            if bad:
                by[number] = tuple(sorted((*by[number], place)))
    names = [rule.reason for rule in rules]
    return Judged(
        [tuple(names[place] for place in places) for places in by],
        {name: dict(sorted(counts.items())) for name, counts in zip(names, untold, strict=True) if counts},
    )

"""Asks selectors about a pool: the gate first, then every selector about those who passed, with its cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from polyteach.selection.selectors.contract import Pool, Selection, Selector
from polyteach.selection.selectors.language_gate import LanguageGate, language_gate
from polyteach.selection.selectors.tools import Cost, Tools


@dataclass(frozen=True, slots=True)
class Column:
    """One selector's answer.

    Attributes:
        selector: its name.
        selection: of all teachers of the pool; those the gate excluded have no score.
        cost: what it took alone, though parts were shared; without the gate, which all need.
    """

    selector: str
    selection: Selection
    cost: Cost

    @property
    def order(self) -> tuple[str, ...]:
        """Teachers with a score, best first; equal ones by name."""
        scores = {teacher: score for teacher, score in self.selection.scores.items() if score is not None}
        return tuple(sorted(scores, key=lambda teacher: (-scores[teacher], teacher)))

    @property
    def best(self) -> tuple[str, ...]:
        """The teachers with the highest score: several if exactly equal, none where nobody has one."""
        scores = self.selection.scores
        return tuple(teacher for teacher in self.order if scores[teacher] == scores[self.order[0]])


@dataclass(frozen=True, slots=True)
class Table:
    """What selectors say of a pool.

    Attributes:
        language, base: of the pool; scores compare within them only.
        gate: who was excluded before, and why.
        columns: one a selector, in the order they were asked.
    """

    language: str
    base: str
    gate: LanguageGate
    columns: tuple[Column, ...]

    def to_records(self) -> list[dict[str, Any]]:
        """One plain record a selector and teacher, for a table; seconds differ from run to run."""
        return [
            {
                "language": self.language,
                "base": self.base,
                "selector": column.selector,
                "teacher": teacher,
                "score": score,
                "reason": column.selection.reasons.get(teacher),
                "forward_tokens": column.cost.forward_tokens,
                "backward_tokens": column.cost.backward_tokens,
                "seconds": column.cost.seconds,
            }
            for column in self.columns
            for teacher, score in column.selection.scores.items()
        ]


def choose(pool: Pool, tools: Tools, selectors: Sequence[Selector]) -> Table:
    """Asks selectors about those teachers of a pool that pass the gate.

    Args:
        pool: one language and one student base.
        tools: what selectors may use; what is missing is a reason in the table.
        selectors: see `all.py`.

    Raises:
        ValueError: two selectors have one name.
    """
    names = [selector.name for selector in selectors]
    if len(set(names)) < len(names):
        raise ValueError(f"two selectors have one name: {sorted(names)}")
    gate = language_gate(pool, tools)
    passed = replace(pool, rows={t: rows for t, rows in pool.rows.items() if t not in gate.excluded})
    columns = []
    for selector in selectors:
        selection, cost = tools.priced(partial(selector.select, passed, tools))
        whole = Selection(
            {teacher: selection.scores.get(teacher) for teacher in pool.rows},
            {**selection.reasons, **gate.excluded},
        )
        columns.append(Column(selector.name, whole, cost))
    return Table(pool.language, pool.base, gate, tuple(columns))

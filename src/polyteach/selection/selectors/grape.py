"""Whose response the student finds likeliest, prompt by prompt."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyteach.selection.selectors.contract import NO_ROWS, Pool, Selection, mean_or_why, nobody
from polyteach.selection.selectors.tokens import NO_STUDENT, loss, token_scores_of

if TYPE_CHECKING:
    from polyteach.selection.selectors.tools import Tools

ALONE = "no other teacher answered any prompt that it answered"


@dataclass(frozen=True, slots=True)
class GrapeWins:
    """The share of prompts on which a teacher has the response with the highest normalised probability.

    GRAPE (arXiv 2502.04194) keeps, for each prompt, of all sources' responses the one whose probability under
    the student's base, normalised by its length, is highest: exp of the mean log-probability a token. It
    makes a data set of many teachers. To choose one, we count how often a teacher's response would be kept.

    Ours: only prompts that two teachers or more answered count, and in a teacher's share only those it
    answered itself; who shares none has no score. Equal responses share a win. Of several responses of one
    teacher to a prompt its likeliest stands for it. On a prompt with k teachers the share of chance is 1 / k:
    compare teachers that answered the same prompts.
    """

    name: str = "GRAPE wins"

    def select(self, pool: Pool, tools: Tools) -> Selection:
        """One forward pass over all rows."""
        if tools.student is None:
            return nobody(pool, NO_STUDENT)
        found = token_scores_of(pool, tools)
        best: defaultdict[str, dict[str, float]] = defaultdict(dict)
        for teacher, rows in pool.rows.items():
            for row, scores in zip(rows, found[teacher], strict=True):
                if not scores.reason:
                    known = best[row.prompt].get(teacher, float("inf"))
                    best[row.prompt][teacher] = min(known, loss(scores))
        wins: dict[str, list[float]] = {teacher: [] for teacher in pool.rows}
        for losses in best.values():
            if len(losses) > 1:
                lowest = min(losses.values())
                winners = [teacher for teacher, one in losses.items() if one == lowest]
                for teacher in losses:
                    wins[teacher].append(1 / len(winners) if teacher in winners else 0.0)
        shares = {
            teacher: mean_or_why(won, ALONE if pool.rows[teacher] else NO_ROWS)
            for teacher, won in wins.items()
        }
        return Selection.of(shares)

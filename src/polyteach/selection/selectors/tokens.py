"""How the student finds each token of the teachers' responses: the one pass that several selectors share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import fsum
from typing import TYPE_CHECKING

from polyteach.quality.metric_result import why_nothing
from polyteach.selection.selectors.contract import (
    NO_ROWS,
    Pool,
    Scored,
    Selection,
    each_teacher,
    mean_or_why,
    nobody,
)

if TYPE_CHECKING:
    from polyteach.models.local import LocalModel
    from polyteach.models.token_scores import TokenScores
    from polyteach.rows import Row
    from polyteach.selection.selectors.tools import Tools

    Scores = Mapping[str, Sequence[TokenScores]]

NO_STUDENT = "there is no student to read the rows"


def with_tokens(pool: Pool, tools: Tools, score: Callable[[Sequence[TokenScores]], Scored]) -> Selection:
    """The selection that follows from each teacher's own tokens; nobody without a student."""
    if tools.student is None:
        return nobody(pool, NO_STUDENT)
    found = token_scores_of(pool, tools)
    return each_teacher(pool, lambda teacher: score(found[teacher]) if found[teacher] else (None, NO_ROWS))


def token_scores_of(pool: Pool, tools: Tools, *, prompts: bool = True) -> Scores:
    """The responses' tokens under the student, by teacher, in the rows' order.

    The text is what the student would be taught; what ends the turn counts, as it does in training. Rows of
    the same text are read once, whoever wrote them, so their scores are the same to the last bit. A row that
    is longer than the student's context is `too_long`, never cut; a blank one is `empty_response`.

    Args:
        pool: the teachers' rows.
        tools: with a student.
        prompts: False: each response after an empty prompt, in the same template.
    """
    student = tools.student
    if student is None:
        raise ValueError(NO_STUDENT)
    return tools.once(pool, ("tokens", prompts), lambda: _read(student, pool, tools, prompts))


def loss(scores: TokenScores) -> float:
    """A response's mean negative log-likelihood a token, in nats: minus the log of what GRAPE normalises."""
    return float(scores.nll.mean())


def mean_loss(rows: Sequence[TokenScores]) -> Scored:
    """The mean over rows of their losses, each row weighing alike; over those that could be scored."""
    return mean_or_why([loss(row) for row in rows if not row.reason], why_none(rows))


def why_none(rows: Sequence[TokenScores]) -> str:
    """Why no row could be scored."""
    return f"no row could be scored: {why_nothing([row.reason for row in rows])}"


def ratio(above: Sequence[float], below: Sequence[float], why: str) -> Scored:
    """The ratio of two sums, or why there is none."""
    total = fsum(below)
    return (fsum(above) / total, None) if total > 0 else (None, why)


def _read(student: LocalModel, pool: Pool, tools: Tools, prompts: bool) -> Scores:
    from polyteach.models.likelihood import encoded_pairs
    from polyteach.models.token_scores import TokenScores, token_scores

    def text(row: Row) -> tuple[str, str]:
        return (row.prompt if prompts else "", row.response)

    # in an order that does not depend on who wrote what: batches, and with them rounding, stay the same
    pairs = sorted({text(row) for rows in pool.rows.values() for row in rows if row.response.strip()})
    encoded = encoded_pairs(student.tokenizer, pairs)
    found = dict(zip(pairs, token_scores(student.model, encoded, context=student.context), strict=True))
    tools.spent(forward_tokens=sum(len(one.ids) for one in encoded if not one.why_not(student.context)))
    empty = TokenScores.unscored("empty_response")
    return {teacher: [found.get(text(row), empty) for row in rows] for teacher, rows in pool.rows.items()}

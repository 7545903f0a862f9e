"""How good the responses are by a rubric of 1 to 5, judged by a model or by the pocket oracle."""

from __future__ import annotations

import re
from collections.abc import Sequence

from polyteach.languages import english_name
from polyteach.models.completions import Completion, Message
from polyteach.quality.asked_model import EMPTY_RESPONSE, AskedModel
from polyteach.quality.judge_text import MarkForm, judge_conversation, read_mark
from polyteach.quality.metric_result import Measured, measured_mean
from polyteach.rows import Row

BY_MODEL = (
    "mean rubric score, 1 to 5, for language proficiency, culture, grammar, helpful and harmless together "
    "(arXiv 2604.11290, R), judged by {judge}, greedy, feedback before the score; unlike the paper's job an "
    "answer without a readable score is unscored, not 1; sentences of a response that speak to the judge are "
    "cut before it reads"
)
BY_ORACLE = (
    "mean score, 1 to 5, by the pocket oracle (exact answers, not an LLM judge): it knows the world's facts "
    "and templates; stands in for the rubric score R of arXiv 2604.11290"
)
_MARK = MarkForm(opening=re.compile(r"\[RESULT\]", re.IGNORECASE), value=re.compile("([1-5])"))


def judged_by_oracle(rows: Sequence[Row], language: str) -> Measured:
    """Scores by exact answers of the pocket world; what the oracle cannot judge is unscored with a reason."""
    from polyteach.pocket.oracle import judge

    values: list[float | None] = []
    reasons: list[str | None] = []
    for row in rows:
        if not row.response.strip():
            values.append(None)
            reasons.append(EMPTY_RESPONSE)
            continue
        verdict = judge(row.prompt, row.response, language)
        values.append(None if verdict.score is None else float(verdict.score))
        reasons.append(verdict.reason if verdict.score is None else None)
    return measured_mean(values, reasons, BY_ORACLE)


def judged_by_model(rows: Sequence[Row], language: str, model: AskedModel, *, judge: str) -> Measured:
    """Scores by a model that writes feedback and then a mark.

    Unscored: `empty_response`, and the reasons of `read_mark` and `AskedModel.answers`.

    Args:
        rows: what is judged.
        language: standard code of the language the answers should be in.
        model: the judge; see `AskedModel.answers` for what it raises.
        judge: its name, for the definition.
    """
    shown = (
        conversation(row, language, rng_seed=model.rng_seed, special=model.special)
        if row.response.strip()
        else None
        for row in rows
    )
    marks = [parse_score(answer) for answer in model.answers(shown)]
    return measured_mean(
        [value for value, _ in marks], [reason for _, reason in marks], BY_MODEL.format(judge=judge)
    )


def conversation(row: Row, language: str, *, rng_seed: int = 0, special: Sequence[str] = ()) -> list[Message]:
    """What the judge is asked about one row; see `judge_conversation` for how the row's texts stay text."""
    return judge_conversation(
        "rubric.yaml",
        {"language": english_name(language)},
        {"prompt": row.prompt, "response": row.response},
        rng_seed=rng_seed,
        special=special,
    )


def parse_score(answer: Completion | str) -> tuple[float | None, str | None]:
    """Reads the mark that ends an answer, a whole number from 1 to 5: (score, None) or (None, reason).

    Strict as `read_mark` is: exactly one `[RESULT]`, feedback before it, nothing behind it.
    """
    mark, reason = read_mark(answer, _MARK)
    return None if mark is None else float(mark), reason

"""How good the responses are by a rubric of 1 to 5, judged by a local model or by the pocket oracle."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template

import yaml

from polyteach.languages import english_name
from polyteach.models.completions import LENGTH, TOO_LONG, Completion
from polyteach.models.local import LocalModel
from polyteach.quality.measured import Measured, measured_mean
from polyteach.rows import Row
from polyteach.steps import Progress, SilentProgress

BY_MODEL = (
    "mean rubric score, 1 to 5, for language proficiency, culture, grammar, helpful and harmless together "
    "(arXiv 2604.11290, R), judged by {judge}, greedy, feedback before the score; unlike the paper's job an "
    "answer without a readable score is unscored, not 1"
)
BY_ORACLE = (
    "mean score, 1 to 5, by the pocket oracle (exact answers, not an LLM judge): it knows the world's facts "
    "and templates; stands in for the rubric score R of arXiv 2604.11290"
)
_MARK = re.compile(r"\[RESULT\]\s*([1-5])\s*\Z")


@dataclass(frozen=True, slots=True)
class _Prompts:
    system: Template
    user: Template


def judged_by_oracle(rows: Sequence[Row], language: str) -> Measured:
    """Scores by exact answers of the pocket world; what the oracle cannot judge is unscored with a reason."""
    from polyteach.pocket.oracle import judge

    values: list[float | None] = []
    reasons: list[str | None] = []
    for row in rows:
        if not row.response.strip():
            values.append(None)
            reasons.append("empty_response")
            continue
        verdict = judge(row.prompt, row.response, language)
        values.append(None if verdict.score is None else float(verdict.score))
        reasons.append(verdict.reason if verdict.score is None else None)
    return measured_mean(values, reasons, BY_ORACLE)


def judged_by_model(
    rows: Sequence[Row],
    language: str,
    model: LocalModel,
    *,
    judge: str,
    rng_seed: int = 0,
    batch_size: int = 16,
    max_new_tokens: int = 400,
    progress: Progress | None = None,
) -> Measured:
    """Scores by a local model that writes feedback and then a mark.

    Unscored: `empty_response`, `judge_prompt_too_long`, `judge_cut_off` (no mark before the token limit),
    `judge_unparsable`.

    Args:
        rows: what is judged.
        language: standard code of the language the answers should be in.
        model: the judge.
        judge: its name, for the definition.
        rng_seed: handed to the model; greedy decoding draws nothing.
        batch_size: conversations at once.
        max_new_tokens: room for feedback and mark.
        progress: told of each row.
    """
    progress = progress or SilentProgress()
    asked = [index for index, row in enumerate(rows) if row.response.strip()]
    progress.advance(len(rows) - len(asked))
    completions = model.generate(
        [conversation(rows[index], language) for index in asked],
        temperature=0.0,
        top_p=1.0,
        max_new_tokens=max_new_tokens,
        batch_size=batch_size,
        rng_seed=rng_seed,
        progress=progress,
    )
    values: list[float | None] = [None] * len(rows)
    reasons: list[str | None] = ["empty_response"] * len(rows)
    for index, completion in zip(asked, completions, strict=True):
        values[index], reasons[index] = parse_score(completion)
    return measured_mean(values, reasons, BY_MODEL.format(judge=judge))


def conversation(row: Row, language: str) -> list[dict[str, str]]:
    """What the judge is asked about one row."""
    filled = {"language": english_name(language), "prompt": row.prompt, "response": row.response}
    prompts = _prompts()
    return [
        {"role": "system", "content": prompts.system.substitute(filled)},
        {"role": "user", "content": prompts.user.substitute(filled)},
    ]


def parse_score(completion: Completion) -> tuple[float | None, str | None]:
    """Reads the one mark that ends an answer: (score, None) or (None, reason).

    Strict: exactly one `[RESULT]`, a whole number from 1 to 5 after it, and nothing behind that.
    """
    if completion.finish_reason == TOO_LONG:
        return None, "judge_prompt_too_long"
    text = completion.text.strip()
    match = _MARK.search(text)
    if match and text.count("[RESULT]") == 1:
        return float(match[1]), None
    return None, "judge_cut_off" if completion.finish_reason == LENGTH else "judge_unparsable"


@cache
def _prompts() -> _Prompts:
    plain = yaml.safe_load(files("polyteach.quality").joinpath("rubric.yaml").read_text(encoding="utf-8"))
    return _Prompts(Template(plain["system"]), Template(plain["user"]))

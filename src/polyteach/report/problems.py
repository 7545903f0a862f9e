"""Which problems are detected in rows: by the rules of `rules`, and by what `quality` measured in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from polyteach.rows import Row

MEASURED = {
    "wrong_language": ("response_fidelity", 0.0),
    "wrong_language_prompt": ("prompt_fidelity", 0.0),
    "exact_duplicates": ("exact_duplicates", 1.0),
    "near_duplicates": ("near_duplicates", 1.0),
}
"""A problem, and the metric of `quality` whose value of a row tells it: the problem's share of the rows is
the metric, or 1 less the metric. An exact copy is a near one too; it is named as exact alone."""
TITLES = {
    "empty": "empty",
    "cut_off": "cut off",
    "wrong_language": "response in another language",
    "wrong_language_prompt": "prompt in another language",
    "exact_duplicates": "exact copy of an earlier row",
    "near_duplicates": "near copy of an earlier row",
    "html": "HTML",
    "control_tokens": "control tokens",
    "template": "left of a template",
    "code_fence": "all in a code fence",
    "repetition": "repeats itself",
    "refusal": "refusal",
    "echo": "repeats its prompt",
}
OF_FIGURES = {
    "prompt_fidelity": "wrong_language_prompt",
    "response_fidelity": "wrong_language",
    "exact_duplicates": "exact_duplicates",
    "near_duplicates": "near_duplicates",
}
"""The problem that stands behind a figure of the page."""

FAILED = "failed:"
"""Begins the problem of an answer that became no row, before the reason."""

Values = Mapping[tuple[str, str], Sequence[str]]
"""Problems that were measured, by the input and the id of a row; a row without any is not in it."""


def title(problem: str) -> str:
    """A problem in words; `failed:REASON` is that of an answer that became no row."""
    if problem.startswith(FAILED):
        return f"no row: {problem.removeprefix(FAILED).replace('_', ' ')}"
    return TITLES.get(problem, problem.replace("_", " "))


def measured_problems(path: Path) -> dict[tuple[str, str], tuple[str, ...]]:
    """Reads the problems of a cell's rows from its `per_row.parquet`.

    Returns:
        Problems by the row's input (its method) and id, of rows that have any. A metric that was not
        measured, and a row that it could not tell anything of, tell of no problem.
    """
    import pyarrow.parquet as pq

    names = pq.read_schema(path).names
    columns = [metric for metric, _ in MEASURED.values() if metric in names]
    table = pq.read_table(path, columns=["input", "id", *columns]).to_pydict()
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for place, key in enumerate(zip(table["input"], table["id"], strict=True)):
        has = [
            problem
            for problem, (metric, bad) in MEASURED.items()
            if metric in columns and table[metric][place] == bad
        ]
        if "exact_duplicates" in has and "near_duplicates" in has:
            has.remove("near_duplicates")
        if has:
            found[key] = tuple(has)
    return found


def plain_problems(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """What the rules that need neither other rows nor a model find in each of some rows, but for languages:
    these are measured.
    """
    from polyteach.rules import DEFAULTS, Context
    from polyteach.rules.language import WrongLanguage

    rules = [rule for rule in DEFAULTS if not rule.of_set and not isinstance(rule, WrongLanguage)]
    bad = {rule.reason: rule.find(rows, Context()).bad for rule in rules}
    return [tuple(reason for reason, flags in bad.items() if flags[n]) for n in range(len(rows))]


def is_broken(row: Row) -> tuple[str, ...]:
    """The two problems that every row is asked for: without a text, and cut off at a limit of tokens."""
    from polyteach.models.completions import LENGTH

    empty = not row.prompt.strip() or not row.response.strip()
    cut_off = row.finish_reason == LENGTH
    return (("empty",) if empty else ()) + (("cut_off",) if cut_off else ())

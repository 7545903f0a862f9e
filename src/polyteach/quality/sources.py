"""Files of finished data side by side: their metrics, the problems found, the judges' means they carry."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from polyteach.figures import Figure
from polyteach.models.completions import LENGTH
from polyteach.quality.cell import Cell
from polyteach.quality.metric_result import measured_mean
from polyteach.rows import Row

JUDGED = (
    "mean of the scores the file gives for this judge on this set, on the scale the file names; not rescaled"
)


@dataclass(frozen=True, slots=True)
class JudgeMean:
    """What one judge gave one set of prompts; sets keep their own scale and are never mixed.

    `outside_scale` counts scores that the scale does not hold, by score; they are in the mean as given.
    """

    judge: str
    source_set: str
    scale: str
    figure: Figure
    outside_scale: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        """The mean as the outside view has it; `figure` carries what is missing and why."""
        return {
            "judge": self.judge,
            "source_set": self.source_set,
            "scale": self.scale or None,
            "mean": self.figure.value,
            "n": self.figure.n,
            "se": self.figure.se,
            "unscored": dict(sorted(self.figure.unscored.items())),
            "outside_scale": dict(sorted(self.outside_scale.items())),
        }


@dataclass(frozen=True, slots=True)
class Source:
    """One file, or one teacher's part of it, measured."""

    path: str
    teacher: str
    language: str
    rows: int
    metrics: dict[str, Figure]
    problems: dict[str, int]
    judges: tuple[JudgeMean, ...]

    def to_json(self) -> dict[str, Any]:
        """The source as the outside view has it."""
        return {
            "path": self.path,
            "teacher": self.teacher or None,
            "language": self.language,
            "rows": self.rows,
            "metrics": {name: figure.to_json() for name, figure in sorted(self.metrics.items())},
            "problems": self.problems,
            "judges": [judge.to_json() for judge in self.judges],
        }


def by_teacher(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Groups rows by teacher, in order of first appearance; '' where the file names none."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.teacher, []).append(row)
    return groups


def find_problems(rows: Sequence[Row], cell: Cell) -> dict[str, int]:
    """Counts rows by what is wrong with them; 0 where it was looked for and not found.

    `duplicate` and `near_duplicate` (not exact) are surplus pairs of prompt and response, as in
    `quality.duplicates`. `cut_off` is there only if some row says how its answer ended, `asks_the_judge` only
    where a judge was asked. One row can count under several.
    """

    def marked(metric: str, value: float) -> int:
        return sum(found == value for found in cell.metrics[metric].values)

    problems = {
        "empty_prompt": sum(not row.prompt.strip() for row in rows),
        "empty_response": sum(not row.response.strip() for row in rows),
        "duplicate": marked("exact_duplicates", 1.0),
        "near_duplicate": marked("near_duplicates", 1.0) - marked("exact_duplicates", 1.0),
        "prompt_wrong_language": marked("prompt_fidelity", 0.0),
        "response_wrong_language": marked("response_fidelity", 0.0),
    }
    if "pleas" in cell.metrics:
        problems["asks_the_judge"] = marked("pleas", 1.0)
    # In a user's file how an answer ended is a column like any other, so it stands in `extra`.
    ends = [row.finish_reason or row.extra.get("finish_reason") for row in rows]
    if any(ends):
        problems["cut_off"] = sum(end == LENGTH for end in ends)
    return problems


def judge_means(rows: Sequence[Row]) -> tuple[JudgeMean, ...]:
    """Means of the judge scores that rows carry, one for each judge, set of prompts and scale.

    Reads `extra`: `judge_scores` {judge: score or null; or {"score": ...}}, `judge_scale` such as `1-10`,
    `source_set`. Missing scores are counted, not averaged: `not_judged` (the judge is absent in the row),
    `no_score` (null), `not_a_number`. A score outside the scale stays in the mean: real judges give 0 on 1-10
    to the worst answers, and leaving those out would flatter who wrote them.
    """
    sets: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        key = (str(row.extra.get("source_set") or row.source), str(row.extra.get("judge_scale") or ""))
        sets.setdefault(key, []).append(row)
    means = []
    for (source_set, scale), members in sorted(sets.items()):
        bounds = bounds_of(scale)
        for judge in sorted({judge for row in members for judge in judges_of(row)}):
            read = [judge_score(row, judge) for row in members]
            values, reasons = [value for value, _ in read], [reason for _, reason in read]
            outside = Counter(
                f"{value:g}" for value in values if value is not None and not bounds[0] <= value <= bounds[1]
            )
            figure = measured_mean(values, reasons, JUDGED).figure
            means.append(JudgeMean(judge, source_set, scale, figure, outside))
    return tuple(means)


def unequal_rows(sources: Sequence[Source]) -> list[dict[str, Any]]:
    """A warning where sources differ in how many rows they have."""
    counts = Counter(source.rows for source in sources)
    if len(counts) < 2:
        return []
    usual, times = counts.most_common(1)[0]
    named = [(source, source.teacher or source.path) for source in sources]
    if 2 * times > len(sources):
        others = (f"{name} has {one.rows}" for one, name in named if one.rows != usual)
        said = f"most have {usual}, {', '.join(others)}"
    else:
        said = ", ".join(f"{name} has {one.rows}" for one, name in named)
    message = (
        f"the sources differ in rows: {said}. Shares of duplicates grow with n, and the "
        "other figures are over other prompts; cut the files to the rows they share before comparing closely."
    )
    return [{"code": "unequal_rows", "where": "sources", "message": message}]


def outside_scale(sources: Sequence[Source]) -> list[dict[str, Any]]:
    """A warning for each set of prompts where judges gave scores that the named scale does not hold."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for judge in (judge for source in sources for judge in source.judges):
        if judge.outside_scale:
            counts.setdefault((judge.source_set, judge.scale), Counter()).update(judge.outside_scale)
    warnings = []
    for (source_set, scale), outside in sorted(counts.items()):
        found = ", ".join(f"{count} times {score}" for score, count in sorted(outside.items()))
        message = (
            f"judges of {source_set} gave {outside.total()} scores outside the scale {scale} that the file "
            f"names ({found}); they are in the means as given."
        )
        warnings.append({"code": "outside_scale", "where": source_set, "message": message})
    return warnings


def judges_of(row: Row) -> dict[str, Any]:
    """What the row's file has as marks, by judge."""
    scores = row.extra.get("judge_scores")
    return scores if isinstance(scores, dict) else {}


def judge_score(row: Row, judge: str) -> tuple[float | None, str | None]:
    """The mark that a judge gave a row, as the file has it, or why there is none; see `judge_means`."""
    scores = judges_of(row)
    if judge not in scores:
        return None, "not_judged"
    score = scores[judge]
    if isinstance(score, dict):
        score = score.get("score")
    if score is None:
        return None, "no_score"
    if isinstance(score, bool) or not isinstance(score, int | float) or not math.isfinite(score):
        return None, "not_a_number"
    return float(score), None


def bounds_of(scale: str) -> tuple[float, float]:
    """Reads a scale such as `1-5`; any other text is a scale nobody can check."""
    low, _, high = scale.partition("-")
    if low.strip().isdecimal() and high.strip().isdecimal():
        return int(low), int(high)
    return -math.inf, math.inf

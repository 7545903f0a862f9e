"""All that reviewers said of a run, as figures: the content of reviews.json."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from polyteach.analysis.agreement import spearman
from polyteach.export.run import Run
from polyteach.review.agreement import (
    alpha_of_choices,
    alpha_of_marks,
    choices_again,
    marks_again,
    side_a,
    within_prompts,
)
from polyteach.review.answers import Answers, counted, kept_answers
from polyteach.review.judgements import Judgements, judgements
from polyteach.review.key import Key, read_keys
from polyteach.review.preference import mean_marks, preferences
from polyteach.review.reading import Written, open_reviewed, read_written, teachers_of
from polyteach.steps import rng_seed_of

SCHEMA_VERSION = 1
JUDGE = "rubric"
"""The metric that is a judge's mark."""
_SCORES = ("gain", "quality", "robust")
Sent = tuple[str, Key, Answers]
"""Who answered, by page and number; the page's key; the answers."""


def review_figures(folder: Path) -> dict[str, Any]:
    """The reviews of a run, language by language; plain JSON.

    Raises:
        UserError: the run, a key or kept answers cannot be read.
    """
    run = open_reviewed(folder)
    by_language: dict[str, list[tuple[Key, Answers]]] = {}
    for place, key in read_keys(folder).items():
        for answers in kept_answers(place).values():
            by_language.setdefault(key.language, []).append((key, answers))
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "reviews",
        "run": run.name,
        "languages": [_language(run, code, by_language[code]) for code in sorted(by_language)],
    }


def _language(run: Run, language: str, files: Sequence[tuple[Key, Answers]]) -> dict[str, Any]:
    named = _named(files)
    written = read_written(run, language)
    found = judgements([sent for _, sent in named], written)
    rng_seed = rng_seed_of("reviews", language)
    marks, choices = found.first_marks(), found.first_choices()
    teachers = [name for name in teachers_of(run) if any(row.teacher == name for row in written)]
    preferred = preferences(choices, teachers, rng_seed)
    marked = mean_marks(marks, teachers, rng_seed)
    again = {name: figure.to_json() for name, figure in marks_again(found.marks).items()}
    return {
        "language": language,
        "reviewers": [_reviewer(name, sent, written) for name, sent in named],
        "left_out": dict(sorted(found.left_out.items())),
        "agreement": {
            "marks": alpha_of_marks(marks, rng_seed).to_json(),
            "choices": alpha_of_choices(choices, rng_seed).to_json(),
        },
        "consistency": again | {"same_choice": choices_again(found.choices).to_json()},
        "side_a": side_a(found.choices).to_json(),
        "teachers": [
            {
                "teacher": name,
                "preference": preferred[name].to_json(),
                "mark": marked[name].to_json(),
            }
            for name in sorted(teachers, key=lambda name: (-(preferred[name].value or -1.0), name))
        ],
        "with_metrics": _with_metrics(found, written, rng_seed),
        "with_scores": _with_scores(run, language, {name: f.value for name, f in preferred.items()}),
    }


def _named(files: Sequence[tuple[Key, Answers]]) -> list[tuple[str, Sent]]:
    """Files with what their reviewers are called: the name where one is given, else the browser's number.

    Who they are is told by page and number. A name may be anybody's, so namesakes have the number beside it.
    """
    names = [answers.reviewer.name.strip() or answers.reviewer.id for _, answers in files]
    counts = Counter(name.casefold() for name in names)
    named = [
        (
            name if counts[name.casefold()] == 1 else f"{name} ({answers.reviewer.id[:6]})",
            (f"{key.page}/{answers.reviewer.id}", key, answers),
        )
        for name, (key, answers) in zip(names, files, strict=True)
    ]
    return sorted(named, key=lambda one: (one[0], one[1][0]))


def _reviewer(name: str, sent: Sent, written: Sequence[Written]) -> dict[str, Any]:
    _, key, answers = sent
    own, far = judgements([sent], written), counted(answers, key)
    again = {name: figure.to_json() for name, figure in marks_again(own.marks).items()}
    return {
        "reviewer": name,
        "page": key.page[:12],
        "instructions": key.instructions,
        "items": {"answered": far.answered, "cannot_judge": far.cannot, "open": far.open, "of": far.of},
        "consistency": again | {"same_choice": choices_again(own.choices).to_json()},
        "side_a": side_a(own.choices).to_json(),
    }


def _with_metrics(found: Judgements, written: Iterable[Written], rng_seed: int) -> list[dict[str, Any]]:
    """Agreement with every metric that has values of single rows, the judge's marks first."""
    values: dict[str, dict[tuple[str, str], float]] = {}
    for row in written:
        for metric, value in row.values.items():
            values.setdefault(metric, {})[row.teacher, row.id] = value
    marks = found.first_marks()
    return [
        {
            "metric": metric,
            "is_judge": metric == JUDGE,
            "agreement": within_prompts(marks, values[metric], metric, rng_seed).to_json(),
        }
        for metric in sorted(values, key=lambda name: (name != JUDGE, name))
    ]


def _with_scores(run: Run, language: str, preferred: Mapping[str, float | None]) -> dict[str, Any]:
    """Rank correlation over teachers of preference and what the run found there; {} for a screen."""
    known = {name: value for name, value in preferred.items() if value is not None}
    cells: dict[str, dict[str, list[float]]] = {name: {} for name in _SCORES}
    for cell in run.results["cells"]:
        if cell["language"] != language or "scores" not in cell:
            continue
        figures = {"gain": cell["gain"], "quality": cell["quality"], "robust": cell["scores"]["robust"]}
        for name, figure in figures.items():
            if figure["value"] is not None:
                cells[name].setdefault(cell["teacher"], []).append(figure["value"])
    return {
        name: spearman(known, {teacher: fmean(values) for teacher, values in found.items()}).to_json()
        for name, found in cells.items()
        if found
    }

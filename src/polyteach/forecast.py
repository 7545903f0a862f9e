"""What a study would do, counted before anything runs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from polyteach.artifacts import SCHEMA_VERSION
from polyteach.pipeline import VERSIONS
from polyteach.resources import Resources
from polyteach.steps import Step
from polyteach.study import Contestant, Study, Teacher

if TYPE_CHECKING:
    from polyteach.running import Plan

NOBODY_ASKED = "none: no teacher of this study is a model"


def requests_of(step: Step, study: Study, resources: Resources) -> int:
    """How many requests a synthesis step sends to its teacher; for a contestant's rows nobody is asked."""
    if step.settings.get("method") is None:
        return 0
    return resources.requests(study, step.settings["method"], step.settings["language"])


def forecast(study: Study, resources: Resources, plan: Plan) -> dict[str, Any]:
    """Counts a study's steps, requests and tokens.

    Tokens are an upper bound: every request answered up to the teacher's `max_new_tokens`; simulated teachers
    and contestants need none. Money is None: these teachers run here, and what an hour of this machine costs
    is not known; it is 0 where no teacher is a model.
    """
    kinds: dict[str, Counter[str]] = {}
    total = left = tokens = 0
    limits = {t.name: t.max_new_tokens if isinstance(t, Teacher) else 0 for t in study.teachers}
    for step in plan.steps:
        counts = kinds.setdefault(step.kind, Counter(steps=0, reused=0))
        counts["steps"] += 1
        counts["reused"] += step.id in plan.there
        if step.kind != "synthesis":
            continue
        requests = requests_of(step, study, resources)
        total += requests
        if step.id not in plan.there:
            left += requests
            tokens += requests * limits[step.settings["teacher"]]
    is_asked = any(limits.values())
    order = list(VERSIONS)  # as the data flows
    return {
        "schema_version": SCHEMA_VERSION,
        "study": study.name,
        "steps": len(plan.steps),
        "reused": len(plan.there),
        "kinds": {
            kind: dict(counts) for kind, counts in sorted(kinds.items(), key=lambda k: order.index(k[0]))
        },
        "requests": {"total": total, "left": left},
        "tokens": {"response_at_most": tokens},
        "money": None if is_asked else 0,
        "money_note": "unknown (local models have no price)" if is_asked else NOBODY_ASKED,
        "notes": _shortfalls(study, resources),
    }


def _shortfalls(study: Study, resources: Resources) -> list[str]:
    """What a study asks for and cannot get, in sentences."""
    notes = []
    asked = study.synthesis.rows_per_method
    for language in study.languages:
        rows = {m: resources.requests(study, m, language) for m in study.synthesis.methods}
        notes += [
            f"{method} in {language}: {there:,} prompts for {asked:,} requests"
            for method, there in rows.items()
            if there < asked
        ]
        wanted, most = study.students.rows, sum(rows.values())
        if most < wanted:
            notes.append(
                f"students in {language}: {wanted:,} rows asked for, synthesis gives at most {most:,}"
            )
        for teacher in study.teachers:
            if isinstance(teacher, Contestant):
                file, there = resources.contestant(study, teacher, language)
                if file and file.pairs < file.prompts:
                    dropped = f"{file.prompts - file.pairs:,} of {file.prompts:,} rows"
                    notes.append(f"{teacher.name} in {language}: {dropped} lack a response and are left out")
                if there < most:
                    rows_there = f"{there:,} row{'' if there == 1 else 's'}"
                    notes.append(f"{teacher.name} in {language}: {rows_there}, a teacher writes {most:,}")
    return notes

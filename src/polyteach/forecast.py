"""What a study would do, counted before anything runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.filesize import decimal

from polyteach.artifacts import SCHEMA_VERSION
from polyteach.disk import disk
from polyteach.endpoints import keys_sent
from polyteach.errors import UserErrors
from polyteach.gpu_hours import gpu_hours, money_unasked
from polyteach.graph import VERSIONS
from polyteach.measuring_costs import foretell, measuring_steps
from polyteach.models.forecast import Bill
from polyteach.models.took import TOKEN_KINDS
from polyteach.preview import known_costs, served_steps
from polyteach.resources import Resources
from polyteach.retraining import kept_from_other_questions
from polyteach.row_counts import asks_a_teacher, rows_given
from polyteach.scoring.anchors import FEW_SEED_ROWS
from polyteach.scoring.evidence import MEASURING, SEED_DATA
from polyteach.steps import Step
from polyteach.students.devices import check_students
from polyteach.study import Candidates, Contestant, FileSource, Study, Teacher
from polyteach.synthesis.preview import Known
from polyteach.workload import Workload

if TYPE_CHECKING:
    from polyteach.artifacts import Store
    from polyteach.running import Plan

MEASURING_NOTE = (
    "requests about human rows are taken to cost as much as those about teachers'; tokens to be embedded are "
    "estimated, rather too many"
)
NOBODY_ASKED = {
    "money": 0,
    "money_note": "none: no teacher of this study is a model",
    "teachers": [],
    "measuring": [],
}
"""What is foretold where rows are simulated, or there already."""


def requests_of(step: Step, study: Candidates, resources: Resources) -> int:
    """How many requests a synthesis step sends to its teacher; for a contestant's rows nobody is asked."""
    return rows_given(step, study, resources) if asks_a_teacher(step) else 0


def forecast(
    study: Candidates, resources: Resources, plan: Plan, store: Store | None = None
) -> dict[str, Any]:
    """Counts a study's steps, requests and tokens, and foretells what its endpoints will cost.

    `tokens.response_at_most` is an upper bound: every request asked for in all attempts, and each answered up
    to the teacher's `max_new_tokens`; simulated teachers and contestants need none. Money is that of
    endpoints, from the answers that the store's journal has of them, see `money`; before there are any, see
    `gpu_hours.money_unasked`. What an hour of a GPU costs is not known.
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
            tokens += requests * limits[step.settings["teacher"]] * study.synthesis.attempts
    is_asked = any(limits.values()) or any(measuring_steps(plan.steps, role) for role in MEASURING)
    order = list(VERSIONS)  # as the data flows
    workload = Workload(study, resources)
    alike = {step.key: step for step in plan.missing}  # what two bases of one model share is made once
    loads = [load for step in alike.values() for load in workload.of(step)]
    lora = study.students.lora if isinstance(study, Study) else None
    space = disk(loads, lora.r if lora else None, store.root if store else None)
    loads.sort(key=lambda load: order.index(load.kind))
    return {
        "schema_version": SCHEMA_VERSION,
        "study": study.name,
        "steps": len(plan.steps),
        "reused": len(plan.there),
        "kinds": {
            kind: dict(counts) for kind, counts in sorted(kinds.items(), key=lambda k: order.index(k[0]))
        },
        "requests": {"total": total, "left": left},
        "tokens": {"response_at_most": tokens, "attempts": study.synthesis.attempts},
        **(money(study, resources, plan, store) if is_asked else NOBODY_ASKED),
        "money_unasked": money_unasked(loads),
        "gpu_hours": gpu_hours(loads),
        "disk": space,
        "keys": keys_sent(study),
        "notes": _shortfalls(study, resources)
        + (_same_bases(study, resources) if isinstance(study, Study) else [])
        + (_retrained(plan, store) if store else []),
        "warnings": (_short_references(study, resources) if isinstance(study, Study) else [])
        + doubtful_files(study, resources)
        + doubtful_devices(plan.missing)
        + _too_full(space),
    }


def _too_full(space: Mapping[str, Any]) -> list[str]:
    needed, free = space["students"] + space["checkpoints"], space["free"]
    if free is None or needed <= free:
        return []
    return [f"students and checkpoints need about {decimal(needed)}, and {decimal(free)} is free"]


def _short_references(study: Study, resources: Resources) -> list[str]:
    """Languages whose references have so few seed rows that they will hardly rise above their base."""
    if all(base.reference != SEED_DATA for base in study.students.bases):
        return []
    wanted = study.students.rows
    rows = {language: resources.pairs(study, language) for language in study.languages}
    return [
        f"in {language} the reference has {there:,} of {wanted:,} rows: a ranking is unlikely; add seed rows "
        "with responses (or name a reference model)"
        for language, there in rows.items()
        if there < FEW_SEED_ROWS * wanted
    ]


def _retrained(plan: Plan, store: Store) -> list[str]:
    count = kept_from_other_questions(plan.missing, store)
    if not count:
        return []
    which = "1 student is" if count == 1 else f"{count:,} students are"
    return [
        f"{which} trained anew, since questions of an exam have changed or the exams are others: rows that "
        "share a passage with a question are kept from students, so the questions are part of what they are"
    ]


def _same_bases(study: Study, resources: Resources) -> list[str]:
    """Bases that are one model under several names."""
    names: dict[str, list[str]] = {}
    for base in study.students.bases:
        names.setdefault(resources.models[base.model].digest, []).append(base.name)
    return [
        f"bases {' and '.join(same)} are the same model: their students are the same, trained once, and "
        f"count {len(same)} times in every mean over bases"
        for same in names.values()
        if len(same) > 1
    ]


def doubtful_devices(steps: Iterable[Step]) -> list[str]:
    """What keeps this machine from training students, in sentences: a plan may be for another one."""
    try:
        return check_students(steps)
    except UserErrors as found:
        return [
            f"{error.where}: {error.what}; a run on this machine does not start" for error in found.errors
        ]


def doubtful_files(study: Candidates, resources: Resources) -> list[str]:
    """Seed files whose prompts seem to be in another language than the study says, in sentences.

    Only files are looked at: a public data set says what its rows are in, and is not read before a run.
    """
    from polyteach.seed_data.files import read_file
    from polyteach.seed_data.in_language import look_at

    found = []
    for index, source in enumerate(study.seed_data):
        if isinstance(source, FileSource):
            rows = read_file(Path(resources.files[source.key].location), language=source.language)
            if doubt := look_at([row.prompt for row in rows], source.language).warning:
                found.append(f"seed_data[{index}] {source.path}: {doubt}")
    return found


def money(study: Candidates, resources: Resources, plan: Plan, store: Store | None) -> dict[str, Any]:
    """What teachers, judge and embedder at endpoints will have cost, from what is answered of them already.

    Returns:
        `money`, a figure in USD as JSON (None without any of them), `money_note`, and `teachers`: for each
        `{teacher, requests, answered, tokens, money}`, tokens being those of all requests as the answered
        ones foretell them, None while there are none; `measuring` likewise, with `role` and `model` in the
        place of `teacher`, and the most requests there can be.
    """
    steps = served_steps(plan.steps)
    measuring = foretell(study, resources, plan.steps, plan.there, store)
    if not steps and not measuring:
        return {
            "money": None,
            "money_note": "unknown (local models have no price)",
            "teachers": [],
            "measuring": [],
        }
    missing = [step for step in steps if step.id not in plan.there]
    known = known_costs(missing, store) if store else {}
    teachers = dict.fromkeys(step.settings["teacher"] for step in steps)
    parts = {name: [step for step in steps if step.settings["teacher"] == name] for name in teachers}
    total = _bill(steps, plan, known)
    for one in measuring:
        total.add(one.bill)
    return {
        "money": total.figure().to_json(),
        "money_note": MEASURING_NOTE if measuring else "",
        "teachers": [_of_teacher(name, parts[name], plan, known) for name in teachers],
        "measuring": [one.to_json() for one in measuring],
    }


def _of_teacher(name: str, steps: list[Step], plan: Plan, known: Mapping[str, Known]) -> dict[str, Any]:
    made = [plan.there[step.id].facts for step in steps if step.id in plan.there]
    begun = [known[step.id] for step in steps if step.id in known]
    tokens: dict[str, int] | None = None
    if len(made) + len(begun) == len(steps) and all(part.tally.requests for part in begun if part.planned):
        tokens = {
            kind: sum(facts[f"{kind}_tokens"] for facts in made) + sum(part.grown(kind) for part in begun)
            for kind in TOKEN_KINDS
        }
    return {
        "teacher": name,
        "requests": sum(facts["attempts"] for facts in made) + sum(part.planned for part in begun),
        "answered": sum(facts["attempts"] for facts in made) + sum(part.tally.requests for part in begun),
        "tokens": tokens,
        "money": _bill(steps, plan, known).figure().to_json(),
    }


def _bill(steps: Iterable[Step], plan: Plan, known: Mapping[str, Known]) -> Bill:
    """The money of some steps: that of those made, and what is known of the others."""
    bill = Bill()
    for step in steps:
        if step.id in plan.there:
            bill.add_paid(plan.there[step.id].facts["money"])
        elif part := known.get(step.id):
            bill.plan(step.id, part.planned)
            bill.know(step.id, part.costs, is_priced=part.tally.money is not None)
        else:
            bill.is_blank = True
    return bill


def _shortfalls(study: Candidates, resources: Resources) -> list[str]:
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
        most = sum(rows.values())
        if isinstance(study, Study) and most < (wanted := study.students.rows):
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

"""What scoring and the report must know of a study: plain facts, without paths or times."""

from __future__ import annotations

from typing import Any

import yaml

from polyteach.benchmarks.catalogue import facts_of
from polyteach.models.sizes import named_parameters
from polyteach.quality.cell import ORACLE
from polyteach.resources import Resources
from polyteach.study import (
    AnyTeacher,
    Base,
    By,
    Candidate,
    Candidates,
    Contestant,
    SimulatedTeacher,
    Study,
    Teacher,
)
from polyteach.synthesis.teacher_settings import NAMES, settings_of


def as_yaml(study: Candidates) -> str:
    """The study with every default filled in, as a reader knows it."""
    plain = study.model_dump(mode="json")
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, default_flow_style=None, width=110)


def study_facts(study: Study, resources: Resources) -> dict[str, Any]:
    """What scoring and the report need to know of a study."""
    return {
        "name": study.name,
        "rng_seed": study.rng_seed,
        "limit": study.limit,
        "languages": study.languages,
        "trials": study.trials,
        "methods": study.synthesis.methods,
        "teachers": [_teacher_facts(teacher, study, resources) for teacher in study.teachers],
        "bases": [{"name": b.name, "model": b.model, "family": b.family} for b in study.students.bases],
        "benchmarks": [facts_of(named) for named in study.benchmarks],
        "scorers": _scorers(study),
        "student_rows": study.students.rows,
        "quality_weight": study.scoring.quality_weight,
        "side_effects": study.side_effects.model_dump() if study.side_effects else None,
    }


def _scorers(study: Candidates) -> list[dict[str, Any]]:
    """The models behind metrics, their family where the study names it, and teachers that are the same."""
    models = [teacher for teacher in study.teachers if isinstance(teacher, Teacher)]
    families = {base.model: base.family for base in _bases(study) if base.family}
    families |= {teacher.model: teacher.family for teacher in models if teacher.family}
    judge = study.quality.judge
    scorer = scorer_of(study)
    asked = [("perplexity", scorer)] if scorer else []
    if judge and judge != ORACLE.name:
        asked.append(("rubric", judge if isinstance(judge, str) else judge.model))
    return [
        {
            "metric": metric,
            "model": model,
            "family": families.get(model),
            "teachers": [teacher.name for teacher in models if teacher.model == model],
        }
        for metric, model in asked
    ]


def screen_facts(study: Candidates, resources: Resources, by: By) -> dict[str, Any]:
    """What a screen's ranking and its page need to know of the candidates."""
    return {
        "name": study.name,
        "rng_seed": study.rng_seed,
        "limit": study.limit,
        "languages": study.languages,
        "by": by,
        "rows_per_method": study.synthesis.rows_per_method,
        "candidates": [_candidate_facts(one, study, resources) for one in study.compared(by)],
        "scorers": _scorers(study),
    }


def _candidate_facts(one: Candidate, study: Candidates, resources: Resources) -> dict[str, Any]:
    """A candidate as `screen.json` has it; `settings` are how it is asked, or what is wrong with it."""
    teacher = one.teacher
    known = _teacher_facts(teacher, study, resources)
    parameters, settings = known["parameters"], known.get("dials") or {}
    if isinstance(teacher, Teacher):
        parameters = parameters or teacher.parameters or named_parameters(teacher.model)
        drawn = settings_of(teacher.model, teacher.model_dump(include=set(NAMES)))
        settings = {name: getattr(drawn, name) for name in NAMES}
        settings |= teacher.model_dump(include={"adapter", "max_new_tokens", "prompts"})
    return {
        "candidate": one.name,
        "teacher": teacher.name,
        **{name: known[name] for name in ("kind", "model", "family")},
        "parameters": parameters,
        "methods": [*one.methods],
        "settings": settings,
    }


def _teacher_facts(teacher: AnyTeacher, study: Candidates, resources: Resources) -> dict[str, Any]:
    """What is known of a teacher; `kind` is `model`, `simulated` or `data`."""
    unknown = {"name": teacher.name, "model": None, "family": None, "parameters": None}
    if isinstance(teacher, SimulatedTeacher):
        return unknown | {"kind": "simulated", "dials": teacher.simulated.model_dump()}
    if isinstance(teacher, Contestant):
        found = {code: resources.contestant(study, teacher, code) for code in study.languages}
        seeds = {file.digest for file in resources.files.values()}
        return unknown | {
            "kind": "data",
            "data": {
                "rows": {code: rows for code, (_, rows) in found.items()},
                "wanted": {code: resources.wanted(study, code) for code in study.languages},
                "is_seed_data": any(not file or file.digest in seeds for file, _ in found.values()),
            },
        }
    return {
        "name": teacher.name,
        "kind": "model",
        "model": teacher.model,
        "family": teacher.family,
        "parameters": None if teacher.endpoint else resources.models[teacher.model].parameters,
    }


def scorer_of(study: Candidates) -> str | None:
    """The model under which perplexity is taken; None where none is named, and there are no students."""
    if study.quality.perplexity_model:
        return study.quality.perplexity_model
    return next((base.model for base in _bases(study)), None)


def _bases(study: Candidates) -> list[Base]:
    return study.students.bases if isinstance(study, Study) else []

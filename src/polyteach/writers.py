"""What the steps that write rows are handed: seed data, a teacher or a translation model, and where."""

from __future__ import annotations

from functools import cache
from typing import Any

from polyteach.benchmarks.finding import as_listed
from polyteach.endpoints import locations as served_at
from polyteach.files import package_files_digest
from polyteach.models.translation.sentences import Limits
from polyteach.resources import Resources
from polyteach.study import Candidates, HubSource, PocketSource, SimulatedTeacher, Teacher
from polyteach.synthesis.prompts import prompts_digest
from polyteach.synthesis.teacher_settings import settings_of

TRANSLATOR_BATCH_SIZE = 16
TRANSLATOR_DTYPE = "float32"

Handed = tuple[dict[str, Any], dict[str, str]]
"""Settings and locations of a step, see `StepTask`."""


@cache
def world_digest() -> str:
    """The identity of the pocket world's words and templates."""
    return package_files_digest("polyteach.pocket.world", "*.yaml", "words.json")


def gathered(study: Candidates, resources: Resources, language: str, rng_seed: int) -> Handed:
    """The sources of a language's seed data, and where their files are."""
    locations = {}
    sources: list[dict[str, Any]] = []
    for source in study.seed_data:
        if isinstance(source, PocketSource):
            world = {"world_digest": world_digest()}
            sources.append({"kind": "pocket", "rows": source.pocket, "methods": source.methods} | world)
        elif source.language == language:
            file = resources.files[source.key]
            locations[file.digest] = file.location
            kind = {"kind": "file", "methods": source.methods}
            if isinstance(source, HubSource):
                kind = {"kind": "hub", **source.model_dump(exclude={"language", "path", "revision"})}
            sources.append(kind | {"digest": file.digest})
    settings: dict[str, Any] = {"language": language, "sources": sources, "rng_seed": rng_seed}
    if any(source["kind"] == "hub" for source in sources):
        settings["without_overlap"], places = as_listed(
            {key: exam for key, exam in resources.exams.items() if key[1] == language}
        )
        locations |= places
    return settings, locations


def asked(teacher: Teacher, study: Candidates, resources: Resources) -> Handed:
    """Who a teacher is, how it is asked and how it draws; and where it is."""
    given = teacher.model_dump(include={"temperature", "top_p", "top_k", "context"})
    known = settings_of(teacher.model, given)
    settings = {
        **{name: getattr(known, name) for name in given},
        "prompts_digest": prompts_digest(teacher.prompts),
        **teacher.model_dump(include={"prompts", "max_new_tokens"}),
        **study.synthesis.model_dump(include={"attempts", "language_gate"}),
    }
    if teacher.endpoint:
        in_words = {"structured": "words"} if teacher.endpoint.structured == "words" else {}
        endpoint = {"model": teacher.model, "endpoint": {"extra": teacher.endpoint.extra} | in_words}
        return settings | endpoint, served_at(teacher, study)
    model = resources.models[teacher.model]
    here = {"model": model.digest, **teacher.model_dump(include={"batch_size", "dtype"})}
    where = {"model": model.location, "payer": study.name}
    if teacher.adapter:
        adapter = resources.adapters[teacher.adapter]
        here, where = here | {"adapter": adapter.digest}, where | {"adapter": adapter.location}
    return settings | here, where


def simulated(teacher: SimulatedTeacher, beliefs_seed: int) -> dict[str, Any]:
    """What is wrong with a simulated teacher, and the world it lives in."""
    return {
        "dials": teacher.simulated.model_dump(),
        "beliefs_seed": beliefs_seed,
        "world_digest": world_digest(),
        "words_digest": package_files_digest("polyteach.pocket", "verbose.yaml"),
    }


def translated(study: Candidates, resources: Resources, language: str, rng_seed: int) -> Handed:
    """What a translation model is given to translate; and where it is."""
    translator = resources.translator
    if translator is None:
        raise ValueError(f"{study.name} has no translator")
    limits = Limits()
    settings = {
        "language": language,
        "translator": translator.digest,
        "rows": study.synthesis.rows_per_method,
        "rng_seed": rng_seed,
        "max_piece_tokens": limits.max_piece_tokens,
        "max_new_tokens": limits.max_new_tokens,
        "beams": limits.beams,
        "batch_size": TRANSLATOR_BATCH_SIZE,
        "dtype": TRANSLATOR_DTYPE,
        "language_gate": study.synthesis.language_gate,
    }
    return settings, {"translator": translator.location, "payer": study.name}

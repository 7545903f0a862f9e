"""What a report was made with: versions of software and steps, identities of models, data and benchmarks.

Times, places and machines stand in `timing.json`: of the same artifacts this is the same text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Plain = Mapping[str, Any]
Manifests = Mapping[str, Plain]
_DATA = ("seed_data", "translation", "synthesis", "gate", "quality")
_ORDER = (*_DATA, "students", "examination", "free_answers", "score", "analysis")


def read_manifests(inputs: Mapping[str, Path]) -> dict[str, Plain]:
    """The manifests of artifacts by step id; an input without one (made by no store) is left out."""
    paths = {id: folder / "manifest.json" for id, folder in inputs.items()}
    found = {id: json.loads(path.read_text("utf-8")) for id, path in sorted(paths.items()) if path.exists()}
    return {id: plain for id, plain in found.items() if "software" in plain}


def provenance(results: Plain, manifests: Manifests) -> dict[str, Any]:
    """The section.

    Returns:
        `facts`, pairs of a name and what it is; `software`, rows of `name`, `version`, `steps` (of how many
        artifacts), several of a name where artifacts are older; `steps`, rows of `kind`, `version`, `count`;
        `identities`, rows of `role`, `name`, `identity`, each once.
    """
    study = results["study"]
    return {
        "facts": [
            ("rng_seed of the study (each step’s own is derived from it)", str(study["rng_seed"])),
            ("definitions", results["definitions_digest"]),
            ("schema of results.json", str(results["schema_version"])),
        ],
        "software": _software(manifests.values()),
        "steps": _steps(manifests.values()),
        "identities": _identities(study, manifests),
    }


def _software(manifests: Iterable[Plain]) -> list[dict[str, Any]]:
    counts: dict[tuple[str, str], int] = {}
    for plain in manifests:
        for pair in plain["software"].items():
            counts[pair] = counts.get(pair, 0) + 1
    return [{"name": n, "version": v, "steps": count} for (n, v), count in sorted(counts.items())]


def _steps(manifests: Iterable[Plain]) -> list[dict[str, Any]]:
    counts: dict[tuple[str, int], int] = {}
    for plain in manifests:
        pair = (plain["kind"], plain["version"])
        counts[pair] = counts.get(pair, 0) + 1
    known = [pair for pair in counts if pair[0] in _ORDER]
    known.sort(key=lambda pair: (_ORDER.index(pair[0]), pair[1]))
    return [{"kind": kind, "version": version, "count": counts[kind, version]} for kind, version in known]


def _identities(study: Plain, manifests: Manifests) -> list[dict[str, str]]:
    """Everything from outside that the figures rest on, each with what tells it from all others."""
    names = {teacher["name"]: teacher.get("model") for teacher in study["teachers"]}
    bases = {base["name"]: base["model"] for base in study["bases"]}
    found: dict[tuple[str, str, str], None] = {}
    for id, plain in manifests.items():
        for role, name, identity in _of_step(id.split("/"), plain["settings"], names, bases):
            found.setdefault((role, name, identity))
    return [{"role": role, "name": name, "identity": identity} for role, name, identity in sorted(found)]


def _of_step(
    place: Sequence[str], settings: Plain, teachers: Mapping[str, str | None], bases: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    """(role, name, identity) of what one step names."""
    kind, who = place[0], place[1] if len(place) > 1 else ""  # `score` and `analysis` are one word
    found: list[tuple[str, str, Any]] = []
    if kind == "seed_data":
        for source in settings["sources"]:
            name = source.get("source") or {"pocket": "the pocket world", "file": "a file"}[source["kind"]]
            found.append(("seed data", f"{name}, {who}", source.get("digest") or source.get("world_digest")))
    elif kind == "synthesis":
        role = "simulated teacher’s world" if "dials" in settings else "teacher"
        named = f"{who} ({teachers[who]})" if teachers.get(who) else who
        of_file = [settings["file"]] if settings.get("file") else []
        for identity in [settings.get("model"), settings.get("world_digest"), *of_file]:
            found.append((role, named, identity))
        found.append(("adapter of a teacher", who, settings.get("adapter")))
        found.append(
            ("prompts of a teacher", str(settings.get("prompts", "")), settings.get("prompts_digest"))
        )
        found.append(("translation model", who, settings.get("translator")))
    elif kind == "students":
        found.append(("base of students", f"{who} ({bases.get(who, who)})", settings["base"]))
    elif kind == "examination":
        for exam in settings["benchmarks"]:
            found.append(("benchmark", str(exam.get("benchmark") or exam.get("name")), exam.get("digest")))
        if settings.get("model") and place[2] == "reference":
            found.append(("reference", who, settings["model"]))
    elif kind == "quality":
        judge, embedder = settings.get("judge") or {}, settings.get("embedder")
        found.append(("judge", judge.get("kind", ""), judge.get("model") or judge.get("world_digest")))
        found.append(("rubric of the judge", judge.get("kind", ""), judge.get("rubric_digest")))
        found.append(("embedder", "", embedder["model"] if isinstance(embedder, Mapping) else embedder))
        found.append(("model of perplexity", "", (settings.get("perplexity") or {}).get("model")))
    return [(role, name, str(identity)) for role, name, identity in found if identity]

"""A run's folder into a bundle: evidence out of its artifacts, and the terms under which it was made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyteach.artifacts import MANIFEST
from polyteach.bundles.bundle import Bundle, BundledTeacher, Provenance
from polyteach.bundles.pack import pack
from polyteach.bundles.scored import scored_bundle
from polyteach.bundles.terms import short, terms_of_run
from polyteach.errors import UserError
from polyteach.manifests import Damaged, input_folders
from polyteach.steps import digest_of

RUN_AGAIN = "run the study again: what is in its store is not made anew"
SETTINGS = ("temperature", "top_p", "top_k", "context", "max_new_tokens", "prompts", "dtype")
"""What is said of how a teacher is asked; its endpoint is not."""


@dataclass(frozen=True, slots=True)
class RunArtifacts:
    """What a run's results were made of.

    Attributes:
        settings: those of the step `score`.
        folders: the artifacts that results read, by step id.
        manifests: of these, and of the students that were examined (`students/...`).
    """

    settings: Mapping[str, Any]
    folders: Mapping[str, Path]
    manifests: Mapping[str, Mapping[str, Any]]


def bundle_of_run(folder: Path) -> Bundle:
    """The bundle of a run that has results.

    Raises:
        UserError: it has none, or its artifacts are gone or damaged.
    """
    from polyteach import __version__
    from polyteach.scoring.evidence import measuring_in, read_evidence, study_facts

    found = read_artifacts(folder)
    facts = found.settings["study"]
    try:
        evidence = read_evidence(study_facts(facts), found.folders, found.settings["failed"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        what = f"the run's artifacts cannot be read ({type(error).__name__})"
        raise UserError(what, str(folder), RUN_AGAIN) from error
    measuring = [
        (name, took)
        for name in sorted(found.folders)
        if name.startswith(("gate/", "quality/"))
        for took in measuring_in(found.manifests[name]["facts"])
    ]
    packed = pack(evidence, facts, data_digests(found.manifests), measuring)
    provenance = Provenance(
        polyteach=__version__,
        study_digest=digest_of(packed.study.facts),
        rng_seed=packed.study.rng_seed,
        source="a run of polyteach; figures computed from the evidence in this bundle",
        notes=["side effects are not carried"] if facts.get("side_effects") else [],
    )
    teachers = [_teacher(entry.name, found.manifests) for entry in packed.study.teachers]
    terms = terms_of_run(found.manifests, packed.study)
    return scored_bundle(packed, provenance, teachers, terms)[0]


def read_artifacts(folder: Path) -> RunArtifacts:
    """Finds what the results in a run's folder were made of.

    Raises:
        UserError: there are no results, or not of the run that is in the store.
    """
    score = folder / "artifacts" / "score"
    if not (folder / "results.json").is_file() or not score.exists():
        fix = "name a run's folder that has results, such as runs/NAME"
        raise UserError("there is no finished run here", str(folder), fix)
    manifest = _manifest(score)
    if (folder / "results.json").read_bytes() != (score / "results.json").read_bytes():
        what = "the results in this folder are not those of its artifacts"
        raise UserError(what, str(folder), RUN_AGAIN)
    store = score.resolve().parents[1]
    try:
        folders = input_folders(manifest, store)
    except Damaged as damage:
        raise UserError("an artifact of the run is damaged", str(score), RUN_AGAIN) from damage
    manifests = {name: _manifest(path, manifest["inputs"][name]) for name, path in folders.items()}
    students = {
        name.replace("examination/", "students/", 1): key
        for name, known in manifests.items()
        if name.startswith("examination/") and "/in/" not in name and (key := known["inputs"].get("student"))
    }
    for name, key in students.items():
        manifests[name] = _manifest(store / "students" / key, key)
    return RunArtifacts(manifest["settings"], folders, manifests)


def data_digests(manifests: Mapping[str, Mapping[str, Any]]) -> dict[tuple[str, str], str]:
    """A digest of what made each cell's data: the same requests to the same teacher have the same one."""
    keys: dict[tuple[str, str], dict[str, str]] = {}
    for name, manifest in manifests.items():
        if name.startswith("synthesis/"):
            _, teacher, language, method = name.split("/")
            keys.setdefault((teacher, language), {})[method] = manifest["key"]
    return {cell: short(found) for cell, found in keys.items()}


def _teacher(name: str, manifests: Mapping[str, Mapping[str, Any]]) -> BundledTeacher:
    """How a teacher was asked, as its steps say; who it is the study's card says."""
    own = {step: known for step, known in manifests.items() if step.startswith(f"synthesis/{name}/")}
    methods = dict.fromkeys(known["settings"].get("method") for known in own.values())
    said = [known["settings"] for known in own.values() if "method" in known["settings"]]
    settings = {key: said[0][key] for key in SETTINGS if said and said[0].get(key) is not None}
    return BundledTeacher(name=name, methods=[method for method in methods if method], settings=settings)


def _manifest(folder: Path, key: str | None = None) -> Mapping[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise UserError("an artifact of the run is gone or damaged", str(folder), RUN_AGAIN) from error
    parts = ("key", "inputs", "settings", "facts", "version")
    if not isinstance(manifest, dict) or any(part not in manifest for part in parts):
        raise UserError("an artifact of the run is damaged", str(folder), RUN_AGAIN)
    if key is not None and manifest["key"] != key:
        raise UserError("an artifact of the run is another one's", str(folder), RUN_AGAIN)
    return manifest

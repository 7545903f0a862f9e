"""Students that are there but for an exam's questions: why a study trains again what it trained before."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from polyteach.artifacts import MANIFEST, Store
from polyteach.steps import Step, digest_of

EXAMS = "without_overlap"
"""The setting of a student that says which exams' passages it has not learned from."""


def kept_from_other_questions(missing: Iterable[Step], store: Store) -> int:
    """Counts students to be trained of which the store has one that differs in `EXAMS` alone.

    Exams of one's own are known by their questions, others by their files.
    """
    there = {_but_for_exams(manifest) for manifest in _students(store)}
    return sum(
        _but_for_exams(
            {
                "version": step.version,
                "settings": step.settings,
                "inputs": {name: parent.key for name, parent in step.inputs.items()},
            }
        )
        in there
        for step in missing
        if step.kind == "students"
    )


def _but_for_exams(student: Mapping[str, Any]) -> str:
    settings = {name: value for name, value in student["settings"].items() if name != EXAMS}
    return digest_of([student["version"], settings, student["inputs"]])


def _students(store: Store) -> Iterable[Mapping[str, Any]]:
    for path in (store.root / "students").glob(f"*/{MANIFEST}"):
        try:
            manifest = json.loads(path.read_bytes())
        except (OSError, ValueError):  # damaged, or just removed: it explains nothing
            continue
        if isinstance(manifest, dict) and manifest.keys() >= {"version", "settings", "inputs"}:
            yield manifest

"""The step that scores a study: artifacts of synthesis, quality and examination in; results.json out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyteach.files import write_json
from polyteach.steps import StepTask

RESULTS = "results.json"


def score(task: StepTask) -> Mapping[str, Any]:
    """Scores a study.

    Settings: `study`, its facts (see `evidence.study_facts`), shown as they are; `rng_seed`; `failed`, a list
    of {step, reason}. Inputs: named like the steps that made them (see `evidence.read_evidence`).
    """
    from polyteach.scoring.evidence import read_evidence, study_facts
    from polyteach.scoring.results import results_of

    study = task.settings["study"]
    evidence = read_evidence(study_facts(study), task.inputs, task.settings["failed"])
    results = results_of(evidence, study, task.settings["rng_seed"])
    write_json(task.output / RESULTS, results)
    return {"verdict": results["verdict"]["kind"], "warnings": len(results["warnings"])}

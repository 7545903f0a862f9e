"""Runs of a made-up study, screens and bundles, as `polyteach recommend` reads them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
from synthetic_study import SyntheticStudy

from polyteach.bundles import Bundle, BundledCell, BundledTeacher
from polyteach.bundles.bundle import Provenance
from polyteach.scoring.step import score
from polyteach.selection.recommend.evidence import Evidence


def run_of(folder: Path, **facts: object) -> Path:
    study = SyntheticStudy(folder / "study", **facts)  # type: ignore[arg-type]
    (folder / "run").mkdir()
    score(study.score_task(folder / "run"))
    return folder / "run"


def figure(value: float | None, se: float = 1.0, **more: object) -> dict:
    plain = {"value": value, "se": se, "low": None, "high": None, "n": 200, "unscored": {}, "definition": "d"}
    return plain | more


def write_screen(folder: Path, scores: dict[str, float], **changes: object) -> Path:
    """A screen's folder, as `polyteach screen` writes it, of models `org/NAME`."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = {
        "schema_version": 1,
        "kind": "screen",
        "study": folder.name,
        "definitions_digest": "0a",
        "candidates": [
            {"candidate": n, "teacher": n, "model": f"org/{n}", "methods": ["respond"], "settings": {}}
            for n in scores
        ],
        "cells": [
            {"candidate": n, "language": "de", "rows": 200, "score": figure(s), "excluded": None,
             "tokens": {"prompt": 100_000, "response": 50_000, "thinking": 0}, "money_per_10k": 5.0 + i}
            for i, (n, s) in enumerate(scores.items())
        ],
        "ranking": [],
        "cannot_see": ["What students learn from the data: none was trained."],
    }  # fmt: skip
    (folder / "screen.json").write_text(json.dumps(plain | changes))
    return folder


def bundle_of(evidence: Evidence, figure_name: str, name: str) -> Bundle:
    """A bundle of figures that holds a run's readings."""
    return Bundle(
        kind="figures",
        name=name,
        provenance=Provenance(source="a test", definitions_digest=evidence.definition.split()[0]),
        languages=evidence.languages,
        teachers=[BundledTeacher(name=n, model=c.model) for n, c in evidence.teachers.items()],
        cells=[
            BundledCell(
                teacher=teacher, language=language, base="base-a", bundle=name, trials=1,
                figures={figure_name: own, "gain": evidence.gains[language, teacher]},
            )
            for (language, teacher), own in evidence.figures.items()
        ],
    )  # fmt: skip

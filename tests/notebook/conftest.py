"""A run's folder as a notebook finds one: the synthetic study of the report's tests, scored, and its rows."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
from synthetic_study import SyntheticStudy

from polyteach.scoring.step import score


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    study = SyntheticStudy(tmp_path_factory.mktemp("study"), hostile="<script>alert(1)</script>\x1b[31m")
    folder = tmp_path_factory.mktemp("run")
    score(study.score_task(folder))
    for step, path in study.inputs.items():
        if step.startswith("synthesis/"):
            link = folder / "artifacts" / step
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path)
    return folder

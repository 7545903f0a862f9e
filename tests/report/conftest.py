"""A synthetic study, scored and reported once for all tests of the report."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from synthetic_study import SyntheticStudy

from polyteach.analysis.step import analyse
from polyteach.report.step import report
from polyteach.scoring.step import score

HOSTILE = (
    "</div><script>document.title='owned'</script><img src=x onerror=alert(1)>\x00\x1b[31m\u202e{{ 7*7 }}"
)


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> SyntheticStudy:
    return SyntheticStudy(tmp_path_factory.mktemp("study"), hostile=HOSTILE)


@pytest.fixture(scope="session")
def scored(study: SyntheticStudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("score")
    score(study.score_task(folder))
    return folder


@pytest.fixture(scope="session")
def results(scored: Path) -> dict:
    return json.loads((scored / "results.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def analysed(study: SyntheticStudy, scored: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("analysis")
    analyse(study.analysis_task(scored, folder))
    return folder


@pytest.fixture(scope="session")
def page(
    study: SyntheticStudy, scored: Path, analysed: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("report")
    report(study.report_task(scored, analysed, folder))
    return folder / "report.html"

"""One finished run for all tests of the review that do not change it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from run_of_review import ReviewRun, make_run


@pytest.fixture(scope="session")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> ReviewRun:
    return make_run(tmp_path_factory.mktemp("reviewed"))

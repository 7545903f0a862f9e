"""Runs' folders with made-up results."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from made_results import made_results


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, Any], Path]:
    """Writes results into a run's folder of that name."""

    def written(name: str, results: Any) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        text = results if isinstance(results, str) else json.dumps(results)
        (folder / "results.json").write_text(text, encoding="utf-8")
        return folder

    return written


PLACES = {("de", "b"): {"x": 0.4, "y": 0.6}, ("ja", "b"): {"x": 0.2, "y": 0.4}}
QUALITIES = {"de": {"m": 0.8, "n": 0.6}, "ja": {"m": 0.5}}


@pytest.fixture
def plain() -> dict[str, Any]:
    """Two teachers in two languages: `one` above `two`."""
    low = {place: {name: value - 0.1 for name, value in cell.items()} for place, cell in PLACES.items()}
    return made_results(
        {"one": copy.deepcopy(PLACES), "two": low}, {"one": QUALITIES, "two": copy.deepcopy(QUALITIES)}
    )

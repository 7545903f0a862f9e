"""The published numbers, and their recomputation, once for all tests."""

from __future__ import annotations

from typing import Any

import pytest

from polyteach.published.paper import Paper, read_paper
from polyteach.published.study import recompute


@pytest.fixture(scope="session")
def paper() -> Paper:
    return read_paper()


@pytest.fixture(scope="session")
def study() -> dict[str, Any]:
    return recompute()


@pytest.fixture(scope="session")
def numbers(study: dict[str, Any]) -> dict[str, Any]:
    """The audit's numbers, by finding."""
    return {finding["id"]: finding["numbers"] for finding in study["audit"]}

"""What runs code where it is unpickled or imported: it leaves a file behind, by which a test knows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest


class Poison:
    """Unpickled, it makes a folder."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.trace),)


def code(trace: Path) -> str:
    """Python that makes a folder when it is imported."""
    return f"import os\nos.mkdir({str(trace)!r})\n"


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Where poison leaves its trace."""
    return tmp_path / "poison-was-run"

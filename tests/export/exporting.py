"""How the tests of exports run the command, and write what it reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

Export = Callable[..., dict[str, Any]]
"""Runs the command into `tmp_path / out`; returns its JSON, and beside it `folder` and `stderr`."""


def write_lines(path: Path, records: Iterable[Mapping[str, Any]]) -> Path:
    """Writes JSON lines; halves of characters stand in them as escapes."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path

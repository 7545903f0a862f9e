"""What names of files and folders say: dates, models, tasks."""

from __future__ import annotations

import re
from pathlib import Path

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d[-:]\d\d[-:]\d\d(?:\.\d+)?")


def date_of(path: Path) -> str | None:
    """The date and time in a file's name, as both libraries write it; sorts as text."""
    found = _DATE.search(path.name)
    return found.group(0).replace(":", "-") if found else None


def task_of(path: Path, kind: str) -> str:
    """The task in `samples_TASK_DATE.jsonl` or `details_TASK_DATE.parquet`."""
    name = path.name.removesuffix(path.suffix).removeprefix(f"{kind}_")
    found = _DATE.search(name)
    return name[: found.start()].rstrip("_") if found else name

"""A run's `results.json`, checked as far as it is used: the file may be anybody's, of any version."""

from __future__ import annotations

import json
import os
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from polyteach.errors import UserError
from polyteach.figures import Figure

RESULTS = "results.json"
SCHEMA_VERSION = 1
MOST_BYTES = 500_000_000
"""Of a file; a study of 100 teachers in 100 languages stays below."""
FIX = "name a run's folder that has results, such as runs/NAME, or its results.json"

Name = Annotated[str, Field(max_length=2000)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class _Figure(_Part):
    value: float | None
    se: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    unscored: dict[str, int] = {}
    definition: str = ""
    reason: str | None = None

    def figure(self) -> Figure:
        """As the rest of the program has figures."""
        reason = None if self.value is not None else self.reason or "undefined"
        return Figure(
            self.value, self.definition, self.n, self.se, self.low, self.high, self.unscored, reason
        )


class _Named(_Part):
    name: Name


class _Study(_Part):
    name: Name
    languages: list[Name]
    teachers: list[_Named]
    bases: list[_Named] = []
    trials: int = 1
    rng_seed: int | None = None
    limit: int | None = None
    quality_weight: Annotated[float, Field(ge=0, le=1)] = 0.5


class _Verdict(_Part):
    kind: str
    text: str
    teachers: list[Name] = []


class _Scores(_Part):
    robust: _Figure


class _Entry(_Part):
    teacher: Name
    rank_interval: tuple[int, int] | None
    gain: _Figure
    quality: _Figure
    scores: _Scores


class _Cell(_Part):
    teacher: Name
    language: Name
    base: Name
    gains: dict[Name, _Figure]
    qualities: dict[Name, _Figure]


class _Anchor(_Part):
    benchmark: Name
    language: Name
    base: Name
    counts: bool


class _Gate(_Part):
    language: Name
    metric: Name
    passes: bool


class Results(_Part):
    """What of `results.json` is read here; see docs/results.md."""

    study: _Study
    definitions_digest: str
    verdict: _Verdict
    leaderboard: list[_Entry]
    cells: list[_Cell]
    anchors: list[_Anchor]
    gate: list[_Gate]

    @model_validator(mode="after")
    def _listed_once(self) -> Results:
        _once("teacher", (entry.teacher for entry in self.leaderboard))
        _once("cell", ((cell.teacher, cell.language, cell.base) for cell in self.cells))
        _once("anchor", ((a.benchmark, a.language, a.base) for a in self.anchors))
        _once("metric of the gate", ((g.language, g.metric) for g in self.gate))
        return self


def _once(what: str, keys: Iterable[Hashable]) -> None:
    found = list(keys)
    if len(set(found)) < len(found):
        raise ValueError(f"a {what} is listed twice")


@dataclass(frozen=True, slots=True)
class OpenedRun:
    """The results of one run.

    Attributes:
        path: as the user named it.
        folder: the run's folder; None where only a file of results was named.
        results: checked; `plain` is all that the file holds, as it stands.
    """

    path: Path
    folder: Path | None
    results: Results
    plain: dict[str, Any]


def open_results(path: Path) -> OpenedRun:
    """Reads the results in a run's folder, or in a file.

    Raises:
        UserError: there are none, they are damaged, or another version wrote them.
    """
    # Not Path's own: they raise on long names.
    file = path if os.path.isfile(path) else path / RESULTS  # noqa: PTH113
    if not os.path.exists(file) and os.path.isfile(path / "screen.json"):  # noqa: PTH110, PTH113
        raise UserError("this is a screen, which has no students' results", str(path), FIX)
    plain = _json(file, path)
    version = plain.get("schema_version")
    if version != SCHEMA_VERSION:
        what = "these are no results of a run" if version is None else f"schema_version is {version!r:.40}"
        fix = FIX if version is None else f"this polyteach reads {SCHEMA_VERSION}: take the one that wrote it"
        raise UserError(what, str(file), fix)
    try:
        results = Results.model_validate(plain)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part)[:60] for part in first["loc"][:6])
        raise UserError(f"these results are damaged ({place}: {first['msg']})", str(file), FIX) from error
    return OpenedRun(path, path if path.is_dir() else None, results, plain)


def _json(file: Path, path: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise UserError(f"is above {MOST_BYTES // 1_000_000} MB, which no results are", str(file), FIX)
        plain = json.loads(file.read_bytes(), parse_constant=_refuse)
    except FileNotFoundError as error:
        raise UserError(f"there is no {RESULTS} here", str(path), FIX) from error
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror})", str(file), FIX) from error
    except (ValueError, RecursionError) as error:
        raise UserError("this is no JSON that a run writes", str(file), FIX) from error
    if not isinstance(plain, dict):
        raise UserError("these are no results of a run", str(file), FIX)
    return plain


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of results")

"""What a step is: the unit of work that is run, stored, shared and resumed.

A step is pure: its settings and input artifacts in, one artifact out. It knows nothing of where it runs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol


class Progress(Protocol):
    """How a step says how far it is."""

    def start(self, total: int, unit: str) -> None:
        """Says how much there is to do, in which unit (`rows`, `steps`, `items`)."""

    def advance(self, done: int = 1) -> None:
        """Says that so much more is done."""


class SilentProgress:
    """Progress that nobody watches."""

    def start(self, total: int, unit: str) -> None:
        """Does nothing."""

    def advance(self, done: int = 1) -> None:
        """Does nothing."""


@dataclass(frozen=True)
class StepTask:
    """What a step's work is handed.

    Attributes:
        settings: all that defines the output; plain data.
        locations: where things named by a digest in `settings` lie on this machine (a path or a hub id), and
            what outlives a step that is cut off: `journal`, the store's answers of models, and `state`, a
            folder of the step's own.
        inputs: the folder of each input artifact, by name.
        output: an empty folder to fill.
        progress: to be told how far the work is.
    """

    settings: Mapping[str, Any]
    locations: Mapping[str, str]
    inputs: Mapping[str, Path]
    output: Path
    progress: Progress = field(default_factory=SilentProgress)


Work = Callable[[StepTask], Mapping[str, Any]]
"""A module-level function: fills `task.output`, returns facts for the manifest (rows, tokens, failures)."""


@dataclass(frozen=True, eq=False)
class Step:
    """One node of a study's graph.

    Attributes:
        id: readable and unique within a study, such as `synthesis/err-03/de/respond`.
        kind: the stage, such as `synthesis`; with `version`, what the work is.
        work: the function that does it; its module imports nothing heavy at the top.
        version: raised by hand when the same settings would give another output.
        settings: see `StepTask`; they are hashed, so anything but plain JSON data is refused.
        locations: see `StepTask`; not hashed.
        inputs: the steps whose artifacts it reads, by name.
        cost: rough relative duration; longer steps start first where several could.
        skips: patterns of names of files, such as `model/*`, that it reads of no input: those are neither
            checked nor fetched for it.
    """

    id: str
    kind: str
    work: Work
    version: int
    settings: Mapping[str, Any]
    locations: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, Step] = field(default_factory=dict)
    cost: float = 1.0
    skips: tuple[str, ...] = ()

    @cached_property
    def key(self) -> str:
        """Identity of the step's artifact: hash of kind, version, settings and inputs' keys."""
        identity = {
            "kind": self.kind,
            "version": self.version,
            "settings": self.settings,
            "inputs": {name: step.key for name, step in self.inputs.items()},
        }
        return digest_of(identity)


def digest_of(value: Any) -> str:
    """SHA-256 of plain data, the same whatever the order of keys.

    Raises:
        TypeError: a value is not plain JSON data (never falls back to `str()`).
        ValueError: a number is not finite.
    """
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def rng_seed_of(*parts: str | int) -> int:
    """An rng_seed, from 0 to 2**31 - 1, for what these words and numbers name: the same for the same ones."""
    return int(digest_of(list(parts))[:8], 16) % 2**31

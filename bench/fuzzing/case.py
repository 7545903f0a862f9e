"""One input of the fuzzing: some files, and what is done with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

DONE, FINISHED_WITH_FAILURES, BUDGET_SPENT = 0, 3, 4

Action = Callable[[Path], int]
"""Works in a folder that holds a case's files and is the working folder; returns an exit code."""

_FACTS = "case.json"


@dataclass(frozen=True, slots=True)
class Case:
    """An input.

    Attributes:
        action: the name of what is done, among a target's actions.
        files: content by path, from the folder that the action works in.
    """

    action: str
    files: Mapping[str, bytes] = field(repr=False)

    def lay_out(self, folder: Path) -> None:
        """Writes the files into a folder; one that is there already is replaced, not written into."""
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            path.write_bytes(content)

    def save(self, folder: Path, target: str) -> None:
        """Keeps the case so that `load` finds it."""
        self.lay_out(folder / "files")
        facts = {"target": target, "action": self.action, "files": sorted(self.files)}
        (folder / _FACTS).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> tuple[str, Case]:
        """The target and the case that `save` kept."""
        facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
        files = {name: (folder / "files" / name).read_bytes() for name in facts["files"]}
        return facts["target"], cls(facts["action"], files)

"""What became of the requests to each teacher: how many failed, over all languages and methods, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from polyteach.scoring.records import Evidence
from polyteach.scoring.unscored import together

MANY_FAILED = 0.05


@dataclass(frozen=True, slots=True)
class Requests:
    """One teacher's requests: `asked` in all, `failed` of them by reason, the commonest first."""

    teacher: str
    asked: int
    failed: Mapping[str, int]

    @property
    def share(self) -> float:
        """How much of what was asked failed; 0 where nothing was asked."""
        return sum(self.failed.values()) / self.asked if self.asked else 0.0

    def sentence(self) -> str:
        """The share and the reasons, in words."""
        reasons = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in self.failed.items())
        return f"{self.teacher}: {self.share:.0%} of answers failed ({reasons}; {self.asked} requests)."

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        return {"teacher": self.teacher, "requests": self.asked, "failed": dict(self.failed)}


def requests_of(evidence: Evidence) -> list[Requests]:
    """Requests by teacher, in the study's order; every request is a row or a failure. Of contestants, whose
    rows were there already, nothing was asked.
    """
    found = []
    for teacher in evidence.study.teachers:
        cells = [facts for facts in evidence.synthesis if facts.teacher == teacher.name]
        failed = together(facts.failures for facts in cells)
        ordered = dict(sorted(failed.items(), key=lambda entry: -entry[1]))
        if cells and not teacher.data:
            asked = sum(facts.rows for facts in cells) + sum(failed.values())
            found.append(Requests(teacher.name, asked, ordered))
    return found

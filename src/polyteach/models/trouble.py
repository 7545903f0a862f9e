"""What went wrong at an endpoint while it was asked, though all was answered in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from polyteach.models.endpoint.limits import Level

_WAITS = ("http 429", "http 503", "http 529")


@dataclass
class Trouble:
    """Counts over the tries of one run; all are empty where a model of this machine, or a batch, is asked.

    Attributes:
        down: how often a server was left out since nobody answered there, by its URL.
        faults: tries that failed and were repeated, by reason, such as `http 429` or `timeout`.
    """

    down: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    def note(self, level: Level) -> None:
        """Hears what an endpoint tells its observer."""
        if level.why == "down":
            self.down[level.url] += 1

    def facts(self) -> dict[str, Any]:
        """The counts as plain data; `told_to_wait` is how often a server said 429, 503 or 529."""
        return {
            "down": dict(sorted(self.down.items())),
            "told_to_wait": sum(self.faults[reason] for reason in _WAITS),
            "faults": dict(sorted(self.faults.items())),
        }


def summed(facts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The troubles of several runs together, each as `Trouble.facts` has them."""
    total = Trouble()
    for one in facts:
        total.down.update(one["down"])
        total.faults.update(one["faults"])
    return total.facts()

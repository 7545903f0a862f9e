"""A warning of the results."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Caution:
    """A warning of `results.json`: a code for programs, a place, a sentence for people."""

    code: str
    where: str
    message: str

    def to_json(self) -> dict[str, str]:
        """As the outside view has it."""
        return asdict(self)

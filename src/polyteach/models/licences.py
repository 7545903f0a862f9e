"""Whether a teacher's output may train another model, as far as the project has read the terms.

A table of families, no legal advice: hosts add terms of their own, and terms change.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict

_FILE = Path(__file__).with_name("licences.yaml")
CHECK = "check it yourself: terms change, and hosts add their own"

Training = Literal["permissive", "conditional", "non_commercial", "forbidden", "unknown"]
Wanted = Literal["any", "non-commercial", "commercial", "permissive"]
_ALLOWED: dict[Wanted, frozenset[Training]] = {
    "any": frozenset(get_args(Training)),
    "non-commercial": frozenset({"permissive", "conditional", "non_commercial"}),
    "commercial": frozenset({"permissive", "conditional"}),
    "permissive": frozenset({"permissive"}),
}


class Licence(BaseModel):
    """What a family's licence or terms say of training other models on its output.

    Attributes:
        training: see `licences.yaml`; `unknown` where nobody of the project read them.
        read: the day on which they were read; None likewise.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    family: str
    patterns: tuple[str, ...] = ()
    licence: str
    training: Training
    conditions: str
    url: str | None
    read: str | None

    def allows(self, wanted: Wanted) -> bool:
        """Whether a teacher with it may be recommended to somebody who wants this."""
        return self.training in _ALLOWED[wanted]

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        return self.model_dump(exclude={"patterns"}) | {"note": CHECK}


UNKNOWN = Licence(
    family="unknown",
    licence="unknown",
    training="unknown",
    conditions="the project has not read the terms of this model",
    url=None,
    read=None,
)


def licence_of_teacher(kind: str, model: str | None, name: str, family: str | None) -> Licence:
    """The entry for a teacher of a study.

    Args:
        kind: `model` or `simulated`, as results say it; what a simulated one is called is nobody's model.
        model: as its host calls it.
        name: the study's own.
        family: where it is known.
    """
    return licence_of("simulated") if kind == "simulated" else licence_of(model, name, family)


def licence_of(*names: str | None) -> Licence:
    """The entry for a model, by the first of its names that is in the table.

    Args:
        names: the model as its host calls it first, then a display name or family.
    """
    for name in names:
        if name and (found := _named(name)):
            return found
    return UNKNOWN


def _named(name: str) -> Licence | None:
    plain = re.sub(r"[\s_:]+", "-", name.rpartition("/")[2].lower())
    return next(
        (entry for entry in _table() if any(re.search(pattern, plain) for pattern in entry.patterns)), None
    )


@cache
def _table() -> tuple[Licence, ...]:
    plain = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return tuple(Licence.model_validate(entry | {"read": str(entry["read"])}) for entry in plain["licences"])

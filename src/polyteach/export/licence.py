"""Under which licence a set may be given on: what was stated, and what is known of its parts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from polyteach.export.making import Making

UNKNOWN, OTHER = "unknown", "other"
_NOT_FREE = re.compile(r"\bNC\b|non.?commercial", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of what the rows rest on.

    Attributes:
        what: in words, such as `seed data: aya`.
        licence: as its page or the table of terms states it; None where nobody stated one.
        note: conditions, and where and when they were read.
        free: whether nothing known forbids commercial use; None where it is not known.
    """

    what: str
    licence: str | None
    note: str
    free: bool | None

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        return {"what": self.what, "licence": self.licence, "note": self.note, "commercial_use": self.free}


def card_licence(stated: str | None) -> dict[str, Any]:
    """The licence as a card's metadata have it: never one that nobody stated.

    Words that the hub has no identifier for become `other`, with the words as its name.
    """
    if stated is None:
        return {"license": UNKNOWN}
    plain = stated.strip().lower().replace(" ", "-")
    if plain in _hub_identifiers():
        return {"license": plain}
    return {"license": OTHER, "license_name": stated.strip()}


def parts_of(making: Making, teachers: Iterable[str]) -> list[Part]:
    """What is known of the terms of each teacher's output, and of the licence of each seed source.

    Args:
        making: of the set.
        teachers: whose rows are in it.
    """
    parts = [_of_teacher(name, making.models.get(name)) for name in sorted(set(teachers)) if name]
    if not making.seed:
        parts.append(Part("seed data", None, "what the prompts rest on is not known", None))
    for source, licence in sorted(making.seed.items()):
        note = "" if licence else "no licence is stated"
        free = None if licence is None else not _NOT_FREE.search(licence)
        parts.append(Part(f"seed data: {source}", licence, note, free))
    return parts


def doubts_of(stated: str | None, parts: Iterable[Part]) -> list[str]:
    """What somebody who gives the set on should look at, a sentence each."""
    doubts = []
    if stated is None:
        doubts.append("no licence was stated (--licence), so the card says that it is unknown")
    for part in parts:
        if part.free is False:
            doubts.append(f"{part.what}: {part.licence}: {part.note or 'not for commercial use'}")
        elif part.free is None:
            doubts.append(f"{part.what}: {part.note}")
    return doubts


@cache
def _hub_identifiers() -> frozenset[str]:
    text = files("polyteach.export").joinpath("hub_licences.yaml").read_text("utf-8")
    return frozenset(yaml.safe_load(text))


def _of_teacher(name: str, known: Mapping[str, Any] | None) -> Part:
    from polyteach.models.licences import CHECK, licence_of_teacher

    told = known or {"kind": "model"}
    if told["kind"] == "data":
        note = "rows that were there before; their licence is not stated"
        return Part(f"rows of {name}", None, note, None)
    entry = licence_of_teacher(told["kind"], told.get("model"), name, told.get("family"))
    if entry.training == "unknown":
        return Part(f"answers of {name}", None, entry.conditions, None)
    free = entry.training in ("permissive", "conditional")
    note = f"{entry.conditions} ({entry.url}, read {entry.read}; {CHECK})"
    return Part(f"answers of {name}", entry.licence, note, free)

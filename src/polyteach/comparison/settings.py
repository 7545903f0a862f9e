"""In what settings two runs differ, as a reader of the study file would say it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from polyteach.comparison.reading import OpenedRun
from polyteach.errors import UserError
from polyteach.study.load import parse_yaml

MOST_BYTES = 5_000_000
CHANCE = {"name", "rng_seed"}
"""Keys of a study that change nothing but chance."""
MOST_ENTRIES = 100_000
"""Of a study; what has more was not written by a person."""


@dataclass(frozen=True, slots=True)
class SettingChange:
    """One setting that is not the same; a side that lacks it is None."""

    key: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of two runs, compared.

    Attributes:
        source: `study file` (all of it, defaults filled in), or `facts in the results` (some of it).
        changes: other than of who takes part.
        only_chance: nothing but the name, the rng_seed and who takes part differs.
    """

    source: str
    changes: tuple[SettingChange, ...]
    only_chance: bool


def settings_of(one: OpenedRun, other: OpenedRun) -> Settings:
    """Compares the studies, from both runs' artifacts if they are there, else from the results' facts."""
    texts = [_study(run) for run in (one, other)]
    if texts[0] is not None and texts[1] is not None:
        source, plain = "study file", [texts[0], texts[1]]
    else:
        source, plain = "facts in the results", [_facts(run) for run in (one, other)]
    before, after = (_entries(study) for study in plain)
    changes = tuple(_changes("", before, after))
    teachers = [_teachers(study) for study in plain]
    asked = tuple(
        change
        for name, settings in teachers[0].items()
        if name in teachers[1]
        for change in _changes(f"teachers[{name}].", settings, teachers[1][name])
    )
    only_chance = not asked and all(change.key in CHANCE for change in changes)
    return Settings(source, (*changes, *asked), only_chance)


def _changes(start: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[SettingChange]:
    for key in dict.fromkeys([*before, *after]):
        if before.get(key) != after.get(key):
            yield SettingChange(f"{start}{key}", before.get(key), after.get(key))


def _study(run: OpenedRun) -> dict[str, Any] | None:
    """The study as its report shows it; None where that is not at hand."""
    if run.folder is None:
        return None
    path = run.folder / "artifacts" / "report" / "manifest.json"
    try:
        if path.stat().st_size > MOST_BYTES:
            return None
        text = json.loads(path.read_bytes())["settings"]["settings_text"]
        found, _ = parse_yaml(text, path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, UserError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("teachers"), list) else None


def _facts(run: OpenedRun) -> dict[str, Any]:
    facts = dict(run.plain["study"])
    facts.pop("scorers", None)  # they name the teachers
    return facts


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Settings as dotted keys; teachers are compared by themselves; lists of names stay in one line."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            if name or key != "teachers":
                yield from _flat(f"{name}.{key}" if name else str(key), part)
    elif isinstance(value, list) and any(isinstance(part, Mapping | list) for part in value):
        for number, part in enumerate(value):
            label = part.get("name") if isinstance(part, Mapping) else None
            yield from _flat(f"{name}[{label if isinstance(label, str) else number}]", part)
    elif isinstance(value, list):
        yield name, ", ".join(_word(part) for part in value)
    else:
        yield name, _word(value)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None else str(value)


def _entries(study: Mapping[str, Any]) -> dict[str, str]:
    return dict(islice(_flat("", study), MOST_ENTRIES))


def _teachers(study: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """How each teacher is asked, by name."""
    known = [t for t in study["teachers"] if isinstance(t, dict) and isinstance(t.get("name"), str)]
    return {teacher["name"]: _entries(teacher) for teacher in known}

"""What a comparison says, in sentences: of the runs, and of each teacher."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from polyteach.comparison.decomposition import PARTS, Decomposition
from polyteach.scoring.numbers import counted, listing, number

if TYPE_CHECKING:
    from polyteach.comparison.comparing import Change, TeacherChange
    from polyteach.comparison.settings import SettingChange
    from polyteach.figures import Figure

MOST_NAMED = 6
_SMALL = 0.05
"""A part below it is 0.0 as it is printed."""
TITLES = {
    "gain": "gain",
    "quality": "quality",
    "weight": "weight of quality",
    "benchmarks": "which benchmarks count",
    "metrics": "which metrics count",
    "places": "languages and bases",
}


def signed(value: float | None) -> str:
    """A change with its sign; a dash where there is none."""
    return number(value, 1, signed=True)


def signed_bounds(score: Figure) -> str:
    """The interval of a change in brackets; empty where it has none."""
    return "" if score.low is None else f"[{signed(score.low)}, {signed(score.high)}]"


def parts_shown(made_of: Iterable[Decomposition | str]) -> list[str]:
    """Gain, quality, and what else shows in the change of any score, in the order of `PARTS`."""
    known = [one.parts for one in made_of if isinstance(one, Decomposition)]
    return [n for n in PARTS if n in ("gain", "quality") or any(abs(parts[n]) >= _SMALL for parts in known)]


def settings_shown(change: Change) -> list[SettingChange]:
    """The settings that differ, without the study's name."""
    return [setting for setting in change.settings.changes if setting.key != "name"]


def sentences(change: Change) -> list[str]:
    """What sets the two runs apart, the gravest first; and how much of it is chance."""
    said = []
    if not change.same_definitions:
        said.append(
            "The figures do not all mean the same in both (another definitions_digest): other benchmarks, "
            "metrics, weights or rules. Compare scores with care."
        )
    said += _settings(change)
    for kind, words in (
        ("place", "a language and base"),
        ("benchmark", "a benchmark"),
        ("metric", "a metric"),
    ):
        found = [f"{c.name} (only in {c.only_in})" for c in change.counted if c.kind == kind]
        if found:
            said.append(f"What counts differs by {words}: {_some(found)}.")
    if change.added:
        said.append(f"New in {change.after}: {_some(change.added)}.")
    if change.removed:
        said.append(f"Not in {change.after}: {_some(change.removed)}.")
    if change.added or change.removed:
        said.append("Who else takes part changes no robust score, only ranks.")
    return [*said, *_moved(change)]


def _settings(change: Change) -> list[str]:
    keys = [setting.key for setting in settings_shown(change)]
    where = "" if change.settings.source == "study file" else ", as far as the results tell"
    if change.settings.only_chance:
        if "rng_seed" in keys:
            return [f"Of the settings only rng_seed differs{where}."]
        return [f"No setting differs{where}."]
    return [f"{counted(len(keys), 'setting')} differ{'s' if len(keys) == 1 else ''}: {_some(keys)}."]


def _moved(change: Change) -> list[str]:
    known = [t for t in change.teachers if t.score.value is not None]
    if not known:
        return [f"No teacher has a score in both runs. {_left_to_compare(change)}"]
    moved = [t for t in known if t.clearly and not t.alike]
    new = [t for t in known if not t.alike]
    said = []
    if not new:
        said.append("All data, students and exams of the shared teachers are the same artifacts.")
    elif len(new) < len(known):
        said.append(f"The same artifacts in both runs: {_some([t.teacher for t in known if t.alike])}.")
    beyond = (
        "of items and of training" if change.errors.trials else "of items (the luck of training comes on top)"
    )
    if moved:
        names = _some([f"{t.teacher} {signed(t.score.value)}" for t in moved])
        said.append(
            f"Scores of {len(moved)} of {len(known)} shared teachers moved beyond chance {beyond}: {names}."
        )
    elif new:
        what = "All differences are" if len(known) > 1 else "The difference is"
        rules = ", but for what counts and its weight," if any(t.beyond(0.0) for t in new) else ""
        said.append(f"{what}{rules} within what chance {beyond} does.")
    if reason := change.errors.reason:
        said.append(f"{reason[0].upper()}{reason[1:]}; so the intervals are wider.")
    return said


def _left_to_compare(change: Change) -> str:
    """What two runs say of their teachers where they rank none."""
    gains = [t for t in change.teachers if t.gain.value is not None]
    if gains:
        moved = [f"{t.teacher} {number(t.gain.value, 3, signed=True)}" for t in gains]
        return f"Gains can be compared: {_some(moved)}."
    if not change.teachers:
        return "They share no teacher either: only their settings can be compared."
    return (
        "What can still be compared: the settings, and in both reports what students of the same teacher "
        "score beside their base. That ranks nobody."
    )


def why(teacher: TeacherChange, change: Change) -> list[str]:
    """Why a teacher's score and rank are not what they were."""
    said = [_score(teacher, change)]
    if isinstance(teacher.made_of, Decomposition):
        parts = {n: teacher.made_of.parts[n] for n in PARTS if abs(teacher.made_of.parts[n]) >= _SMALL}
        told = [f"{TITLES[n]} {signed(v)}{_most(teacher.made_of, n)}" for n, v in parts.items()]
        said += [f"Made of: {', '.join(told)}."] if told else []
    elif teacher.score.value is not None:
        said.append(f"Not taken apart: {teacher.made_of}.")
    return [*said, *_rank(teacher)]


def _rank(teacher: TeacherChange) -> list[str]:
    rank = teacher.rank
    if rank is None or (rank.before == rank.after and not rank.passed):
        return []
    moves = [f"passed {_some(rank.passed)}"] if rank.passed else []
    moves += [f"passed by {_some(rank.passed_by)}"] if rank.passed_by else []
    if count := abs(rank.by_teachers):
        moves.append(f"{counted(count, 'teacher')} above it {'left' if rank.by_teachers < 0 else 'came'}")
    return [f"Rank by score {rank.before} → {rank.after}: {'; '.join(moves)}."]


def _score(teacher: TeacherChange, change: Change) -> str:
    score = teacher.score
    if score.value is None:
        return f"No change of the score: {score.reason}."
    if teacher.alike:
        if score.value:
            return f"The same artifacts; by rules and settings alone, the score moved {signed(score.value)}."
        return "The same artifacts in both runs, and the same score."
    if score.low is None:
        return f"Score {signed(score.value)}, without an interval."
    where = "" if change.errors.trials else " of items"
    verdict = f"beyond chance{where}" if teacher.clearly else "within what chance does"
    if teacher.beyond(0.0) and not teacher.clearly:
        verdict = "beyond chance only by what counts or its weight, not by gain and quality"
    return f"Score {signed(score.value)} {signed_bounds(score)}: {verdict}."


def _most(made_of: Decomposition, part: str) -> str:
    """The largest detail of a part that has several."""
    details = [d for d in made_of.details if d.part == part]
    if len(details) < 2:
        return ""
    most = max(details, key=lambda d: abs(d.change))
    return f" (most by {most.name} in {most.language}, {signed(most.change)})"


def _some(names: tuple[str, ...] | list[str]) -> str:
    more = len(names) - MOST_NAMED
    return listing(list(names)) if more <= 0 else f"{', '.join(names[:MOST_NAMED])} and {more} more"

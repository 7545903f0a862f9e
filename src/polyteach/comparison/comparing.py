"""Runs compared: scores and ranks side by side, and why those of later runs are not those of the first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyteach.comparison.decomposition import CLOSE, PARTS, Decomposition, decompose, side_of
from polyteach.comparison.paired import Differences, differences
from polyteach.comparison.reading import OpenedRun, Results, open_results
from polyteach.comparison.settings import Settings, settings_of
from polyteach.errors import UserError
from polyteach.figures import Figure

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Standing:
    """One teacher in one run; `rank` by score is None without one."""

    rank: int | None
    rank_interval: tuple[int, int] | None
    score: Figure
    gain: Figure
    quality: Figure


@dataclass(frozen=True, slots=True)
class RankChange:
    """A place in the order of scores, before and after.

    Its change is `by_scores`, among the teachers of both runs, and `by_teachers`, what others' coming and
    going did. `passed` and `passed_by` are teachers of both runs.
    """

    before: int
    after: int
    by_scores: int
    by_teachers: int
    passed: tuple[str, ...]
    passed_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TeacherChange:
    """What became of a teacher of both runs.

    Attributes:
        rank: None where it has no score in one of them.
        score, gain: later less earlier, with intervals.
        made_of: the parts of the score's change; a text says why there are none.
        alike: its data, students and exams are the same artifacts in both runs.
    """

    teacher: str
    rank: RankChange | None
    score: Figure
    gain: Figure
    made_of: Decomposition | str
    alike: bool

    @property
    def clearly(self) -> str | None:
        """`up` or `down` where the score moved beyond chance, and still does without what rules did to it.

        Those parts are taken off the interval of the whole, whose error is nearly that of what is left.
        """
        moved = self.beyond(0.0)
        if not isinstance(self.made_of, Decomposition):
            return moved
        values = self.made_of.parts["gain"] + self.made_of.parts["quality"]
        return moved if moved == self.beyond(self.made_of.total - values) else None

    def beyond(self, part: float) -> str | None:
        """`up` or `down` where the interval of the score's change, less a part of it, leaves zero out."""
        low, high = self.score.low, self.score.high
        if low is None or high is None or low - CLOSE <= part <= high + CLOSE:
            return None
        return "up" if low > part else "down"


@dataclass(frozen=True, slots=True)
class Counted:
    """What counts in one of the runs only: names of benchmarks and metrics with where, and places."""

    kind: str
    name: str
    only_in: str


@dataclass(frozen=True, slots=True)
class Change:
    """Why a later run is not as the first.

    Attributes:
        before, after: labels of the runs.
        same_definitions: the figures of both mean the same, by their digests.
        added, removed: teachers of one run only. They change no robust score, only ranks.
    """

    before: str
    after: str
    same_definitions: bool
    settings: Settings
    counted: tuple[Counted, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    errors: Differences
    teachers: tuple[TeacherChange, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs side by side; `changes` has one entry for each run after the first."""

    labels: tuple[str, ...]
    runs: tuple[OpenedRun, ...]
    standings: dict[str, tuple[Standing | None, ...]]
    changes: tuple[Change, ...]


def compare(paths: Sequence[Path]) -> Comparison:
    """Compares runs with the first of them.

    Args:
        paths: of two runs or more: their folders, or their results.

    Raises:
        UserError: fewer than two, or one of them cannot be read.
    """
    return compare_opened([open_results(path) for path in paths])


def compare_opened(opened: Sequence[OpenedRun]) -> Comparison:
    """The same for runs that are open."""
    runs = tuple(opened)
    if len(runs) < 2:
        raise UserError("one run has nothing to be compared with", fix="name two runs or more")
    labels = _labels(runs)
    teachers = dict.fromkeys(entry.teacher for run in runs for entry in run.results.leaderboard)
    standings = {name: tuple(_standing(run.results, name) for run in runs) for name in teachers}
    changes = tuple(
        _change(runs[0], run, labels[0], label) for run, label in zip(runs[1:], labels[1:], strict=True)
    )
    return Comparison(labels, runs, standings, changes)


def _labels(runs: Sequence[OpenedRun]) -> tuple[str, ...]:
    """The studies' names; the folders' where two have the same, and numbers where those are alike too."""
    names = [run.results.study.name for run in runs]
    if len(set(names)) < len(names):
        names = [(run.folder or run.path.parent).resolve().name or "results" for run in runs]
    if len(set(names)) < len(names):
        names = [f"{number}: {name}" for number, name in enumerate(names, 1)]
    return tuple(names)


def _standing(results: Results, teacher: str) -> Standing | None:
    for place, entry in enumerate(results.leaderboard, 1):
        if entry.teacher == teacher:
            score = entry.scores.robust.figure()
            rank = None if score.value is None else place
            return Standing(rank, entry.rank_interval, score, entry.gain.figure(), entry.quality.figure())
    return None


def _change(one: OpenedRun, other: OpenedRun, before: str, after: str) -> Change:
    first, second = one.results, other.results
    names = [[entry.teacher for entry in found.leaderboard] for found in (first, second)]
    shared = [name for name in names[0] if name in names[1]]
    errors = differences(one, other, shared)
    return Change(
        before,
        after,
        first.definitions_digest == second.definitions_digest,
        settings_of(one, other),
        tuple(_counted(first, second, before, after)),
        tuple(name for name in names[1] if name not in names[0]),
        tuple(name for name in names[0] if name not in names[1]),
        errors,
        tuple(_teacher(first, second, name, errors) for name in shared),
    )


def _teacher(one: Results, other: Results, name: str, errors: Differences) -> TeacherChange:
    sides = side_of(one, name), side_of(other, name)
    made_of: Decomposition | str
    if isinstance(sides[0], str) or isinstance(sides[1], str):
        made_of = sides[0] if isinstance(sides[0], str) else str(sides[1])
    else:
        made_of = decompose(sides[0], sides[1])
    figures = errors.figures[name]
    return TeacherChange(
        name,
        _rank_change(one, other, name),
        figures["score"],
        figures["gain"],
        made_of,
        name in errors.alike,
    )


def _rank_change(one: Results, other: Results, name: str) -> RankChange | None:
    orders = [
        [entry.teacher for entry in found.leaderboard if entry.scores.robust.value is not None]
        for found in (one, other)
    ]
    if any(name not in order for order in orders):
        return None
    shared = set(orders[0]) & set(orders[1])
    above = [[who for who in order[: order.index(name)] if who in shared] for order in orders]
    before, after = (order.index(name) + 1 for order in orders)
    by_scores = len(above[1]) - len(above[0])
    return RankChange(
        before,
        after,
        by_scores,
        after - before - by_scores,
        tuple(who for who in above[0] if who not in above[1]),
        tuple(who for who in above[1] if who not in above[0]),
    )


def _counted(one: Results, other: Results, before: str, after: str) -> Iterable[Counted]:
    """Places, benchmarks in places of both, metrics in languages of both, that count in one run only."""
    anchors = [
        {(a.language, a.base, a.benchmark) for a in found.anchors if a.counts} for found in (one, other)
    ]
    places = [{key[:2] for key in known} for known in anchors]
    both = places[0] & places[1]
    shared = {language for language, _ in both}
    metrics = [
        {(g.language, g.metric) for g in found.gate if g.passes and g.language in shared}
        for found in (one, other)
    ]
    for side, label in ((0, before), (1, after)):
        for language, base in sorted(places[side] - places[1 - side]):
            yield Counted("place", f"{language} with {base}", label)
        for language, base, benchmark in sorted(anchors[side] - anchors[1 - side]):
            if (language, base) in both:
                yield Counted("benchmark", f"{benchmark} in {language} with {base}", label)
        for language, metric in sorted(metrics[side] - metrics[1 - side]):
            yield Counted("metric", f"{metric} in {language}", label)


def to_json(found: Comparison) -> dict[str, Any]:
    """The comparison as one JSON object; see docs/compare.md."""
    return {
        "schema_version": SCHEMA_VERSION,
        "runs": [_run_json(label, run) for label, run in zip(found.labels, found.runs, strict=True)],
        "teachers": [
            {"teacher": name, "runs": [s and _standing_json(s) for s in standings]}
            for name, standings in found.standings.items()
        ],
        "changes": [_change_json(change) for change in found.changes],
    }


def _run_json(label: str, run: OpenedRun) -> dict[str, Any]:
    study = run.results.study
    return {
        "label": label,
        "study": study.name,
        "rng_seed": study.rng_seed,
        "languages": study.languages,
        "trials": study.trials,
        "limit": study.limit,
        "definitions_digest": run.results.definitions_digest,
        "verdict": run.results.verdict.model_dump(),
    }


def _standing_json(standing: Standing) -> dict[str, Any]:
    return {
        "rank": standing.rank,
        "rank_interval": list(standing.rank_interval) if standing.rank_interval else None,
        **{name: getattr(standing, name).to_json() for name in ("score", "gain", "quality")},
    }


def _change_json(change: Change) -> dict[str, Any]:
    from polyteach.comparison.words import sentences, why

    return {
        "from": change.before,
        "to": change.after,
        "same_definitions": change.same_definitions,
        "summary": sentences(change),
        "settings": {
            "source": change.settings.source,
            "changes": [{"key": c.key, "from": c.before, "to": c.after} for c in change.settings.changes],
            "only_chance": change.settings.only_chance,
        },
        "counts_in_one_only": [{"kind": c.kind, "what": c.name, "in": c.only_in} for c in change.counted],
        "teachers_added": list(change.added),
        "teachers_removed": list(change.removed),
        "paired": change.errors.paired,
        "not_paired_because": change.errors.reason,
        "teachers": [
            {
                "teacher": t.teacher,
                "rank": t.rank
                and {
                    "from": t.rank.before,
                    "to": t.rank.after,
                    "by_scores": t.rank.by_scores,
                    "by_who_takes_part": t.rank.by_teachers,
                    "passed": list(t.rank.passed),
                    "passed_by": list(t.rank.passed_by),
                },
                "score": t.score.to_json(),
                "gain": t.gain.to_json(),
                "clearly": t.clearly,
                "same_artifacts": t.alike,
                **_parts(t.made_of),
                "why": why(t, change),
            }
            for t in change.teachers
        ],
    }


def _parts(made_of: Decomposition | str) -> dict[str, Any]:
    if isinstance(made_of, str):
        return {"parts": None, "parts_reason": made_of, "details": []}
    details = [
        {"part": d.part, "language": d.language, "base": d.base, "name": d.name, "change": d.change}
        for d in made_of.details
    ]
    return {"parts": {name: made_of.parts[name] for name in PARTS}, "parts_reason": None, "details": details}

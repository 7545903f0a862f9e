"""How much teachers' scores differ between two runs, with intervals: paired where both runs' artifacts allow.

Two runs that asked the same items have errors in common: an item that is hard is so in both. The results
tell each score's own error only, so a difference of two figures from `results.json` has to take them as
independent, which is too wide. From the runs' artifacts the estimates are computed again with what each item
moved, and their difference is paired item by item, as differences between teachers of one run are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from math import fsum
from typing import TYPE_CHECKING, Any

from polyteach.comparison.reading import OpenedRun
from polyteach.errors import UserError
from polyteach.figures import Figure, undefined

if TYPE_CHECKING:
    from polyteach.scoring.cells import Scored
    from polyteach.scoring.intervals import Estimate, TrialSpread
    from polyteach.scoring.leaderboard import Ranking

LEVEL = 0.95
_REST = 1e-9
UNITS = {"score": "robust PG-Score", "gain": "gain"}
Manifests = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Differences:
    """The change of each teacher's score and gain between two runs.

    Attributes:
        paired: whether the errors are paired by item.
        reason: why they are not; None where they are.
        alike: teachers whose data, students and exams are the same artifacts in both runs: nothing was
            measured anew, so no chance is in the change of their score. A gain asks for exams alone.
        trials: whether the luck of training is in the intervals.
        figures: by teacher, then `score` and `gain`.
    """

    paired: bool
    reason: str | None
    alike: frozenset[str]
    trials: bool
    figures: Mapping[str, Mapping[str, Figure]]


@dataclass(frozen=True, slots=True)
class _Computed:
    manifests: Manifests
    scored: Scored
    ranking: Ranking


def differences(one: OpenedRun, other: OpenedRun, teachers: Iterable[str]) -> Differences:
    """The changes of teachers that both runs have, from `one` to `other`; their intervals hold together."""
    names = list(teachers)
    try:
        before, after = (_computed(run) for run in (one, other))
    except UserError as error:
        return _apart(one, other, names, f"not paired: {error.where}: {error.what}")
    same = _same_items(before.manifests, after.manifests)
    spread = _spread(before.scored, after.scored)
    reason = None if same else "not paired: the runs' exams do not ask the same items in the same way"
    alike = {what: _alike(before.manifests, after.manifests, names, what) for what in UNITS}
    figures: dict[str, dict[str, Figure]] = {name: {} for name in names}
    for name in names:
        for what in UNITS:
            found = _paired(before, after, name, what, same, name in alike["gain"], spread, len(names))
            figures[name][what] = _exact(found) if name in alike[what] else found
    return Differences(same, reason, alike["score"], spread is not None, figures)


def _computed(run: OpenedRun) -> _Computed:
    from polyteach.bundles.run import RUN_AGAIN, read_artifacts
    from polyteach.scoring.cells import score_evidence
    from polyteach.scoring.evidence import read_evidence, study_facts
    from polyteach.scoring.leaderboard import rank

    if run.folder is None:
        raise UserError("only the file of results was named, not the run's folder", str(run.path))
    found = read_artifacts(run.folder)
    try:
        facts = study_facts(found.settings["study"])
        scored = score_evidence(read_evidence(facts, found.folders, found.settings["failed"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        what = f"the run's artifacts cannot be read ({type(error).__name__})"
        raise UserError(what, str(run.path), RUN_AGAIN) from error
    return _Computed(found.manifests, scored, rank(scored, found.settings["rng_seed"]))


def _same_items(before: Manifests, after: Manifests) -> bool:
    """Whether the exams that both runs took of a base were asked with the same settings."""
    exams = [step for step in before if step.startswith("examination/") and step.split("/")[2] == "base"]
    shared = [step for step in exams if step in after]
    return bool(shared) and all(_asked(before[step]) == _asked(after[step]) for step in shared)


def _asked(manifest: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    return manifest["version"], {k: v for k, v in manifest["settings"].items() if k != "model"}


def _alike(before: Manifests, after: Manifests, names: Iterable[str], what: str) -> frozenset[str]:
    return frozenset(n for n in names if _made_of(before, n, what) == _made_of(after, n, what))


def _made_of(manifests: Manifests, teacher: str, what: str) -> dict[str, str]:
    """The keys of the artifacts that a teacher's figure is made of: exams of bases too, for a score gates."""
    return {
        step: known["key"]
        for step, known in manifests.items()
        if ((parts := step.split("/"))[0] == "examination" and parts[2] in (teacher, "base", "reference"))
        or (what == "score" and (parts[0] == "gate" or (parts[0] == "quality" and parts[1] == teacher)))
    }


def _spread(before: Scored, after: Scored) -> TrialSpread | None:
    """The trials' variance of a cell's gain, pooled over the cells of both runs."""
    from polyteach.scoring.gain import spread_of

    cells = [*before.cells.values(), *after.cells.values()]
    return spread_of(cell.gain for cell in cells if cell.gain)


def _paired(
    before: _Computed,
    after: _Computed,
    teacher: str,
    what: str,
    same: bool,
    taught: bool,
    spread: TrialSpread | None,
    count: int,
) -> Figure:
    """The change of a figure; `same` are the items, `taught` whether all exams are the same artifacts."""
    from polyteach.scoring.intervals import OVER_ITEMS, OVER_TRIALS, combine, standard_error

    found = [getattr(run.ranking, f"{what}s")[teacher].estimate for run in (before, after)]
    over = OVER_TRIALS if spread else OVER_ITEMS
    definition = _definition(what, "paired by item" if same else "taken as independent", count, over)
    if found[0] is None or found[1] is None:
        return undefined(definition, f"no {what} in one of the runs")
    own = _own_sources(before.manifests, after.manifests, same)
    difference = combine([(1, own(found[1])), (-1, found[0])])
    load = difference.trial_load - 2 * _shared_trials(before, after, teacher, what)
    unit = difference.unit
    if taught:
        unit = abs(found[1].unit - found[0].unit)  # no item was asked anew
    difference = replace(difference, trial_load=max(load, 0.0), unit=unit)
    se, freedom = standard_error(difference, spread)
    return _figure(difference.value, se, _quantile(freedom, count), difference.n, definition)


def _shared_trials(before: _Computed, after: _Computed, teacher: str, what: str) -> float:
    """The covariance of the runs' luck of training, as a load: over cells with the same exams in both."""

    def loads(run: _Computed) -> dict[tuple[str, str], float]:
        """By cell, how much of the figure one trial's deviation moves, over the root of its trials."""
        counts = run.scored.counts
        languages = Counter(language for _, language in counts)
        known = {}
        for base, language in counts:
            cell = run.scored.cells.get((base, language, teacher))
            estimate = cell.gain.estimate if cell and cell.gain else None
            if what == "score" and cell:
                estimate = run.scored.robust[cell.key].estimate
            if estimate:
                share = 1 / len(languages) / languages[language]
                known[base, language] = share * estimate.trial_load**0.5
        return known

    def exams(run: _Computed, base: str, language: str) -> tuple[list[str], list[str | None]]:
        where = f"examination/{base}/{teacher}/{language}"
        known = (run.manifests.get(f"{where}/{n}") for n in range(run.scored.evidence.study.trials))
        return run.scored.counts[base, language], [None if one is None else one["key"] for one in known]

    first, second = loads(before), loads(after)
    return fsum(
        first[place] * second[place]
        for place in first.keys() & second.keys()
        if exams(before, *place) == exams(after, *place)
    )


def _own_sources(before: Manifests, after: Manifests, same: bool) -> Callable[[Estimate], Estimate]:
    """Sets what the second run does not share with the first apart: other items, other data, other gates."""

    def shared(source: str) -> bool:
        kind, first, second = (*source.split("/"), "")[:3]
        steps = (f"quality/{first}/{second}", f"gate/{second}") if kind == "rows" else (f"gate/{first}",)
        return all(s in before and s in after and before[s]["key"] == after[s]["key"] for s in steps)

    def own(estimate: Estimate) -> Estimate:
        influence = estimate.influence if same else {f"other {c}": u for c, u in estimate.influence.items()}
        examples = {s if shared(s) else f"other {s}": e for s, e in estimate.examples.items()}
        return replace(estimate, influence=influence, examples=examples)

    return own


def _apart(one: OpenedRun, other: OpenedRun, names: list[str], reason: str) -> Differences:
    """The same from the figures of the two results alone."""
    figures = {}
    entries = [{entry.teacher: entry for entry in run.results.leaderboard} for run in (one, other)]
    for name in names:
        first, second = (known[name] for known in entries)
        figures[name] = {
            "score": _independent(
                first.scores.robust.figure(), second.scores.robust.figure(), "score", len(names)
            ),
            "gain": _independent(first.gain.figure(), second.gain.figure(), "gain", len(names)),
        }
    trials = min(run.results.study.trials for run in (one, other)) > 1
    return Differences(False, reason, frozenset(), trials, figures)


def _independent(one: Figure, other: Figure, what: str, count: int) -> Figure:
    definition = _definition(what, "taken as independent", count, "95% intervals of the two results")
    if one.value is None or other.value is None:
        return undefined(definition, f"no {what} in one of the runs")
    value, n = other.value - one.value, min(one.n, other.n)
    if one.se is None or other.se is None:
        return Figure(value, f"{definition}; no interval", n)
    variance = one.se**2 + other.se**2
    share = one.se**2 / variance if variance else 0.5
    freedom = 1 / (share**2 / _freedom(one) + (1 - share) ** 2 / _freedom(other))  # Welch and Satterthwaite
    return _figure(value, variance**0.5, _quantile(freedom, count), n, definition)


def _freedom(figure: Figure) -> float:
    """The degrees of freedom behind a figure: its bounds are t's quantile from it, in standard errors."""
    from scipy.special import stdtridf, stdtrit

    from polyteach.scoring.intervals import MANY

    if not figure.se or figure.low is None or figure.high is None:
        return MANY
    quantile = (figure.high - figure.low) / 2 / figure.se
    half = (1 + LEVEL) / 2
    return max(float(stdtridf(half, quantile)), 1.0) if quantile > stdtrit(MANY, half) else MANY


def _definition(what: str, how: str, count: int, over: str) -> str:
    return (
        f"{UNITS[what]} of the later run less the earlier one's, errors {how}; holds for all {count} shared "
        f"teachers at once (Bonferroni); {over}"
    )


def _exact(figure: Figure) -> Figure:
    """A change in which there is no chance; sums in another order may leave a rest, which is none."""
    if figure.value is None:
        return figure
    value = 0.0 if abs(figure.value) < _REST else figure.value
    said = f"{figure.definition}; the same artifacts in both runs, so nothing of it is chance"
    return Figure(value, said, figure.n, 0.0, value, value)


def _quantile(freedom: float, count: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 1 - (1 - LEVEL) / 2 / max(count, 1)))


def _figure(value: float, se: float, quantile: float, n: int, definition: str) -> Figure:
    return Figure(value, definition, n, se, value - quantile * se, value + quantile * se)

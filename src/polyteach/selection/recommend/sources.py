"""Evidence as weighed sources: what is measured in the language first, the rest as it foretells that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from polyteach.selection.recommend.candidates import Candidate, find
from polyteach.selection.recommend.evidence import Evidence
from polyteach.selection.recommend.priors import Priors
from polyteach.selection.recommend.weighing import (
    Reading,
    Weighed,
    foretold_by_languages,
    spread_of,
)

OURS = "bundle polyglot-teachers-2026"
BELIEVED = 0.5
"""r that a prior without support is given to see whether the answer would change if one believed it."""


@dataclass(frozen=True)
class Line:
    """A line of evidence, as it is shown.

    Attributes:
        kind: `run`, `run_other_definition`, `run_other_languages`, `screen`, `screen_other_languages`,
            `prior`.
        moves: `teacher`, `methods`, `base` or `rows`.
        r: the correlation its weight follows from.
        weighed: as it enters the ranking; None where it moves something else.
        of: the evidence it was made of.
    """

    id: str
    kind: str
    moves: str
    statement: str
    source: str
    r: float
    speaks_for: str
    speaks_against: str
    weighed: Weighed | None = None
    of: tuple[Evidence, ...] = ()

    @property
    def weight(self) -> float:
        """Mean weight of its readings; 0 where it does not move the ranking."""
        return self.weighed.weight if self.weighed else 0.0

    @property
    def says_anything(self) -> bool:
        """Whether it sets at least two of the candidates apart, were it believed."""
        return self.weighed is not None and len(self.weighed.readings) > 1


def lines_of(
    evidence: Sequence[Evidence], candidates: Sequence[Candidate], language: str, priors: Priors
) -> list[Line]:
    """All lines of evidence, in order of what they are worth by kind.

    Args:
        evidence: of runs, screens, bundles and publications.
        candidates: who can be recommended.
        language: its standard code.
        priors: with the worth of each kind.
    """
    distinct = _distinct(evidence)
    runs = [source for source in distinct if source.kind == "run"]
    groups: dict[str, list[Evidence]] = {}
    for source in runs:
        groups.setdefault(source.definition, []).append(source)
    here = [group for group in groups.values() if any(source.teachers_in(language) for source in group)]
    here.sort(key=lambda group: -len(_readings(group, candidates, language)))
    lines = [_run_line(group, candidates, language, priors, number) for number, group in enumerate(here)]
    lines += [
        _silent(source) for source in runs if source.covers(language) and not source.teachers_in(language)
    ]
    screens = [source for source in distinct if source.kind == "screen"]
    lines += [
        _screen_line(source, candidates, language, priors) for source in screens if source.covers(language)
    ]
    for group in groups.values():
        lines += _elsewhere(group, candidates, language, priors, "run")
    for source in screens:
        lines += _elsewhere([source], candidates, language, priors, "screen")
    lines += _published(distinct, candidates, priors)
    return lines + _beliefs(distinct, candidates, priors)


def _distinct(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Without sources that say the same: a run and its own bundle, or a folder named twice."""
    found: list[Evidence] = []
    for source in evidence:
        values = {key: round(reading.value, 9) for key, reading in source.readings.items()}
        known = [{k: round(r.value, 9) for k, r in other.readings.items()} for other in found]
        if not values or values not in known:
            found.append(source)
    return found


def _readings(
    group: Sequence[Evidence], candidates: Sequence[Candidate], language: str
) -> dict[str, Reading]:
    """Readings of candidates in a language; of several runs with one definition the mean by precision."""
    found: dict[str, list[Reading]] = {}
    for source in group:
        for teacher in source.teachers_in(language):
            candidate = find(source.teachers[teacher], candidates)
            if candidate:
                found.setdefault(candidate.name, []).append(source.readings[language, teacher])
    return {name: _pooled(readings) for name, readings in found.items()}


def _pooled(readings: Sequence[Reading]) -> Reading:
    if len(readings) == 1:
        return readings[0]
    if any(reading.se <= 0 for reading in readings):
        return Reading(sum(reading.value for reading in readings) / len(readings))
    weights = [1 / reading.se**2 for reading in readings]
    value = sum(w * reading.value for w, reading in zip(weights, readings, strict=True)) / sum(weights)
    return Reading(value, sum(weights) ** -0.5)


def _run_line(
    group: Sequence[Evidence], candidates: Sequence[Candidate], language: str, priors: Priors, number: int
) -> Line:
    """Students trained in the language itself: the first definition counts in full, others by their r."""
    worth = priors.worth.run if number == 0 else priors.worth.run_other_definition
    kind = "run" if number == 0 else "run_other_definition"
    sources = [source for source in group if source.teachers_in(language)]
    readings = _readings(sources, candidates, language)
    errors = [reading.se for reading in readings.values()]
    said = ", ".join(source.id for source in sources)
    size = f"{len(readings)} candidates, {_trials(sources)}"
    if errors:
        size += f", mean error {sum(errors) / len(errors):.1f} points"
    doubts = [doubt for source in sources for doubt in source.doubts]
    doubts.append("each teacher wrote its data once, so what another set would change is not seen")
    if number:
        doubts.insert(0, f"another definition (benchmarks, bases or metrics): {worth.basis}")
    return Line(
        said,
        kind,
        "teacher",
        "Students were trained on these teachers' data in this language."
        if number == 0
        else "Students were trained in this language, measured otherwise.",
        said,
        worth.r,
        size,
        _sentence(doubts),
        Weighed(said, readings, spread_of(worth.r)),
        tuple(sources),
    )


def _silent(source: Evidence) -> Line:
    """A run in the language without a score there."""
    return Line(
        source.id,
        "run_without_score",
        "teacher",
        "Students were trained in this language, but no benchmark counts there.",
        source.id,
        0.0,
        "nothing: teachers have no score",
        _sentence(source.doubts),
        of=(source,),
    )


def _trials(sources: Sequence[Evidence]) -> str:
    counts = sorted({source.trials for source in sources})
    return (
        f"{counts[0]} trial{'' if counts[0] == 1 else 's'}"
        if len(counts) == 1
        else f"{counts[0]} to {counts[-1]} trials"
    )


def _screen_line(source: Evidence, candidates: Sequence[Candidate], language: str, priors: Priors) -> Line:
    worth = priors.worth.screen
    readings = _readings([source], candidates, language)
    out = sorted(teacher for code, teacher in source.excluded if code == language)
    size = f"{len(readings)} candidates, at most {source.rows} rows each"
    if first := source.first.get(language):
        size += f"; by it alone first: {', '.join(first)}"
    if out:
        size += f"; excluded: {', '.join(out)}"
    blind = [text for text in source.cannot_see if not _is_of_another(text, language)]
    return Line(
        source.id,
        "screen",
        "teacher",
        "The candidates' data in this language was measured, without training.",
        source.id,
        worth.r,
        size,
        _sentence([f"r {worth.r:g} with gains: {worth.basis}", *source.doubts, *blind]),
        Weighed(source.id, readings, spread_of(worth.r)),
        (source,),
    )


def _is_of_another(text: str, language: str) -> bool:
    """Whether a sentence is of another language, as `ja: ...`."""
    before, colon, _ = text.partition(": ")
    return bool(colon) and before != language and len(before) <= 12 and " " not in before


def _elsewhere(
    group: Sequence[Evidence],
    candidates: Sequence[Candidate],
    language: str,
    priors: Priors,
    kind: str,
) -> list[Line]:
    """Other languages of runs or screens with one definition: teachers complete on them, mean over them."""
    languages = sorted({code for source in group for code in source.languages if code != language})
    by_language = {code: _readings(group, candidates, code) for code in languages}
    by_language = {code: readings for code, readings in by_language.items() if len(readings) > 1}
    if not by_language:
        return []
    complete = set.intersection(*(set(readings) for readings in by_language.values()))
    names = [name for name in next(iter(by_language.values())) if name in complete]
    if len(names) < 2:
        return []
    count = len(by_language)
    readings = {
        name: Reading(
            sum(own[name].value for own in by_language.values()) / count,
            sum(own[name].se ** 2 for own in by_language.values()) ** 0.5 / count,
        )
        for name in names
    }
    shared = priors.worth.shared_between_languages
    r = foretold_by_languages(shared.r, count) * (priors.worth.screen.r if kind == "screen" else 1.0)
    said = ", ".join(source.id for source in group if set(source.languages) & set(by_language))
    where = ", ".join(by_language)
    line_id = f"{said} in {where}"
    verb = "taught students" if kind == "run" else "wrote"
    return [
        Line(
            line_id,
            f"{kind}_other_languages",
            "teacher",
            f"How these teachers {verb} in other languages ({where}).",
            said,
            r,
            f"{len(names)} candidates, {count} other language{'' if count == 1 else 's'}",
            f"r {r:.2f} with gains here: {shared.basis}",
            Weighed(line_id, readings, spread_of(r)),
            tuple(group),
        )
    ]


def _published(evidence: Sequence[Evidence], candidates: Sequence[Candidate], priors: Priors) -> list[Line]:
    """Published students' results, mean over all their languages: their errors are in what they are worth."""
    lines = []
    prior = priors.of("published_results")
    for source in evidence:
        if source.kind != "published":
            continue
        readings = _over_languages(source, candidates)
        is_ours = source.id == OURS
        lines.append(
            Line(
                source.id,
                "prior",
                prior.moves,
                prior.statement if is_ours else "Published students of these teachers stand so elsewhere.",
                prior.source if is_ours else source.id,
                prior.r,
                prior.speaks_for,
                _sentence([prior.speaks_against, *source.doubts]),
                Weighed(source.id, readings, spread_of(prior.r)),
                (source,),
            )
        )
    return lines


def _over_languages(source: Evidence, candidates: Sequence[Candidate]) -> dict[str, Reading]:
    by_teacher: dict[str, list[float]] = {}
    for (_, teacher), reading in source.readings.items():
        by_teacher.setdefault(teacher, []).append(reading.value)
    most = max((len(values) for values in by_teacher.values()), default=0)
    found = {}
    for teacher, values in by_teacher.items():
        candidate = find(source.teachers[teacher], candidates)
        if candidate and len(values) == most:
            found[candidate.name] = Reading(sum(values) / most)
    return found


def _beliefs(evidence: Sequence[Evidence], candidates: Sequence[Candidate], priors: Priors) -> list[Line]:
    """The other priors. Those that order teachers are kept with their order, though it weighs nothing."""
    orders: Mapping[str, Mapping[str, Reading]] = {
        "published_score": _published_scores(evidence, candidates),
        "size": _sizes(candidates),
    }
    lines = []
    for prior in priors.priors:
        if prior.id == "published_results":
            continue
        readings = orders.get(prior.id, {})
        weighed = Weighed(prior.id, readings, spread_of(prior.r)) if readings else None
        lines.append(
            Line(
                prior.id,
                "prior",
                prior.moves,
                prior.statement,
                prior.source,
                prior.r,
                prior.speaks_for,
                prior.speaks_against,
                weighed,
            )
        )
    return lines


def believed(line: Line) -> Line | None:
    """A prior that weighs nothing, were it believed; None where there is nothing to believe."""
    if line.weighed is None or line.weighed.spread != inf or len(line.weighed.readings) < 2:
        return None
    return replace(
        line, weighed=Weighed(line.weighed.id, line.weighed.readings, spread_of(BELIEVED)), r=BELIEVED
    )


def without(lines: Sequence[Line], line: Line) -> list[Line]:
    """The lines but one. A first definition that is left out hands its place to the next one."""
    rest = [other for other in lines if other is not line]
    heir = next((other for other in rest if other.kind == "run_other_definition"), None)
    if line.kind != "run" or heir is None or heir.weighed is None:
        return rest
    promoted = replace(heir, kind="run", r=line.r, weighed=replace(heir.weighed, spread=spread_of(line.r)))
    return [promoted if other is heir else other for other in rest]


def _published_scores(evidence: Sequence[Evidence], candidates: Sequence[Candidate]) -> dict[str, Reading]:
    """The paper's own ranking (Table 1), where its figures are among the evidence."""
    if not any(source.kind == "published" for source in evidence):
        return {}
    from polyteach.published.paper import read_paper
    from polyteach.published.scores import mean_by_teacher, published_scores

    paper = read_paper()
    found = {}
    for name, value in mean_by_teacher(paper, published_scores(paper)).items():
        candidate = find(Candidate(name), candidates)
        if candidate:
            found[candidate.name] = Reading(value)
    return found


def _sizes(candidates: Sequence[Candidate]) -> dict[str, Reading]:
    from math import log

    return {c.name: Reading(log(c.parameters)) for c in candidates if c.parameters}


def _sentence(parts: Sequence[str]) -> str:
    return "; ".join(dict.fromkeys(part.rstrip(".") for part in parts if part)) or "nothing known"

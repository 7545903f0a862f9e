"""Evidence as weighed sources: what is measured in the language first, the rest as it foretells that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from polyteach.selection.recommend.candidates import Candidate, find
from polyteach.selection.recommend.evidence import Evidence
from polyteach.selection.recommend.line import Line
from polyteach.selection.recommend.priors import Priors
from polyteach.selection.recommend.weighing import (
    Reading,
    Scale,
    Weighed,
    foretold_by_languages,
    spread_of,
)

OURS = "bundle polyglot-teachers-2026"


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
    here.sort(key=lambda group: _rank(group, candidates, language))
    lines = [_run_line(group, candidates, language, priors, number) for number, group in enumerate(here)]
    lines += [
        _silent(source) for source in runs if source.covers(language) and not source.teachers_in(language)
    ]
    screens = [source for source in distinct if source.kind == "screen"]
    if own := [source for source in screens if source.covers(language)]:
        lines.append(_screen_line(own, candidates, language, priors))
    lines += _elsewhere(list(groups.values()), candidates, language, priors, "run")
    lines += _elsewhere([[source] for source in screens], candidates, language, priors, "screen")
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
    weights = [1 / reading.se**2 for reading in readings]
    value = sum(w * reading.value for w, reading in zip(weights, readings, strict=True)) / sum(weights)
    return Reading(value, sum(weights) ** -0.5)


def _rank(
    group: Sequence[Evidence], candidates: Sequence[Candidate], language: str
) -> tuple[int, int, float, list[str]]:
    """Which definition comes first: most candidates, then most trials, then least mean error, then names."""
    sources = [source for source in group if source.teachers_in(language)]
    readings = _readings(sources, candidates, language)
    error = sum(reading.se for reading in readings.values()) / max(len(readings), 1)
    trials = sum(source.trials for source in sources)
    return -len(readings), -trials, error, sorted(source.id for source in sources)


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
        doubts.insert(0, f"another definition (benchmarks, metrics, bases or training): {worth.basis}")
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
        Weighed(said, (Scale(readings),), spread_of(worth.r)),
        tuple(sources),
    )


def _silent(source: Evidence) -> Line:
    """A run in the language without a score there."""
    return Line(
        source.id,
        "run_without_score",
        "teacher",
        "Students were trained in this language, but no score there can be weighed.",
        source.id,
        0.0,
        "nothing: teachers have no score, or none with an error",
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


def _screen_line(
    sources: Sequence[Evidence], candidates: Sequence[Candidate], language: str, priors: Priors
) -> Line:
    """All screens of the language: what no screen can see they have in common, so it is counted once."""
    worth = priors.worth.screen
    scales = [Scale(_readings([source], candidates, language)) for source in sources]
    said = ", ".join(source.id for source in sources)
    weighed = Weighed(said, tuple(scales), spread_of(worth.r))
    size = f"{len(weighed.names)} candidates, at most {max(source.rows for source in sources)} rows each"
    for source in sources:
        alone = f" {source.id}" if len(sources) > 1 else " it"
        out = sorted(teacher for code, teacher in source.excluded if code == language)
        if first := source.first.get(language):
            size += f"; by{alone} alone first: {', '.join(first)}"
        if out:
            size += f"; excluded: {', '.join(out)}"
    doubts = [doubt for source in sources for doubt in source.doubts]
    blind = [text for source in sources for text in source.cannot_see if not _is_of_another(text, language)]
    return Line(
        said,
        "screen",
        "teacher",
        "The candidates' data in this language was measured, without training.",
        said,
        worth.r,
        size,
        _sentence([f"r {worth.r:g} with gains: {worth.basis}", *doubts, *blind]),
        weighed,
        tuple(sources),
    )


def _is_of_another(text: str, language: str) -> bool:
    """Whether a sentence is of another language, as `ja: ...`."""
    before, colon, _ = text.partition(": ")
    return bool(colon) and before != language and len(before) <= 12 and " " not in before


def _elsewhere(
    groups: Sequence[Sequence[Evidence]],
    candidates: Sequence[Candidate],
    language: str,
    priors: Priors,
    kind: str,
) -> list[Line]:
    """Other languages of all runs, or of all screens: what these have of their own is counted once.

    Of each group with one definition, the means of the candidates that are in all its languages.
    """
    means = [found for group in groups if (found := _over_others(group, candidates, language))]
    if not means:
        return []
    scales = [Scale(readings) for readings, _ in means]
    names = dict.fromkeys(name for scale in scales for name in scale.readings)
    languages = {name: {c for own, codes in means if name in own for c in codes} for name in names}
    where = ", ".join(sorted(set.union(*languages.values())))
    count = min(len(codes) for codes in languages.values())  # what most can be said of all of them
    sources = [source for group in groups for source in group if set(source.languages) - {language}]
    shared = priors.worth.shared_between_languages
    r = foretold_by_languages(shared.r, count) * (priors.worth.screen.r if kind == "screen" else 1.0)
    said = ", ".join(source.id for source in sources)
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
            Weighed(line_id, tuple(scales), spread_of(r)),
            tuple(sources),
        )
    ]


def _over_others(
    group: Sequence[Evidence], candidates: Sequence[Candidate], language: str
) -> tuple[dict[str, Reading], list[str]] | None:
    """Means over a group's other languages, and these; None where fewer than two candidates are in all."""
    codes = sorted({code for source in group for code in source.languages if code != language})
    by_language = {code: own for code in codes if len(own := _readings(group, candidates, code)) > 1}
    if not by_language:
        return None
    complete = set.intersection(*(set(readings) for readings in by_language.values()))
    names = [name for name in next(iter(by_language.values())) if name in complete]
    count = len(by_language)
    if len(names) < 2:
        return None
    readings = {
        name: Reading(
            sum(own[name].value for own in by_language.values()) / count,
            sum(own[name].se ** 2 for own in by_language.values()) ** 0.5 / count,
        )
        for name in names
    }
    return readings, list(by_language)


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
                Weighed(source.id, (Scale(readings),), spread_of(prior.r)),
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
        weighed = Weighed(prior.id, (Scale(readings),), spread_of(prior.r)) if readings else None
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

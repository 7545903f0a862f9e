"""Cautions about the data that teachers wrote, and the metrics it is measured by."""

from __future__ import annotations

from collections.abc import Iterator

from polyteach.scoring import worth
from polyteach.scoring.cautions.caution import Caution
from polyteach.scoring.cells import Scored
from polyteach.scoring.numbers import counted, listing, number
from polyteach.scoring.quality import passing
from polyteach.scoring.records import Evidence
from polyteach.scoring.requests import MANY_FAILED, requests_of

FEW_ROWS = 100
LOW_FIDELITY = 0.5
PARSED, CONSISTENT = 0.9, 0.8
_PLEAS = (
    ("rubric_plea_effect", "answers that"),
    ("rubric_plea_effect_on_corrupted", "spoiled answers that"),
)


def failed_requests(scored: Scored) -> Iterator[Caution]:
    """Teachers that failed often."""
    for requests in requests_of(scored.evidence):
        if requests.share > MANY_FAILED:
            yield Caution("failed_requests", requests.teacher, requests.sentence())


def short_sources(evidence: Evidence) -> Iterator[Caution]:
    """Public data sets that had fewer rows than the study asked them for."""
    for source in evidence.sources:
        if source.rows < source.wanted:
            text = f"{source.name} gave {source.rows:,} of the {source.wanted:,} rows asked for"
            if source.dropped:
                worst = max(sorted(source.dropped), key=lambda reason: source.dropped[reason])
                text += f"; most of its other records: {worst} ({source.dropped[worst]:,})"
            yield Caution("short_source", f"seed_data/{source.language}", f"{text}.")


def no_metric_passes(scored: Scored) -> Iterator[Caution]:
    """Languages whose score is gain alone."""
    gate = scored.evidence.gate
    for language in scored.evidence.study.languages:
        failed = any(failure.step == f"gate/{language}" for failure in scored.evidence.failures)
        if failed or passing(gate, language):
            continue
        tested = any(metric.language == language for metric in gate)
        why = "No metric passes the gate" if tested else "No metric could be tested: no human pairs"
        text = f"{why} in {language}: its score is the students' gain alone (a = 0)."
        yield Caution("no_metric_passes", language, text)


def doubtful_judge(evidence: Evidence) -> Iterator[Caution]:
    """Judges that fail their own checks on human and corrupted data; the AUC alone would not show it."""
    for found in evidence.judges:
        faults = []
        for name, words, least in (
            ("rubric_parse_rate", "of its rubric answers can be read", PARSED),
            ("pairwise_parse_rate", "of its comparisons can be read", PARSED),
            ("pairwise_order_consistency", "of its comparisons stand when the order is turned", CONSISTENT),
        ):
            figure = found.checks.get(name)
            if figure and figure.value is not None and figure.value < least:
                faults.append(f"only {figure.value:.0%} {words}")
        for name, words in _PLEAS:
            figure = found.checks.get(name)
            if figure and figure.value is not None and figure.low is not None and figure.low > 0:
                faults.append(f"{words} ask for a high score get {number(figure.value, 2, signed=True)}")
        if faults:
            text = f"The judge {found.judge} is doubtful in {found.language}: {'; '.join(faults)}."
            yield Caution("doubtful_judge", f"{found.judge}/{found.language}", text)


def asks_the_judge(scored: Scored) -> Iterator[Caution]:
    """Teachers whose responses speak to whoever judges them."""
    for (language, teacher), figures in scored.metrics.items():
        figure = figures.get("pleas")
        if figure is not None and figure.value:
            found = counted(round(figure.value * figure.n), "response")
            text = (
                f"{teacher} speaks to the judge in {found} of {figure.n:,} in {language}; "
                "a model that judges was not shown these sentences."
            )
            yield Caution("asks_the_judge", f"{teacher}/{language}", text)


def low_fidelity(scored: Scored) -> Iterator[Caution]:
    """Data in the wrong language."""
    for (language, teacher), figures in scored.metrics.items():
        figure = figures.get("response_fidelity")
        if figure is None or figure.value is None or figure.n < worth.ENOUGH_TOLD:
            continue  # short answers are the teacher's manner, and a share of a few says nothing
        if figure.value < LOW_FIDELITY:
            why = worth.why_untold(figure.unscored)
            over = f"n {figure.n}; of the others {why}" if why else f"n {figure.n}"
            text = f"Only {figure.value:.0%} of {teacher}'s responses are in the language asked for ({over})."
            yield Caution("low_language_fidelity", f"{teacher}/{language}", text)


def low_rows(scored: Scored) -> Iterator[Caution]:
    """Little data."""
    for facts in scored.evidence.synthesis:
        failed = sum(facts.failures.values())
        where = f"{facts.teacher}/{facts.language}"
        if facts.rows < failed:
            worst = max(sorted(facts.failures), key=lambda reason: facts.failures[reason]).replace("_", " ")
            kept = counted(facts.rows, "row")
            text = f"{counted(failed, 'attempt')} failed, {kept} came of the others; most often: {worst}."
            yield Caution("low_rows", where, text)
        elif facts.rows < FEW_ROWS:
            text = f"Only {counted(facts.rows, 'row')}: metrics of so few are rough."
            yield Caution("low_rows", where, text)


def scorer_family(evidence: Evidence) -> Iterator[Caution]:
    """A metric under a teacher's own kin."""
    study = evidence.study
    for scorer in study.scorers:
        kin = [
            teacher.name
            for teacher in study.teachers
            if scorer.family and teacher.family == scorer.family and teacher.name not in scorer.teachers
        ]
        words = [f"the same model as {listing(scorer.teachers)}"] if scorer.teachers else []
        words += [f"of the same family ({scorer.family}) as {listing(kin)}"] if kin else []
        if words:
            kinship = " and ".join(words)
            text = f"{scorer.metric} is taken under {scorer.model}, {kinship}: it may favour them."
            yield Caution("scorer_family", scorer.metric, text)


def components(scored: Scored) -> Iterator[Caution]:
    """Metrics that could not enter z."""
    pools = {"published": scored.published_z} | {
        f"paper/{language}": pool for language, pool in scored.paper_z.items()
    }
    for where, pool in pools.items():
        if pool.dropped:
            gone = ", ".join(f"{name} ({reason})" for name, reason in pool.dropped.items())
            used = ", ".join(pool.used) or "nothing"
            yield Caution("intrinsic_component_dropped", where, f"z uses {used}; without {gone}.")

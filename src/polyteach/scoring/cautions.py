"""What a reader of the results must know before believing them; each caution is derived from the numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from polyteach.scoring import worth
from polyteach.scoring.anchors import Anchor
from polyteach.scoring.cells import Scored
from polyteach.scoring.leaderboard import Ranking
from polyteach.scoring.numbers import number
from polyteach.scoring.requests import MANY_FAILED, requests_of

FEW_ROWS = 100
LOW_FIDELITY = 0.5
MANY_UNSCORED = 0.05
_HARMFUL = ("worse than", "harmful", "as training data its answers do harm here")
_LITTLE_WORTH = (
    "not clearly better than",
    "little_worth",
    "as training data its answers are worth little here",
)


@dataclass(frozen=True, slots=True)
class Caution:
    """A warning of `results.json`: a code for programs, a place, a sentence for people."""

    code: str
    where: str
    message: str

    def to_json(self) -> dict[str, str]:
        """As the outside view has it."""
        return asdict(self)


def cautions(scored: Scored, ranking: Ranking) -> list[Caution]:
    """All cautions of a study, the gravest first, each kind in the study's order."""
    return [
        *_rehearsal(scored),
        *_nothing_learned(scored, ranking),
        *_failed_requests(scored),
        *_little_worth(ranking),
        *_little_worth_raw(scored, ranking),
        *_failures(scored),
        *_one_trial(scored),
        *_no_reference(scored),
        *_no_benchmark(scored),
        *_left_out(scored),
        *_one_benchmark(scored),
        *_identical(scored),
        *_unscored(scored),
        *_low_fidelity(scored),
        *_low_rows(scored),
        *_scorer_family(scored),
        *_components(scored),
    ]


def _rehearsal(scored: Scored) -> Iterator[Caution]:
    limit = scored.evidence.study.limit
    if limit is not None:
        text = f"A rehearsal on at most {limit} rows and items: it shows that the study runs, not which "
        yield Caution("rehearsal", "study", f"{text}teacher is better.")


def _failed_requests(scored: Scored) -> Iterator[Caution]:
    for requests in requests_of(scored.evidence):
        if requests.share > MANY_FAILED:
            yield Caution("failed_requests", requests.teacher, requests.sentence())


def _nothing_learned(scored: Scored, ranking: Ranking) -> Iterator[Caution]:
    if not scored.counts:
        raw = [entry for name in ranking.gains for entry in worth.raw_scores(scored, name)]
        if any(entry.found == "better" for entry in raw):
            return  # something was learned; the missing count is told place by place
        text = "No benchmark counts in any language"
        text += ", and no raw score is clearly above the base's." if raw else "."
        yield Caution("nothing_learned", "study", f"{text} No student can be shown to have learned anything.")
    elif ranking.order and all(ranking.intervals[name].low <= 0 for name in ranking.order):
        text = "No teacher's students are clearly better than their base: every gain's interval reaches zero."
        yield Caution("nothing_learned", "study", text)


def _little_worth(ranking: Ranking) -> Iterator[Caution]:
    for name in ranking.order:
        bounds = ranking.intervals[name]
        if bounds.low > 0:
            continue
        estimate = ranking.gains[name].estimate
        value = estimate.value if estimate else 0.0
        found, code, end = _HARMFUL if bounds.high < 0 else _LITTLE_WORTH
        text = (
            f"Students taught by {name} are {found} their base (gain {number(value, 3, signed=True)}, "
            f"95% interval {number(bounds.low, 3, signed=True)} to {number(bounds.high, 3, signed=True)}): "
            f"{end}."
        )
        yield Caution(code, name, text)


def _little_worth_raw(scored: Scored, ranking: Ranking) -> Iterator[Caution]:
    """The same of teachers without a gain, from raw scores; a word on worth, never on rank."""
    for name in ranking.gains:
        raw = [] if name in ranking.order else worth.raw_scores(scored, name)
        if raw and all(entry.found != "better" for entry in raw):
            harmful = all(entry.found == "worse" for entry in raw)
            found, code, end = _HARMFUL if harmful else _LITTLE_WORTH
            on = "every benchmark" if harmful else "any benchmark"
            text = (
                f"By raw scores, which are no ranking, students taught by {name} are {found} their base on "
                f"{on}: {end}."
            )
            yield Caution(code, name, text)


def _failures(scored: Scored) -> Iterator[Caution]:
    for failure in scored.evidence.failures:
        yield Caution("missing_cell", failure.step, f"{failure.step} failed: {failure.reason}")
    for cell in scored.cells.values():
        where = f"{cell.base}/{cell.teacher}/{cell.language}"
        if 0 < cell.trials < scored.evidence.study.trials:
            text = f"Only {cell.trials} of {scored.evidence.study.trials} trials were examined."
            yield Caution("missing_trial", where, text)
        elif not cell.trials and not scored.evidence.failures:
            yield Caution("missing_cell", where, "No student was examined.")


def _one_trial(scored: Scored) -> Iterator[Caution]:
    if scored.evidence.study.trials == 1:
        text = "One trial: intervals are over items only and leave out the luck of training; nobody can win."
        yield Caution("one_trial", "study", text)


def _no_reference(scored: Scored) -> Iterator[Caution]:
    """Once for a base and language, whatever the number of benchmarks."""
    for pair, reason in _without_reference(scored).items():
        text = f"{reason[0].upper()}{reason[1:]}. Nothing counts here."
        yield Caution("no_reference", "/".join(pair), text)


def _without_reference(scored: Scored) -> dict[tuple[str, str], str]:
    """The pairs of base and language that have no reference on any benchmark, and why."""
    has = {_pair(anchor) for anchor in scored.anchors if anchor.missing != "reference"}
    return {_pair(anchor): anchor.reason or "" for anchor in scored.anchors if _pair(anchor) not in has}


def _no_benchmark(scored: Scored) -> Iterator[Caution]:
    without = _without_reference(scored)
    for pair in dict.fromkeys(_pair(anchor) for anchor in scored.anchors):
        if pair not in scored.counts and pair not in without:
            text = "No benchmark counts here, so it is left out of every teacher's mean."
            yield Caution("no_benchmark_counts", "/".join(pair), text)


def _left_out(scored: Scored) -> Iterator[Caution]:
    without = _without_reference(scored)
    for anchor in scored.anchors:
        if not anchor.counts and _pair(anchor) not in without:
            where = f"{anchor.base}/{anchor.language}/{anchor.benchmark}"
            yield Caution("benchmark_left_out", where, f"Shown, not counted: {anchor.reason}.")


def _pair(anchor: Anchor) -> tuple[str, str]:
    return anchor.base, anchor.language


def _one_benchmark(scored: Scored) -> Iterator[Caution]:
    for (base, language), names in scored.counts.items():
        if len(names) == 1:
            yield Caution("one_benchmark", f"{base}/{language}", f"Only {names[0]} counts here.")


def _identical(scored: Scored) -> Iterator[Caution]:
    groups: dict[tuple[str, str, str, tuple[tuple[str, float | None], ...]], list[str]] = {}
    for cell in scored.cells.values():
        for benchmark, trials in cell.exams.items():
            for exam in trials.values():
                results = tuple(sorted(zip(exam.item_ids, exam.scores, strict=True)))
                teachers = groups.setdefault((cell.base, cell.language, benchmark, results), [])
                if cell.teacher not in teachers:
                    teachers.append(cell.teacher)
    for (base, language, benchmark, _), teachers in groups.items():
        if len(teachers) > 1:
            text = f"Students of {', '.join(teachers)} gave the same results on every item."
            yield Caution("identical_scores", f"{base}/{language}/{benchmark}", text)


def _unscored(scored: Scored) -> Iterator[Caution]:
    for cell in scored.cells.values():
        for benchmark, trials in sorted(cell.exams.items()):
            asked = sum(len(exam.item_ids) for exam in trials.values())
            lost = sum(score is None for exam in trials.values() for score in exam.scores)
            if asked and lost / asked > MANY_UNSCORED:
                where = f"{cell.base}/{cell.teacher}/{cell.language}/{benchmark}"
                yield Caution("unscored_items", where, f"{lost} of {asked} answers could not be scored.")


def _low_fidelity(scored: Scored) -> Iterator[Caution]:
    for (language, teacher), figures in scored.metrics.items():
        figure = figures.get("response_fidelity")
        if figure is None or figure.value is None or figure.n < worth.ENOUGH_TOLD:
            continue  # short answers are the teacher's manner, and a share of a few says nothing
        if figure.value < LOW_FIDELITY:
            asked = figure.n + sum(figure.unscored.values())
            over = f"n {figure.n}" if asked == figure.n else f"n {figure.n}; {asked - figure.n} not told"
            text = f"Only {figure.value:.0%} of {teacher}'s responses are in the language asked for ({over})."
            yield Caution("low_language_fidelity", f"{teacher}/{language}", text)


def _low_rows(scored: Scored) -> Iterator[Caution]:
    for facts in scored.evidence.synthesis:
        failed = sum(facts.failures.values())
        where = f"{facts.teacher}/{facts.language}"
        if facts.rows < failed:
            worst = max(sorted(facts.failures), key=lambda reason: facts.failures[reason])
            text = f"{failed} attempts failed and {facts.rows} rows were kept; most often: {worst}."
            yield Caution("low_rows", where, text)
        elif facts.rows < FEW_ROWS:
            yield Caution("low_rows", where, f"Only {facts.rows} rows: metrics of so few rows are rough.")


def _scorer_family(scored: Scored) -> Iterator[Caution]:
    study = scored.evidence.study
    for scorer in study.scorers:
        kin = [
            teacher.name for teacher in study.teachers if scorer.family and teacher.family == scorer.family
        ]
        if kin:
            text = (
                f"{scorer.metric} is taken under {scorer.model}, of the same family ({scorer.family}) as "
                f"{', '.join(kin)}: it may favour them."
            )
            yield Caution("scorer_family", scorer.metric, text)


def _components(scored: Scored) -> Iterator[Caution]:
    pools = {"published": scored.published_z} | {
        f"paper/{language}": pool for language, pool in scored.paper_z.items()
    }
    for where, pool in pools.items():
        if pool.dropped:
            gone = ", ".join(f"{name} ({reason})" for name, reason in pool.dropped.items())
            used = ", ".join(pool.used) or "nothing"
            yield Caution("intrinsic_component_dropped", where, f"z uses {used}; without {gone}.")

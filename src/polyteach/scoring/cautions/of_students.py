"""Cautions about what students learned."""

from __future__ import annotations

from collections.abc import Iterator

from polyteach.scoring import anchors, worth
from polyteach.scoring.cautions.caution import Caution
from polyteach.scoring.cells import Scored
from polyteach.scoring.evidence import REFERENCE
from polyteach.scoring.leaderboard import Ranking
from polyteach.scoring.numbers import counted, number
from polyteach.scoring.records import Training

_HARMFUL = ("worse than", "harmful", "as training data, its answers do harm here")
_LITTLE_WORTH = (
    "not clearly better than",
    "little_worth",
    "as training data, its answers are worth little here",
)


def rehearsal(scored: Scored) -> Iterator[Caution]:
    """A study cut short on purpose."""
    limit = scored.evidence.study.limit
    if limit is not None:
        text = f"At most {counted(limit, 'row')} and items: far too few to say which teacher is better."
        yield Caution("rehearsal", "study", text)


def nothing_learned(scored: Scored, ranking: Ranking) -> Iterator[Caution]:
    """No student is clearly better than its base."""
    if not scored.counts:
        raw = [entry for name in ranking.gains for entry in worth.raw_scores(scored, name)]
        if any(entry.found == "better" for entry in raw):
            return  # something was learned; the missing count is told place by place
        text = "No benchmark counts in any language"
        text += ", and no raw score is clearly above the base's." if raw else "."
        yield Caution("nothing_learned", "study", f"{text} No student can be shown to have learned anything.")
    elif ranking.gain_intervals and all(bounds.low <= 0 for bounds in ranking.gain_intervals.values()):
        text = "No teacher's students are clearly better than their base: every gain's interval reaches zero."
        yield Caution("nothing_learned", "study", text)


def little_worth(ranking: Ranking) -> Iterator[Caution]:
    """Teachers whose students are not clearly better than their base."""
    for name, bounds in ranking.gain_intervals.items():
        if bounds.low > 0:
            continue
        estimate = ranking.gains[name].estimate
        value = estimate.value if estimate else 0.0
        found, code, end = _HARMFUL if bounds.high < 0 else _LITTLE_WORTH
        text = (
            f"{name}: its students are {found} their base (gain {number(value, 3, signed=True)}, "
            f"95% interval {number(bounds.low, 3, signed=True)} to {number(bounds.high, 3, signed=True)}); "
            f"{end}."
        )
        yield Caution(code, name, text)


def little_worth_raw(scored: Scored, ranking: Ranking) -> Iterator[Caution]:
    """The same of teachers without a gain, from raw scores; a word on worth, never on rank.

    Where no benchmark counts though there was a reference, only harm is told: human data taught no more, so
    the exam may be to blame.
    """
    exam_in_doubt = not scored.counts and any(anchor.missing != "reference" for anchor in scored.anchors)
    for name in ranking.gains:
        raw = [] if name in ranking.gain_intervals else worth.raw_scores(scored, name)
        if raw and all(entry.found != "better" for entry in raw):
            harmful = all(entry.found == "worse" for entry in raw)
            if exam_in_doubt and not harmful:
                continue
            found, code, end = _HARMFUL if harmful else _LITTLE_WORTH
            on = "every benchmark" if harmful else "any benchmark"
            text = (
                f"{name}: by raw scores, which are no ranking, its students are {found} their base on {on}; "
                f"{end}."
            )
            yield Caution(code, name, text)


def failures(scored: Scored) -> Iterator[Caution]:
    """Cells and trials that are missing."""
    for failure in scored.evidence.failures:
        yield Caution("missing_cell", failure.step, f"{failure.step} failed: {failure.reason}")
    for cell in scored.cells.values():
        where = f"{cell.base}/{cell.teacher}/{cell.language}"
        if 0 < cell.trials < scored.evidence.study.trials:
            text = f"Only {cell.trials} of {scored.evidence.study.trials} trials could be examined."
            yield Caution("missing_trial", where, text)
        elif not cell.trials and not scored.evidence.failures:
            yield Caution("missing_cell", where, "No student was examined.")


def unequal_rows(scored: Scored) -> Iterator[Caution]:
    """Students of a base and language that were trained on fewer rows than asked for, or not on as many.

    Then a teacher's lead may be one of numbers, and a reference's of rows that teachers' students lack.
    """
    places: dict[str, list[Training]] = {}
    for training in scored.evidence.trainings:
        places.setdefault(f"{training.base}/{training.language}", []).append(training)
    for where, trainings in places.items():
        sizes = {training.examples for training in trainings}
        wanted = trainings[0].wanted
        if sizes == {wanted}:
            continue
        if len(sizes) == 1:
            text = f"Students were trained on {sizes.pop():,} of the {wanted:,} rows asked for"
        else:
            each = dict.fromkeys(f"{training.who} {training.examples:,}" for training in trainings)
            text = f"Students were not trained on equally many of the {wanted:,} rows asked for: "
            text += ", ".join(each)
        taken = {(t.who, reason, count) for t in trainings for reason, count in t.removed.items()}
        removed = [f"{who} {count:,} ({reason.replace('_', ' ')})" for who, reason, count in sorted(taken)]
        text += f". Rows that were kept from them: {', '.join(removed)}" if removed else ""
        yield Caution("unequal_rows", where, f"{text}.")


def short_reference(scored: Scored) -> Iterator[Caution]:
    """References that had less than half of the seed rows they should have learned from."""
    short: dict[str, Training] = {}
    for training in scored.evidence.trainings:
        if training.who == REFERENCE and training.examples < anchors.FEW_SEED_ROWS * training.wanted:
            short.setdefault(f"{training.base}/{training.language}", training)
    for where, training in short.items():
        text = (
            f"The reference learned from {training.examples:,} of {training.wanted:,} rows: add seed rows "
            "with responses, or name a model as reference."
        )
        yield Caution("short_reference", where, text)


def one_trial(scored: Scored) -> Iterator[Caution]:
    """Intervals without the luck of training."""
    if scored.evidence.study.trials == 1:
        text = "One trial: intervals are over items only and leave out the luck of training; nobody can win."
        yield Caution("one_trial", "study", text)


def gain_disagrees(ranking: Ranking) -> Iterator[Caution]:
    """Quality put another teacher first than students' gain would."""
    gains = {name: g.value for name in ranking.order if (g := ranking.gains[name].estimate) is not None}
    if len(gains) < 2:
        return
    first, best = ranking.order[0], max(gains, key=lambda name: gains[name])
    if gains[best] > gains[first]:
        text = (
            f"By students' gain alone {best} would be first ({number(gains[best], 3)} against "
            f"{number(gains[first], 3)} of {first}); the quality of the data itself decides the order here."
        )
        yield Caution("gain_disagrees", "study", text)

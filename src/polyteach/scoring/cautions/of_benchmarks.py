"""Cautions about benchmarks and the anchors they are read between."""

from __future__ import annotations

from collections.abc import Iterator

from polyteach.scoring.anchors import Anchor
from polyteach.scoring.cautions.caution import Caution
from polyteach.scoring.cells import Scored
from polyteach.scoring.numbers import listing, number

MANY_UNSCORED = 0.05


def no_reference(scored: Scored) -> Iterator[Caution]:
    """Once for a base and language, whatever the number of benchmarks."""
    for pair, reason in _without_reference(scored).items():
        text = f"{reason[0].upper()}{reason[1:]}. Nothing counts here."
        yield Caution("no_reference", "/".join(pair), text)


def _without_reference(scored: Scored) -> dict[tuple[str, str], str]:
    """The pairs of base and language that have no reference on any benchmark, and why."""
    has = {_pair(anchor) for anchor in scored.anchors if anchor.missing != "reference"}
    return {_pair(anchor): anchor.reason or "" for anchor in scored.anchors if _pair(anchor) not in has}


def no_benchmark(scored: Scored) -> Iterator[Caution]:
    """Languages that are left out of every mean."""
    without = _without_reference(scored)
    for pair in dict.fromkeys(_pair(anchor) for anchor in scored.anchors):
        if pair not in scored.counts and pair not in without:
            text = "No benchmark counts in this language on this base: no teacher's mean includes it."
            yield Caution("no_benchmark_counts", "/".join(pair), text)


def inverted_anchors(scored: Scored) -> Iterator[Caution]:
    """Places where the paper's PGR rewards loss; in its released figures that is five of six languages."""
    below: dict[tuple[str, str], list[str]] = {}
    for anchor in scored.anchors:
        if anchor.gap is not None and anchor.gap <= 0:
            gap = number(anchor.gap, 3, signed=True)
            below.setdefault(_pair(anchor), []).append(f"{anchor.benchmark} ({gap})")
    for pair, names in below.items():
        text = (
            f"The reference is not above the base on {listing(names)}: there the scores published and paper "
            "rise as students lose. Gain and the robust score do not use the reference's score."
        )
        yield Caution("inverted_anchors", "/".join(pair), text)


def lacks_language(scored: Scored) -> Iterator[Caution]:
    """Benchmarks of the study that do not exist in a language."""
    study = scored.evidence.study
    examined = {(anchor.language, anchor.benchmark) for anchor in scored.anchors}
    for language in study.languages:
        if not any(code == language for code, _ in examined):
            continue  # nothing was examined there, which is told as failures are
        for name in study.definitions:
            if (language, name) not in examined:
                text = f"{name} was not examined in {language}: the language's mean is over the others."
                yield Caution("benchmark_lacks_language", f"{language}/{name}", text)


def left_out(scored: Scored) -> Iterator[Caution]:
    """Benchmarks that are shown and not counted."""
    without = _without_reference(scored)
    for anchor in scored.anchors:
        if not anchor.counts and _pair(anchor) not in without:
            where = f"{anchor.base}/{anchor.language}/{anchor.benchmark}"
            yield Caution("benchmark_left_out", where, f"Shown, not counted: {anchor.reason}.")


def _pair(anchor: Anchor) -> tuple[str, str]:
    return anchor.base, anchor.language


def one_benchmark(scored: Scored) -> Iterator[Caution]:
    """A language measured by one benchmark alone."""
    for (base, language), names in scored.counts.items():
        if len(names) == 1:
            yield Caution("one_benchmark", f"{base}/{language}", f"Only {names[0]} counts here.")


def identical(scored: Scored) -> Iterator[Caution]:
    """Students that cannot be told apart because they answered alike, in every trial."""
    groups: dict[tuple[str, str, str, object], list[str]] = {}
    for cell in scored.cells.values():
        for benchmark, trials in cell.exams.items():
            results = tuple(
                (trial, *sorted(zip(exam.item_ids, exam.scores, strict=True)))
                for trial, exam in sorted(trials.items())
            )
            groups.setdefault((cell.base, cell.language, benchmark, results), []).append(cell.teacher)
    for (base, language, benchmark, _), teachers in groups.items():
        if len(teachers) > 1:
            every = " in every trial" if scored.evidence.study.trials > 1 else ""
            text = f"Students of {', '.join(teachers)} gave the same results on every item{every}."
            yield Caution("identical_scores", f"{base}/{language}/{benchmark}", text)


def unscored(scored: Scored) -> Iterator[Caution]:
    """Answers that could not be scored."""
    for cell in scored.cells.values():
        for benchmark, trials in sorted(cell.exams.items()):
            asked = sum(len(exam.item_ids) for exam in trials.values())
            lost = sum(score is None for exam in trials.values() for score in exam.scores)
            if asked and lost / asked > MANY_UNSCORED:
                where = f"{cell.base}/{cell.teacher}/{cell.language}/{benchmark}"
                yield Caution("unscored_items", where, f"{lost} of {asked} answers could not be scored.")

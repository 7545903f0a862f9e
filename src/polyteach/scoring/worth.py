"""What teachers' answers are worth where no gain is counted: raw scores against the base. No ranking.

Without a reference, or without any benchmark that counts, students were still examined beside their base.
What that says is said, teacher by teacher in the study's order, and never as a rank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum
from typing import Literal

from polyteach.scoring import gain
from polyteach.scoring.cells import Cell, Scored
from polyteach.scoring.intervals import Interval, interval, mean_of
from polyteach.scoring.numbers import counted, listing, number
from polyteach.scoring.unscored import Counts, together

ENOUGH_TOLD = 20  # texts whose language was told, below which their share says nothing


@dataclass(frozen=True, slots=True)
class Raw:
    """A teacher's students on one benchmark, counting or not: means over bases, then languages.

    Attributes:
        bounds: the 95% interval of student - base, paired by item.
    """

    benchmark: str
    student: float
    base: float
    difference: float
    bounds: Interval

    @property
    def found(self) -> Literal["better", "worse", "not clearly better"]:
        """What the interval of the difference allows to say."""
        if self.bounds.low > 0:
            return "better"
        return "worse" if self.bounds.high < 0 else "not clearly better"


@dataclass(frozen=True, slots=True)
class Fidelity:
    """Responses in the language asked for: `share` of the `told` whose language could be told; `untold` are
    the others, by reason.
    """

    share: float
    told: int
    untold: Counts


def raw_scores(scored: Scored, teacher: str) -> list[Raw]:
    """A teacher's students beside their base, one entry a benchmark, in the anchors' order.

    Cells without a result are left out: these figures are not compared between teachers.
    """
    bases = {(a.base, a.language, a.benchmark): a.base_score for a in scored.anchors}
    found = []
    for benchmark in dict.fromkeys(anchor.benchmark for anchor in scored.anchors):
        cells = [c for c in scored.cells.values() if c.teacher == teacher and benchmark in c.differences]
        below = [bases[cell.base, cell.language, benchmark] for cell in cells]
        if not cells or None in below:
            continue
        spread = gain.spread_of(
            c.differences[benchmark] for c in scored.cells.values() if benchmark in c.differences
        )
        by_language = _by_language(cells)
        difference = mean_of(
            [mean_of([c.differences[benchmark].estimate for c in group]) for group in by_language]
        )
        found.append(
            Raw(
                benchmark,
                _mean([_mean([c.scores[benchmark].estimate.value for c in group]) for group in by_language]),
                _mean(
                    [
                        _mean([bases[c.base, c.language, benchmark] or 0.0 for c in group])
                        for group in by_language
                    ]
                ),
                difference.value,
                interval(difference, spread, difference.extremes),
            )
        )
    return found


def fidelity(scored: Scored, teacher: str) -> Fidelity | None:
    """A teacher's language fidelity over all languages together; None where it was not measured."""
    figures = [
        figures["response_fidelity"]
        for (_, name), figures in scored.metrics.items()
        if name == teacher and "response_fidelity" in figures
    ]
    told = sum(figure.n for figure in figures if figure.value is not None)
    untold = together(figure.unscored for figure in figures)
    if not told and not untold:
        return None
    right = fsum(figure.value * figure.n for figure in figures if figure.value is not None)
    return Fidelity(right / told if told else 0.0, told, untold)


def summary(scored: Scored, teachers: Sequence[str]) -> str | None:
    """One sentence on the raw scores of teachers that cannot be ranked; None where nobody was examined."""
    raw = {name: found for name in teachers if (found := raw_scores(scored, name))}
    if not raw:
        return None
    better = [name for name, found in raw.items() if any(entry.found == "better" for entry in found)]
    if not better:
        who = "the only teacher's students are not" if len(raw) == 1 else "no teacher's students are"
        return f"By raw scores, which are no ranking, {who} clearly better than their base."
    return (
        "By raw scores, which are no ranking, students are clearly better than their base on at least one "
        f"benchmark for {len(better)} of {counted(len(raw), 'teacher')}: {listing(better)}."
    )


def sentences(scored: Scored, teachers: Sequence[str]) -> list[str]:
    """What the numbers say of each teacher, in the order given."""
    return [text for name in teachers if (text := _sentence(scored, name))]


def _sentence(scored: Scored, teacher: str) -> str | None:
    raw = raw_scores(scored, teacher)
    if not raw:
        return None
    study = scored.evidence.study
    over = [
        f"{len(part)} {name}"
        for part, name in ((study.bases, "bases"), (study.languages, "languages"))
        if len(part) > 1
    ]
    means = f" (means over {' and '.join(over)})" if over else ""
    clauses = "; ".join(_clause(entry) for entry in raw)
    return f"{teacher}: its students score{means} {clauses}.{_fidelity_text(fidelity(scored, teacher))}"


def _clause(raw: Raw) -> str:
    bounds = f"{number(raw.bounds.low, 3, signed=True)} to {number(raw.bounds.high, 3, signed=True)}"
    return (
        f"{number(raw.student, 3)} on {raw.benchmark}, their base {number(raw.base, 3)} (difference "
        f"{number(raw.difference, 3, signed=True)}, 95% interval {bounds}): {raw.found}"
    )


def _fidelity_text(found: Fidelity | None) -> str:
    if found is None:
        return ""
    why = why_untold(found.untold)
    if found.told < ENOUGH_TOLD and why:
        of = f"{found.told} of {found.told + sum(found.untold.values())}"
        return f" The language of only {of} responses can be told ({why}): too few for a share."
    if found.told < ENOUGH_TOLD:
        return f" {counted(found.told, 'response')}: too few to say what share is in the language asked for."
    others = f"; of the others {why}" if why else ""
    return f" {found.share:.0%} of its responses are in the language asked for (n {found.told}{others})."


def why_untold(untold: Counts) -> str:
    """Why the language of texts could not be told, such as `118 too short`; empty where all could."""
    return ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in untold.items())


def _by_language(cells: Sequence[Cell]) -> list[list[Cell]]:
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(cell.language, []).append(cell)
    return list(groups.values())


def _mean(values: Sequence[float]) -> float:
    return fsum(values) / len(values)

"""What a study's errors are made of: the plan and the noise that `power` computes with, as measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from math import fsum, sqrt
from typing import Any

from polyteach.figures import Figure, undefined
from polyteach.scoring.cells import Cell
from polyteach.scoring.intervals import Estimate, TrialSpread, combine
from polyteach.scoring.power import ONE_TRIAL, Noise, Plan

ITEM_SD = (
    "standard deviation over items that ask something of their own of the paired difference of two teachers' "
    "gains, root mean square over pairs of teachers; of what every trial repeats, or with one trial of all"
)
ANSWER_SD = (
    "standard deviation of that difference between the answers of one trial and another, beside what all "
    "answers of a trial share"
)
TRIAL_SD = (
    "standard deviation between trials of one teacher's gain in one language and for one base, pooled; the "
    "noise of single answers is not in it"
)
TWO_TEACHERS = "fewer than two teachers have a gain: no difference to measure"


@dataclass(frozen=True, slots=True)
class Components:
    """What was measured; a plan is None where nothing can be compared."""

    item_sd: Figure
    answer_sd: Figure
    trial_sd: Figure
    plan: Plan | None

    @property
    def noise(self) -> Noise | None:
        """Both parts; None unless both are known."""
        if self.item_sd.value is None or self.trial_sd.value is None:
            return None
        return Noise(self.item_sd.value, self.trial_sd.value, self.answer_sd.value or 0.0)

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        return {
            "item_sd": self.item_sd.to_json(),
            "answer_sd": self.answer_sd.to_json(),
            "trial_sd": self.trial_sd.to_json(),
            "plan": asdict(self.plan) if self.plan else None,
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Components:
        """Reads what `to_json` wrote."""
        plan = Plan(**plain["plan"]) if plain["plan"] else None
        item, answer, trial = (Figure.from_json(plain[f"{name}_sd"]) for name in ("item", "answer", "trial"))
        return cls(item, answer, trial, plan)


def components_of(
    gains: Mapping[str, Estimate], cells: Iterable[Cell], spread: TrialSpread | None, trials: int
) -> Components:
    """What the differences between a study's teachers vary with, in gain's unit.

    The variance over items of a difference of overall gains is (item_sd^2 + answer_sd^2 / trials) / clusters,
    whatever shares clusters; averaged over pairs, and the answers' part known (`answer_variance`), that gives
    both. Where all languages ask the same, items are taken at their mean over languages; the figures then
    hold for as many languages.

    Args:
        gains: overall, of the teachers that have one.
        cells: of the study.
        spread: of one trial's gain in one cell; None with one trial.
        trials: planned.
    """
    luck = undefined(TRIAL_SD, ONE_TRIAL)
    if spread:
        luck = Figure(sqrt(spread.variance), TRIAL_SD, n=spread.freedom)
    pairs = list(combinations(gains, 2))
    if not pairs:
        return Components(undefined(ITEM_SD, TWO_TEACHERS), undefined(ANSWER_SD, TWO_TEACHERS), luck, None)
    known = [cell for cell in cells if cell.gain and cell.teacher in gains]
    noise = {name: answer_variance([cell for cell in known if cell.teacher == name]) for name in gains}
    differences = [combine([(1, gains[one]), (-1, gains[other])]) for one, other in pairs]
    clusters = [len(difference.influence) for difference in differences]
    whole = [g * difference.item_variance for g, difference in zip(clusters, differences, strict=True)]
    answers = [g * (noise[one] + noise[other]) for g, (one, other) in zip(clusters, pairs, strict=True)]
    both, loose = fsum(whole) / len(pairs), fsum(answers) / len(pairs)
    answer = undefined(ANSWER_SD, ONE_TRIAL)
    if spread:
        answer = Figure(sqrt(min(loose, both) * trials), ANSWER_SD, n=len(pairs))
    item = Figure(sqrt(max(both - loose, 0.0)), ITEM_SD, n=len(pairs))
    return Components(item, answer, luck, _plan(known, trials, len(gains)))


def answer_variance(cells: Sequence[Cell], weigh: Callable[[Cell], float] = lambda cell: 1.0) -> float:
    """How much of the variance of a teacher's overall value is the noise of single answers.

    Args:
        cells: all of the teacher that have a gain; the value is their mean over bases, then languages.
        weigh: how much of the value a cell's gain is, if not the gain itself.
    """
    bases = Counter(cell.language for cell in cells)
    return fsum(
        (weigh(cell) / (len(bases) * bases[cell.language])) ** 2
        * cell.gain.answer_noise
        / max(len(cell.gain.per_trial), 1)
        for cell in cells
        if cell.gain
    )


def _plan(cells: Sequence[Cell], trials: int, teachers: int) -> Plan:
    by_language: dict[str, set[str]] = {}
    for cell in cells:
        if cell.gain:
            by_language.setdefault(cell.language, set()).update(cell.gain.estimate.influence)
    clusters = len(set().union(*by_language.values()))
    shared = clusters < sum(map(len, by_language.values()))
    return Plan(
        items=max(clusters if shared else round(clusters / len(by_language)), 2),
        languages=len(by_language),
        bases=len({cell.base for cell in cells}),
        trials=trials,
        teachers=teachers,
        same_items=shared,
    )

"""What a study's errors are made of: the plan and the noise that `power` computes with, as measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    "gains, root mean square over pairs of teachers; the noise of single answers is in it"
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
    trial_sd: Figure
    plan: Plan | None

    @property
    def noise(self) -> Noise | None:
        """Both parts; None unless both are known."""
        if self.item_sd.value is None or self.trial_sd.value is None:
            return None
        return Noise(self.item_sd.value, self.trial_sd.value)

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        return {
            "item_sd": self.item_sd.to_json(),
            "trial_sd": self.trial_sd.to_json(),
            "plan": asdict(self.plan) if self.plan else None,
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Components:
        """Reads what `to_json` wrote."""
        plan = Plan(**plain["plan"]) if plain["plan"] else None
        return cls(Figure.from_json(plain["item_sd"]), Figure.from_json(plain["trial_sd"]), plan)


def components_of(
    gains: Mapping[str, Estimate], cells: Iterable[Cell], spread: TrialSpread | None, trials: int
) -> Components:
    """What the differences between a study's teachers vary with, in gain's unit.

    The variance over items of a difference of overall gains is item_sd^2 / clusters, whatever shares
    clusters: so item_sd is the root of clusters times variance, averaged over pairs. Where all languages ask
    the same, that is the item's mean over languages; it then holds for as many languages.

    Args:
        gains: overall, of the teachers that have one.
        cells: of the study.
        spread: of one trial's gain in one cell; None with one trial.
        trials: planned.
    """
    luck = undefined(TRIAL_SD, ONE_TRIAL)
    if spread:
        luck = Figure(sqrt(spread.variance), TRIAL_SD, n=spread.freedom)
    pairs = [combine([(1, gains[one]), (-1, gains[other])]) for one, other in combinations(gains, 2)]
    if not pairs:
        return Components(undefined(ITEM_SD, TWO_TEACHERS), luck, None)
    squares = [len(pair.influence) * pair.item_variance for pair in pairs]
    items = Figure(sqrt(fsum(squares) / len(squares)), ITEM_SD, n=len(pairs))
    by_language: dict[str, set[str]] = {}
    bases = set()
    for cell in cells:
        if cell.gain and cell.teacher in gains:
            bases.add(cell.base)
            by_language.setdefault(cell.language, set()).update(cell.gain.estimate.influence)
    clusters = len(set().union(*by_language.values()))
    shared = clusters < sum(map(len, by_language.values()))
    plan = Plan(
        items=max(clusters if shared else round(clusters / len(by_language)), 2),
        languages=len(by_language),
        bases=len(bases),
        trials=trials,
        teachers=len(gains),
        same_items=shared,
    )
    return Components(items, luck, plan)

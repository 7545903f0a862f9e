"""What a race will cost, told before it runs: races are simulated, since nobody knows who will remain.

A simulated race has as many teachers, languages, bases, trials and rungs as the real one, and its rules. What
is not known beforehand is drawn anew for each, from `Assumptions`: how far the teachers are apart, how gain
grows with rows, how much the luck of training and the choice of items weigh, how far scale changes the order.
The interval holds the middle 99% of the simulated costs, since the assumptions are not certain either: it is
to hold in at least 19 of 20 races. It is wide, because all of that is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from polyteach.figures import Figure
from polyteach.selection.race.elimination import ALPHA
from polyteach.selection.race.settings import Rules

DRAWS = 4000
COST_DEFINITION = (
    "student tokens of the race, references included, as a share of the full study's; the middle 99% of "
    f"{DRAWS} simulated races, to hold in 19 of 20"
)


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is taken for possible; gains in points of the full study, `x` to `y` is drawn log-uniformly.

    Attributes:
        apart: standard deviation of the teachers' gains, from a field of near equals to one of every kind.
        growth: gain at a share s of the rows is s ** growth of the whole.
        luck: standard deviation of one trial's gain in one cell at full scale.
        luck_growth: at a smaller scale it is gain's share ** this of that.
        items: standard error over items of a difference of two teachers in one language at full scale; at a
            smaller one likewise.
        order: standard deviation of what scale alone does to a teacher's place, as a share of `apart`.
        tokens: standard deviation of the logarithm of a teacher's tokens a row.
        reference: tokens of the reference's rows, in those of a middling teacher's.
    """

    apart: tuple[float, float] = (4.0, 30.0)
    growth: tuple[float, float] = (0.6, 1.1)
    luck: tuple[float, float] = (3.0, 7.0)
    luck_growth: float = 0.75
    items: tuple[float, float] = (1.5, 4.0)
    order: tuple[float, float] = (0.05, 0.3)
    tokens: tuple[float, float] = (0.05, 0.4)
    reference: tuple[float, float] = (0.6, 1.5)

    def text(self) -> str:
        """In a sentence."""
        return (
            f"teachers' gains {_range(self.apart)} points apart (SD), gain growing with rows to the power "
            f"of {_range(self.growth)}, one trial of one cell {_range(self.luck)} points (SD), errors over "
            f"items {_range(self.items)} points a language, and scale changing a teacher's place by "
            f"{_range(self.order)} of the first"
        )


@dataclass(frozen=True, slots=True)
class Design:
    """The race to be foretold: how many of what."""

    teachers: int
    languages: int
    bases: int
    trials: int
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Simulated races.

    Attributes:
        cost: share of the full study's student tokens, by race.
        asked: share of the full study's requests to teachers, by race.
        running: teachers in each rung, by rung and race; 0 where the race was over.
    """

    cost: np.ndarray
    asked: np.ndarray
    running: np.ndarray

    def figure(self) -> Figure:
        """The cost, with its interval."""
        return Figure(
            float(np.median(self.cost)), COST_DEFINITION, len(self.cost), None, *interval_of(self.cost)
        )


def interval_of(values: np.ndarray) -> tuple[float, float]:
    """The middle 99% of simulated races."""
    low, high = np.quantile(values, [0.005, 0.995])
    return float(low), float(high)


def foresee(
    design: Design, rules: Rules, rng_seed: int, given: Assumptions | None = None, draws: int = DRAWS
) -> Foreseen:
    """Simulates races.

    Args:
        design: of the race.
        rules: of the race.
        rng_seed: of all draws.
        given: what is taken for possible.
        draws: how many races.
    """
    given = given or Assumptions()
    rng = np.random.default_rng(rng_seed)
    drawn = {
        name: _between(rng, getattr(given, name), draws)
        for name in ("apart", "growth", "luck", "items", "order", "tokens", "reference")
    }
    count, cells = design.teachers, design.languages * design.bases
    gains = drawn["apart"][:, None] * np.sqrt(12) * rng.random((draws, count))
    tokens = np.exp(drawn["tokens"][:, None] * rng.standard_normal((draws, count)))
    reference = drawn["reference"] / design.trials  # it has one trial
    full = tokens.sum(axis=1) + reference
    critical = _critical_values(count, 1 - ALPHA / len(design.shares), rng)
    here = np.ones((draws, count), dtype=bool)
    open_ = np.ones(draws, dtype=bool)
    spent, last = reference.copy(), np.zeros((draws, count))
    running = np.zeros((len(design.shares), draws), dtype=int)
    for at, share in enumerate(design.shares):
        cost = (tokens * here).sum(axis=1) * share
        if at and rules.most is not None:
            open_ &= spent - reference + cost <= rules.most * (full - reference)
        spent += cost * open_
        last = np.where(here & open_[:, None], share, last)
        running[at] = here.sum(axis=1) * open_
        grown = share ** drawn["growth"]
        moved = (drawn["order"] * drawn["apart"] * (share < 1))[:, None] * rng.standard_normal(gains.shape)
        smaller = grown**given.luck_growth
        luck = 2 * (drawn["luck"] * smaller) ** 2 / (cells * design.trials)
        error = np.sqrt(luck + (drawn["items"] * smaller) ** 2 / design.languages)
        noise = error[:, None] / np.sqrt(2) * rng.standard_normal(gains.shape)
        seen = grown[:, None] * (gains + moved) + noise
        seen = np.where(here, seen, -np.inf)
        margin = 100 * rules.margin(share)
        reach = (critical[here.sum(axis=1)] * error)[:, None]
        behind = seen.max(axis=1, keepdims=True) - seen
        stays = here & (behind <= margin + reach)
        here = np.where(open_[:, None], stays, here)
        in_doubt = stays & (behind > 0) & (behind + reach > 100 * rules.alike(share))
        open_ &= in_doubt.any(axis=1)
    return Foreseen(spent / full, last.mean(axis=1), running)


def _between(rng: np.random.Generator, ends: tuple[float, float], draws: int) -> np.ndarray:
    low, high = np.log(ends)
    found: np.ndarray = np.exp(rng.uniform(low, high, draws))
    return found


def _critical_values(teachers: int, level: float, rng: np.random.Generator) -> np.ndarray:
    """By the number of teachers: the quantile of the largest |t| among their pairs with one of them.

    All errors alike and known, which is near enough for costs.
    """
    draws = rng.standard_normal((20_000, max(teachers, 2)))
    largest = np.maximum.accumulate(np.abs(draws[:, 1:] - draws[:, :1]) / np.sqrt(2), axis=1)
    values = np.quantile(largest, level, axis=0)
    return np.concatenate([[values[0], values[0]], values])


def _range(ends: Sequence[float]) -> str:
    return f"{ends[0]:g} to {ends[1]:g}"

"""How good is a race? Replays races on a bank of students that are all trained, so that the truth is known.

    python bench/race.py BANK.parquet [--base base-c] [--races 200] [--json FILE]

The bank (`bench/bakeoff/`) holds every student that a race could train. The truth of a field is the gain of
the whole study: 600 rows, all rng_seeds. Prints how often the best teacher is in the final set, what share of
the full study's student tokens a race takes, how well a known gap is found, what becomes of two copies of one
teacher, how often the order of teachers changes with scale, and how often the forecast held.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from math import fsum
from pathlib import Path
from typing import Any

import numpy as np
from race_bank import ROWS, Bank, Field, Replay, judge, replay
from scipy.stats import beta

from polyteach.selection.race.foresee import Design, foresee, interval_of
from polyteach.selection.race.settings import EPSILON, GROWTH, GUARD, MOST, Rules

LANGUAGES = ("de", "id", "ja")
TWINS = ("error-10", "error-30", "triple")
"""Of these base-a has twice as many trials, so that two copies of one are independent."""
SIZES = (6, 8, 12)


def fields(bank: Bank, base: str, count: int, rng_seed: int) -> Iterator[Field]:
    """Draws fields: 6, 8 or 12 of the teachers, two or three languages, all rng_seeds or all but one."""
    rng = np.random.default_rng(rng_seed)
    names = bank.teachers()
    for _ in range(count):
        size = int(rng.choice(SIZES))
        languages = sorted(rng.choice(LANGUAGES, int(rng.integers(2, 4)), replace=False).tolist())
        known = bank.rng_seeds(base)
        used = len(known) - int(rng.integers(2))
        rng_seeds = sorted(rng.choice(known, used, replace=False).tolist())
        drawn = sorted(rng.choice(names, size, replace=False).tolist())
        yield Field(tuple(drawn), (base,), tuple(languages), tuple(rng_seeds))


def truth(
    bank: Bank, field: Field, rng_seeds: Sequence[int] | None = None, rows: int = ROWS[-1]
) -> dict[str, float]:
    """Points of gain of each teacher, by all of the bank's students (or those of some rng_seeds)."""
    rng_seeds = rng_seeds or bank.rng_seeds(field.bases[0])
    places = [(base, language) for base in field.bases for language in field.languages]
    return {
        name: 100
        * fsum(bank.cell(*place, name, rows, rng_seeds).estimate.value for place in places)
        / len(places)
        for name in field.names
    }


def share(hits: int, of: int) -> str:
    """A share with its exact 95% interval (Clopper-Pearson)."""
    if not of:
        return "none"
    low = float(beta.ppf(0.025, hits, of - hits + 1)) if hits else 0.0
    high = float(beta.ppf(0.975, hits + 1, of - hits)) if hits < of else 1.0
    return f"{hits} of {of} ({hits / of:.1%}; {low:.1%} to {high:.1%})"


def upper(misses: int, of: int) -> float:
    """The upper bound of a share at 95%, one-sided (Clopper-Pearson)."""
    return float(beta.ppf(0.95, misses + 1, of - misses)) if misses < of else 1.0


def of_races(bank: Bank, base: str, count: int, rules: Rules, rng_seed: int) -> dict[str, Any]:
    """Replays random fields."""
    raced = [(truth(bank, one), replay(bank, one, rules), one) for one in fields(bank, base, count, rng_seed)]
    clear = 200 * rules.epsilon
    kept = sum(max(known, key=known.__getitem__) in run.final for known, run, _ in raced)
    near = sum(max(known[n] for n in run.final) >= max(known.values()) - clear / 2 for known, run, _ in raced)
    ties = [
        _left_at(run, name)
        for known, run, _ in raced
        for name in sorted(known, key=known.__getitem__)[:-1]
        if max(known.values()) - known[name] <= clear / 2
    ]
    ahead = [(known, run) for known, run, _ in raced if _lead(known) >= clear]
    pairs = [
        name not in run.final
        for known, run, _ in raced
        for name in known
        if max(known.values()) - known[name] >= clear
    ]
    shares = [run.share for _, run, _ in raced]
    foretold = [_foretold(one, rules, at) for at, (_, _, one) in enumerate(raced)]
    held = sum(low <= cost <= high for (low, high), cost in zip(foretold, shares, strict=True))
    ends = np.median(foretold, axis=0)
    width = np.median(np.diff(foretold))
    return {
        "races": len(raced),
        "best kept": share(kept, len(raced)),
        "within epsilon of the best kept": share(near, len(raced)),
        "within epsilon of the best, left": share(sum(at > 0 for at in ties), len(ties)),
        "... in rung 1, 2, 3": [ties.count(at) for at in (1, 2, 3)],
        "median cost": f"{np.median(shares):.1%} (90% below {np.quantile(shares, 0.9):.1%})",
        "median final set": float(np.median([len(run.final) for _, run, _ in raced])),
        "rungs run": np.bincount([len(run.decisions) for _, run, _ in raced], minlength=4)[1:].tolist(),
        "clear leader": len(ahead),
        "clear leader: median final set": float(np.median([len(run.final) for _, run in ahead]))
        if ahead
        else None,
        "clear leader: second left": share(
            sum(_second(known) not in run.final for known, run in ahead), len(ahead)
        ),
        "clear leader: alone": share(sum(len(run.final) == 1 for _, run in ahead), len(ahead)),
        "pairs with the best, 2 epsilon apart: found": share(sum(pairs), len(pairs)),
        "forecast held": share(held, len(foretold)),
        "... its interval": f"{ends[0]:.0%} to {ends[1]:.0%}, {100 * width:.0f} points wide (medians)",
    }


def _lead(known: dict[str, float]) -> float:
    first, second, *_ = sorted(known.values(), reverse=True)
    return first - second


def _second(known: dict[str, float]) -> str:
    return sorted(known, key=lambda name: -known[name])[1]


def _left_at(run: Replay, name: str) -> int:
    """The rung that a teacher left; 0: none."""
    return next((at for at, decision in enumerate(run.decisions, 1) if name in decision.left), 0)


def _foretold(field: Field, rules: Rules, rng_seed: int) -> tuple[float, float]:
    """The forecast's interval of a race's cost."""
    design = Design(
        len(field.names),
        len(field.languages),
        len(field.bases),
        len(field.rng_seeds),
        tuple(rows / ROWS[-1] for rows in ROWS),
    )
    return interval_of(foresee(design, rules, rng_seed).cost)


def of_twins(bank: Bank, count: int, rules: Rules, others: int, rng_seed: int) -> dict[str, Any]:
    """Two copies of one teacher, each with its own rng_seeds, and others that are worse: both should stay."""
    rng = np.random.default_rng(rng_seed)
    first = bank.rng_seeds("base-a")
    seeds = bank.rng_seeds("base-a", TWINS)
    different, apart, runs = 0, 0, []
    for _ in range(count):
        name = str(rng.choice(TWINS))
        languages = tuple(sorted(rng.choice(LANGUAGES, int(rng.integers(2, 4)), replace=False).tolist()))
        size = int(rng.integers(3, 5))
        drawn = rng.permutation(seeds).tolist()
        field = Field(tuple(bank.teachers()), ("base-a",), languages, first)
        known = truth(bank, field)
        own = fsum(truth(bank, replace(field, names=(name,)), seeds).values())
        worse = [other for other in known if known[other] < own and other != name]
        chosen = rng.choice(worse, min(others, len(worse)), replace=False).tolist() if others else []
        copies = {
            name: (name, tuple(sorted(drawn[:size]))),
            f"{name}, again": (name, tuple(sorted(drawn[size : 2 * size]))),
        }
        raced = Field((*copies, *sorted(chosen)), ("base-a",), languages, first[:size], copies)
        run = replay(bank, raced, rules)
        runs.append(run)
        different += not set(copies) <= set(run.final)
        apart += _told_apart(bank, replace(raced, names=tuple(copies)), rules)
    return {
        "races": count,
        "both kept": share(count - different, count),
        "one left": f"{share(different, count)}; upper 95% bound {upper(different, count):.1%}",
        "told apart without epsilon": f"{share(apart, count)}; upper 95% bound {upper(apart, count):.1%}",
    }


def _told_apart(bank: Bank, field: Field, rules: Rules) -> bool:
    """Whether the interval of a pair lies above zero in any rung."""
    gaps = [gap for rows in ROWS for gap in judge(bank, field, field.names, rows, rules).gaps.values()]
    return any(gap.bounds.low > 0 for gap in gaps)


def of_scale(bank: Bank, base: str, rules: Rules) -> dict[str, Any]:
    """How often the order of two teachers at few rows is not that of all rows, and by how much."""
    field = Field(tuple(bank.teachers()), (base,), LANGUAGES, bank.rng_seeds(base))
    whole = truth(bank, field)
    pairs = [
        (a, b) for a, b in combinations(field.names, 2) if abs(whole[a] - whole[b]) >= 100 * rules.epsilon
    ]
    found = {"pairs an epsilon apart": len(pairs)}
    for rows in ROWS[:-1]:
        early = truth(bank, field, rows=rows)
        turned = [(a, b) for a, b in pairs if (early[a] - early[b]) * (whole[a] - whole[b]) < 0]
        most = max((abs(early[a] - early[b]) for a, b in turned), default=0.0)
        found[f"turned at {rows} rows"] = (
            f"{share(len(turned), len(pairs))}, by at most {most:.1f} points there"
        )
    return found


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bank", type=Path)
    parser.add_argument("--base", nargs="*", default=["base-a", "base-c"])
    parser.add_argument("--races", type=int, default=200)
    parser.add_argument("--epsilon", type=float, default=EPSILON)
    parser.add_argument("--guard", type=float, default=GUARD)
    parser.add_argument("--most", type=float, default=MOST)
    parser.add_argument("--growth", type=float, default=GROWTH)
    parser.add_argument("--rng-seed", type=int, default=1)
    asked = parser.parse_args()
    bank = Bank(asked.bank)
    rules = Rules(
        asked.epsilon / 100, asked.guard / 100, asked.most if asked.most < 1 else None, asked.growth
    )
    told: dict[str, Any] = {
        "rules": f"epsilon {asked.epsilon:g}, guard {asked.guard:g}, most {asked.most:g}, "
        f"growth {asked.growth:g}"
    }
    for base in asked.base:
        told[f"{base}: scale"] = of_scale(bank, base, rules)
        told[f"{base}: races"] = of_races(bank, base, asked.races, rules, asked.rng_seed)
    if len(bank.rng_seeds("base-a", TWINS)) > len(bank.rng_seeds("base-a")):
        told["twins and others"] = of_twins(bank, asked.races, rules, 6, asked.rng_seed)
        told["twins alone"] = of_twins(bank, asked.races, rules, 0, asked.rng_seed)
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()

"""Does a screen find the best teacher, and never a broken one? Pocket teachers whose faults are known.

    python bench/screening.py [--rng-seeds 20] [--first-rng-seed 3000] [--teachers simulated|tiny]
                              [--languages de ja] [--rows 200] [--workers 2] [--output-dir DIR]

One screen a rng_seed, ranked twice: with the pocket oracle as judge, and as if there were no judge.
Simulated teachers are without fault but for one dial each; tiny ones are the real models that ship along. The
largest is a bad one in both lots. Prints, as Markdown: how often a teacher with 30% of its answers in another
language or 80% copies stood above the clean one; how often the best was found, beside picking the largest and
chance; which pairs were told apart. What is there is not made again, so the script can be stopped and gone on
with.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from statistics import mean, stdev
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one process a core

from screens import ranked, screen

from polyteach.scoring.numbers import number

TINY = {"max_new_tokens": 48, "batch_size": 128, "prompts": "pocket"}
JUDGE = "rubric"


@dataclass(frozen=True)
class Lot:
    """Teachers that are screened together.

    Attributes:
        teachers: as a file of candidates has them.
        order: those that differ in nothing but how many facts they have wrong, the best first.
        broken: those of which none may stand above the best.
        largest: who has the most parameters.
    """

    teachers: Sequence[Mapping[str, Any]]
    order: Sequence[str]
    broken: Sequence[str]
    largest: str

    @property
    def best(self) -> str:
        """Who teaches best."""
        return self.order[0]


DIALS: Mapping[str, Mapping[str, float]] = {
    "clean": {},
    "error-10": {"error": 0.1},
    "error-30": {"error": 0.3},
    "large": {"error": 0.5},
    "copies": {"unique": 0.2},
    "foreign": {"wrong_language": 0.3},
    "short": {"length": 0.5},
    "long": {"length": 4},
}
LOTS = {
    "simulated": Lot(
        [{"name": name, "simulated": dict(dials)} for name, dials in DIALS.items()],
        ("clean", "error-10", "error-30", "large"),
        ("copies", "foreign"),
        "large",
    ),
    "tiny": Lot(
        [
            {"name": name, "model": f"pocket:{name}"} | TINY
            for name in ("err-03", "err-40", "err-55", "small-err-45", "large-english")
        ],
        ("err-03", "err-40", "err-55"),
        ("large-english",),
        "large-english",
    ),
}


@dataclass(frozen=True)
class Found:
    """One screen's ranking.

    Attributes:
        scores: by candidate, over all languages.
        ranks: rank intervals by language (None: over all), then candidate.
        first: who could be the best, by the verdict.
        qualities: by metric, then candidate: the mean over languages in which it passes.
    """

    scores: Mapping[str, float]
    ranks: Mapping[str | None, Mapping[str, tuple[int, int]]]
    first: Sequence[str]
    qualities: Mapping[str, Mapping[str, float]]

    def above(self, one: str, other: str) -> bool:
        """Whether one has the better place than the other, over all or in any language: told apart or not."""
        return any([*places].index(one) < [*places].index(other) for places in self.ranks.values())

    def told(self, one: str, other: str) -> bool:
        """Whether one is surely better than the other over all languages, by their rank intervals."""
        return self.ranks[None][one][1] < self.ranks[None][other][0]


def candidates(lot: Lot, languages: Sequence[str], rows: int, rng_seed: int) -> dict[str, Any]:
    """The screen's file as plain data. A bad answer is counted, not asked for again."""
    return {
        "name": "screening",
        "rng_seed": rng_seed,
        "languages": list(languages),
        "teachers": [dict(teacher) for teacher in lot.teachers],
        "seed_data": [{"pocket": 600}],
        "synthesis": {"rows_per_method": rows, "attempts": 1, "language_gate": False},
        "quality": {"judge": "oracle", "perplexity_model": "pocket:base-a"},
    }


def screens(lot: Lot, languages: Sequence[str], rows: int, output: Path, rng_seed: int) -> list[Found]:
    """One rng_seed's screen, with the judge and without."""
    from torch import set_num_threads

    set_num_threads(1)
    step, store = screen(candidates(lot, languages, rows, rng_seed), output)
    return [read(ranked(step, store, without)) for without in ((), (JUDGE,))]


def read(result: Mapping[str, Any]) -> Found:
    """A `screen.json` as far as it is needed here."""
    whole = {e["candidate"]: e["score"]["value"] for e in result["ranking"] if e["language"] is None}
    ranks: dict[str | None, dict[str, tuple[int, int]]] = {}
    for entry in result["ranking"]:
        low, high = entry["rank_interval"]
        ranks.setdefault(entry["language"], {})[entry["candidate"]] = (low, high)
    values: dict[str, dict[str, list[float]]] = {}
    for cell in result["cells"]:
        for metric, figure in cell["qualities"].items():
            values.setdefault(metric, {}).setdefault(cell["candidate"], []).append(figure["value"])
    qualities = {metric: {name: mean(own) for name, own in by.items()} for metric, by in values.items()}
    return Found(whole, ranks, result["verdict"]["candidates"], qualities)


def share(hits: int, n: int) -> str:
    """A count with its exact 95% interval (Clopper-Pearson)."""
    from scipy.stats import binomtest

    interval = binomtest(hits, n).proportion_ci(0.95, "exact")
    return f"{hits} of {n} [{interval.low:.2f}, {interval.high:.2f}]"


def table(lot: Lot, variants: Mapping[str, Sequence[Found]]) -> Iterator[str]:
    """The lines of what was found, one column a variant."""
    n = len(next(iter(variants.values())))
    yield "| | " + " | ".join(variants) + " |"
    yield "|---|" + "---|" * len(variants)

    def row(title: str, cells: Sequence[str]) -> str:
        return f"| {title} | " + " | ".join(cells) + " |"

    names = [str(teacher["name"]) for teacher in lot.teachers]
    for bad in lot.broken:
        hits = [sum(one.above(bad, lot.best) for one in found) for found in variants.values()]
        yield row(f"{bad} above {lot.best}, over all or in a language", [share(h, n) for h in hits])
        others = [name for name in names if name not in lot.broken]
        hits = [sum(any(one.above(bad, o) for o in others) for one in found) for found in variants.values()]
        yield row(f"{bad} above any of the other {len(others)}", [share(h, n) for h in hits])
        hits = [
            sum(any(one.scores[bad] > one.scores[o] for o in others) for one in found)
            for found in variants.values()
        ]
        yield row("... by score alone, were nobody excluded", [share(h, n) for h in hits])
    alone = [sum(list(one.first) == [lot.best] for one in found) for found in variants.values()]
    among = [sum(lot.best in one.first for one in found) for found in variants.values()]
    score = [
        sum(max(one.scores, key=one.scores.__getitem__) == lot.best for one in found)
        for found in variants.values()
    ]
    sizes = [mean(len(one.first) for one in found) for found in variants.values()]
    yield row("the best stands first alone", [share(h, n) for h in alone])
    yield row("the best is among those tied for first", [share(h, n) for h in among])
    yield row("mean number of those tied for first", [f"{size:.2f} of {len(lot.teachers)}" for size in sizes])
    yield row("the best has the highest score", [share(h, n) for h in score])
    largest = n if lot.largest == lot.best else 0
    yield row("picking the largest finds it", [share(largest, n)] * len(variants))
    yield row("chance finds it", [f"{1 / len(lot.teachers):.2f}"] * len(variants))
    for one, other in combinations(lot.order, 2):
        cells = []
        for found in variants.values():
            right = sum(each.told(one, other) for each in found)
            wrong = sum(each.told(other, one) for each in found)
            cells.append(f"{right} right, {wrong} wrong, {n - right - wrong} not told")
        yield row(f"{one} against {other}", cells)
    for name in names:
        means = [mean(one.scores[name] for one in found) for found in variants.values()]
        yield row(f"mean score of {name}", [number(value, 1) for value in means])


def sight(lot: Lot, found: Sequence[Found]) -> Iterator[str]:
    """The lines of each metric's quality of those that differ in wrong facts: means, and their change."""
    yield f"| quality by | {' | '.join(lot.order)} | change, with its 95% interval over rng_seeds |"
    yield "|---|" + "---|" * (len(lot.order) + 1)
    for metric in sorted({metric for one in found for metric in one.qualities}):
        known = [one.qualities[metric] for one in found if metric in one.qualities]
        cells = [number(mean(values[name] for values in known), 3) for name in lot.order]
        change = _change([values[lot.order[-1]] - values[lot.best] for values in known])
        yield f"| {metric} | {' | '.join(cells)} | {change} |"


def _change(changes: Sequence[float]) -> str:
    from scipy.stats import t

    value = number(mean(changes), 3, signed=True)
    if len(changes) < 2:
        return value
    reach = float(t.ppf(0.975, len(changes) - 1)) * stdev(changes) / len(changes) ** 0.5
    bounds = [number(mean(changes) + sign * reach, 3, signed=True) for sign in (-1, 1)]
    return f"{value} [{', '.join(bounds)}]"


def main() -> None:
    """Runs the screens, two at once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rng-seeds", type=int, default=20)
    parser.add_argument("--first-rng-seed", type=int, default=3000)
    parser.add_argument("--teachers", choices=LOTS, default="simulated")
    parser.add_argument("--languages", nargs="+", default=["de", "ja"])
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--output-dir", type=Path, default=Path(".polyteach/bench/screening"))
    asked = parser.parse_args()
    lot = LOTS[asked.teachers]
    seeds = range(asked.first_rng_seed, asked.first_rng_seed + asked.rng_seeds)
    work = partial(screens, lot, asked.languages, asked.rows, asked.output_dir)
    found = []
    with ProcessPoolExecutor(asked.workers) as pool:
        for rng_seed, pair in zip(seeds, pool.map(work, seeds), strict=True):
            found.append(pair)
            print(
                f"rng_seed {rng_seed}: could be first: {', '.join(pair[0].first)}",
                file=sys.stderr,
                flush=True,
            )
    print(f"{asked.rng_seeds} screens of {asked.teachers} teachers in {', '.join(asked.languages)},")
    print(f"{asked.rows} requests a method; exact 95% intervals\n")
    with_judge, without = zip(*found, strict=True)
    print("\n".join(table(lot, {"judge: the oracle": with_judge, "no judge": without})))
    print("\nWhat sees wrong facts:\n")
    print("\n".join(sight(lot, with_judge)))


if __name__ == "__main__":
    main()

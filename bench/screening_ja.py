"""A screen of five real Japanese teachers against what real judges say of the same answers.

    python bench/screening_ja.py [--data DIR] [--rng-seed 1] [--resamples 2000] [--output-dir DIR]

Answers of five models to 320 prompts (ELYZA-tasks-100, Tengu, Rakuda, MT-Bench in Japanese), taken as they
are: no request is sent. The gate has the human references of 177 of these prompts as Japanese data. Prints
Markdown: which metrics pass; the agreement of each metric with the judges, answer by answer within a prompt;
the screen's ranking beside that by the judges' mean. Reads data that is not part of the project.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from real_gate import ALL_TEACHERS, COMPARED, ROOT, Mark, _japanese, _marks
from scipy.stats import rankdata, spearmanr
from screens import ranked, screen

from polyteach.quality.step import PER_ROW
from polyteach.rows import read_rows
from polyteach.scoring.intervals import Estimate, interval, item_mean
from polyteach.scoring.ranks import compare

LEAST_TEACHERS = 3
"""Answers to a prompt that both sides must tell apart for a rank correlation among them."""
OF_SETS = {"response_diversity": 1, "near_duplicates": -1}
"""Metrics of a whole set, whose rows each have a part of their own; whether a greater one is better."""
Answers = Mapping[str, Mapping[str, float]]
"""Prompt -> teacher -> value."""


def main() -> None:
    """Prints everything; the screen's steps are kept in the output folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    default = os.environ.get("POLYTEACH_DATA", ROOT.parent / "shared" / "data")
    parser.add_argument("--data", type=Path, default=Path(default))
    parser.add_argument("--rng-seed", type=int, default=1)
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--output-dir", type=Path, default=Path(".polyteach/bench/screening_ja"))
    asked = parser.parse_args()
    data, output = asked.data.resolve(), asked.output_dir
    output.mkdir(parents=True, exist_ok=True)
    step, store = screen(candidates(data, output.resolve(), asked.rng_seed), output)
    result = ranked(step, store)
    print_gate(result)
    marks = [mark for teacher in ALL_TEACHERS for mark in _marks(_japanese(data, teacher), teacher)]
    made = store.inputs(step)
    parts = {
        teacher: row_parts(made[f"quality/{teacher}/ja"], made[f"synthesis/{teacher}/ja/data"])
        for teacher in ALL_TEACHERS
    }
    print_agreement(marks, parts, asked.rng_seed, asked.resamples)
    print_rankings(result, judged(marks), asked.rng_seed)


def candidates(data: Path, output: Path, rng_seed: int) -> dict[str, Any]:
    """The screen's file as plain data; writes the references as a file of seed data."""
    rows = [row for row in _japanese(data, ALL_TEACHERS[0]) if row.extra.get("reference")]
    references = output / "references.jsonl"
    with references.open("w", encoding="utf-8") as file:
        for row in rows:
            plain = {"id": row.id, "prompt": row.prompt, "response": row.extra["reference"]}
            file.write(json.dumps(plain, ensure_ascii=False) + "\n")
    english = data / "sft" / "en_selfinstruct_user_oriented_human.jsonl"
    return {
        "name": "japanese",
        "rng_seed": rng_seed,
        "languages": ["ja"],
        "teachers": [
            {"name": name, "data": str(data / "sft" / f"ja_shaberi_{name}.jsonl")} for name in ALL_TEACHERS
        ],
        "seed_data": [
            {"path": str(references), "language": "ja"},
            {"path": str(english), "language": "en"},
        ],
        "synthesis": {"methods": ["translate", "respond"], "rows_per_method": 160},  # 320 in all
    }


def row_parts(measured: Path, written: Path) -> dict[str, dict[str, float]]:
    """What each of a teacher's rows brings to the metrics of whole sets, by prompt."""
    prompts = {row.id: row.source_id for row in read_rows(written / "rows.parquet")}
    table = pq.read_table(measured / PER_ROW, columns=["id", *OF_SETS]).to_pylist()
    return {
        name: {prompts[row["id"]]: sign * row[name] for row in table if row[name] is not None}
        for name, sign in OF_SETS.items()
    }


def print_gate(result: Mapping[str, Any]) -> None:
    """Which metrics pass on the references, and why others do not."""
    print("### The gate, on Japanese references\n")
    for entry in result["gate"]:
        print(f"- {entry['metric']}: {'passes' if entry['passes'] else entry['reason']}")


@dataclass(frozen=True)
class Agreement:
    """Mean over prompts of Spearman's rho among the teachers' answers to a prompt, with a bootstrap interval.

    Attributes:
        prompts: over how many; `flat` are those where one side marks all answers alike.
    """

    rho: float | None
    low: float
    high: float
    prompts: int
    flat: int

    def __str__(self) -> str:
        if self.rho is None:
            return f"undefined | 0 | {self.flat}"
        return f"{self.rho:.2f} [{self.low:.2f}, {self.high:.2f}] | {self.prompts} | {self.flat}"


def agreement(pairs: Sequence[tuple[Answers, Answers]], rng_seed: int, resamples: int) -> Agreement:
    """Agreement of two values of each answer, for each of several judges; a prompt is one unit."""
    found: dict[str, list[float]] = defaultdict(list)
    seen: set[str] = set()
    for ours, theirs in pairs:
        for prompt in ours.keys() & theirs.keys():
            teachers = sorted(ours[prompt].keys() & theirs[prompt].keys())
            if len(teachers) < LEAST_TEACHERS:
                continue
            seen.add(prompt)
            sides = [rankdata([side[prompt][t] for t in teachers]) for side in (ours, theirs)]
            if all(side.std() > 0 for side in sides):
                found[prompt].append(float(np.corrcoef(*sides)[0, 1]))
    rhos = np.array([statistics.fmean(found[prompt]) for prompt in sorted(found)])
    if len(rhos) < 2:
        return Agreement(None, 0.0, 0.0, 0, len(seen))
    rng = np.random.default_rng(rng_seed)
    draws = [rhos[rng.integers(len(rhos), size=len(rhos))].mean() for _ in range(resamples)]
    low, high = np.quantile(draws, [0.025, 0.975])
    return Agreement(float(rhos.mean()), float(low), float(high), len(rhos), len(seen) - len(rhos))


def print_agreement(
    marks: Sequence[Mark],
    parts: Mapping[str, Mapping[str, Mapping[str, float]]],
    rng_seed: int,
    resamples: int,
) -> None:
    """One line a metric; below, the judges among themselves."""
    judges = sorted({mark.judge for mark in marks})
    given = {judge: answers([m for m in marks if m.judge == judge], lambda m: m.score) for judge in judges}
    prompts = len({mark.prompt for mark in marks})
    print(f"\n### Metrics and judges: {len(marks)} marks, {len(judges)} judges, {prompts} prompts\n")
    print("| metric | mean rho over prompts | prompts | prompts where it tells none apart |")
    print("|---|---|---|---|")
    for name in (*COMPARED, *OF_SETS):
        ours = of_parts(parts, name) if name in OF_SETS else answers(marks, _value(name))
        found = agreement([(ours, given[judge]) for judge in judges], rng_seed, resamples)
        print(f"| {name} | {found} |")
    pairs = [(given[one], given[other]) for one, other in combinations(judges, 2)]
    print(f"| judges among themselves | {agreement(pairs, rng_seed, resamples)} |")


def _value(name: str) -> Callable[[Mark], float | None]:
    return lambda mark: mark.metrics[name]


def answers(marks: Sequence[Mark], value: Callable[[Mark], float | None]) -> Answers:
    """A value of each answer, where there is one."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for mark in marks:
        if (one := value(mark)) is not None:
            found[mark.prompt][mark.teacher] = one
    return found


def of_parts(parts: Mapping[str, Mapping[str, Mapping[str, float]]], name: str) -> Answers:
    """The same of a metric of whole sets."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for teacher, metrics in parts.items():
        for prompt, value in metrics[name].items():
            found[prompt][teacher] = value
    return found


def judged(marks: Sequence[Mark]) -> dict[str, Estimate]:
    """Each teacher's mean mark, 0 to 1, over the prompts and judges that marked all of them."""
    scale = {"ELYZA-tasks-100": 5}  # the other sets are marked 1 to 10
    by_place: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for mark in marks:
        top = scale.get(mark.source.split("__")[-1], 10)
        by_place[mark.prompt, mark.judge][mark.teacher] = (mark.score - 1) / (top - 1)
    by_prompt: dict[str, list[dict[str, float]]] = defaultdict(list)
    for (prompt, _), given in by_place.items():
        if len(given) == len(ALL_TEACHERS):
            by_prompt[prompt].append(given)
    return {
        teacher: item_mean(
            {prompt: statistics.fmean(g[teacher] for g in given) for prompt, given in by_prompt.items()},
            {prompt: prompt for prompt in by_prompt},
            1,
        )
        for teacher in ALL_TEACHERS
    }


def print_rankings(result: Mapping[str, Any], marked: Mapping[str, Estimate], rng_seed: int) -> None:
    """The two rankings side by side, and how far five teachers can say anything."""
    comparison = compare(marked, None, rng_seed)
    screened = {e["candidate"]: e for e in result["ranking"] if e["language"] is None}
    cells = {cell["candidate"]: cell for cell in result["cells"]}
    n = next(iter(marked.values())).n
    print(f"\n### The screen and the judges' mean (0 to 1, {n} prompts marked for all by the same judges)\n")
    print("| teacher | screen score | its ranks | usable | quality | judges' mean | its ranks |")
    print("|---|---|---|---|---|---|---|")
    for name in sorted(marked, key=lambda name: -marked[name].value):
        bounds, entry, cell = interval(marked[name], None), screened[name], cells[name]
        low, high = comparison.rank_interval(name)
        ranks = " to ".join(map(str, entry["rank_interval"] or ["none"]))
        print(
            f"| {name} | {_bounded(entry['score'], 1)} | {ranks} | {_bounded(cell['usable'], 3)} "
            f"| {_bounded(cell['quality'], 3)} "
            f"| {marked[name].value:.3f} [{bounds.low:.3f}, {bounds.high:.3f}] | {low} to {high} |"
        )
    print("\nQuality by metric:\n")
    print("| teacher |", " | ".join(metrics := list(result["cells"][0]["qualities"])), "|")
    print("|---|" + "---|" * len(metrics))
    for name in marked:
        qualities = cells[name]["qualities"]
        print(f"| {name} | {' | '.join(_bounded(qualities[metric], 2) for metric in metrics)} |")
    print(f"\n{result['verdict']['text']}\n")
    print(*_pairs(screened, comparison.told_apart, marked), sep="\n")


def _bounded(figure: Mapping[str, Any], digits: int) -> str:
    if figure["value"] is None:
        return f"undefined: {figure['reason']}"
    return f"{figure['value']:.{digits}f} [{figure['low']:.{digits}f}, {figure['high']:.{digits}f}]"


def _pairs(
    screened: Mapping[str, Mapping[str, Any]],
    told: Callable[[str, str], bool],
    marked: Mapping[str, Estimate],
) -> Iterator[str]:
    """How many pairs each side tells apart, and whether they agree; the correlation over so few."""
    names = [name for name in marked if screened[name]["rank_interval"]]
    pairs = list(combinations(names, 2))
    found = [(name, other) for name in names for other in screened[name]["surely_above"]]
    right = sum(marked[better].value > marked[worse].value for better, worse in found)
    by_judges = sum(told(one, other) for one, other in pairs)
    yield f"Of {len(pairs)} pairs the judges tell {by_judges} apart, the screen {len(found)}: {right}"
    yield f"as the judges' means have it, {len(found) - right} the other way."
    scores = [screened[name]["score"]["value"] for name in names]
    means = [marked[name].value for name in names]
    rho = float(spearmanr(scores, means).statistic)
    orders = [float(spearmanr(order, means).statistic) for order in permutations(range(len(names)))]
    p = statistics.fmean(abs(one) >= abs(rho) - 1e-9 for one in orders)
    yield f"Spearman's rho of the two over {len(names)} teachers: {rho:.2f}; of all {len(orders)} orders,"
    yield f"{p:.0%} are as far from 0."


if __name__ == "__main__":
    main()

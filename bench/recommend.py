"""What foretells which teachers are good in a language, and how well? The weights of `polyteach recommend`.

    python bench/recommend.py [results.json ...]

Prints correlations over teachers with the students' gains in a language: of gains in other languages, of the
data's quality, of another benchmark, of the published ranking. From the published cells, and from the results
of runs with several languages (pocket studies: `pocket_truth.py`, `dials.py`). What follows from them stands
in `selection/recommend/priors.yaml`.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from math import log, sqrt
from pathlib import Path
from typing import Any

import numpy as np

from polyteach.published.anchors import solve_all
from polyteach.published.paper import BASE, Paper, read_paper
from polyteach.published.rankings import CHANCE

Values = Mapping[str, Mapping[str, float]]
"""By language, then teacher."""


def standings(values: Mapping[str, float]) -> dict[str, float]:
    """Each teacher's distance from their mean, in their standard deviation."""
    own = np.array(list(values.values()))
    spread = own.std() or 1.0
    return {name: float((value - own.mean()) / spread) for name, value in values.items()}


def correlation(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Pearson's r over the teachers of both."""
    names = [name for name in one if name in other]
    return float(np.corrcoef([one[n] for n in names], [other[n] for n in names])[0, 1])


def left_out(predictor: Values, target: Values) -> list[float]:
    """For each language: r of the mean standing in all others with the target there."""
    found = []
    for language in target:
        others = [standings(predictor[code]) for code in predictor if code != language]
        means = {name: float(np.mean([own[name] for own in others])) for name in target[language]}
        found.append(correlation(means, target[language]))
    return found


def same(predictor: Values, target: Values) -> list[float]:
    """r in each language."""
    return [correlation(predictor[code], target[code]) for code in target]


def paper_gains(paper: Paper) -> tuple[Values, Values]:
    """Gains of the main base's students, and their standard errors (Table 13)."""
    anchors = solve_all(paper, BASE)
    chance = {language.code: CHANCE[language.benchmarks] for language in paper.languages}
    gains = {
        code: {
            name: (cell.result - anchors[code].base) / (1 - chance[code])
            for name, cell in paper.group(BASE, code).items()
        }
        for code in paper.codes
    }
    errors = {
        code: {name: se / (1 - chance[code]) for name, se in paper.tables["table_13"][code].items()}
        for code in paper.codes
    }
    return gains, errors


def components(values: Values, errors: Values) -> dict[str, float]:
    """Standard deviations: between teachers, of what is left (languages' own and noise), of noise alone."""
    table = np.array([list(standing.values()) for standing in values.values()])
    noise = np.array([[errors[code][name] for name in values[code]] for code in values])
    centred = table - table.mean(1, keepdims=True)
    means = centred.mean(0)
    languages, teachers = table.shape
    rest = float(((centred - means) ** 2).sum() / ((languages - 1) * (teachers - 1)))
    between = max(float(means.var(ddof=1)) - rest / languages, 0.0)
    return {"teachers": sqrt(between), "rest": sqrt(rest), "noise": float(np.sqrt((noise**2).mean()))}


def attainable(parts: Mapping[str, float], others: int) -> float:
    """The r with a left-out language if languages had nothing of their own, noise as it is."""
    teachers, rest = parts["teachers"] ** 2, parts["rest"] ** 2
    return sqrt(teachers / (teachers + rest)) * sqrt(teachers / (teachers + rest / others))


def shared_part(r: float, others: int) -> float:
    """The c of r = c / sqrt(c + (1 - c) / others), see `weighing.foretold_by_languages`."""
    tried = np.linspace(0.001, 0.999, 999)
    return float(tried[np.argmin(np.abs(tried / np.sqrt(tried + (1 - tried) / others) - r))])


def say(what: str, found: Sequence[float]) -> float:
    """Prints a mean with its extremes; returns the mean."""
    mean = float(np.mean(found))
    print(f"  {what:58} {mean:+.2f}  {min(found):+.2f} to {max(found):+.2f}  ({len(found)})")
    return mean


def of_paper() -> None:
    """From the published cells."""
    paper = read_paper()
    gains, errors = paper_gains(paper)
    z = {code: {n: c.z for n, c in paper.group(BASE, code).items()} for code in paper.codes}
    scores = {code: {n: c.pg_score for n, c in paper.group(BASE, code).items()} for code in paper.codes}
    print("published cells: r over 10 teachers with students' gains (mean, min to max, how many)")
    every = list(found := left_out(gains, gains))
    observed = say(f"gains in other languages, {BASE}", found)
    for base in paper.bases[1:]:
        results = {
            code: {n: c.result for n, c in paper.group(base, code).items()}
            for code in paper.languages_of(base)
        }
        every += (found := left_out(results, results))
        say(f"results in other languages, {base}", found)
    say("the same, all bases", every)
    parts = components(gains, errors)
    print(
        "  standard deviations of gains: " + ", ".join(f"{name} {value:.4f}" for name, value in parts.items())
    )
    most = attainable(parts, len(gains) - 1)
    shared = shared_part(observed / most, len(gains) - 1)
    print(
        f"  attainable with this noise {most:.2f}; so without it {observed / most:.2f}; "
        f"shared part {shared:.2f}"
    )
    say("z of the data, same language", same(z, gains))
    say("z of the data, other languages", left_out(z, gains))
    say("z foretelling z, other languages", left_out(z, z))
    say("PG-Score as published, other languages", left_out(scores, gains))
    size = {t.name: log(t.billions) for t in paper.teachers if t.billions}
    say("log of the size", [correlation(size, gains[code]) for code in gains])
    between = []
    for code in paper.languages_of(paper.bases[1]):
        of_bases = [{n: c.result for n, c in paper.group(base, code).items()} for base in paper.bases]
        between += [correlation(one, other) for one, other in combinations(of_bases, 2)]
    say("results of another base's students, same language", between)


def _table(results: Mapping[str, Any], part: str) -> Values:
    table: dict[str, dict[str, float]] = {}
    for cell in results["cells"]:
        figure = cell["gains"].get(part) if "-" in part else cell[part]
        if figure and figure["value"] is not None:
            table.setdefault(cell["language"], {})[cell["teacher"]] = figure["value"]
    whole = set.intersection(*(set(own) for own in table.values())) if table else set()
    return {code: {name: own[name] for name in sorted(whole)} for code, own in table.items()}


def of_runs(paths: Sequence[Path]) -> None:
    """From results of runs, those of one study's name (up to its rng_seed) together."""
    kinds: dict[str, list[Mapping[str, Any]]] = {}
    for path in paths:
        results = json.loads(path.read_bytes())
        kinds.setdefault(results["study"]["name"].split("-rng-seed-")[0], []).append(results)
    for name, every in sorted(kinds.items()):
        print(f"{name}, {len(every)} runs: r over teachers with students' gains")
        gains = [_table(results, "gain") for results in every]
        quality = [_table(results, "quality") for results in every]
        say("gains in other languages", [r for own in gains for r in left_out(own, own)])
        say(
            "quality of the data, same language",
            [r for q, g in zip(quality, gains, strict=True) for r in same(q, g)],
        )
        names = [benchmark["name"] for benchmark in every[0]["study"]["benchmarks"]][:2]
        one, other = ([_table(results, part) for results in every] for part in names)
        say(
            f"{names[0]} foretelling {names[1]}",
            [r for a, b in zip(one, other, strict=True) for r in same(a, b)],
        )


def of_answers(paths: Sequence[Path]) -> None:
    """What `recommend` answers from these runs, and whether whom it names gains most there.

    From the run itself; and in each language from the others alone, as if the language had not been measured.
    The language's own gains are the truth of both, so the first line shows only that the rule finds what a
    run found; how often a run finds the truth: bench/pocket_truth.py.
    """
    from polyteach.selection.recommend.answer import recommend
    from polyteach.selection.recommend.reading import read_run
    from polyteach.selection.recommend.standing import Wish

    kinds: dict[str, Counter[str]] = {"from the run": Counter(), "from its other languages": Counter()}
    for path in paths:
        run = read_run(path.parent)
        for language in run.languages:
            gains = {
                t: g.value for (code, t), g in run.gains.items() if code == language and g.value is not None
            }
            best = max(gains, key=lambda name: gains[name])
            elsewhere = replace(
                run, readings={key: r for key, r in run.readings.items() if key[0] != language}, gains={}
            )
            for name, evidence in zip(kinds, (run, elsewhere), strict=True):
                found = recommend(language, [evidence], Wish())
                named = found.verdict.teachers or (found.verdict.if_you_must,)
                kinds[name][f"{found.verdict.kind}, best {'in it' if best in named else 'not in it'}"] += 1
    for name, counts in kinds.items():
        print(f"answers {name}: " + "; ".join(f"{what} {count}" for what, count in sorted(counts.items())))


if __name__ == "__main__":
    of_paper()
    of_runs([Path(name) for name in sys.argv[1:]])
    if len(sys.argv) > 1:
        of_answers([Path(name) for name in sys.argv[1:]])

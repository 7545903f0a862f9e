"""Does a study find the truth? Runs the pocket world, where it is known, on rng_seeds never used before.

    python bench/pocket_truth.py [--studies 20] [--first-rng-seed 1000] [--output-dir DIR]

Each study: six teachers, three languages, one student base, one trial. Prints, over all studies: how often
the known best is first and the known worst last by score, gain and quality; Spearman's rho of each figure
with the known order; reference - base for each benchmark and language; how often the twins (a true tie) are
told apart. What is there already is not made again, so the script can be stopped and gone on with.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from scipy.stats import spearmanr

from polyteach.pocket import KNOWN_ORDER

STUDY = Path(__file__).with_name("pocket_truth.yaml")
RANKS = {name: rank for rank, equals in enumerate(KNOWN_ORDER) for name in equals}
BEST, WORST = KNOWN_ORDER[0][0], KNOWN_ORDER[-1][0]
TWINS = next(equals for equals in KNOWN_ORDER if len(equals) > 1)


def run(rng_seed: int, output: Path) -> dict[str, Any]:
    """Runs one study, or what of it is missing; returns its results."""
    command = [
        sys.executable,
        "-m",
        "polyteach.cli.main",
        "run",
        str(STUDY),
        "--rng-seed",
        str(rng_seed),
        "--json",
    ]
    done = subprocess.run([*command, "--output-dir", str(output)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"rng_seed {rng_seed} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    return json.loads(Path(json.loads(done.stdout)["results"]).read_bytes())


def accuracies(results: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Benchmark (and their mean) -> teacher -> its students' accuracy, averaged over languages."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for cell in results["cells"]:
        for name, figure in cell["benchmarks"].items():
            found[name][cell["teacher"]].append(figure["value"])
            found["mean of both"][cell["teacher"]].append(figure["value"])
    return {name: {teacher: mean(v) for teacher, v in by.items()} for name, by in found.items()}


def figures_of(results: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Figure -> teacher -> value, for every figure that is defined for all teachers."""
    values: dict[str, dict[str, float]] = defaultdict(dict)
    for row in results["leaderboard"]:
        named = {"gain": row["gain"], "PGR": row["pgr"], "quality": row["quality"]} | row["scores"]
        for name, figure in named.items():
            if figure["value"] is not None:
                values[name][row["teacher"]] = figure["value"]
    metrics: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for cell in results["cells"]:
        for name, figure in cell["metrics"].items():
            if figure["value"] is not None:
                metrics[name][cell["teacher"]].append(figure["value"])
    for name, teachers in metrics.items():
        values[f"metric {name}"] = {teacher: mean(found) for teacher, found in teachers.items()}
    return {name: found for name, found in values.items() if len(found) == len(RANKS)}


def told_apart(results: dict[str, Any]) -> bool:
    """Whether the study claims that one twin is better than the other."""
    return any({pair["better"], pair["worse"]} == set(TWINS) for pair in results["surely_better"])


def summary(studies: list[dict[str, Any]]) -> None:
    """Prints what all studies say together."""
    print(f"\n{len(studies)} studies")
    for name in ("robust", "gain", "quality"):
        orders = [sorted(f[name], key=lambda t: -f[name][t]) for f in map(figures_of, studies) if name in f]
        print(
            f"by {name}, of {len(orders)}: known best ({BEST}) first {sum(o[0] == BEST for o in orders)}; ",
            end="",
        )
        print(f"known worst ({WORST}) last {sum(o[-1] == WORST for o in orders)}")
    for name in accuracies(studies[0]):
        scores = [accuracies(results)[name] for results in studies]
        first = [score[BEST] - max(v for t, v in score.items() if t != BEST) for score in scores]
        last = [min(v for t, v in score.items() if t != WORST) - score[WORST] for score in scores]
        print(f"accuracy, {name}: best over second {spread(first)}; last but one over last {spread(last)}")
    gains = [figures_of(results)["gain"] for results in studies]
    print(f"twins told apart: {sum(told_apart(results) for results in studies)}")
    verdicts = sorted({results["verdict"]["kind"] for results in studies})
    print(f"kinds of verdict: {', '.join(verdicts)}")
    print(f"the largest teacher: {studies[0]['verdict']['size']}\n")
    print("Spearman's rho with the known order (mean, min, max over studies; 1 is the truth):")
    correlations: dict[str, list[float]] = defaultdict(list)
    for results in studies:
        for name, values in figures_of(results).items():
            teachers = sorted(values)
            if len(set(values.values())) > 1:  # a figure that is the same for all teachers has no rank
                rho = spearmanr([-RANKS[t] for t in teachers], [values[t] for t in teachers]).statistic
                correlations[name].append(float(rho))
    for name, found in correlations.items():
        print(f"  {name:28} {mean(found):6.2f} {min(found):6.2f} {max(found):6.2f}  ({len(found)} studies)")
    print("\nmean gain by teacher (mean and SD over studies):")
    for teacher in RANKS:
        print(f"  {teacher:28} {spread([gain[teacher] for gain in gains])}")
    print("\nreference - base (mean and SD over studies; how often it counts):")
    anchors: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for results in studies:
        for anchor in results["anchors"]:
            anchors[anchor["benchmark"], anchor["language"]].append(anchor)
    for (benchmark, language), found in sorted(anchors.items()):
        differences = [anchor["reference_score"] - anchor["base_score"] for anchor in found]
        counts = sum(anchor["counts"] for anchor in found)
        print(f"  {benchmark:14} {language:4} {spread(differences)}  counts in {counts}")


def spread(values: list[float]) -> str:
    """Mean and standard deviation."""
    deviation = stdev(values) if len(values) > 1 else 0.0
    return f"{mean(values):.3f} (SD {deviation:.3f}, min {min(values):.3f})"


def main() -> None:
    """Runs the studies one after the other; each uses all cores."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--studies", type=int, default=20)
    arguments.add_argument("--first-rng-seed", type=int, default=1100)
    arguments.add_argument("--output-dir", type=Path, default=Path(".polyteach/bench"))
    options = arguments.parse_args()
    studies = []
    for rng_seed in range(options.first_rng_seed, options.first_rng_seed + options.studies):
        studies.append(run(rng_seed, options.output_dir))
        gains = {name: round(value, 3) for name, value in figures_of(studies[-1])["gain"].items()}
        print(f"rng_seed {rng_seed}: gain {gains}, twins told apart: {told_apart(studies[-1])}", flush=True)
    summary(studies)


if __name__ == "__main__":
    main()

"""Which score, metric and benchmark sees which defect? Simulated teachers of the pocket world, one dial each.

    python bench/dials.py [--studies 3] [--first-rng-seed 2200] [--languages de ja] [--output-dir DIR]

One study a rng_seed: teachers without fault but for one dial (share of wrong facts, of copied rows, of
answers in another language; length of the answers), six settings a dial, one student base, one trial.
Prints, as Markdown, means over rng_seeds and languages: robust and gain along each dial with Spearman's rho;
then, for every benchmark and metric, rho and how far it goes from the first setting to the last. What is
there already is not made again, so the script can be stopped and gone on with.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import yaml
from scipy.stats import spearmanr

FALLING = ("error", "duplicates", "wrong language")  # more of these is worse; length has no right order
SEEN = 0.94
SHOWN = (
    *("robust", "gain", "quality", "published", "paper"),
    *("pocket-choice", "pocket-exact", "metric response_fidelity"),
)


@dataclass(frozen=True)
class Dial:
    """A defect, its settings, and the teacher that has each.

    Attributes:
        settings: what is on the axis; of all but length the first one is without the defect.
        teachers: each setting's dials as a study has them.
    """

    name: str
    settings: tuple[float, ...]
    teachers: tuple[Mapping[str, float], ...]

    @property
    def names(self) -> list[str]:
        """The teachers' names; equal teachers of two dials have one."""
        return [name_of(teacher) for teacher in self.teachers]


def dials(count: int = 6) -> list[Dial]:
    """The four dials with `count` of their six settings, the first and the last among them."""
    chosen = [round(n * 5 / (count - 1)) for n in range(count)]
    errors, copies, foreign, lengths = (
        tuple(settings[n] for n in chosen)
        for settings in (
            (0.0, 0.1, 0.2, 0.35, 0.5, 0.7),
            (0.0, 0.3, 0.5, 0.7, 0.85, 0.95),
            (0.0, 0.1, 0.25, 0.5, 0.75, 1.0),
            (0.25, 0.5, 1.0, 2.0, 4.0, 8.0),
        )
    )
    return [
        Dial("error", errors, tuple({"error": share} for share in errors)),
        Dial("duplicates", copies, tuple({"unique": round(1 - share, 4)} for share in copies)),
        Dial("wrong language", foreign, tuple({"wrong_language": share} for share in foreign)),
        Dial("length", lengths, tuple({"length": length} for length in lengths)),
    ]


def name_of(teacher: Mapping[str, float]) -> str:
    """A teacher's name: its defects and how large they are."""
    faultless = {"error": 0.0, "unique": 1.0, "wrong_language": 0.0, "length": 1.0}
    parts = [f"{dial}-{value:g}" for dial, value in teacher.items() if value != faultless[dial]]
    return "+".join(parts) or "clean"


def study(shown: Sequence[Dial], languages: Sequence[str], rows: int) -> dict[str, Any]:
    """The study's YAML as plain data; `rows` a student, of which a teacher writes a fifth more."""
    teachers = {name_of(teacher): dict(teacher) for dial in shown for teacher in dial.teachers}
    base = {"name": "base-a", "model": "pocket:base-a", "reference": "seed_data"}
    recipe = {"epochs": 6, "learning_rate": 6e-3, "batch_size": 16, "gradient_accumulation": 1}
    return {
        "name": "dials",
        "languages": list(languages),
        "teachers": [{"name": name, "simulated": teacher} for name, teacher in teachers.items()],
        "seed_data": [{"pocket": 600}],
        "synthesis": {"rows_per_method": math.ceil(rows * 0.4)},
        "quality": {"judge": "oracle"},
        "students": {"bases": [base], "rows": rows, **recipe, "weight_decay": 0.0, "max_length": 160},
        "benchmarks": ["pocket-choice", "pocket-exact"],
        "trials": 1,
    }


def run(plain: Mapping[str, Any], rng_seed: int, output: Path) -> dict[str, Any]:
    """Runs the study with a rng_seed, or what of it is missing; returns its results."""
    output.mkdir(parents=True, exist_ok=True)
    path = output / "dials.yaml"
    path.write_text(yaml.safe_dump(dict(plain), sort_keys=False), encoding="utf-8")
    command = [sys.executable, "-m", "polyteach.cli.main", "run", str(path), "--rng-seed", str(rng_seed)]
    done = subprocess.run(
        [*command, "--json", "--output-dir", str(output)], stdout=subprocess.PIPE, text=True
    )
    if done.returncode != 0:
        sys.exit(f"rng_seed {rng_seed} ended with {done.returncode}")
    results: dict[str, Any] = json.loads(Path(json.loads(done.stdout)["results"]).read_bytes())
    return results


Values = dict[str, dict[str, float]]
"""Figure -> teacher -> value."""


def scores_of(results: Mapping[str, Any]) -> Values:
    """The leaderboard's scores."""
    found: Values = defaultdict(dict)
    for row in results["leaderboard"]:
        for name, figure in {"gain": row["gain"], **row["scores"]}.items():
            if figure["value"] is not None:
                found[name][row["teacher"]] = figure["value"]
    return found


def figures_of(results: Mapping[str, Any]) -> Values:
    """Benchmarks, gated qualities and metrics, averaged over languages in which all teachers have them."""
    cells: dict[str, dict[str, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    for cell in results["cells"]:
        for name, value in _figures_in(cell):
            cells[name][cell["language"]][cell["teacher"]] = value
    return {
        name: {
            teacher: mean(values[teacher] for values in by_language.values() if teacher in values)
            for teacher in {teacher for values in by_language.values() for teacher in values}
            if all(teacher in values for values in by_language.values())
        }
        for name, by_language in cells.items()
    }


def _figures_in(cell: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    kinds = {
        "": cell["benchmarks"] | {"quality": cell["quality"]},
        "quality by ": cell["qualities"],
        "metric ": cell["metrics"],
    }
    for prefix, figures in kinds.items():
        for name, figure in figures.items():
            if figure["value"] is not None:
                yield prefix + name, figure["value"]


@dataclass(frozen=True)
class Course:
    """How a figure goes along a dial.

    Attributes:
        values: at each setting, the mean over rng_seeds.
        rho: Spearman's, with the dial; None where the figure is the same everywhere.
        change: from the first setting to the last.
        error: the standard error of the change over rng_seeds; None with one rng_seed.
    """

    values: list[float]
    rho: float | None
    change: float
    error: float | None

    @property
    def sees(self) -> bool:
        """Whether the figure follows the dial, and moves more than by chance (unknown of one study)."""
        if self.rho is None or self.error is None or abs(self.rho) < SEEN:
            return False
        return abs(self.change) > 2 * self.error


def course(dial: Dial, studies: Sequence[Values], figure: str) -> Course | None:
    """Follows a figure along a dial; None where some setting of some study lacks it."""
    found = [[values.get(figure, {}).get(name) for name in dial.names] for values in studies]
    if any(value is None for values in found for value in values):
        return None
    known = [[value for value in values if value is not None] for values in found]
    means = [mean(column) for column in zip(*known, strict=True)]
    changes = [values[-1] - values[0] for values in known]
    rho = float(spearmanr(dial.settings, means).statistic) if len(set(means)) > 1 else None
    error = stdev(changes) / math.sqrt(len(changes)) if len(changes) > 1 else None
    return Course(means, rho, mean(changes), error)


def print_scores(shown: Sequence[Dial], studies: Sequence[Values]) -> None:
    """One table a dial: scores, accuracies and language fidelity at each setting, and their rho."""
    for dial in shown:
        print(f"\n### {dial.name}\n")
        print("| figure |", " | ".join(f"{setting:g}" for setting in dial.settings), "| rho |")
        print("|---|", "---:|" * (len(dial.settings) + 1), sep="")
        for name in SHOWN:
            found = course(dial, studies, name)
            values = " | ".join(f"{value:.3f}" for value in found.values) if found else "undefined"
            print(f"| {name} | {values} | {_rho(found)} |")


def print_sight(shown: Sequence[Dial], studies: Sequence[Values]) -> None:
    """Every figure's rho and change along each dial; bold where it follows the dial."""
    names = list(dict.fromkeys(name for values in studies for name in values))
    print("\n### Which figure sees which defect\n")
    print("rho: change from first to last setting ± standard error over rng_seeds; bold: |rho| is at least")
    print(f"{SEEN} and the change above 2 standard errors; -: not defined at every setting\n")
    print("| figure |", " | ".join(dial.name for dial in shown), "|")
    print("|---|", "---|" * len(shown), sep="")
    for name in sorted(names, key=_order):
        print(f"| {name} |", " | ".join(_cell(course(dial, studies, name)) for dial in shown), "|")


def _order(name: str) -> tuple[int, str]:
    return 2 if name.startswith("metric ") else 1 if name.startswith("quality") else 0, name


def _cell(found: Course | None) -> str:
    if found is None:
        return "-"
    error = f" ± {found.error:.3g}" if found.error is not None else ""
    text = f"{_rho(found)}: {found.change:+.3g}{error}"
    return f"**{text}**" if found.sees else text


def _rho(found: Course | None) -> str:
    return "-" if found is None else "same" if found.rho is None else f"{found.rho:.2f}"


def print_gate(studies: Sequence[Mapping[str, Any]]) -> None:
    """Which metrics pass the gate, in how many of the studies, by language."""
    passed: dict[tuple[str, str], int] = defaultdict(int)
    for results in studies:
        for entry in results.get("gate", ()):
            passed[entry["language"], entry["metric"]] += entry["passes"]
    for language in dict.fromkeys(language for language, _ in passed):
        names = [f"{m} ({n})" for (code, m), n in sorted(passed.items()) if code == language and n]
        print(
            f"- {language}, metrics that pass their gate (in how many studies): {', '.join(names) or 'none'}"
        )


def print_conclusion(shown: Sequence[Dial], studies: Sequence[Values]) -> None:
    """Whether robust falls with each defect that has a right order."""
    print()
    for dial in shown:
        found = course(dial, studies, "robust")
        if dial.name in FALLING and found and found.rho is not None:
            falls = "falls" if found.rho <= -SEEN else "DOES NOT FALL"
            print(f"- robust {falls} with {dial.name}: rho {found.rho:.3f}, change {found.change:+.3g}")


def main() -> None:
    """Runs the studies one after the other; each uses all cores."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--studies", type=int, default=3)
    arguments.add_argument("--first-rng-seed", type=int, default=2200)
    arguments.add_argument("--languages", nargs="+", default=["de", "ja"])
    arguments.add_argument("--settings", type=int, default=6, choices=range(2, 7), help="of each dial")
    arguments.add_argument("--rows", type=int, default=600, help="of a student")
    arguments.add_argument("--output-dir", type=Path, default=Path(".polyteach/bench"))
    options = arguments.parse_args()
    shown = dials(options.settings)
    plain = study(shown, options.languages, options.rows)
    studies = []
    for rng_seed in range(options.first_rng_seed, options.first_rng_seed + options.studies):
        studies.append(run(plain, rng_seed, options.output_dir))
        print(f"rng_seed {rng_seed} is done", file=sys.stderr, flush=True)
    print(f"\n{len(studies)} studies of {len(plain['teachers'])} simulated teachers")
    print(f"in {', '.join(options.languages)}, {options.rows} rows a student\n")
    print_gate(studies)
    figures = [figures_of(results) for results in studies]
    scores = [scores_of(results) for results in studies]
    print_scores(shown, [found | ranked for found, ranked in zip(figures, scores, strict=True)])
    print_conclusion(shown, scores)
    print_sight(shown, figures)


if __name__ == "__main__":
    main()

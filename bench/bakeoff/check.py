"""Are the students of the bank those that the program would train and examine?

    cd bench && python -m bakeoff.check [--teachers clean error-30 triple] [--language ja] [--base base-a]

Trains each teacher's student of 200 rows twice: by `bakeoff.students`, and by `polyteach.students.sft` with
the same recipe; examines the first by both exams, the program's and the fast one. Prints how far the weights
and the answers are apart, and the CPU seconds of each.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import torch

from bakeoff.students import RECIPE, examined, trained
from bakeoff.traps import loaded
from bakeoff.world import rows_of
from polyteach.benchmarks.examine import examine_loaded
from polyteach.benchmarks.stand_alone import open_exams
from polyteach.pocket import model_path
from polyteach.students.base import load_base
from polyteach.students.sft import train
from polyteach.study.benchmarks import ListedBenchmark

BENCHMARKS = ("pocket-choice", "pocket-exact")


def compare(teacher: str, language: str, base: str, rows: int) -> None:
    """Prints one student's two trainings and examinations."""
    written = rows_of(teacher, language, base, 1, rows)
    clock = time.process_time
    began = clock()
    ours, _ = trained(base, written, 1)
    trained_at = clock()
    fast = examined(ours, base, language)
    examined_at = clock()
    with tempfile.TemporaryDirectory() as folder:
        train(str(model_path(base)), written, Path(folder), RECIPE, rng_seed=1)
        theirs, _ = load_base(f"{folder}/model")
    sft_at = clock()
    exams = open_exams([ListedBenchmark(benchmark=name) for name in BENCHMARKS], language, None)
    slow = examine_loaded(ours, loaded(base)[1], exams)
    end = clock()
    pairs = zip(ours.parameters(), theirs.parameters(), strict=True)
    apart = max(float((one - other).detach().abs().max()) for one, other in pairs)
    other = examined(theirs.eval(), base, language)
    print(f"{teacher}, {language}, {base}, {rows} rows: weights differ by at most {apart:.1e}")
    for name, found in zip(BENCHMARKS, slow, strict=True):
        scores = [int(one.score or 0) for one in found.results]
        print(
            f"  {name}: accuracy {fast[name].mean():.3f} (fast), {sum(scores) / len(scores):.3f} (program); "
            f"{sum(a != b for a, b in zip(fast[name], scores, strict=True))} answers differ; "
            f"of the program's own student {other[name].mean():.3f}"
        )
    print(
        f"  CPU s: training {trained_at - began:.1f} against {sft_at - examined_at:.1f}, "
        f"examination {examined_at - trained_at:.1f} against {end - sft_at:.1f}"
    )


def main() -> None:
    """Compares some students."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--teachers", nargs="+", default=["clean", "error-30", "triple"])
    parser.add_argument("--language", default="ja")
    parser.add_argument("--base", default="base-a")
    parser.add_argument("--rows", type=int, default=200)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    for teacher in asked.teachers:
        compare(teacher, asked.language, asked.base, asked.rows)


if __name__ == "__main__":
    main()

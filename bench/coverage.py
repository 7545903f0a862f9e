"""Do the intervals hold, and does the verdict tell the truth? Simulated studies whose truth is known.

    python bench/coverage.py [--studies 500] [--hostile-studies 100] [--workers 2] [--only TEXT] [--json]

Studies of the paper's shape (10 teachers, 6 languages, 3 benchmarks with its gaps, 3 trials, noise of its
size), ties, known gaps, inverted anchors, and hostile cases. Shares are over studies; the interval behind
each is Wilson's, for as many independent cases as the variation between studies shows. `z2` is the mean
square of (estimate - truth) / standard error: 1 where standard errors are right, above 1 where too small.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one process a core

from simulated.outcomes import Outcome, study_outcome
from simulated.scenarios import GAPS, HOSTILE, INVERTED, PAPER, TIES, Scenario
from simulated.summary import summary, table


def main() -> None:
    """Runs the scenarios, printing each as it is done."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--studies", type=int, default=500)
    arguments.add_argument("--hostile-studies", type=int, default=100)
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--rng-seed", type=int, default=2604)
    arguments.add_argument("--only", default="", help="scenarios whose name contains this")
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    plan: list[tuple[Scenario, int, bool]] = [(PAPER, options.studies, True)]
    plan += [(scenario, options.studies, False) for scenario in TIES]
    plan += [(scenario, options.hostile_studies, False) for scenario in (*GAPS, *INVERTED, *HOSTILE)]
    found: dict[str, Any] = {}
    with ProcessPoolExecutor(options.workers) as pool:
        for scenario, studies, leave_out in plan:
            if options.only not in scenario.name or not studies:
                continue
            run = partial(outcome_of, scenario.name, options.rng_seed, leave_out)
            found[scenario.name] = summary(list(pool.map(run, range(studies), chunksize=5)))
            print(
                table(scenario.name, found[scenario.name]),
                file=sys.stderr if options.json else sys.stdout,
                flush=True,
            )
    if options.json:
        print(json.dumps(found, indent=1))


def outcome_of(name: str, rng_seed: int, leave_out: bool, number: int) -> Outcome:
    """One study, by its scenario's name: functions do not travel between processes."""
    scenario = next(s for s in (PAPER, *TIES, *GAPS, *INVERTED, *HOSTILE) if s.name == name)
    return study_outcome(scenario, number, rng_seed, leave_out)


if __name__ == "__main__":
    main()

"""A race told before it runs: what its first rung takes, what it may take in all, and the full study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from polyteach.artifacts import SCHEMA_VERSION

if TYPE_CHECKING:
    from polyteach.artifacts import Store
    from polyteach.resources import Resources
    from polyteach.selection.race.rungs import Rung
    from polyteach.selection.race.settings import Rules
    from polyteach.study import Study


def forecast_race(
    study: Study, resources: Resources, rungs: Sequence[Rung], rules: Rules, store: Store
) -> dict[str, Any]:
    """What a race is foretold to take, as plain data; nothing runs and nobody is asked.

    Returns:
        `cost` and `asked`: student tokens and requests as shares of the full study's, with intervals;
        `rungs`: for each its rows and how many teachers may run it (low, value, high);
        `first_rung` and `full_study`: as `run --dry-run` tells a study; `assumptions`, in a sentence.
    """
    import numpy as np

    from polyteach.figures import Figure
    from polyteach.forecast import forecast
    from polyteach.pipeline import cell_steps
    from polyteach.running import look_up
    from polyteach.selection.race.foresee import Assumptions, Design, foresee, interval_of
    from polyteach.selection.race.rungs import rung_steps, study_of

    names = [teacher.name for teacher in study.teachers]
    first = look_up(rung_steps(study, resources, rungs[0], names), store)
    whole = look_up(cell_steps(study, resources), store)
    design = Design(
        len(names),
        len(study.languages),
        len(study.students.bases),
        study.trials,
        tuple(float(rung.share) for rung in rungs),
    )
    given = Assumptions()
    foreseen = foresee(design, rules, study.rng_seed, given)
    text = "requests to teachers, as a share of the full study's; simulated with the cost"
    return {
        "schema_version": SCHEMA_VERSION,
        "study": study.name,
        "epsilon": rules.epsilon,
        "guard": rules.guard,
        "most": rules.most,
        "cost": foreseen.figure().to_json(),
        "asked": Figure(
            float(np.median(foreseen.asked)), text, len(foreseen.asked), None, *interval_of(foreseen.asked)
        ).to_json(),
        "rungs": [
            {
                "rung": rung.number,
                "share": str(rung.share),
                "rows": rung.rows,
                "teachers": _spread(foreseen.running[at], interval_of),
            }
            for at, rung in enumerate(rungs)
        ],
        "assumptions": given.text(),
        "first_rung": forecast(study_of(study, rungs[0], names), resources, first, store),
        "full_study": forecast(study, resources, whole, store),
    }


def _spread(running: Any, interval_of: Any) -> dict[str, int]:
    """Teachers in a rung: the median of the simulated races, and the middle 99%."""
    import numpy as np

    low, high = interval_of(running)
    return {"low": int(low), "value": int(np.median(running)), "high": int(np.ceil(high))}

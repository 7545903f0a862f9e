"""Table 3: does a teacher's size or its own skill foretell its PG-Score?"""

from __future__ import annotations

from collections.abc import Callable
from math import log

from polyteach.analysis.mixed import MixedFit, random_intercepts
from polyteach.published.comparing import THREE, Entry, Recomputed
from polyteach.published.paper import BASE, Paper, Teacher
from polyteach.scoring.numbers import number

PREDICTORS: dict[str, Callable[[Teacher], float | None]] = {
    "log_size": lambda teacher: log(teacher.billions) if teacher.billions else None,
    "benchmark_mean": lambda teacher: teacher.benchmark_mean,
}


def fit_of(paper: Paper, predictor: Callable[[Teacher], float | None]) -> MixedFit:
    """PG-Score on one number a teacher, a random intercept for each teacher."""
    known = {t.name: value for t in paper.teachers if (value := predictor(t)) is not None}
    cells = [cell for cell in paper.of_base(BASE) if cell.teacher in known]
    return random_intercepts(
        [cell.pg_score for cell in cells],
        {"predictor": [known[cell.teacher] for cell in cells]},
        {"teacher": [cell.teacher for cell in cells]},
        "PG-Score",
    )


def table_3(paper: Paper) -> Recomputed:
    """Both fits, each by itself, over the teachers of which the number is known."""
    entries, rows = [], []
    for name, predictor in PREDICTORS.items():
        found, printed = fit_of(paper, predictor), paper.tables["table_3"][name]
        effect = found.effects[0] if found.effects else None
        rows.append(f"{name} {found.n}")
        entries += [
            Entry(f"{name}, b", effect.value if effect else None, printed["beta"], THREE),
            Entry(f"{name}, standard error", effect.se if effect else None, printed["se"], THREE),
            Entry(f"{name}, p", effect.p if effect else None, printed["p"], THREE),
        ]
    return Recomputed(
        "table_3",
        "Mixed effects of a teacher's size and of its own benchmark scores on PG-Score",
        "REML, random intercept for each teacher, one predictor at a time; log of parameters in billions as "
        "in the released analysis, mean of the teacher's benchmarks in de, es, ja",
        tuple(entries),
        f"The two fits are over different rows ({', '.join(rows)}). {_sizes(paper)}",
    )


def _sizes(paper: Paper) -> str:
    changed = [t for t in paper.teachers if t.billions and t.billions != t.billions_printed]
    listed = ", ".join(f"{t.name} {t.billions:g} and {t.billions_printed:g}" for t in changed)
    found = fit_of(paper, lambda t: log(t.billions_printed) if t.billions_printed else None)
    if found.effects:
        then = f"with the printed ones b is {number(found.effects[0].value, 3)}"
    else:
        then = f"with the printed ones there is no fit ({found.reason})"
    return f"Released and printed sizes (billions) are not the same: {listed}; {then}."

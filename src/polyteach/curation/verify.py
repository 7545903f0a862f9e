"""Whether a filter helps: students of the filtered rows beside students of the unfiltered ones.

Three kinds of students of one base, with one recipe and the same rng_seeds: of the rows that stay
(`filtered`); of as many drawn from all (`random`), so that only which rows they are differs; and of all rows
(`all`), which is what one would have trained on without the filter, and takes more steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from polyteach.errors import StepImpossible, UserError
from polyteach.scoring.gain import CellEstimate, benchmark_gain, cell_mean, spread_of
from polyteach.scoring.intervals import TrialSpread, combine, figure_of
from polyteach.scoring.records import Exam as Scores
from polyteach.steps import Progress, digest_of

if TYPE_CHECKING:
    from polyteach.benchmarks.items import Exam
    from polyteach.benchmarks.lm_eval_task import LmEvalExam
    from polyteach.benchmarks.result import Examined
    from polyteach.rows import Row
    from polyteach.students.recipe import Recipe

FILTERED, RANDOM, ALL = "filtered", "random", "all"
GAIN = "gain g = (student - base) / (1 - chance), mean over the benchmarks"
DIFFERENCE = "difference of the gains of two kinds of students of one base, paired on the benchmarks' items"


@dataclass(frozen=True, slots=True)
class Trials:
    """How students are trained and examined.

    Attributes:
        base: the base's name, for results.
        location: where it lies.
        language: standard code, of the exams.
        exams: at least one.
        recipe: how they are trained.
        trials: trainings of each kind.
        rng_seed: of the trials' own.
        rows: most rows of `filtered` and `random`; None: as many as stay.
    """

    base: str
    location: str
    language: str
    exams: Sequence[Exam | LmEvalExam]
    recipe: Recipe
    trials: int
    rng_seed: int
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class _Student:
    rng_seed: int
    facts: Mapping[str, Any]
    scores: Mapping[str, Scores]


def verify(
    rows: Sequence[Row],
    stays: Sequence[bool],
    trials: Trials,
    progress: Progress,
) -> dict[str, Any]:
    """Trains and examines the students; returns what came of it as plain data.

    Rows without a response, and rows that share a passage with a question of the exams, are left out of all
    kinds: else a filter would look bad for taking away the exam's own questions.

    Args:
        rows: of one language, with ids that differ.
        stays: of each, whether the filter keeps it.
        trials: how.
        progress: told of trainings' steps and exams' requests, one after the other.

    Raises:
        UserError: no row is left to train on, or the base cannot be trained.
    """
    pools = _pools(rows, stays, trials.exams)
    kept, everything = len(pools[FILTERED]), len(pools[ALL])
    size = min(kept, trials.rows or kept)
    sizes = {FILTERED: size, RANDOM: size} | ({ALL: everything} if size == kept else {})
    plain: dict[str, Any] = {
        "base": trials.base,
        "language": trials.language,
        "trials": trials.trials,
        "recipe": asdict(trials.recipe),
        "rows": {"all": everything, "kept": kept, "trained_on": sizes},
    }
    if kept == everything:
        return plain | {"verdict": _verdict([], trials.trials)}
    base = _scores_of(_examine(trials, trials.location, progress), trials, None, None)
    students = {
        kind: [_student(pools[kind], n, kind, trial, trials, progress) for trial in range(trials.trials)]
        for kind, n in sizes.items()
    }
    cells = {kind: _by_benchmark(several, base) for kind, several in students.items()}
    means = {kind: cell_mean(list(of.values())) for kind, of in cells.items()}
    spread = spread_of(means.values())
    differences = [_difference(FILTERED, other, means, cells, spread) for other in sizes if other != FILTERED]
    return plain | {
        "base_accuracy": {name: _accuracy(scores) for name, scores in base.items()},
        "students": [_told(kind, students[kind], means[kind], spread) for kind in sizes],
        "differences": differences,
        "verdict": _verdict(differences, trials.trials),
    }


def _pools(
    rows: Sequence[Row], stays: Sequence[bool], exams: Iterable[Exam | LmEvalExam]
) -> dict[str, list[Row]]:
    """The rows that each kind of student is drawn from."""
    from polyteach.benchmarks.items import Exam
    from polyteach.students.candidates import candidates

    asked = [item.asks for exam in exams if isinstance(exam, Exam) for item in exam.items]
    try:
        left, _ = candidates({"": rows}, listed=asked, filters=[])
    except StepImpossible as error:
        raise UserError(str(error), where="--verify", fix="take another benchmark, or other data") from error
    keeps = {row.id for row, stay in zip(rows, stays, strict=True) if stay}
    pools = {FILTERED: [row for row in left[""] if row.id in keeps], RANDOM: left[""], ALL: left[""]}
    if not pools[FILTERED]:
        fix = "take another benchmark, or other data"
        raise UserError("no row that stays can be trained on", where="--verify", fix=fix)
    return pools


def _student(
    pool: Sequence[Row], n: int, kind: str, trial: int, trials: Trials, progress: Progress
) -> _Student:
    from polyteach.students.data import choose_rows
    from polyteach.students.sft import train

    rng_seed = int(digest_of([trials.rng_seed, "verify", trial])[:8], 16) % 2**31
    chosen = choose_rows({"": pool}, n, rng_seed).rows
    with TemporaryDirectory() as folder:
        try:
            training = train(
                trials.location, chosen, Path(folder), trials.recipe, rng_seed=rng_seed, progress=progress
            )
        except StepImpossible as error:
            raise UserError(str(error), where=f"student {kind}", fix="take another recipe") from error
        examined = _examine(trials, str(Path(folder) / "model"), progress)
    facts = {"examples": training.examples, "steps": training.steps, "last_loss": training.loss_curve[-1][1]}
    return _Student(rng_seed, facts, _scores_of(examined, trials, kind, trial))


def _examine(trials: Trials, location: str, progress: Progress) -> list[Examined]:
    from polyteach.benchmarks.examine import examine

    return examine(location, trials.exams, base_location=trials.location, progress=progress)


def _scores_of(
    examined: Iterable[Examined], trials: Trials, kind: str | None, trial: int | None
) -> dict[str, Scores]:
    return {
        one.name: Scores(
            base=trials.base,
            language=trials.language,
            benchmark=one.name,
            item_ids=tuple(result.item_id for result in one.results),
            scores=tuple(result.score for result in one.results),
            chance=one.chance,
            teacher=kind,
            trial=trial,
            reasons=one.unscored,
            clusters=tuple(result.cluster for result in one.results),
        )
        for one in examined
    }


def _by_benchmark(students: Sequence[_Student], base: Mapping[str, Scores]) -> dict[str, CellEstimate]:
    """The gains of one kind of student on each benchmark.

    Raises:
        UserError: no item of a benchmark was scored.
    """
    cells = {}
    for name, below in base.items():
        cell = benchmark_gain({n: student.scores[name] for n, student in enumerate(students)}, below)
        if cell is None:
            raise UserError("no item could be scored", where=name, fix="take another benchmark")
        cells[name] = cell
    return cells


def _difference(
    one: str,
    other: str,
    means: Mapping[str, CellEstimate],
    cells: Mapping[str, Mapping[str, CellEstimate]],
    spread: TrialSpread | None,
) -> dict[str, Any]:
    """One kind's gain less another's, over all benchmarks and on each."""

    def less(a: CellEstimate, b: CellEstimate, pooled: TrialSpread | None) -> dict[str, Any]:
        gap = combine([(1.0, a.estimate), (-1.0, b.estimate)])
        return figure_of(gap, pooled, DIFFERENCE, within=gap.extremes).to_json()

    by_benchmark = {
        name: less(cell, cells[other][name], spread_of(of[name] for of in cells.values()))
        for name, cell in cells[one].items()
    }
    return {
        "of": one,
        "less": other,
        "gain": less(means[one], means[other], spread),
        "by_benchmark": by_benchmark,
    }


def _told(
    kind: str, students: Sequence[_Student], mean: CellEstimate, spread: TrialSpread | None
) -> dict[str, Any]:
    return {
        "kind": kind,
        "gain": figure_of(mean.estimate, spread, GAIN, within=mean.estimate.extremes).to_json(),
        "trials": [
            {
                "rng_seed": student.rng_seed,
                **student.facts,
                "accuracy": {name: _accuracy(scores) for name, scores in student.scores.items()},
            }
            for student in students
        ],
    }


def _accuracy(scores: Scores) -> float | None:
    known = scores.by_item.values()
    return sum(known) / len(known) if known else None


_ONE_TRIAL = "by one training of each: the luck of training is not measured"
_SAID = {
    "nothing_dropped": "the rules take no row that could be trained on: there is nothing to compare",
    "helps": "row for row the filter helps: as many rows drawn from all teach {}less",
    "harms": "row for row the filter harms: as many rows drawn from all teach {}more",
    "no_difference": "row for row no difference is to be told between the rows that stay and rows of all",
}
_THAN_ALL = {
    "helps": "all rows together, in more steps, teach {}less",
    "harms": "all rows together, in more steps, teach {}more: those rows, or the steps, help",
    "no_difference": "all rows together, in more steps, teach neither clearly more nor less",
}


def _verdict(differences: Sequence[Mapping[str, Any]], trials: int) -> dict[str, str | None]:
    """What may be said of the filter: against as many rows, and against all rows where that was asked."""
    if not differences:
        return {"kind": "nothing_dropped", "than_all": None, "text": _SAID["nothing_dropped"]}
    kinds = [_sign(one["gain"]) for one in differences]
    than_all = kinds[1] if len(kinds) > 1 else None
    parts = [_SAID[kinds[0]], *([_THAN_ALL[than_all]] if than_all else [])]
    text = "; ".join([*parts, *([_ONE_TRIAL] if trials == 1 else [])])
    return {"kind": kinds[0], "than_all": than_all, "text": text.format("clearly " if trials > 1 else "")}


def _sign(gain: Mapping[str, Any]) -> str:
    return "helps" if gain["low"] > 0 else "harms" if gain["high"] < 0 else "no_difference"

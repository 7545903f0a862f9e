"""Runs and screens as evidence. A file is checked as far as it is used; the rest of it may be anything."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from math import sqrt
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from polyteach.errors import UserError
from polyteach.figures import Figure
from polyteach.power_planning import USUAL_TRIAL_SD
from polyteach.scoring.components import Components
from polyteach.scoring.power import Noise, Plan, error_of_difference
from polyteach.selection.recommend.candidates import Candidate
from polyteach.selection.recommend.evidence import (
    Cost,
    Evidence,
    Key,
    definition_of,
    mean_of,
    recipe_of,
)
from polyteach.selection.recommend.weighing import Reading

RESULTS, SCREEN = "results.json", "screen.json"
ONE_TRIAL = (
    "one trial: the luck of training is assumed, not measured (a standard deviation of "
    f"{USUAL_TRIAL_SD:g} of gain)"
)
NO_ERROR = "no standard error, so no weight"
NO_STUDENT = "no student was trained on it: it cannot see what data teaches"
_Model = TypeVar("_Model", bound=BaseModel)


class _Loose(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class _Figure(_Loose):
    value: float | None
    se: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    definition: str = ""
    reason: str | None = None

    def figure(self) -> Figure:
        reason = None if self.value is not None else self.reason or "undefined"
        return Figure(self.value, self.definition, self.n, self.se, self.low, self.high, reason=reason)


class _Teacher(_Loose):
    name: str
    kind: str = "model"
    model: str | None = None
    family: str | None = None
    parameters: float | None = None


class _Named(_Loose):
    name: str


class _Study(_Loose):
    name: str
    teachers: list[_Teacher]
    bases: list[_Named] = []
    methods: list[str] = []
    trials: int = 1
    limit: int | None = None
    student_rows: int | None = None


class _Scores(_Loose):
    robust: _Figure


class _Cell(_Loose):
    teacher: str
    language: str
    base: str | None = None
    gain: _Figure
    quality: _Figure | None = None
    scores: _Scores
    benchmarks: dict[str, _Figure] = {}


class _Tokens(_Loose):
    prompt: int = 0
    response: int = 0


class _Requests(_Loose):
    teacher: str
    rows: int = 0
    tokens: _Tokens = _Tokens()
    money_for_10000_rows: float | None = None


class _Results(_Loose):
    schema_version: Literal[1]
    study: _Study
    definitions_digest: str
    cells: list[_Cell]
    requests: list[_Requests] = []
    components: dict[str, Any] | None = None


class _ScreenCandidate(_Loose):
    candidate: str
    kind: str = "model"
    teacher: str | None = None
    model: str | None = None
    family: str | None = None
    parameters: float | None = None
    methods: list[str] = []


class _ScreenCell(_Loose):
    candidate: str
    language: str
    rows: int = 0
    score: _Figure | None = None
    tokens: _Tokens | None = None
    money_per_10k: float | None = None
    excluded: str | None = None


class _Rank(_Loose):
    candidate: str
    language: str | None = None
    rank_interval: tuple[int, int] | None = None


class _Screen(_Loose):
    schema_version: Literal[1]
    kind: Literal["screen"]
    definitions_digest: str | None = None
    limit: int | None = None
    candidates: list[_ScreenCandidate] = Field(min_length=1)
    cells: list[_ScreenCell]
    ranking: list[_Rank] = []
    cannot_see: list[str] = []


def read_run(folder: Path) -> Evidence:
    """A run's results.

    Raises:
        UserError: there are none, or they are mangled.
    """
    found = _read(_Results, folder, RESULTS, "name a run's folder that has results, such as runs/NAME")
    teachers = {
        teacher.name: Candidate.of(
            teacher.name, teacher.kind, teacher.model, teacher.family, teacher.parameters
        )
        for teacher in found.study.teachers
        if teacher.kind != "data"
    }
    noise, plan = _noise(found)
    groups: dict[Key, list[_Cell]] = {}
    for cell in found.cells:
        if cell.teacher in teachers:
            groups.setdefault((cell.language, cell.teacher), []).append(cell)
    whole = {
        key: cells for key, cells in groups.items() if all(c.scores.robust.value is not None for c in cells)
    }
    readings = {key: _reading(cells, noise, plan) for key, cells in whole.items()}
    doubts = [ONE_TRIAL] if found.study.trials == 1 else []
    doubts += without_error(key for key, reading in readings.items() if reading is None)
    lost = sorted({language for language, _ in groups} - {language for language, _ in whole})
    doubts += [f"no score in {', '.join(lost)}: no benchmark counts there"] if lost else []
    bases = [base.name for base in found.study.bases]
    return Evidence(
        id=f"run {found.study.name}",
        kind="run",
        definition=definition_of(found.definitions_digest, bases, found.study.student_rows, _recipe(folder)),
        teachers=teachers,
        readings={key: reading for key, reading in readings.items() if reading},
        figures={key: mean_of([c.scores.robust.figure() for c in cells]) for key, cells in whole.items()},
        gains={key: mean_of([c.gain.figure() for c in cells]) for key, cells in groups.items()},
        costs={
            ("", asked.teacher): Cost(
                asked.money_for_10000_rows, asked.rows, asked.tokens.prompt, asked.tokens.response
            )
            for asked in found.requests
        },
        bases={key: _by_base(cells) for key, cells in groups.items()},
        noise=noise,
        plan=plan,
        methods=tuple(found.study.methods),
        trials=found.study.trials,
        limit=found.study.limit,
        doubts=tuple(doubts),
    )


def read_screen(folder: Path) -> Evidence:
    """A screen's findings.

    Raises:
        UserError: there are none, or they are mangled.
    """
    found = _read(_Screen, folder, SCREEN, "name a screen's folder, such as runs/NAME")
    name = (
        (folder if folder.is_dir() else folder.parent).resolve().name
    )  # a study may be screened in two ways
    known = {
        c.candidate: Candidate.of(c.candidate, c.kind, c.model, c.family, c.parameters, c.methods, c.teacher)
        for c in found.candidates
        if c.kind != "data"
    }
    cells = {(cell.language, cell.candidate): cell for cell in found.cells if cell.candidate in known}
    scored = {
        key: cell.score
        for key, cell in cells.items()
        if cell.score and cell.score.value is not None and not cell.excluded
    }
    rows = [cell.rows for cell in cells.values()]
    return Evidence(
        id=f"screen {name}",
        kind="screen",
        definition=found.definitions_digest or f"screen {name}",
        teachers=known,
        readings=known_readings({key: score.figure() for key, score in scored.items()}),
        figures={key: score.figure() for key, score in scored.items()},
        costs={
            key: Cost(
                cell.money_per_10k,
                cell.rows,
                cell.tokens.prompt if cell.tokens else 0,
                cell.tokens.response if cell.tokens else 0,
            )
            for key, cell in cells.items()
        },
        excluded={key: cell.excluded for key, cell in cells.items() if cell.excluded},
        rows=max(rows, default=0),
        limit=found.limit,
        doubts=(
            *(() if found.cannot_see else (NO_STUDENT,)),
            *without_error(key for key, score in scored.items() if not (score.se and score.se > 0)),
        ),
        cannot_see=tuple(found.cannot_see),
        first=_first(found.ranking, known),
    )


def known_readings(figures: Mapping[Key, Figure]) -> dict[Key, Reading]:
    """Figures with the error they have; what has none above 0 has no weight."""
    return {key: Reading(f.value or 0.0, f.se) for key, f in figures.items() if f.se and f.se > 0}


def without_error(keys: Iterable[Key]) -> list[str]:
    """A doubt that names those teachers whose figures have no error, in which languages."""
    names = [f"{teacher} in {language}" for language, teacher in keys]
    return [f"{', '.join(names)}: {NO_ERROR}"] if names else []


def _recipe(folder: Path) -> str:
    """How the run's students were trained, from its artifacts; `unknown` where they are gone."""
    from polyteach.bundles.card import StudyCard
    from polyteach.bundles.run import read_artifacts
    from polyteach.bundles.terms import STUDY, terms_of_run

    try:
        manifests = read_artifacts(folder if folder.is_dir() else folder.parent).manifests
    except UserError:
        return recipe_of({})
    of_study = StudyCard.model_construct(bases=[], languages=[], methods=[])
    return recipe_of(terms_of_run(manifests, of_study)[STUDY])


def _first(ranking: list[_Rank], known: Mapping[str, Candidate]) -> dict[str, tuple[str, ...]]:
    """By language, the candidates that could be first by the screen alone, data that takes part left out."""
    found: dict[str, list[tuple[int, int, str]]] = {}
    for line in ranking:
        if line.language and line.rank_interval and line.candidate in known:
            found.setdefault(line.language, []).append((*line.rank_interval, line.candidate))
    return {
        language: tuple(name for best, _, name in own if best <= min(worst for _, worst, _ in own))
        for language, own in found.items()
    }


def _read(kind: type[_Model], folder: Path, name: str, fix: str) -> _Model:
    path = folder / name if folder.is_dir() or not folder.exists() else folder
    try:
        return kind.model_validate(json.loads(path.read_bytes()))
    except FileNotFoundError as error:
        raise UserError(f"there is no {name} here", str(folder), fix) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part)[:60] for part in first["loc"][:6])
        raise UserError(f"this {name} is damaged ({place}: {first['msg']})", str(path), fix) from error
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"this {name} cannot be read ({type(error).__name__})", str(path), fix) from error


def _noise(found: _Results) -> tuple[Noise | None, Plan | None]:
    """The noise of a run as one language of it has it."""
    if not found.components:
        return None, None
    try:
        parts = Components.from_json(found.components)
    except (TypeError, ValueError, LookupError):
        return None, None
    if parts.plan is None or parts.item_sd.value is None:
        return None, None
    # Where all languages ask the same, the figure is of their mean: one language alone varies more.
    shared = sqrt(parts.plan.languages) if parts.plan.same_items else 1.0
    luck = parts.trial_sd.value if parts.trial_sd.value is not None else USUAL_TRIAL_SD
    noise = Noise(parts.item_sd.value * shared, luck, (parts.answer_sd.value or 0.0) * shared)
    plan = Plan(parts.plan.items, 1, parts.plan.bases, max(parts.plan.trials, 1), max(parts.plan.teachers, 2))
    return noise, plan


def _reading(cells: list[_Cell], noise: Noise | None, plan: Plan | None) -> Reading | None:
    """The mean robust score over bases, with the error that sets it apart from another teacher's.

    Errors of teachers that answer the same items are paired: half the variance of a difference of gains, from
    the run's own components, in place of the gain's, which holds the base's error too. None where no error
    is known: what is not known to be exact is not taken for exact.
    """
    values = [c.scores.robust.value or 0.0 for c in cells]
    variances = [v for cell in cells if (v := _variance(cell, noise, plan)) is not None]
    if len(variances) < len(cells):
        return None
    return Reading(sum(values) / len(values), sqrt(sum(variances) / len(variances)))


def _variance(cell: _Cell, noise: Noise | None, plan: Plan | None) -> float | None:
    value, gain = cell.scores.robust.value or 0.0, cell.gain.value or 0.0
    quality = cell.quality.value if cell.quality else None
    weight = 0.0
    if quality is not None and abs(quality - gain) > 1e-9:
        weight = min(max((value / 100 - gain) / (quality - gain), 0.0), 1.0)
    of_gain = _variance_of_gain(cell.gain.se, noise, plan)
    se_quality = cell.quality.se if cell.quality and weight else 0.0
    if of_gain is None or se_quality is None:
        return (cell.scores.robust.se or 0.0) ** 2 or None
    return 1e4 * ((1 - weight) ** 2 * of_gain + weight**2 * se_quality**2)


def _variance_of_gain(se: float | None, noise: Noise | None, plan: Plan | None) -> float | None:
    known = [se**2] if se and se > 0 else []
    if not (noise and plan):
        return known[0] if known else None
    items, _ = error_of_difference(Noise(noise.item_sd, 0.0, noise.answer_sd), plan)
    luck = noise.trial_sd**2 / (plan.trials * plan.bases)
    if plan.trials > 1:
        return min([*known, items**2 / 2 + luck])
    return min([*known, items**2 / 2]) + luck


def _by_base(cells: list[_Cell]) -> dict[str, float]:
    """Mean raw score of a base's students, of the bases whose students were examined."""
    found = {}
    for cell in cells:
        values = [figure.value for figure in cell.benchmarks.values() if figure.value is not None]
        if cell.base and values and len(values) == len(cell.benchmarks):
            found[cell.base] = sum(values) / len(values)
    return found

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
from polyteach.selection.recommend.evidence import Cost, Evidence, Key
from polyteach.selection.recommend.weighing import Reading

RESULTS, SCREEN = "results.json", "screen.json"
ONE_TRIAL = (
    "one trial: the luck of training is assumed, not measured (a standard deviation of "
    f"{USUAL_TRIAL_SD:g} of gain)"
)
REHEARSAL = "a rehearsal on few rows and items"
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


class _Warning(_Loose):
    code: str


class _Results(_Loose):
    schema_version: Literal[1]
    study: _Study
    definitions_digest: str
    cells: list[_Cell]
    requests: list[_Requests] = []
    components: dict[str, Any] | None = None
    warnings: list[_Warning] = []


class _ScreenCandidate(_Loose):
    candidate: str
    teacher: str | None = None
    model: str | None = None
    family: str | None = None
    parameters: float | None = None
    methods: list[str] = []
    settings: dict[str, Any] = {}

    @property
    def kind(self) -> str:
        """As results name it; what has neither a model nor dials is data that takes part as it is."""
        if self.model is not None:
            return "model"
        return "simulated" if self.settings else "data"


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
    candidates: list[_ScreenCandidate] = Field(min_length=1)
    cells: list[_ScreenCell]
    ranking: list[_Rank] = []
    cannot_see: list[str] = []


def is_free(kind: str, model: str | None) -> bool | None:
    """Whether a teacher is one of the pocket world, which no host serves; None where nobody says."""
    return True if kind == "simulated" or (model or "").startswith("pocket:") else None


def read_run(folder: Path) -> Evidence:
    """A run's results.

    Raises:
        UserError: there are none, or they are mangled.
    """
    found = _read(_Results, folder, RESULTS, "name a run's folder that has results, such as runs/NAME")
    teachers = {
        teacher.name: Candidate(
            teacher.name,
            teacher.model,
            teacher.family,
            teacher.parameters,
            is_simulated=teacher.kind == "simulated",
            is_local=is_free(teacher.kind, teacher.model),
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
    doubts = [ONE_TRIAL] if found.study.trials == 1 else []
    if any(warning.code == "rehearsal" for warning in found.warnings):
        doubts.append(REHEARSAL)
    lost = sorted({language for language, _ in groups} - {language for language, _ in whole})
    doubts += [f"no score in {', '.join(lost)}: no benchmark counts there"] if lost else []
    bases = ", ".join(sorted(base.name for base in found.study.bases))
    return Evidence(
        id=f"run {found.study.name}",
        kind="run",
        definition=f"{found.definitions_digest} {bases}",
        teachers=teachers,
        readings={key: _reading(cells, noise, plan) for key, cells in whole.items()},
        figures={key: _mean([c.scores.robust for c in cells]) for key, cells in whole.items()},
        gains={key: _mean([c.gain for c in cells]) for key, cells in groups.items()},
        costs={
            ("", asked.teacher): Cost(
                asked.money_for_10000_rows, asked.rows, asked.tokens.prompt, asked.tokens.response
            )
            for asked in found.requests
        },
        bases={key: _by_base(cells) for key, cells in groups.items()},
        noise=noise,
        plan=plan,
        trials=found.study.trials,
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
        c.candidate: Candidate(
            c.candidate,
            c.model,
            c.family,
            c.parameters,
            tuple(c.methods),
            is_simulated=c.kind == "simulated",
            is_local=is_free(c.kind, c.model),
            teacher=c.teacher,
        )
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
        readings={key: Reading(score.value or 0.0, score.se or 0.0) for key, score in scored.items()},
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
        doubts=() if found.cannot_see else (NO_STUDENT,),
        cannot_see=tuple(found.cannot_see),
        first=_first(found.ranking, known),
    )


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


def _reading(cells: list[_Cell], noise: Noise | None, plan: Plan | None) -> Reading:
    """The mean robust score over bases, with the error that sets it apart from another teacher's.

    Errors of teachers that answer the same items are paired: half the variance of a difference of gains, from
    the run's own components, in place of the gain's, which holds the base's error too.
    """
    values = [c.scores.robust.value or 0.0 for c in cells]
    variances = [_variance(cell, noise, plan) for cell in cells]
    return Reading(sum(values) / len(values), sqrt(sum(variances) / len(variances)))


def _variance(cell: _Cell, noise: Noise | None, plan: Plan | None) -> float:
    value, gain = cell.scores.robust.value or 0.0, cell.gain.value or 0.0
    quality = cell.quality.value if cell.quality else None
    se_gain = cell.gain.se or 0.0
    weight = 0.0
    if quality is not None and abs(quality - gain) > 1e-9:
        weight = min(max((value / 100 - gain) / (quality - gain), 0.0), 1.0)
    of_gain = se_gain**2
    if noise and plan:
        items, _ = error_of_difference(Noise(noise.item_sd, 0.0, noise.answer_sd), plan)
        luck = noise.trial_sd**2 / (plan.trials * plan.bases)
        of_gain = min(of_gain, items**2 / 2 + luck) if plan.trials > 1 else min(of_gain, items**2 / 2) + luck
    se_quality = (cell.quality.se or 0.0) if cell.quality else 0.0
    return 1e4 * ((1 - weight) ** 2 * of_gain + weight**2 * se_quality**2)


def _mean(figures: Iterable[_Figure]) -> Figure:
    """The figure, or the mean of several bases' with the mean error: they share their items."""
    known = list(figures)
    if len(known) == 1 or any(figure.value is None for figure in known):
        return known[0].figure() if len(known) == 1 else next(f for f in known if f.value is None).figure()
    parts: Mapping[str, float | None] = {
        name: _average([getattr(figure, name) for figure in known]) for name in ("value", "se", "low", "high")
    }
    definition = f"mean over {len(known)} bases of: {known[0].definition}"
    return Figure(
        parts["value"], definition, known[0].n, parts["se"], parts["low"], parts["high"], reason=None
    )


def _average(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if len(known) == len(values) else None


def _by_base(cells: list[_Cell]) -> dict[str, float]:
    found = {}
    for cell in cells:
        mean = _average([figure.value for figure in cell.benchmarks.values()])
        if cell.base and cell.benchmarks and mean is not None:
            found[cell.base] = mean
    return found

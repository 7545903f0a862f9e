"""A run's folder as exports see it: the results of a study or of a screen, and where their data lie."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyteach.errors import UserError
from polyteach.export.making import Told
from polyteach.export.results_file import ScreenResults, StudyResults
from polyteach.files import file_digest
from polyteach.languages import standard_code
from polyteach.manifests import MANIFEST, is_inside

_RESULTS, _SCREEN = "results.json", "screen.json"
_STUDY_FIRST, _SCREEN_FIRST = ("wins", "leads"), ("best",)
_STUDY = "study"


@dataclass(frozen=True, slots=True)
class Choice:
    """Who can be chosen: a study's teacher, or a screen's candidate.

    Attributes:
        teacher: the teacher in the names of the steps.
        methods: a screen's candidate may be some of them; empty for all.
        facts: what is known of the teacher, see docs/results.md.
    """

    teacher: str
    methods: Sequence[str]
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run.

    Attributes:
        folder: of the run.
        file: the results; their content is `results`.
        name: of the study.
        languages: standard codes.
        candidates: by name.
        first: the candidate that is put first; None where several could be, or none is ranked.
        choices: those that could be first; all where none is ranked.
        verdict: in words.
        figures: what was measured, by candidate (`Told.teacher`) and language.
        limits: what was seen with doubt, by where (`study`, a candidate, a language, or both).
    """

    folder: Path
    file: Path
    results: Mapping[str, Any]
    name: str
    languages: Sequence[str]
    candidates: Mapping[str, Choice]
    first: str | None
    choices: Sequence[str]
    verdict: str
    figures: Sequence[Told]
    limits: Sequence[tuple[str, str]]

    def artifact(self, *place: str) -> Path:
        """A step's folder.

        Raises:
            UserError: a name in the results leads out of the run: they are anybody's.
        """
        odd = [name for name in place if "/" in name or not is_inside(name)]
        if odd:
            raise UserError(f"{odd[0][:80]!r} is no name of a study", str(self.file), "run the study again")
        return self.folder.joinpath("artifacts", *place)

    def winner(self) -> str:
        """The candidate that the run puts first.

        Raises:
            UserError: several could be first, or none is ranked; names the choices.
        """
        if self.first is not None:
            return self.first
        fix = f"choose with --teacher: {', '.join(self.choices)}"
        raise UserError(f"no teacher is first: {self.verdict}", where=str(self.folder), fix=fix)

    def limits_of(self, names: Sequence[str], languages: Sequence[str]) -> list[str]:
        """The verdict, and the doubts that concern these candidates and languages."""
        cells = (f"{name}/{code}" for name in names for code in languages)
        places = {_STUDY, *names, *languages, *cells}
        return [f"The verdict: {self.verdict}", *(text for where, text in self.limits if where in places)]

    def provenance(self) -> dict[str, Any]:
        """By what the run can be found again."""
        try:
            identity = json.loads((self.folder / "status.json").read_bytes()).get("identity")
        except (OSError, ValueError, AttributeError, RecursionError):
            identity = None
        return {
            "study": self.name,
            "study_identity": identity,
            "definitions_digest": self.results.get("definitions_digest"),
            f"sha256_of_{self.file.name}": file_digest(self.file),
        }


def is_run(path: Path) -> bool:
    """Whether a path is the folder of a run that has ended."""
    return any((path / name).is_file() for name in (_RESULTS, _SCREEN)) and (path / "artifacts").is_dir()


def open_run(folder: Path) -> Run:
    """Reads a run's results: those of a study, else those of a screen.

    Raises:
        UserError: they cannot be read.
    """
    is_study = (folder / _RESULTS).is_file()
    path = folder / (_RESULTS if is_study else _SCREEN)
    try:
        results: Any = json.loads(path.read_bytes())
        (StudyResults if is_study else ScreenResults).model_validate(results)
        return (_study if is_study else _screen)(folder, path, results)
    except (OSError, ValueError, LookupError, RecursionError) as error:
        raise UserError("the run's results cannot be read", str(path), "run it again") from error


def read_manifest(folder: Path, file: str | None = None) -> dict[str, Any]:
    """An artifact's manifest; a file of it is checked against its digest.

    Raises:
        UserError: the artifact is missing or damaged.
    """
    fix = "run the study again: it makes what is missing or damaged"
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
        if not all(map(is_inside, manifest["files"])):
            raise ValueError("a file outside of the artifact")
        expected = manifest["files"][file]["sha256"] if file else None
        found = file_digest(folder / file) if file else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError("the artifact is missing or damaged", where=str(folder), fix=fix) from error
    if expected != found:
        raise UserError("is not what its manifest says", where=str(folder / str(file)), fix=fix)
    return manifest


def _study(folder: Path, path: Path, results: Any) -> Run:
    study, verdict = results["study"], results["verdict"]
    candidates = {one["name"]: Choice(one["name"], (), one) for one in study["teachers"]}
    figures: dict[tuple[str, str, str], Mapping[str, Any]] = {}
    for cell in results["cells"]:
        named = {f"gain of students of {cell['base']}": cell["gain"], "quality": cell["quality"]}
        for name, figure in (named | cell["metrics"]).items():  # metrics: the same for every base
            figures[cell["teacher"], cell["language"], name] = figure
    return Run(
        folder=folder,
        file=path,
        results=results,
        name=study["name"],
        languages=[standard_code(code) for code in study["languages"]],
        candidates=candidates,
        first=verdict["teachers"][0] if verdict["kind"] in _STUDY_FIRST else None,
        choices=verdict["teachers"] or list(candidates),
        verdict=verdict["text"],
        figures=[Told(*place, figure) for place, figure in figures.items()],
        limits=[(warning["where"], warning["message"]) for warning in results["warnings"]],
    )


def _screen(folder: Path, path: Path, results: Any) -> Run:
    verdict = results["verdict"]
    candidates = {
        one["candidate"]: Choice(one["teacher"], one["methods"], _facts(one)) for one in results["candidates"]
    }
    figures = [
        Told(cell["candidate"], cell["language"], name, figure)
        for cell in results["cells"]
        for name, figure in (
            ("screen score", cell["score"]),
            ("usable share of requests", cell["usable"]),
            ("quality", cell["quality"]),
            ("answers in another language", cell["wrong_language"]),
            *sorted(cell["metrics"].items()),
        )
    ]
    warnings = [(warning["where"], warning["message"]) for warning in results["warnings"]]
    return Run(
        folder=folder,
        file=path,
        results=results,
        name=results["study"],
        languages=[standard_code(code) for code in results["languages"]],
        candidates=candidates,
        first=verdict["candidates"][0] if verdict["kind"] in _SCREEN_FIRST else None,
        choices=verdict["candidates"] or list(candidates),
        verdict=verdict["text"],
        figures=figures,
        limits=[*warnings, *((_STUDY, f"The screen cannot see: {text}") for text in results["cannot_see"])],
    )


def _facts(candidate: Mapping[str, Any]) -> dict[str, Any]:
    """A screen's candidate as a study's results know teachers."""
    facts = {name: candidate[name] for name in ("kind", "model", "family", "parameters")}
    dials = {"dials": candidate["settings"]} if candidate["kind"] == "simulated" else {}
    return {"name": candidate["teacher"], **facts, **dials}

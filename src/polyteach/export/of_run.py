"""The data of a run: which teacher's it is, and what the run knows of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyteach.errors import UserError
from polyteach.export.examples import ASSISTANT, USER, Example, Taken, Wanted, checked, with_own_ids
from polyteach.export.making import Asked, Making, Told, chosen_settings
from polyteach.files import file_digest
from polyteach.languages import standard_code
from polyteach.models.completions import LENGTH

ROWS, MANIFEST = "rows.parquet", "manifest.json"
_FIRST = ("wins", "leads")
_OWN = "study"


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run.

    Attributes:
        folder: of the run.
        results: as in docs/results.md.
        identity: of the study and all it names; None where the status does not say.
    """

    folder: Path
    results: Mapping[str, Any]
    identity: str | None

    @property
    def teachers(self) -> list[str]:
        """The study's teachers."""
        return [teacher["name"] for teacher in self.results["study"]["teachers"]]

    def artifact(self, *place: str) -> Path:
        """A step's folder."""
        return self.folder.joinpath("artifacts", *place)


def is_run(path: Path) -> bool:
    """Whether a path is a run's folder."""
    return (path / "results.json").is_file() and (path / "artifacts").is_dir()


def open_run(folder: Path) -> Run:
    """Reads a run's results.

    Raises:
        UserError: there are none, or they cannot be read.
    """
    path = folder / "results.json"
    try:
        results = json.loads(path.read_bytes())
        known = {"study", "verdict", "leaderboard", "cells", "warnings"} <= results.keys()
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise UserError("the run's results cannot be read", str(path), "run the study again") from error
    if not known:
        raise UserError("are no results of a study", where=str(path), fix="name the folder of a finished run")
    try:
        identity = json.loads((folder / "status.json").read_bytes()).get("identity")
    except (OSError, ValueError, AttributeError, RecursionError):
        identity = None
    return Run(folder, results, identity)


def winner(run: Run) -> str:
    """The teacher that the run puts first.

    Raises:
        UserError: several could be first, or none is ranked; names the choices.
    """
    verdict = run.results["verdict"]
    if verdict["kind"] in _FIRST:
        return str(verdict["teachers"][0])
    choices = verdict["teachers"] or run.teachers
    what = f"no teacher is first ({verdict['kind']}): {verdict['text']}"
    raise UserError(what, where=str(run.folder), fix=f"choose with --teacher: {', '.join(choices)}")


def take_run(run: Run, wanted: Wanted) -> tuple[Taken, Making]:
    """The rows wanted of a run, and what is known of them: without a teacher's name, of that which is first.

    Raises:
        UserError: the study has no such teacher, language or method, or no teacher is first; an artifact is
            missing or damaged.
    """
    teachers = wanted.teachers or [winner(run)]
    if missing := [name for name in teachers if name not in run.teachers]:
        fix = f"teachers of this run: {', '.join(run.teachers)}"
        raise UserError(f"the run has no teacher {missing[0]!r}", where="--teacher", fix=fix)
    languages = _languages(run, wanted.languages)
    taken = Taken()
    making = Making(
        models={one["name"]: one for one in run.results["study"]["teachers"] if one["name"] in teachers},
        provenance=_provenance(run),
    )
    for teacher in teachers:
        for language in languages:
            for method in _methods(run, teacher, language, wanted.methods):
                _add(run, teacher, language, method, taken, making)
            making.figures += _figures(run, teacher, language)
    making.limits += _limits(run, teachers, languages)
    taken.examples = with_own_ids(taken.examples)
    return taken, making


def read_manifest(folder: Path, file: str | None = None) -> dict[str, Any]:
    """An artifact's manifest; a file of it is checked against its digest.

    Raises:
        UserError: the artifact is missing or damaged.
    """
    fix = "run the study again: it makes what is missing or damaged"
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
        expected = manifest["files"][file]["sha256"] if file else None
        found = file_digest(folder / file) if file else None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError("the artifact is missing or damaged", where=str(folder), fix=fix) from error
    if expected != found:
        raise UserError("is not what its manifest says", where=str(folder / str(file)), fix=fix)
    return manifest


def _languages(run: Run, wanted: Sequence[str]) -> list[str]:
    there = [standard_code(code) for code in run.results["study"]["languages"]]
    if missing := [code for code in wanted if code not in there]:
        fix = f"languages of this run: {', '.join(there)}"
        raise UserError(f"the run has no language {missing[0]!r}", where="--language", fix=fix)
    return [code for code in there if code in wanted or not wanted]


def _methods(run: Run, teacher: str, language: str, wanted: Sequence[str]) -> list[str]:
    folder = run.artifact("synthesis", teacher, language)
    there = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    chosen = [method for method in there if method in wanted or not wanted]
    if not chosen:
        what = f"the run has no rows of {teacher} in {language}" + (
            f" by {', '.join(wanted)}" if there else ""
        )
        fix = f"methods there: {', '.join(there)}" if there else "run the study again: its step failed"
        raise UserError(what, where=str(run.folder), fix=fix)
    return chosen


def _add(run: Run, teacher: str, language: str, method: str, taken: Taken, making: Making) -> None:
    """Adds one artifact's rows, and what its manifest knows of them."""
    from polyteach.rows import read_rows

    folder = run.artifact("synthesis", teacher, language, method)
    manifest = read_manifest(folder, ROWS)
    for row in read_rows(folder / ROWS):
        answer = [(ASSISTANT, row.response)] if row.response else []
        example = Example(
            id=row.id,
            language=row.language,
            method=row.method,
            teacher=teacher,
            source=row.source,
            source_id=row.source_id,
            turns=((USER, row.prompt), *answer),
            cut_off=row.finish_reason == LENGTH if row.finish_reason else None,
            extra=row.extra,
        )
        taken.columns |= set(row.extra)
        taken.add(checked(example))
    facts = manifest["facts"]
    making.asked.append(
        Asked(
            teacher,
            language,
            method,
            chosen_settings(manifest["settings"]),
            facts.get("rows"),
            facts.get("attempts"),
            facts.get("failed", {}),
            manifest["key"],
        )
    )
    making.provenance.setdefault("polyteach_that_made_the_rows", manifest["software"].get("polyteach"))
    for name in sorted(manifest["inputs"]):
        code = "en" if name == "seed_data_en" else language
        for source, licence in _sources(run.artifact("seed_data", code)):
            making.seed.setdefault(source, licence)


def _sources(folder: Path) -> Iterator[tuple[str, str | None]]:
    """The sources of a language's seed data, and the licence each states."""
    if not (folder / MANIFEST).is_file():
        return
    for source in read_manifest(folder)["settings"]["sources"]:
        if source["kind"] == "pocket":
            yield "the pocket curriculum, part of polyteach", "Apache-2.0"
        elif source["kind"] == "hub":
            yield str(source["source"]), _hub_licence(source)
        else:
            yield f"a file with SHA-256 {source['digest'][:12]}", None


def _hub_licence(source: Mapping[str, Any]) -> str | None:
    """The licence of a public data set: that of our list, or the one the study states."""
    from polyteach.seed_data.sources import SOURCES

    listed = {one.name: one.licence for one in SOURCES}
    stated = listed.get(source["source"]) or source.get("licence")
    return None if stated in (None, "not stated") else str(stated)


def _figures(run: Run, teacher: str, language: str) -> list[Told]:
    found: dict[str, Mapping[str, Any]] = {}
    for cell in run.results["cells"]:
        if (cell["teacher"], cell["language"]) == (teacher, language):
            found[f"gain of students of {cell['base']}"] = cell["gain"]
            found |= {name: cell["quality"] for name in ["quality"] if cell.get("quality")}
            found |= cell["metrics"]  # the same for every base
    return [Told(teacher, language, name, figure) for name, figure in found.items()]


def _limits(run: Run, teachers: Sequence[str], languages: Sequence[str]) -> list[str]:
    """The run's warnings that concern these rows, and its verdict."""
    cells = (f"{teacher}/{code}" for teacher in teachers for code in languages)
    places = {_OWN, *teachers, *languages, *cells}
    said = [warning["message"] for warning in run.results["warnings"] if warning["where"] in places]
    return [f"The study's verdict: {run.results['verdict']['text']}", *said]


def _provenance(run: Run) -> dict[str, Any]:
    return {
        "study": run.results["study"]["name"],
        "study_identity": run.identity,
        "definitions_digest": run.results.get("definitions_digest"),
        "results_sha256": file_digest(run.folder / "results.json"),
    }

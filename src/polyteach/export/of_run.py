"""The rows of a run that are exported, and what the run knows of their making."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from polyteach.errors import UserError
from polyteach.export.examples import Example, Taken, Wanted, checked, with_own_ids
from polyteach.export.making import POCKET, Asked, Making, chosen_settings, licence_of_source
from polyteach.export.run import Run, read_manifest
from polyteach.manifests import MANIFEST
from polyteach.models.completions import LENGTH
from polyteach.seed_data.turns import ASSISTANT, USER

ROWS = "rows.parquet"


def take_run(run: Run, wanted: Wanted) -> tuple[Taken, Making]:
    """The rows wanted of a run, and what is known of them: without a teacher's name, of that which is first.

    Raises:
        UserError: the run has no such teacher, language or method, or no teacher is first; an artifact is
            missing or damaged.
    """
    names = list(wanted.teachers or [run.winner()])
    if missing := [name for name in names if name not in run.candidates]:
        fix = f"teachers of this run: {', '.join(run.candidates)}"
        raise UserError(f"the run has no teacher {missing[0]!r}", where="--teacher", fix=fix)
    languages = _languages(run, wanted.languages)
    taken, making = Taken(), Making(dropped={}, provenance=run.provenance())
    for name in names:
        candidate = run.candidates[name]
        making.models[candidate.teacher] = candidate.facts
        for language in languages:
            for method in _methods(run, name, language, wanted.methods):
                _add(run, candidate.teacher, language, method, taken, making)
        figures = (one for one in run.figures if one.teacher == name and one.language in languages)
        making.figures += [replace(one, teacher=candidate.teacher) for one in figures]
    making.limits += run.limits_of(names, languages)
    taken.examples = with_own_ids(taken.examples)
    return taken, making


def _languages(run: Run, wanted: Sequence[str]) -> list[str]:
    if missing := [code for code in wanted if code not in run.languages]:
        fix = f"languages of this run: {', '.join(run.languages)}"
        raise UserError(f"the run has no language {missing[0]!r}", where="--language", fix=fix)
    return [code for code in run.languages if code in wanted or not wanted]


def _methods(run: Run, name: str, language: str, wanted: Sequence[str]) -> list[str]:
    candidate = run.candidates[name]
    folder = run.artifact("synthesis", candidate.teacher, language)
    there = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    own = [method for method in there if method in candidate.methods or not candidate.methods]
    chosen = [method for method in own if method in wanted or not wanted]
    if not chosen:
        what = f"the run has no rows of {name} in {language}" + (f" by {', '.join(wanted)}" if own else "")
        fix = f"methods there: {', '.join(own)}" if own else "run it again: the step failed"
        raise UserError(what, where=str(run.folder), fix=fix)
    return chosen


def _add(run: Run, teacher: str, language: str, method: str, taken: Taken, making: Making) -> None:
    """Adds one artifact's rows, and what its manifest knows of them."""
    from polyteach.rows import read_rows_of_run

    folder = run.artifact("synthesis", teacher, language, method)
    manifest = read_manifest(folder, ROWS)
    for row in read_rows_of_run(folder / ROWS):
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
        if source["kind"] == "file":
            yield f"a file with SHA-256 {source['digest'][:12]}", None
        else:
            name = str(source.get("source", POCKET))
            yield name, licence_of_source(name, source.get("licence"))

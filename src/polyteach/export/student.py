"""A student of a run as a folder that others load: its weights, and a card that says what it is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from polyteach.errors import UserError
from polyteach.export.card import (
    as_text,
    environment,
    figure_rows,
    hub_languages,
    provenance_in_words,
    public_name,
    teacher_in_words,
    tidy,
)
from polyteach.export.examples import Wanted
from polyteach.export.folder import CARD, Fill, text_file, write_folder
from polyteach.export.licence import Part, card_licence, parts_of
from polyteach.export.making import Making, Told
from polyteach.export.of_run import take_run
from polyteach.export.run import Run, read_manifest
from polyteach.languages import english_name

_MODEL = "model"
_TRAINING = "training.json"


@dataclass(frozen=True, slots=True)
class Student:
    """Which student of a run.

    Attributes:
        base: its base's name in the study.
        teacher, language: whose data it learned.
        trial: its number, from 0.
    """

    base: str
    teacher: str
    language: str
    trial: int

    @property
    def place(self) -> tuple[str, str, str, str]:
        """Where it stands below a kind of artifacts."""
        return self.base, self.teacher, self.language, str(self.trial)


def write_student(
    folder: Path,
    run: Run,
    wanted: Wanted,
    base: str,
    trial: int,
    *,
    title: str,
    stated: str | None,
    version: str,
) -> dict[str, Any]:
    """Writes a student's folder; returns its record.

    Args:
        folder: where to.
        run: that made it.
        wanted: one teacher and one language; without a teacher's name that which is first.
        base: its base's name in the study.
        trial: which of its trials.
        title: of the card.
        stated: the licence as the user states it.
        version: polyteach's own.

    Raises:
        UserError: several students are wanted, or there is none.
    """
    teachers = wanted.teachers or [run.winner()]
    languages = wanted.languages or run.languages
    for option, names in (("--teacher", teachers), ("--language", languages)):
        if len(names) != 1:
            fix = f"choose one: {', '.join(names)}"
            raise UserError("a student learned from one teacher in one language", where=option, fix=fix)
    student = Student(base, teachers[0], languages[0], trial)
    files = student_files(run, student)
    _, making = take_run(run, Wanted(languages, teachers))
    parts = [base_part(run, student), *parts_of(making, teachers)]
    card = student_card(run, student, making, title=title, stated=stated, parts=parts, version=version)
    told = {
        "student": asdict(student),
        "licence": card_licence(stated) | {"parts": [part.to_json() for part in parts]},
        "provenance": making.provenance,
        "polyteach": version,
    }
    return write_folder(folder, fills(files, card), told)


def student_files(run: Run, student: Student) -> dict[str, Path]:
    """The files of a student, checked against their digests, by name.

    Raises:
        UserError: the run has no such student, or a file is damaged.
    """
    if "leaderboard" not in run.results:
        fix = "name the folder of a study's run"
        raise UserError("a screen trains no students", where=str(run.folder), fix=fix)
    bases = [base["name"] for base in run.results["study"]["bases"]]
    if student.base not in bases:
        fix = f"bases of this run: {', '.join(bases)}"
        raise UserError(f"the run has no base {student.base!r}", where="--student", fix=fix)
    folder = run.artifact("students", *student.place)
    if not folder.is_dir():
        there = sorted(path.name for path in folder.parent.iterdir()) if folder.parent.is_dir() else []
        fix = f"--trial is one of {', '.join(there)}" if there else "its step failed: run the study again"
        what = f"the run has no student of {student.base} taught by {student.teacher} in {student.language}"
        raise UserError(f"{what}, trial {student.trial}", where=str(run.folder), fix=fix)
    names = [name for name in read_manifest(folder)["files"] if name.startswith(f"{_MODEL}/")]
    for name in [*names, _TRAINING]:
        read_manifest(folder, name)
    return {name.removeprefix(f"{_MODEL}/"): folder / name for name in names} | {
        _TRAINING: folder / _TRAINING
    }


def base_part(run: Run, student: Student) -> Part:
    """What is known of the base's licence."""
    model = str(_base(run, student)["model"])
    if model.startswith("pocket:"):
        return Part(f"base {model}", "Apache-2.0", "a model that is part of polyteach", True)
    return Part(f"base {public_name(model)}", None, "its licence is not known here: see its own card", None)


def fills(files: Mapping[str, Path], card: str) -> dict[str, Fill]:
    """How the folder's files are written; the card takes the place of one that the weights bring."""
    copies = {name: _copied(path) for name, path in files.items()}
    return copies | {CARD: text_file(card)}


def student_card(
    run: Run,
    student: Student,
    making: Making,
    *,
    title: str,
    stated: str | None,
    parts: list[Part],
    version: str,
) -> str:
    """The card's text: YAML that `huggingface_hub` reads, then Markdown."""
    from huggingface_hub import EvalResult, ModelCardData

    folder = run.artifact("students", *student.place)
    training = json.loads((folder / _TRAINING).read_bytes())
    manifest = read_manifest(folder)
    base = _base(run, student)
    adapter = "model/adapter_config.json" in manifest["files"]
    own = _examined(run, student.place)
    results = [
        EvalResult(
            task_type="text-generation",
            dataset_type=name,
            dataset_name=name,
            dataset_config=student.language,
            metric_type=facts["metric"],
            metric_value=facts["accuracy"]["value"],
        )
        for name, facts in own.items()
        if facts["accuracy"]["value"] is not None
    ]
    metadata = ModelCardData(
        model_name=title,
        library_name="peft" if adapter else "transformers",
        pipeline_tag="text-generation",
        tags=["polyteach", "sft"],
        eval_results=results or None,
        **card_licence(stated),
        **hub_languages([student.language]),
        **_base_on_hub(str(base["model"])),
    )
    figures, definitions = figure_rows(_figures(run, student, own))
    body = (
        environment()
        .get_template("model_card.md.j2")
        .render(
            title=title,
            summary=f"A student: {as_text(public_name(base['model']))}, fine-tuned on answers of "
            f"{as_text(student.teacher)} in {english_name(student.language)} (`{student.language}`), "
            f"trial {student.trial} of the study {as_text(run.name)}.",
            base=f"{public_name(base['model'])} (SHA-256 of its files {manifest['settings']['base'][:12]})",
            data=_data(student, training, making),
            recipe=_recipe(training),
            figures=figures,
            definitions=definitions,
            stated=stated,
            parts=parts,
            limits=["Nothing here says how true, safe or free of bias its answers are.", *making.limits],
            provenance=provenance_in_words(making, version) | {"artifact of the student": manifest["key"]},
        )
    )
    return f"---\n{metadata.to_yaml()}\n---\n\n{tidy(body)}"


def _base(run: Run, student: Student) -> Mapping[str, Any]:
    bases: list[Mapping[str, Any]] = run.results["study"]["bases"]
    return next(one for one in bases if one["name"] == student.base)


def _copied(source: Path) -> Fill:
    return partial(shutil.copyfile, source)


def _base_on_hub(model: str) -> dict[str, Any]:
    """The base as the hub links it; only where its name can be one of the hub's."""
    is_hub_name = model.count("/") == 1 and not model.startswith((".", "~", "/")) and ":" not in model
    return {"base_model": model} if is_hub_name and not Path(model).exists() else {}


def _examined(run: Run, place: tuple[str, ...]) -> dict[str, Any]:
    """An examination's figures by benchmark; none where there was none."""
    folder = run.artifact("examination", *place)
    if not (folder / "summary.json").is_file():
        return {}
    read_manifest(folder, "summary.json")
    benchmarks: dict[str, Any] = json.loads((folder / "summary.json").read_bytes())["benchmarks"]
    return benchmarks


def _figures(run: Run, student: Student, own: Mapping[str, Any]) -> list[Told]:
    """This student's scores beside its base's, and the gain over all trials of the cell."""
    code = student.language
    base = _examined(run, (student.base, "base", code))
    told = [Told("this student", code, name, facts["accuracy"]) for name, facts in own.items()]
    told += [Told("its base", code, name, facts["accuracy"]) for name, facts in base.items() if name in own]
    for cell in run.results["cells"]:
        if (cell["base"], cell["teacher"], cell["language"]) == (student.base, student.teacher, code):
            name = f"gain, over {cell['trials']} trials" if cell["trials"] != 1 else "gain"
            told.append(Told("students of this base and data", code, name, cell["gain"]))
    return told


def _data(student: Student, training: Mapping[str, Any], making: Making) -> list[str]:
    shares = ", ".join(f"{name} {count}" for name, count in sorted(training["shares"].items()))
    said = [
        f"{training['examples']} rows, by method: {shares}",
        f"in {english_name(student.language)} ({student.language})",
        f"tokens of the answers: {training['answer_tokens']}, cut off: {training['truncated']} rows",
    ]
    removed = {why: count for why, count in training["removed"].items() if count}
    if removed:
        said.append("taken away before: " + ", ".join(f"{why} {count}" for why, count in removed.items()))
    return [teacher_in_words(student.teacher, making.models.get(student.teacher)), *map(as_text, said)]


def _recipe(training: Mapping[str, Any]) -> dict[str, str]:
    recipe = {name: json.dumps(value, sort_keys=True) for name, value in training["recipe"].items()}
    others = ("steps", "precision", "device", "rng_seed")
    return recipe | {name: str(training[name]) for name in others if name in training}

"""What a study names outside itself (models, files, benchmarks): found, checked and given an identity.

Everything is looked at before the first step runs, so that all mistakes are told at once and
nothing is spent.
"""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from polyteach.benchmarks.catalogue import benchmark, check_languages
from polyteach.entrants import data_path, misnamed_data, simulated_elsewhere
from polyteach.errors import UserError, UserErrors
from polyteach.files import file_digest
from polyteach.languages import english_name
from polyteach.models import (
    check_embedder_folder,
    check_model_folder,
    count_parameters,
    embedder_digest,
    model_digest,
    resolve_model,
)
from polyteach.models.embeddings import LEXICAL
from polyteach.models.names import split_hub
from polyteach.pocket import SEED_ROW_COUNT
from polyteach.quality.cell import ORACLE
from polyteach.rows import Row
from polyteach.scoring.evidence import SEED_DATA
from polyteach.seed_data.files import read_file
from polyteach.study import Contestant, FileSource, Method, PocketSource, Study, Teacher

ASK_PACKAGES = ("torch", "transformers")
"""What asking a model needs beyond a plain installation."""
STUDY_PACKAGES = (*ASK_PACKAGES, "trl", "peft", "datasets", "lm_eval")
"""What a study needs beyond a plain installation."""


_WITHOUT_TRANSLATE = "or take `translate` out of synthesis.methods"


@dataclass(frozen=True, slots=True)
class Model:
    """A model that was found: where it lies here, what it is anywhere, and its size where that is known."""

    location: str
    digest: str
    parameters: int | None


@dataclass(frozen=True, slots=True)
class SeedFile:
    """A seed data file that was read: its identity, and how many rows have a prompt and a response."""

    location: str
    digest: str
    prompts: int
    pairs: int


@dataclass(frozen=True, slots=True)
class Resources:
    """Everything a study names, by the name the study uses; `embedder` is None for the lexical one.

    `contestants` are the files of contestants by their path and language; seed data is none.
    """

    models: dict[str, Model]
    files: dict[str, SeedFile]
    embedder: Model | None
    contestants: dict[tuple[str, str], SeedFile] = field(default_factory=dict)

    def prompts(self, study: Study, method: Method, language: str) -> int:
        """How many seed prompts feed a method in a language."""
        return sum(
            source.pocket if isinstance(source, PocketSource) else self.files[source.path].prompts
            for source in study.feeding(method, language)
        )

    def requests(self, study: Study, method: Method, language: str) -> int:
        """How many rows a teacher of a study is asked for; all but generate use each seed prompt once."""
        rows = study.synthesis.rows_per_method
        return rows if method == "generate" else min(rows, self.prompts(study, method, language))

    def wanted(self, study: Study, language: str) -> int:
        """How many rows a teacher of a study is asked for in a language: what a contestant is drawn up to."""
        return sum(self.requests(study, method, language) for method in study.synthesis.methods)

    def contestant(self, study: Study, contestant: Contestant, language: str) -> tuple[SeedFile | None, int]:
        """A contestant's file in a language (None: the seed data), and how many rows of it can be drawn."""
        path = data_path(contestant, language)
        if path is None:
            return None, self.pairs(study, language)
        file = self.contestants[path, language]
        return file, file.pairs

    def pairs(self, study: Study, language: str) -> int:
        """How many seed examples of a language have a response."""
        return sum(
            source.pocket
            if isinstance(source, PocketSource)
            else self.files[source.path].pairs * (source.language == language)
            for source in study.seed_data
        )


def find_resources(study: Study, folder: Path) -> Resources:
    """Finds and checks what a study names.

    Args:
        study: the study.
        folder: relative paths in the study start here.

    Raises:
        UserErrors: every package, model, file or benchmark that is missing or unfit.
    """
    found = _Findings()
    with found.collecting(""):
        check_installed(STUDY_PACKAGES, "a study")
    for name, place in _models_named(study):
        if name not in found.models:
            meant = _meant(name, ORACLE.name) if place == "quality.judge" else ""
            with found.collecting(place, meant):
                found.models[name] = find_model(name, folder)
    for index, source in enumerate(study.seed_data):
        if isinstance(source, FileSource):
            with found.collecting(f"seed_data[{index}].path"):
                found.files[source.path] = _seed_file(folder / source.path, source.language)
    for index, teacher in enumerate(study.teachers):
        if isinstance(teacher, Contestant):
            _find_data(found, teacher, f"teachers[{index}].data", study, folder)
    for index, name in enumerate(study.benchmarks):
        with found.collecting(f"benchmarks[{index}]"):
            benchmark(name)
    embedder = None
    if study.quality.embedder != LEXICAL:
        with found.collecting("quality.embedder"):
            embedder = find_embedder(study.quality.embedder, folder)
    resources = Resources(found.models, found.files, embedder, found.contestants)
    found.errors += _beyond_the_pocket(study) + simulated_elsewhere(study)
    found.errors += check_languages(study.benchmarks, study.languages)
    if not found.errors:
        found.errors += _twins(study, resources) + _without_pairs(study, resources)
        found.errors += _of_no_use(study) + _unfed(study, resources)
    if found.errors:
        raise UserErrors(found.errors)
    return resources


class _Findings:
    def __init__(self) -> None:
        self.models: dict[str, Model] = {}
        self.files: dict[str, SeedFile] = {}
        self.contestants: dict[tuple[str, str], SeedFile] = {}
        self.errors: list[UserError] = []

    @contextmanager
    def collecting(self, place: str, meant: str = "") -> Iterator[None]:
        """Notes a user's mistake under its place in the study instead of stopping at it.

        `meant` is the word that seems to be misspelt there, and is asked for first.
        """
        try:
            yield
        except UserError as error:
            where = ": ".join(part for part in (place, error.where) if part)
            hint = [f"did you mean `{meant}`?"] if meant else []
            fix = " Else: ".join(part for part in (*hint, error.fix) if part)
            self.errors.append(UserError(error.what, where=where or None, fix=fix or None))


def find_model(name: str, folder: Path) -> Model:
    """Finds a causal model by the name a study or a user gives it; relative folders start at `folder`.

    Raises:
        UserError: it is nowhere, or no whole model.
    """
    location = resolve_model(name, folder)
    if split_hub(location):
        return Model(location, model_digest(location), None)
    check_model_folder(Path(location))
    return Model(location, model_digest(location), count_parameters(Path(location)))


def find_embedder(name: str, folder: Path) -> Model:
    """Finds a sentence-transformers model, likewise.

    Raises:
        UserError: it is nowhere, no such model, or sentence-transformers is not installed.
    """
    location = resolve_model(name, folder)
    if not split_hub(location):
        check_embedder_folder(Path(location))
    check_installed(("sentence_transformers",), f"embedder {name!r}", extra="embed")
    return Model(location, embedder_digest(location), None)


def check_installed(packages: Sequence[str], what: str, extra: str = "train") -> None:
    """Checks, without importing them, that packages are there.

    Raises:
        UserError: names the missing ones, and how to install them.
    """
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        first = "pip install torch==2.13.0, then " if "torch" in missing else ""  # a bare torch is gigabytes
        raise UserError(f"{what} needs {', '.join(missing)}", fix=f"{first}pip install 'polyteach[{extra}]'")


def _models_named(study: Study) -> Iterator[tuple[str, str]]:
    for index, teacher in enumerate(study.teachers):
        if isinstance(teacher, Teacher):
            yield teacher.model, f"teachers[{index}].model"
    for index, base in enumerate(study.students.bases):
        yield base.model, f"students.bases[{index}].model"
        if base.reference not in (SEED_DATA, None):
            yield base.reference, f"students.bases[{index}].reference"
    if study.quality.perplexity_model:
        yield study.quality.perplexity_model, "quality.perplexity_model"
    if study.quality.judge not in (None, ORACLE.name):
        yield str(study.quality.judge), "quality.judge"


def _meant(text: str, word: str) -> str:
    """The word, if a text that is no path looks like a misspelling of it; else nothing."""
    is_path = "/" in text or "." in text
    return "" if is_path else "".join(difflib.get_close_matches(text, [word], cutoff=0.65))


def _seed_file(path: Path, language: str) -> SeedFile:
    rows: Sequence[Row] = read_file(path, language=language)
    return SeedFile(
        str(path.resolve()), file_digest(path), len(rows), sum(bool(row.response) for row in rows)
    )


def _find_data(found: _Findings, teacher: Contestant, place: str, study: Study, folder: Path) -> None:
    """Finds a contestant's files, if it names the right ones."""
    mistakes = misnamed_data(teacher, study.languages)
    meant = _meant(teacher.data, SEED_DATA) if isinstance(teacher.data, str) else ""
    for mistake in mistakes:
        with found.collecting(place, meant):
            raise mistake
    for language in study.languages if not mistakes else []:
        path = data_path(teacher, language)
        if path is not None:
            with found.collecting(place, meant):
                found.contestants[path, language] = _pairs_file(folder / path, language)


def _pairs_file(path: Path, language: str) -> SeedFile:
    file = _seed_file(path, language)
    if not file.pairs:
        fix = "students are trained on pairs: add a column `response`, or leave the contestant out"
        raise UserError("no row has a response", where=str(path), fix=fix)
    return file


def _without_pairs(study: Study, resources: Resources) -> list[UserError]:
    """Seed data as a contestant where it is prompts alone."""
    return [
        UserError(
            f"the seed data of {language} has no responses, so it can be no contestant",
            where=f"teachers[{index}].data",
            fix="add seed data with responses, or leave the contestant out",
        )
        for index, teacher in enumerate(study.teachers)
        if isinstance(teacher, Contestant) and teacher.data == SEED_DATA
        for language in study.languages
        if not resources.pairs(study, language)
    ]


def _beyond_the_pocket(study: Study) -> list[UserError]:
    return [
        UserError(
            f"the pocket world has {SEED_ROW_COUNT} rows in each language, not {source.pocket}",
            where=f"seed_data[{index}].pocket",
            fix=f"ask for at most {SEED_ROW_COUNT}",
        )
        for index, source in enumerate(study.seed_data)
        if isinstance(source, PocketSource) and source.pocket > SEED_ROW_COUNT
    ]


def _twins(study: Study, resources: Resources) -> list[UserError]:
    """Sources that would give the same rows twice."""
    first: dict[tuple[str, str], int] = {}
    errors = []
    for index, source in enumerate(study.seed_data):
        same = ("pocket", "")
        if isinstance(source, FileSource):
            same = (resources.files[source.path].digest, source.language)
        if first.setdefault(same, index) != index:
            errors.append(
                UserError(
                    f"the same rows as seed_data[{first[same]}]",
                    where=f"seed_data[{index}]",
                    fix="list each source once, with all its methods",
                )
            )
    return errors


def _unfed(study: Study, resources: Resources) -> list[UserError]:
    """Methods for which there is too little seed data."""
    errors: list[UserError] = []
    if all(isinstance(teacher, Contestant) for teacher in study.teachers):
        return errors  # nothing is written
    for method in study.synthesis.methods:
        for language in study.languages:
            needed = study.synthesis.few_shot if method == "generate" else 1
            there = _rows_feeding(study, resources, method, language)
            if there >= needed:
                continue
            if method == "translate":
                errors.append(_untranslated(study))
                break  # it is fed by the same rows whatever the language
            kind = " with responses (its few-shot examples are pairs)" if method == "generate" else ""
            few = f"{there} examples feed `{method}` in {language}, it shows {needed} at a time"
            less = ", lower synthesis.few_shot" if there else ""
            errors.append(
                UserError(
                    few if there else f"nothing feeds `{method}` in {language}",
                    where="seed_data",
                    fix=f"add seed data of {language}{kind} with `{method}` among its methods{less}, "
                    f"or take `{method}` out of synthesis.methods",
                )
            )
    return errors


def _untranslated(study: Study) -> UserError:
    """Nothing feeds translate; names the English files that are there."""
    english = [
        f"seed_data[{index}]"
        for index, source in enumerate(study.seed_data)
        if isinstance(source, FileSource) and source.language == "en"
    ]
    if not english:
        fix = "add English prompts with `translate` among their methods"
        return UserError("nothing feeds `translate`", "seed_data", f"{fix}, {_WITHOUT_TRANSLATE}")
    are = (
        "is English, but `translate` is not among its"
        if len(english) == 1
        else "are English, but `translate` is not among their"
    )
    return UserError(
        f"nothing feeds `translate`: {', '.join(english)} {are} methods",
        where="seed_data",
        fix=f"add `translate` to the methods there, {_WITHOUT_TRANSLATE}",
    )


def _of_no_use(study: Study) -> list[UserError]:
    """Files in a language that the study neither asks for nor translates from."""
    used = {*study.languages} | ({"en"} if "translate" in study.synthesis.methods else set())
    return [
        UserError(
            f"{english_name(source.language)} is no language of this study ({', '.join(study.languages)})",
            where=f"seed_data[{index}].language",
            fix=_use_for(source.language, used),
        )
        for index, source in enumerate(study.seed_data)
        if isinstance(source, FileSource) and source.language not in used
    ]


def _use_for(code: str, used: Set[str]) -> str:
    near = [other for other in sorted(used) if other.split("-")[0] == code.split("-")[0]]
    known = f"write `{near[0]}`, as the study does" if near else f"add `{code}` to languages"
    return f"{known}, or take the source out"


def _rows_feeding(study: Study, resources: Resources, method: Method, language: str) -> int:
    def rows(file: SeedFile) -> int:
        return file.pairs if method == "generate" else file.prompts

    return sum(
        source.pocket if isinstance(source, PocketSource) else rows(resources.files[source.path])
        for source in study.feeding(method, language)
    )

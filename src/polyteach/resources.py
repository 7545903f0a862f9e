"""What a study names outside itself (models, files, benchmarks): found, checked and given an identity.

Everything is looked at before the first step runs, so that all mistakes are told at once and
nothing is spent.
"""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from polyteach.benchmarks.catalogue import check_languages
from polyteach.benchmarks.finding import Found, find_exams
from polyteach.endpoints import endpoint_mistakes
from polyteach.entrants import data_path, misnamed_data, simulated_elsewhere, without_pairs
from polyteach.errors import UserError, UserErrors
from polyteach.feeding import beyond_the_pocket, of_no_use, twins, unfed
from polyteach.files import file_digest
from polyteach.models import (
    check_embedder_folder,
    check_model_folder,
    count_parameters,
    embedder_digest,
    model_digest,
    resolve_model,
)
from polyteach.models.adapters import adapter_digest, check_adapter_folder
from polyteach.models.embeddings import LEXICAL
from polyteach.models.names import split_hub
from polyteach.models.translation.folder import check_translator_folder
from polyteach.quality.cell import ORACLE
from polyteach.rows import Row
from polyteach.scoring.evidence import SEED_DATA
from polyteach.seed_data.files import read_file
from polyteach.seed_data.origin import find_origin
from polyteach.side_effects.checks import unexamined
from polyteach.study import (
    Candidates,
    Contestant,
    FileSource,
    HubSource,
    Method,
    PocketSource,
    Study,
    Teacher,
)
from polyteach.synthesis.translation import MODEL, SOURCE_LANGUAGE

ASK_PACKAGES = ("torch", "transformers")
"""What asking a model needs beyond a plain installation."""
STUDY_PACKAGES = (*ASK_PACKAGES, "trl", "peft", "datasets", "lm_eval")
"""What a study needs beyond a plain installation."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model that was found: where it lies here, what it is anywhere, and its size where that is known."""

    location: str
    digest: str
    parameters: int | None


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA adapter that was found: where it lies here, and what it is anywhere."""

    location: str
    digest: str


@dataclass(frozen=True, slots=True)
class SeedFile:
    """Seed data: its identity, and how many rows have a prompt and a response.

    A file was read; of a public data set the rows wanted stand here, since counting them would take a draw.
    """

    location: str
    digest: str
    prompts: int
    pairs: int


@dataclass(frozen=True, slots=True)
class Resources:
    """Everything a study names, by the name the study uses; `embedder` is None for the lexical one, and
    `translator` where teachers translate.

    `contestants` are the files of contestants by their path and language; seed data is none. `exams` are the
    benchmarks by name and language, `side_exams` those in other languages that only side effects ask for.
    """

    models: dict[str, Model]
    files: dict[str, SeedFile]
    embedder: Model | None
    contestants: dict[tuple[str, str], SeedFile] = field(default_factory=dict)
    translator: Model | None = None
    adapters: dict[str, Adapter] = field(default_factory=dict)
    exams: dict[tuple[str, str], Found] = field(default_factory=dict)
    side_exams: dict[tuple[str, str], Found] = field(default_factory=dict)

    def feeding(self, study: Candidates, method: Method, language: str) -> int:
        """How many seed rows feed a method in a language: prompts, or pairs where responses are needed."""
        needs_pairs = method == "generate" or (method == "translate" and study.synthesis.translate == MODEL)

        def rows(file: SeedFile) -> int:
            return file.pairs if needs_pairs else file.prompts

        return sum(
            source.pocket if isinstance(source, PocketSource) else rows(self.files[source.key])
            for source in study.feeding(method, language)
        )

    def requests(self, study: Candidates, method: Method, language: str) -> int:
        """How many rows a teacher of a study is asked for; all but generate use each seed prompt once."""
        rows = study.synthesis.rows_per_method
        return rows if method == "generate" else min(rows, self.feeding(study, method, language))

    def asked(self, study: Candidates, methods: Sequence[Method], language: str) -> int:
        """How many rows a teacher is asked for in a language by some methods."""
        return sum(self.requests(study, method, language) for method in methods)

    def wanted(self, study: Candidates, language: str) -> int:
        """How many rows the teacher is asked for that is asked for most: what a contestant is drawn up to."""
        used = [methods for teacher in study.teachers if (methods := study.methods_of(teacher))]
        return max(self.asked(study, methods, language) for methods in used or [study.synthesis.methods])

    def contestant(
        self, study: Candidates, contestant: Contestant, language: str
    ) -> tuple[SeedFile | None, int]:
        """A contestant's file in a language (None: the seed data), and how many rows of it can be drawn."""
        path = data_path(contestant, language)
        if path is None:
            return None, self.pairs(study, language)
        file = self.contestants[path, language]
        return file, file.pairs

    def prompts(self, study: Candidates, language: str) -> int:
        """How many seed examples a language has, with a response or without."""
        return sum(
            source.pocket
            if isinstance(source, PocketSource)
            else self.files[source.key].prompts * (source.language == language)
            for source in study.seed_data
        )

    def pairs(self, study: Candidates, language: str) -> int:
        """How many seed examples of a language have a response."""
        return sum(
            source.pocket
            if isinstance(source, PocketSource)
            else self.files[source.key].pairs * (source.language == language)
            for source in study.seed_data
        )


def find_resources(study: Candidates, folder: Path, *, keys: bool = True) -> Resources:
    """Finds and checks what a study names.

    Args:
        study: the study.
        folder: relative paths in the study start here.
        keys: whether the keys of its endpoints have to be set.

    Raises:
        UserErrors: every package, model, file or benchmark that is missing or unfit.
    """
    found = _Findings()
    with found.collecting(""):
        check_installed(_packages_for(study), "a study")
    for name, place in _models_named(study):
        if name not in found.models:
            meant = _meant(name, ORACLE.name) if place == "quality.judge" else ""
            with found.collecting(place, meant):
                found.models[name] = find_model(name, folder)
    for index, teacher in enumerate(study.teachers):
        if isinstance(teacher, Teacher) and teacher.adapter:
            with found.collecting(f"teachers[{index}].adapter"):
                found.adapters[teacher.adapter] = find_adapter(teacher.adapter, folder)
    if study.synthesis.translator:
        with found.collecting("synthesis.translator"):
            found.translator = find_translator(study.synthesis.translator, study.languages, folder)
    for index, source in enumerate(study.seed_data):
        if isinstance(source, FileSource):
            with found.collecting(f"seed_data[{index}].path"):
                found.files[source.key] = _seed_file(folder / source.path, source.language)
        elif isinstance(source, HubSource):
            with found.collecting(f"seed_data[{index}]"):
                found.files[source.key] = _public(source, folder)
    for index, teacher in enumerate(study.teachers):
        if isinstance(teacher, Contestant):
            _find_data(found, teacher, f"teachers[{index}].data", study, folder)
    if isinstance(study, Study):
        _find_exams(found, study, folder)
    embedder = None
    if isinstance(study.quality.embedder, str) and study.quality.embedder != LEXICAL:
        with found.collecting("quality.embedder"):
            embedder = find_embedder(study.quality.embedder, folder)
    resources = Resources(
        found.models,
        found.files,
        embedder,
        found.contestants,
        found.translator,
        found.adapters,
        found.exams,
        found.side_exams,
    )
    found.errors += beyond_the_pocket(study) + simulated_elsewhere(study) + endpoint_mistakes(study, keys)
    if not found.errors:
        found.errors += twins(study, resources) + without_pairs(study, resources)
        found.errors += of_no_use(study) + unfed(study, resources)
        found.errors += unexamined(study) if isinstance(study, Study) else []
    if found.errors:
        raise UserErrors(found.errors)
    return resources


class _Findings:
    def __init__(self) -> None:
        self.models: dict[str, Model] = {}
        self.files: dict[str, SeedFile] = {}
        self.contestants: dict[tuple[str, str], SeedFile] = {}
        self.translator: Model | None = None
        self.adapters: dict[str, Adapter] = {}
        self.exams: dict[tuple[str, str], Found] = {}
        self.side_exams: dict[tuple[str, str], Found] = {}
        self.errors: list[UserError] = []

    @contextmanager
    def collecting(self, place: str, meant: str = "") -> Iterator[None]:
        """Notes a user's mistakes under their place in the study instead of stopping at them.

        `meant` is the word that seems to be misspelt there, and is asked for first.
        """
        try:
            yield
        except UserError as found:
            for error in found.errors if isinstance(found, UserErrors) else [found]:
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


def find_adapter(name: str, folder: Path) -> Adapter:
    """Finds a LoRA adapter; a relative folder starts at `folder`. Whether it fits its base, loading tells.

    Raises:
        UserError: it is nowhere, or no whole adapter.
    """
    location = (folder / name).resolve()
    check_adapter_folder(location)
    return Adapter(str(location), adapter_digest(location))


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


def find_translator(name: str, languages: Sequence[str], folder: Path) -> Model:
    """Finds a model that translates from English into the languages, likewise.

    Raises:
        UserError: it is nowhere, does not translate, or lacks one of the languages.
    """
    location = resolve_model(name, folder)
    if not split_hub(location):
        check_translator_folder(Path(location), [SOURCE_LANGUAGE, *languages])
    return Model(location, model_digest(location), None)


def check_installed(packages: Sequence[str], what: str, extra: str = "train") -> None:
    """Checks, without importing them, that packages are there.

    Raises:
        UserError: names the missing ones, and how to install them.
    """
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        first = "pip install torch==2.13.0, then " if "torch" in missing else ""  # a bare torch is gigabytes
        raise UserError(f"{what} needs {', '.join(missing)}", fix=f"{first}pip install 'polyteach[{extra}]'")


def _models_named(study: Candidates) -> Iterator[tuple[str, str]]:
    for index, teacher in enumerate(study.teachers):
        if isinstance(teacher, Teacher) and not teacher.endpoint:
            yield teacher.model, f"teachers[{index}].model"
    for index, base in enumerate(study.students.bases if isinstance(study, Study) else []):
        yield base.model, f"students.bases[{index}].model"
        if base.reference not in (SEED_DATA, None):
            yield base.reference, f"students.bases[{index}].reference"
    if study.quality.perplexity_model:
        yield study.quality.perplexity_model, "quality.perplexity_model"
    if isinstance(study.quality.judge, str) and study.quality.judge != ORACLE.name:
        yield study.quality.judge, "quality.judge"


def _meant(text: str, word: str) -> str:
    """The word, if a text that is no path looks like a misspelling of it; else nothing."""
    is_path = "/" in text or "." in text
    return "" if is_path else "".join(difflib.get_close_matches(text, [word], cutoff=0.65))


def _packages_for(study: Candidates) -> tuple[str, ...]:
    """What has to be installed: for candidates alone at endpoints nothing beyond a plain installation."""
    if isinstance(study, Study):
        return STUDY_PACKAGES
    return ASK_PACKAGES if study.synthesis.translator or any(_models_named(study)) else ()


def _find_exams(found: _Findings, study: Study, folder: Path) -> None:
    """Finds a study's benchmarks."""
    for index, named in enumerate(study.benchmarks):
        with found.collecting(f"benchmarks[{index}]"):
            # Translations start from English, whose questions are not to be taught either.
            english = ["en"] if "translate" in study.synthesis.methods else []
            found.exams |= find_exams(named, [*study.languages, *english], folder)
            if study.side_effects:
                found.side_exams |= find_exams(named, study.side_effects.languages, folder)
    found.errors += check_languages(study.benchmarks, study.languages)


def _seed_file(path: Path, language: str) -> SeedFile:
    rows: Sequence[Row] = read_file(path, language=language)
    return SeedFile(
        str(path.resolve()), file_digest(path), len(rows), sum(bool(row.response) for row in rows)
    )


def _public(source: HubSource, folder: Path) -> SeedFile:
    found = source.found()
    origin = find_origin(found, folder / source.path if source.path else None, source.revision)
    pairs = source.rows if found.pairs else 0
    return SeedFile(str(origin.path or found.hub), origin.digest(found), source.rows, pairs)


def _find_data(found: _Findings, teacher: Contestant, place: str, study: Candidates, folder: Path) -> None:
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

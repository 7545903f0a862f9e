"""What a study names outside itself (models, files, benchmarks): found, checked and given an identity.

Everything is looked at before the first step runs, so that all mistakes are told at once and
nothing is spent.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from polyteach.benchmarks.catalogue import benchmark, check_languages
from polyteach.errors import UserError, UserErrors
from polyteach.files import file_digest
from polyteach.models import check_model_folder, model_digest, resolve_model
from polyteach.rows import Row
from polyteach.seed_data.files import read_file
from polyteach.study import FileSource, Method, PocketSource, Study

LEXICAL, ORACLE, SEED_DATA = "lexical", "oracle", "seed_data"


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
    """Everything a study names, by the name the study uses."""

    models: dict[str, Model]
    files: dict[str, SeedFile]

    def prompts(self, study: Study, method: Method, language: str) -> int:
        """How many seed prompts feed a method in a language."""
        return sum(
            source.pocket if isinstance(source, PocketSource) else self.files[source.path].prompts
            for source in study.feeding(method, language)
        )

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
        UserErrors: every model, file or benchmark that is missing or unfit.
    """
    found = _Findings()
    for name, place in _models_named(study):
        if name not in found.models:
            with found.collecting(place):
                found.models[name] = find_model(name, folder)
    for index, source in enumerate(study.seed_data):
        if isinstance(source, FileSource) and source.path not in found.files:
            with found.collecting(f"seed_data[{index}].path"):
                found.files[source.path] = _seed_file(folder / source.path, source.language)
    for index, name in enumerate(study.benchmarks):
        with found.collecting(f"benchmarks[{index}]"):
            benchmark(name)
    found.check_embedder(study.quality.embedder)
    resources = Resources(found.models, found.files)
    if not found.errors:
        found.errors += _unfed(study, resources)
        found.errors += check_languages(study.benchmarks, study.languages)
    if found.errors:
        raise UserErrors(found.errors)
    return resources


class _Findings:
    def __init__(self) -> None:
        self.models: dict[str, Model] = {}
        self.files: dict[str, SeedFile] = {}
        self.errors: list[UserError] = []

    @contextmanager
    def collecting(self, place: str) -> Iterator[None]:
        """Notes a user's mistake under its place in the study instead of stopping at it."""
        try:
            yield
        except UserError as error:
            where = f"{place}: {error.where}" if error.where else place
            self.errors.append(UserError(error.what, where=where, fix=error.fix))

    def check_embedder(self, name: str) -> None:
        if name != LEXICAL and importlib.util.find_spec("sentence_transformers") is None:
            self.errors.append(
                UserError(
                    f"embedder {name!r} needs sentence-transformers",
                    where="quality.embedder",
                    fix="pip install 'polyteach[embed]', or use `lexical`",
                )
            )


def find_model(name: str, folder: Path) -> Model:
    """Finds a model by the name a study or a user gives it; relative folders start at `folder`."""
    local = (folder / name).resolve()
    location = str(local) if local.is_dir() else resolve_model(name)
    if Path(location).is_dir():
        check_model_folder(Path(location))
    return Model(location, model_digest(location), _parameters(Path(location)))


def _models_named(study: Study) -> Iterator[tuple[str, str]]:
    for index, teacher in enumerate(study.teachers):
        yield teacher.model, f"teachers[{index}].model"
    for index, base in enumerate(study.students.bases):
        yield base.model, f"students.bases[{index}].model"
        if base.reference not in (SEED_DATA, None):
            yield base.reference, f"students.bases[{index}].reference"
    if study.quality.perplexity_model:
        yield study.quality.perplexity_model, "quality.perplexity_model"
    if study.quality.judge not in (None, ORACLE):
        yield str(study.quality.judge), "quality.judge"


def _parameters(folder: Path) -> int | None:
    """Counts a folder's weights from the headers of its safetensors files; None for a model of the hub."""
    if not folder.is_dir():
        return None
    from safetensors import safe_open

    total = 0
    for path in folder.glob("*.safetensors"):
        with safe_open(path, framework="numpy") as weights:
            for name in weights.keys():  # noqa: SIM118 - no mapping
                count = 1
                for size in weights.get_slice(name).get_shape():
                    count *= size
                total += count
    return total


def _seed_file(path: Path, language: str) -> SeedFile:
    rows: Sequence[Row] = read_file(path, language=language)
    return SeedFile(
        str(path.resolve()), file_digest(path), len(rows), sum(bool(row.response) for row in rows)
    )


def _unfed(study: Study, resources: Resources) -> list[UserError]:
    """Methods for which there is no seed data."""
    errors = []
    for method in study.synthesis.methods:
        for language in study.languages:
            if _fed(study, resources, method, language):
                continue
            source = "English prompts" if method == "translate" else f"seed data of {language}"
            kind = " with responses (its few-shot examples are pairs)" if method == "generate" else ""
            errors.append(
                UserError(
                    f"nothing feeds `{method}` in {language}",
                    where="seed_data",
                    fix=f"add {source}{kind} with `{method}` among its methods, "
                    f"or take `{method}` out of synthesis.methods",
                )
            )
    return errors


def _fed(study: Study, resources: Resources, method: Method, language: str) -> bool:
    sources = study.feeding(method, language)
    need: Callable[[SeedFile], int] = (lambda f: f.pairs) if method == "generate" else (lambda f: f.prompts)
    return any(isinstance(s, PocketSource) or need(resources.files[s.path]) > 0 for s in sources)

"""Finding a benchmark in a language, so that a study can be checked, and reading it as an exam."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from polyteach.benchmarks import lm_eval_task, own
from polyteach.benchmarks.benchmark import METRICS
from polyteach.benchmarks.catalogue import entry_of, languages_of, shots_of
from polyteach.benchmarks.codes import find_code
from polyteach.benchmarks.data import file_records, find_file, find_on_hub, hub_records
from polyteach.benchmarks.items import Exam, Item, chance_of, spread_items
from polyteach.benchmarks.listed import LISTED, benchmark
from polyteach.benchmarks.lm_eval_task import LmEvalExam
from polyteach.errors import UserError, UserErrors
from polyteach.files import package_files_digest
from polyteach.seed_data.records import Record
from polyteach.steps import digest_of
from polyteach.study.benchmarks import AnyBenchmark, ListedBenchmark, LmEvalTask, OwnExam, benchmark_name


@dataclass(frozen=True, slots=True)
class Found:
    """A benchmark in a language, found: what it is anywhere, and where its files lie here.

    `questions` is a digest of what an exam of one's own asks: its file has answers too.
    """

    settings: Mapping[str, Any]
    locations: Mapping[str, str] = field(default_factory=dict)
    questions: str = ""


def find_exams(named: AnyBenchmark, languages: Iterable[str], folder: Path) -> dict[tuple[str, str], Found]:
    """Finds a benchmark in those of these languages that it exists in, see `find_exam`.

    Raises:
        UserErrors: files of several languages are missing or broken.
        UserError: one is, or something else is wrong, which would be wrong in each language.
    """
    there = languages_of(named)
    found: dict[tuple[str, str], Found] = {}
    errors: list[UserError] = []
    for language in (language for language in dict.fromkeys(languages) if find_code(language, there)):
        try:
            found[benchmark_name(named), language] = find_exam(named, language, folder)
        except UserError as error:
            errors.append(error)
            if not isinstance(getattr(named, "file", None), dict):
                break
    if errors:
        raise errors[0] if len({str(error) for error in errors}) == 1 else UserErrors(errors)
    return found


def find_exam(named: AnyBenchmark, language: str, folder: Path) -> Found:
    """Finds a benchmark in a language; files are read and checked, of the hub the commit is pinned.

    Args:
        named: as a study names it.
        language: one that it exists in.
        folder: relative paths start here.

    Raises:
        UserError: a file is missing, broken or not what it should be, or the hub is out of reach.
    """
    entry = entry_of(named)
    if isinstance(entry, LmEvalTask):
        return Found(*lm_eval_task.find(entry, folder))
    if isinstance(entry, OwnExam):
        if any(entry.name == known.name for known in LISTED):
            fix = f"call it otherwise, such as my-{entry.name}; or ask for the benchmark itself on your file"
            raise UserError("has the name of a benchmark", where=f"exam {entry.name!r}", fix=fix)
        digest, location = find_file(folder / _at(entry.files, language))
        settings = {"exam": entry.name, "kind": entry.kind, "digest": digest}
        found = Found(settings, {digest: location})
    else:
        found = _find_listed(entry, language, folder)
    if not found.locations:
        return found
    exam = open_exam(found.settings, language, found.locations)
    return replace(found, questions=_questions_digest(exam)) if isinstance(entry, OwnExam) else found


def _questions_digest(exam: Exam | LmEvalExam) -> str:
    """A digest of an exam's bare questions, whatever their order."""
    return digest_of(sorted({item.asks for item in exam.items})) if isinstance(exam, Exam) else ""


def _find_listed(entry: ListedBenchmark, language: str, folder: Path) -> Found:
    known, few_shot = benchmark(entry.benchmark), shots_of(entry)
    settings: dict[str, Any] = {"benchmark": known.name, "few_shot": few_shot, "shots": None}
    if known.hub is None:
        if entry.file:
            raise UserError(f"{known.name} has no files", where="file", fix="leave `file` out")
        world = package_files_digest("polyteach.pocket.world", "*.yaml", "words.json")
        return Found(settings | {"digest": world})
    settings["prompts"] = package_files_digest("polyteach.benchmarks", "listed/*.yaml")
    if not entry.file:
        code = find_code(language, known.languages) or language
        return Found(settings | {"digest": find_on_hub(known, code, entry.revision)})
    digest, location = find_file(folder / _at(entry.file, language))
    locations = {digest: location}
    if few_shot:
        if not entry.shots or not find_code(language, entry.shots):
            what = f"{known.name} shows {few_shot} examples, and their file in {language} is not named"
            raise UserError(what, where="shots", fix=f"add shots: {{{language}: FILE}}, or few_shot: 0")
        settings["shots"], place = find_file(folder / _at(entry.shots, language))
        locations[settings["shots"]] = place
    return Found(settings | {"digest": digest}, locations)


def _at(files: Mapping[str, str], language: str) -> str:
    code = find_code(language, files)
    if code is None:
        raise ValueError(f"there is no file in {language}")
    return files[code]


def as_listed(exams: Mapping[tuple[str, str], Found]) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Exams as `asked_texts` reads them, each text once, and where their files lie.

    They hold only what the bare questions depend on: how an exam is called, asked and shown is no part of
    them, nor are the answers of an exam of one's own. So who is trained without its questions stays the same
    when these change.
    """
    listed: dict[str, dict[str, Any]] = {}
    locations = {}
    for (_, language), exam in exams.items():
        if "lm_eval" in exam.settings:  # read when it runs
            continue
        settings = _bare(exam)
        listed[json.dumps([language, settings])] = {"language": language, "settings": settings}
        if exam.settings["digest"] in exam.locations:
            known = settings.get("questions") or settings["digest"]
            locations[known] = exam.locations[exam.settings["digest"]]
    return [listed[key] for key in sorted(listed)], locations


def _bare(exam: Found) -> dict[str, Any]:
    """Settings that give the same bare questions; alike for all exams on the same data."""
    settings = exam.settings
    if "exam" in settings:
        return {"exam": "", "kind": settings["kind"], "questions": exam.questions}
    hub = benchmark(settings["benchmark"]).hub
    name = next(known.name for known in LISTED if known.hub == hub)
    return {"benchmark": name, "few_shot": 0, "shots": None, "digest": settings["digest"]}


def asked_texts(exams: Iterable[Mapping[str, Any]], locations: Mapping[str, str]) -> Iterator[str]:
    """The bare questions of exams, each `{"language", "settings"}`, that training data should not hold.

    Of lm-eval's tasks there are none: they are read when they run.

    Raises:
        UserError: see `open_exam`; or the questions of an exam of one's own are not those that were found.
    """
    for one in exams:
        asked = one["settings"].get("questions")
        opened = _own_by_questions if asked else open_exam
        exam = opened(one["settings"], one["language"], locations)
        if asked and _questions_digest(exam) != asked:
            what = "asks something else since the study was read"
            raise UserError(what, where=locations[asked], fix="run the study again")
        yield from (item.asks for item in exam.items) if isinstance(exam, Exam) else ()


def _own_by_questions(
    settings: Mapping[str, Any], language: str, locations: Mapping[str, str]
) -> Exam | LmEvalExam:
    """An exam of one's own whose file is known by its questions."""
    digest, location = find_file(Path(locations[settings["questions"]]))
    return open_exam({**settings, "digest": digest}, language, {digest: location})


def open_exam(
    settings: Mapping[str, Any], language: str, locations: Mapping[str, str], limit: int | None = None
) -> Exam | LmEvalExam:
    """Reads an exam that `find_exam` found.

    Args:
        settings: of `Found`.
        language: likewise.
        locations: likewise; more of them do no harm.
        limit: so many items, see `spread_items`; None for all.

    Raises:
        UserError: a file has changed or is broken, or the hub does not give the data.
    """
    if "lm_eval" in settings:
        return lm_eval_task.open_task(settings, locations, limit)
    if "exam" in settings:
        return _open_own(settings, language, locations, limit)
    known = benchmark(settings["benchmark"])
    digest, few_shot, shots = settings["digest"], settings["few_shot"], []
    place = locations.get(digest, known.hub or known.name)
    records: list[Record] = []
    if known.hub is None:
        pass  # the pocket world has its own
    elif digest in locations:
        called = known.languages.get(find_code(language, known.languages) or "", "")
        records = file_records(digest, locations, language, called)
        if few_shot:
            shots = file_records(settings["shots"], locations, language, called)
    else:
        code = find_code(language, known.languages) or language
        records = hub_records(known, code, digest, known.split)
        if few_shot:
            shots = hub_records(known, code, digest, str(known.shots_split))
    if len(shots) < few_shot:
        what = f"{few_shot} examples are to be shown, and there are {len(shots)}"
        raise UserError(what, where=locations.get(settings["shots"], place), fix=f"few_shot: {len(shots)}")
    items = known.read(records, shots[:few_shot], language)
    metric, metric_norm = METRICS[known.kind]
    return Exam(
        name=known.name,
        form=known.form,
        metric=metric,
        metric_norm=metric_norm,
        definition=known.defined(few_shot),
        chance=chance_of(known.kind, items),
        items=_taken(items, records, limit),
        says=known.says,
        max_new_tokens=known.max_new_tokens,
        stop=known.stop,
    )


def _open_own(
    settings: Mapping[str, Any], language: str, locations: Mapping[str, str], limit: int | None
) -> Exam:
    kind, digest = settings["kind"], settings["digest"]
    records = file_records(digest, locations, language)
    items = own.own_items(records, settings["exam"], kind, language)
    metric, metric_norm = METRICS[kind]
    return Exam(
        name=settings["exam"],
        form="written" if kind == "exact" else "letter",
        metric=metric,
        metric_norm=metric_norm,
        definition=own.DEFINITIONS[kind],
        chance=chance_of(kind, items),
        items=_taken(items, records, limit),
        says=own.normalise,
        max_new_tokens=own.MAX_NEW_TOKENS,
    )


def _taken(items: Sequence[Item], records: Sequence[Record], limit: int | None) -> tuple[Item, ...]:
    """The items to be asked, whose ids must differ; items and records are in the same order."""
    first: dict[str, int] = {}
    for number, item in enumerate(items):
        if first.setdefault(item.id, number) != number:
            where = records[number].where if records else None
            earlier = f"; first {records[first[item.id]].where}" if records else ""
            what = f"column 'id': {item.id!r} stands in several rows{earlier}"
            raise UserError(what, where=where, fix="give each row its own id, or leave the column out")
    return tuple(spread_items(items, limit))


def planned_clusters(named: AnyBenchmark, language: str, folder: Path, limit: int | None) -> list[str]:
    """What the items of a benchmark ask in a language, one a item, without asking the hub.

    Of a benchmark of the hub the usual number of items is taken, each to ask something of its own.

    Raises:
        UserError: see `find_exam`, or nobody knows how many items there are.
    """
    entry = entry_of(named)
    at_hub = isinstance(entry, ListedBenchmark) and benchmark(entry.benchmark).hub and not entry.file
    if isinstance(entry, LmEvalTask) or at_hub:
        count = entry.items if isinstance(entry, LmEvalTask) else benchmark(entry.name).items
        if count is None:
            fix = "say --items; a task of lm-eval may have `items: NUMBER` in the study"
            raise UserError(
                f"how many items {entry.name!r} has in {language} is not known", "benchmarks", fix
            )
        return [f"{entry.name}/{number}" for number in range(min(count, limit or count))]
    found = find_exam(named, language, folder)
    exam = open_exam(found.settings, language, found.locations, limit)
    return [item.cluster for item in exam.items] if isinstance(exam, Exam) else []

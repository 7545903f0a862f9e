"""What each step of a study takes of models, counted in tokens before anything is asked or trained.

Nobody knows yet how long texts will be. So an answer that a teacher will write counts as its longest, and
every other text (a prompt, an answer in the seed data, a question of an exam) as `TEXT` tokens.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from polyteach.benchmarks.finding import open_exam
from polyteach.benchmarks.items import Exam
from polyteach.benchmarks.listed import benchmark
from polyteach.models.build import find_served
from polyteach.models.prices import Price
from polyteach.models.sizes import downloaded_parameters, named_parameters
from polyteach.resources import Model, Resources
from polyteach.row_counts import asks_a_teacher, rows_given, rows_measured
from polyteach.steps import Step
from polyteach.study import Base, Candidates, LmEvalTask, Study, Teacher

TEXT = 256
"""Tokens of a text that is not looked at or not written yet: some 200 words of English, fewer of others."""
PAIR = 2 * TEXT
_CHOICES = 4  # of a question of lm-eval or of a text question
_ORDERS = 2  # a pair of responses is asked about in both


@dataclass(frozen=True, slots=True)
class Load:
    """What a step takes of a model.

    Attributes:
        kind: of the step.
        model: its name.
        parameters: how many it has; None where nobody says.
        read, written, trained: tokens.
        requests: that it answers.
        frozen: whether the weights stay as they are in training (adapters).
        hosted: whether somebody else's machine does it, and asks money for it.
        price: of a model at an endpoint; None where it is unknown, or there is none.
        unknown: what keeps the tokens from being counted; empty where they are.
    """

    kind: str
    model: str
    parameters: float | None
    read: int = 0
    written: int = 0
    trained: int = 0
    requests: int = 0
    frozen: bool = False
    hosted: bool = False
    price: Price | None = None
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class _Who:
    """A model that does something: the last fields of `Load`."""

    model: str
    parameters: float | None
    hosted: bool = False
    price: Price | None = None


class Workload:
    """Counts what the steps of one study take."""

    def __init__(self, study: Candidates, resources: Resources) -> None:
        self.study = study
        self.resources = resources
        self._limits = {t.name: t.max_new_tokens for t in study.teachers if isinstance(t, Teacher)}

    def of(self, step: Step) -> list[Load]:
        """What a step takes; nothing where no model has a part in it."""
        counted = {
            "synthesis": self._writing,
            "translation": self._translating,
            "gate": self._measuring,
            "quality": self._measuring,
            "students": self._training,
            "examination": self._examining,
            "free_answers": self._answering,
        }.get(step.kind)
        return list(counted(step)) if counted else []

    @cached_property
    def _models(self) -> Mapping[str, tuple[str, Model]]:
        """Names and models of this machine, by digest."""
        found = {model.digest: (name, model) for name, model in self.resources.models.items()}
        for name, model in (
            (self.study.synthesis.translator, self.resources.translator),
            (self.study.quality.embedder, self.resources.embedder),
        ):
            if model and isinstance(name, str):
                found[model.digest] = (name, model)
        return found

    @cached_property
    def _declared(self) -> Mapping[str, float]:
        teachers = [teacher for teacher in self.study.teachers if isinstance(teacher, Teacher)]
        bases = self.study.students.bases if isinstance(self.study, Study) else []
        models: list[Base | Teacher] = [*bases, *teachers]
        return {one.model: one.parameters for one in models if one.parameters}

    def _here(self, digest: str) -> _Who:
        name, model = self._models[digest]
        counted = self._declared.get(name) or model.parameters or downloaded_parameters(model.location)
        return _Who(name, counted or named_parameters(name))

    def _served(self, asked: Mapping[str, Any], fixed: Mapping[str, Any], step: Step, role: str = "") -> _Who:
        """A model at an endpoint, by what identifies it and what is sent with every request."""
        name = asked["model"]
        # `state` is where a batch API's state would be kept; nothing is asked here.
        served = find_served(name, fixed, {"state": ".", **step.locations}, role)
        hosted = not all(is_private(url) for url in served.settings.urls)
        return _Who(name, self._declared.get(name) or named_parameters(name), hosted, served.price)

    def _rows(self, step: Step) -> int:
        return rows_given(step, self.study, self.resources)

    def _data(self, step: Step) -> tuple[int, int]:
        """Rows that a step reads, and tokens of one, in the mean."""
        parts = [
            (self._rows(parent), self._row_tokens(parent))
            for parent in step.inputs.values()
            if parent.kind in ("seed_data", "synthesis")
        ]
        rows = sum(count for count, _ in parts)
        return rows, sum(count * tokens for count, tokens in parts) // max(rows, 1)

    def _row_tokens(self, step: Step) -> int:
        """Tokens of a row that a step gives: as long as a teacher may write, if one does."""
        if step.kind == "seed_data" or not asks_a_teacher(step):
            return PAIR
        return TEXT + self._limits.get(step.settings["teacher"], TEXT)

    def _writing(self, step: Step) -> Iterator[Load]:
        settings = step.settings
        if "translator" in settings:
            yield from self._translating(step)
        elif settings["teacher"] in self._limits:
            served = settings.get("endpoint") is not None
            who = (
                self._served(settings, settings["endpoint"], step)
                if served
                else self._here(settings["model"])
            )
            shown = settings["few_shot"] * PAIR if settings["method"] == "generate" else TEXT
            count = self._rows(step)
            read, written = count * (TEXT + shown), count * self._limits[settings["teacher"]]
            yield _load(step, who, read=read, written=written, requests=count)

    def _translating(self, step: Step) -> Iterator[Load]:
        """A translation model; its beams count as one."""
        count = self.resources.requests(self.study, "translate", step.settings["language"])
        tokens = count * (TEXT if step.kind == "translation" else PAIR)
        yield _load(step, self._here(step.settings["translator"]), read=tokens, written=tokens)

    def _measuring(self, step: Step) -> Iterator[Load]:
        settings = step.settings
        rows = rows_measured(step, self.study, self.resources)
        tokens = PAIR if step.kind == "gate" else self._data(step)[1]
        if settings["perplexity"]:
            yield _load(step, self._here(settings["perplexity"]["model"]), read=rows.read * tokens)
        embedder, judge = settings["embedder"], settings["judge"]
        embedded = rows.embedded * tokens
        if isinstance(embedder, Mapping):
            who = self._served(embedder, {"extra": embedder["extra"]}, step, "embedder_")
            yield _load(step, who, read=embedded, requests=rows.embedding_requests)
        elif embedder in self._models:
            yield _load(step, self._here(embedder), read=embedded)
        if judge and judge["kind"] in ("endpoint", "model"):
            who = (
                self._served(judge, {"extra": judge["extra"]}, step, "judge_")
                if judge["kind"] == "endpoint"
                else self._here(judge["model"])
            )
            read, written = rows.judged * (tokens + TEXT), rows.judged * TEXT
            yield _load(step, who, read=read, written=written, requests=rows.judged)

    def _training(self, step: Step) -> Iterator[Load]:
        assert isinstance(self.study, Study)  # candidates alone train nobody
        students = self.study.students
        rows, tokens = self._data(step)
        trained = min(rows, students.rows) * min(tokens, students.max_length) * students.epochs
        yield _load(
            step, self._here(step.settings["base"]), trained=trained, frozen=students.lora is not None
        )

    def _examined(self, step: Step) -> _Who:
        student = step.inputs.get("student")
        return self._here(student.settings["base"] if student else step.settings["model"])

    def _examining(self, step: Step) -> Iterator[Load]:
        who = self._examined(step)
        for exam in step.settings["benchmarks"]:
            read, written, unknown = self._asked(exam, step)
            yield _load(step, who, read=read, written=written, unknown=unknown)

    def _asked(self, exam: Mapping[str, Any], step: Step) -> tuple[int, int, str]:
        """Tokens that an exam asks and has answered; else why that is unknown."""
        limit, language = step.settings["limit"], step.settings["language"]
        name = exam.get("lm_eval") or exam.get("benchmark") or exam["exam"]
        listed = benchmark(name) if "benchmark" in exam else None
        if exam.get("digest") in step.locations or (listed and listed.hub is None):
            opened = open_exam(exam, language, step.locations, limit)
            assert isinstance(opened, Exam)  # of files or the pocket world
            items, form, room = len(opened.items), opened.form, opened.max_new_tokens
            orders = len(opened.items[0].questions)
        else:
            form, room = (listed.form, listed.max_new_tokens) if listed else ("text", 0)
            orders = _ORDERS if listed and listed.kind == "preference" else 1
            count = listed.items if listed else self._told(name)
            if count is None:
                return 0, 0, f"how many items {name} has in {language}"
            items = min(count, limit or count)
        texts = 1 + exam.get("few_shot", 0) + (orders == _ORDERS) * 2
        texts *= _CHOICES if form == "text" else 1
        return items * orders * texts * TEXT, items * room * (form == "written"), ""

    def _told(self, task: str) -> int | None:
        """How many items the study says that a task of lm-eval has."""
        benchmarks = self.study.benchmarks if isinstance(self.study, Study) else []
        named = (one for one in benchmarks if isinstance(one, LmEvalTask))
        return next((one.items for one in named if one.lm_eval == task), None)

    def _answering(self, step: Step) -> Iterator[Load]:
        prompts = min(step.settings["prompts"], self.resources.prompts(self.study, step.settings["language"]))
        room = step.settings["max_new_tokens"]
        yield _load(step, self._examined(step), read=prompts * TEXT, written=prompts * room)


def _load(step: Step, who: _Who, **counted: Any) -> Load:
    return Load(step.kind, who.model, who.parameters, hosted=who.hosted, price=who.price, **counted)


def is_private(url: str) -> bool:
    """Whether a server is on this machine or in its own network, by its address or name."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost" or "." not in host or host.endswith((".local", ".internal"))

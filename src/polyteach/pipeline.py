"""Study -> graph of steps. The one place that knows the order.

    seed_data, synthesis, gate, quality: `data_steps.py`, which screens share
                        |
                   students/B/T/L/trial
                        |
             examination/B/T/L/trial, quality --> score -> analysis -> report
             examination/B/{base,reference}/L; side effects: examination/B/T/in/X/L/trial,
                                                             free_answers/B/T/L/trial

T teacher, L language, B student base. A step's rng_seed comes from the study's and from what should be alike
across teachers: all see the same seed examples, and the students of one trial the same order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

from polyteach.analysis.step import analyse
from polyteach.benchmarks.catalogue import in_language
from polyteach.benchmarks.finding import as_listed
from polyteach.benchmarks.step import examine_model
from polyteach.data_steps import DataSteps
from polyteach.facts import as_yaml, study_facts
from polyteach.graph import Graph, step
from polyteach.report.step import report
from polyteach.resources import Model, Resources
from polyteach.scoring.evidence import SEED_DATA
from polyteach.scoring.step import score
from polyteach.side_effects.step import answer_freely
from polyteach.steps import Step
from polyteach.students.recipe import PRECISION, Devices
from polyteach.students.step import train_student
from polyteach.study import Base, Candidate, Study, benchmark_name

SCORED = ("seed_data", "synthesis", "gate", "quality", "students", "examination", "free_answers")
"""The kinds of steps whose output or facts results are made of."""
WEIGHTS = ("model/*",)
"""Files of students that steps which only tell about them do not read."""


def cell_steps(study: Study, resources: Resources) -> list[Step]:
    """All steps up to the examinations, inputs before what reads them."""
    graph = Graph(study.rng_seed)
    data = DataSteps(study, resources, graph)
    data.add_all(seed_data_too=True)
    _Students(study, resources, graph, data).add_all()
    return list(graph.steps.values())


def closing_steps(
    study: Study,
    resources: Resources,
    steps: Sequence[Step],
    failed: Mapping[str, str],
    *,
    race: Step | None = None,
) -> list[Step]:
    """The steps that turn what was done into results and a report.

    Args:
        study: the study.
        resources: what it names.
        steps: all steps of its cells.
        failed: why a step has no artifact, by its id; the results say what is missing.
        race: tells of the race that chose the teachers, for the report.
    """
    there = [one for one in steps if one.id not in failed]
    facts = study_facts(study, resources)
    scored = step(
        "score",
        score,
        {
            "study": facts,
            "rng_seed": study.rng_seed,
            "failed": [{"step": id, "reason": failed[id]} for id in sorted(failed)],
        },
        inputs={s.id: s for s in there if s.kind in SCORED},
        skips=WEIGHTS,
    )
    rows = {s.id: s for s in there if s.kind == "synthesis"}
    measured = {s.id: s for s in there if s.kind == "quality"}
    analysed = step(
        "analysis",
        analyse,
        {
            "planned": [one.id for one in steps],
            "failed": sorted(failed),
            "rng_seed": study.rng_seed,
        },
        inputs={"score": scored} | rows | measured,
    )
    page = step(
        "report",
        report,
        {"study": facts, "settings_text": as_yaml(study), "samples": study.samples_shown},
        inputs={"score": scored, "analysis": analysed}
        | {s.id: s for s in there}
        | ({"race": race} if race else {}),
        skips=WEIGHTS,
    )
    return [scored, analysed, page]


class _Students:
    """Adds the students of one study and their examinations."""

    def __init__(self, study: Study, resources: Resources, graph: Graph, data: DataSteps) -> None:
        self.study = study
        self.resources = resources
        self.graph = graph
        self.data = data

    def add_all(self) -> None:
        """Adds bases and references first, then each trial."""
        for base in self.study.students.bases:
            for language in self.study.languages:
                self._base_and_reference(base, language)
        for base in self.study.students.bases:
            for trial in range(self.study.trials):
                for language in self.study.languages:
                    for candidate in self.data.candidates:
                        self._student(base, candidate, language, trial)

    def _model(self, name: str) -> Model:
        return self.resources.models[name]

    def _base_and_reference(self, base: Base, language: str) -> None:
        model = self._model(base.model)
        self._examination(f"{base.name}/base", language, model=model)
        for other in self._other_languages(language):
            self._examination(f"{base.name}/base", other, model=model)
        self._free_answers(f"{base.name}/base", language, model=model)
        if base.reference != SEED_DATA:
            reference = self._model(base.reference)
            self._examination(f"{base.name}/reference", language, model=reference)
            self._free_answers(f"{base.name}/reference", language, model=reference)
        elif self.resources.pairs(self.study, language):
            data = {"seed_data": self.data.seed_data(language)}
            student = self._sft(base, "reference", language, trial=0, data=data)
            self._examined_student(f"{base.name}/reference", language, student)

    def _student(self, base: Base, teacher: Candidate, language: str, trial: int) -> None:
        student = self._sft(base, teacher.name, language, trial, self.data.data(teacher, language))
        self._examined_student(f"{base.name}/{teacher.name}", language, student, trial)

    def _examined_student(self, who: str, language: str, student: Step, trial: int | None = None) -> None:
        """Examines a student in the language it was taught, and where that is asked for in others."""
        self._examination(who, language, student=student, trial=trial)
        for other in self._other_languages(language):
            self._examination(who, language, student=student, trial=trial, asked_in=other)
        self._free_answers(who, language, student=student, trial=trial)

    def _other_languages(self, language: str) -> list[str]:
        """Those in which students of a language are examined to see what they lost."""
        asked = self.study.side_effects
        return [other for other in asked.languages if other != language] if asked else []

    def _free_answers(
        self,
        who: str,
        language: str,
        *,
        model: Model | None = None,
        student: Step | None = None,
        trial: int | None = None,
    ) -> None:
        """What a model answers freely, where that is asked for and there are prompts of the language."""
        asked, synthesis = self.study.side_effects, self.study.synthesis
        if not asked or not asked.free_answers or not self.resources.prompts(self.study, language):
            return
        drawn = self.graph.rng_seed("synthesis", language, "respond")
        respond = {"rows": synthesis.rows_per_method, "rng_seed": drawn}
        inputs = {"seed_data": self.data.seed_data(language)} | self.data.other_seed_data(language)
        data = dict(student.inputs) if student else {}
        self.graph.add(
            f"free_answers/{who}/{language}" + ("" if trial is None else f"/{trial}"),
            answer_freely,
            {
                "language": language,
                "model": model.digest if model else None,
                "prompts": asked.free_answers,
                "max_new_tokens": asked.max_new_tokens,
                "respond": respond if "respond" in synthesis.methods else None,
                "methods": list(data),
                "rng_seed": self.graph.rng_seed("free_answers", language),
            },
            locations=student.locations if student else {"model": model.location} if model else {},
            inputs=inputs | data | ({"student": student} if student else {}),
            cost=3,
        )

    def _sft(self, base: Base, name: str, language: str, trial: int, data: Mapping[str, Step]) -> Step:
        students, model = self.study.students, self._model(base.model)
        where = {field.name for field in fields(Devices)}
        exams = {key: exam for key, exam in self.resources.exams.items() if key[1] == language}
        listed, places = as_listed(exams)
        devices = students.model_dump_json(include=where)
        return self.graph.add(
            f"students/{base.name}/{name}/{language}/{trial}",
            train_student,
            {
                "language": language,
                "base": model.digest,
                "methods": list(data),
                "precision": PRECISION,
                "rng_seed": self.graph.rng_seed("students", language, trial),
                "without_overlap": listed,
                **students.model_dump(exclude={"bases", "preset"} | where),
            },
            locations={"base": model.location, "devices": devices} | places,
            inputs=data,
            cost=10,
        )

    def _examination(
        self,
        who: str,
        language: str,
        *,
        model: Model | None = None,
        student: Step | None = None,
        trial: int | None = None,
        asked_in: str | None = None,
    ) -> None:
        """Examines in the language that was taught, or in the one named."""
        where = f"in/{asked_in}/{language}" if asked_in else language
        id, language = f"examination/{who}/{where}", asked_in or language
        locations = {"model": model.location} if model else {}
        if student:  # an adapter needs its base
            locations |= student.locations
        named = in_language(self.study.benchmarks, language)
        known = self.resources.exams | self.resources.side_exams
        exams = [known[benchmark_name(one), language] for one in named]
        for exam in exams:
            locations |= exam.locations
        self.graph.add(
            id if trial is None else f"{id}/{trial}",
            examine_model,
            {
                "language": language,
                "benchmarks": [dict(exam.settings) for exam in exams],
                "limit": self.study.benchmark_items,
                "model": model.digest if model else None,
            },
            locations=locations,
            inputs={"student": student} if student else {},
            cost=3,
        )

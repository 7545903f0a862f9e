"""Study -> graph of steps. The one place that knows the order.

    seed_data/* -> gate/L ----------+
    seed_data/L -> synthesis/T/L/M -> quality/T/L
                        |                  |        (translation/L before synthesis/T/L/translate, where a
                        |                  |         translation model has a part in it)
                   students/B/T/L/trial    |
                        |                  |
             examination/B/T/L/trial ------+--> score -> analysis -> report
             examination/B/{base,reference}/L; side effects: examination/B/T/in/X/L/trial,
                                                             free_answers/B/T/L/trial

T teacher, L language, M method, B student base. A step's rng_seed comes from the study's and from what should
be alike across teachers: all see the same seed examples, and the students of one trial the same order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from polyteach.analysis.step import analyse
from polyteach.benchmarks.catalogue import in_language
from polyteach.benchmarks.finding import as_listed
from polyteach.benchmarks.step import examine_model
from polyteach.facts import as_yaml, study_facts
from polyteach.files import package_files_digest
from polyteach.measurers import measured
from polyteach.quality.gate_step import gate_language
from polyteach.quality.step import GATE_INPUT, measure_cell
from polyteach.report.step import report
from polyteach.resources import Model, Resources
from polyteach.scoring.evidence import SEED_DATA
from polyteach.scoring.step import score
from polyteach.seed_data.step import seed_data
from polyteach.side_effects.step import answer_freely
from polyteach.steps import Step, Work, rng_seed_of
from polyteach.students.recipe import PRECISION, Devices
from polyteach.students.step import train_student
from polyteach.study import (
    AnyTeacher,
    Base,
    Contestant,
    Method,
    PocketSource,
    SimulatedTeacher,
    Study,
    Teacher,
    benchmark_name,
)
from polyteach.synthesis.contestant import METHOD as CONTESTANT_METHOD
from polyteach.synthesis.contestant import take_rows
from polyteach.synthesis.methods import TRANSLATED
from polyteach.synthesis.simulated import simulate
from polyteach.synthesis.step import synthesize
from polyteach.synthesis.translation import MODEL, TEACHER, translate_pairs, translate_prompts
from polyteach.writers import Handed, asked, gathered, simulated, translated

# Raised by hand when the same settings would give another output. Where a step ran is not in its key: an
# artifact made on a GPU stands for one made on a CPU, though its numbers differ (students are trained in
# bfloat16 there, sums are in another order). A student's `training.json` says which it was.
VERSIONS = {
    "seed_data": 2,
    "translation": 2,
    "synthesis": 2,
    "gate": 7,
    "quality": 10,
    "students": 2,
    "examination": 3,
    "free_answers": 1,
    "score": 13,
    "analysis": 4,
    "report": 10,
}

SCORED = ("seed_data", "synthesis", "gate", "quality", "students", "examination", "free_answers")
"""The kinds of steps whose output or facts results are made of."""


def cell_steps(study: Study, resources: Resources) -> list[Step]:
    """All steps up to the examinations, inputs before what reads them."""
    return list(_Graph(study, resources).steps.values())


def closing_steps(
    study: Study, resources: Resources, steps: Sequence[Step], failed: Mapping[str, str]
) -> list[Step]:
    """The steps that turn what was done into results and a report.

    Args:
        study: the study.
        resources: what it names.
        steps: all steps of its cells.
        failed: why a step has no artifact, by its id; the results say what is missing.
    """
    there = [step for step in steps if step.id not in failed]
    facts = study_facts(study, resources)
    scored = Step(
        id="score",
        kind="score",
        version=VERSIONS["score"],
        work=score,
        settings={
            "study": facts,
            "rng_seed": study.rng_seed,
            "failed": [{"step": id, "reason": failed[id]} for id in sorted(failed)],
        },
        inputs={s.id: s for s in there if s.kind in SCORED},
    )
    rows = {s.id: s for s in there if s.kind == "synthesis"}
    measured = {s.id: s for s in there if s.kind == "quality"}
    analysed = Step(
        id="analysis",
        kind="analysis",
        version=VERSIONS["analysis"],
        work=analyse,
        settings={
            "planned": [step.id for step in steps],
            "failed": sorted(failed),
            "rng_seed": study.rng_seed,
        },
        inputs={"score": scored} | rows | measured,
    )
    page = Step(
        id="report",
        kind="report",
        version=VERSIONS["report"],
        work=report,
        settings={"study": facts, "settings_text": as_yaml(study)},
        inputs={"score": scored, "analysis": analysed} | rows,
    )
    return [scored, analysed, page]


class _Graph:
    """Builds the steps of one study; a step asked for twice is made once."""

    def __init__(self, study: Study, resources: Resources) -> None:
        self.study = study
        self.resources = resources
        self.steps: dict[str, Step] = {}
        for language in study.languages:
            self._human(language)
            for teacher in study.teachers:
                self._quality(teacher, language)
        for base in study.students.bases:
            for language in study.languages:
                self._base_and_reference(base, language)
        for base in study.students.bases:
            for trial in range(study.trials):
                for language in study.languages:
                    for teacher in study.teachers:
                        self._student(base, teacher, language, trial)

    def _add(self, id: str, work: Any, settings: dict[str, Any], **rest: Any) -> Step:
        if id not in self.steps:
            kind = id.split("/", 1)[0]
            self.steps[id] = Step(
                id=id, kind=kind, version=VERSIONS[kind], work=work, settings=settings, **rest
            )
        return self.steps[id]

    def _rng_seed(self, *place: str | int) -> int:
        return rng_seed_of(self.study.rng_seed, *place)

    def _model(self, name: str) -> Model:
        return self.resources.models[name]

    def _seed_data(self, language: str) -> Step:
        rng_seed = self._rng_seed("seed_data", language)
        settings, locations = gathered(self.study, self.resources, language, rng_seed)
        return self._add(f"seed_data/{language}", seed_data, settings, locations=locations)

    def _synthesis(self, teacher: Teacher | SimulatedTeacher, language: str, method: Method) -> Step:
        variant = self.study.synthesis.translate if method == "translate" else TEACHER
        id = f"synthesis/{teacher.name}/{language}/{method}"
        if variant == MODEL:
            return self._translation(id, language, translate_pairs, {"teacher": teacher.name})
        inputs = {"seed_data": self._seed_data(language)}
        if method == "translate":
            inputs["seed_data_en"] = self._seed_data("en")
        settings: dict[str, Any] = {
            "language": language,
            "method": method,
            "teacher": teacher.name,
            "rows": self.study.synthesis.rows_per_method,
            "few_shot": self.study.synthesis.few_shot,
            "rng_seed": self._rng_seed("synthesis", language, method),
        }
        if isinstance(teacher, SimulatedTeacher):
            settings |= simulated(teacher, self._rng_seed("beliefs"))
            return self._add(id, simulate, settings, inputs=inputs)
        if variant == TRANSLATED:
            settings["variant"] = TRANSLATED
            inputs = {
                "seed_data_en": self._translation(f"translation/{language}", language, translate_prompts)
            }
        who, where = asked(teacher, self.study, self.resources)
        return self._add(id, synthesize, settings | who, locations=where, inputs=inputs, cost=2)

    def _translation(self, id: str, language: str, work: Work, more: Mapping[str, Any] | None = None) -> Step:
        """What a translation model makes of the English rows that a teacher would translate."""
        rng_seed = self._rng_seed("synthesis", language, "translate")
        settings, where = translated(self.study, self.resources, language, rng_seed)
        inputs = {"seed_data_en": self._seed_data("en")}
        return self._add(id, work, settings | dict(more or {}), locations=where, inputs=inputs, cost=3)

    def _contestant(self, contestant: Contestant, language: str) -> Step:
        """The rows of a contestant; its step is of the kind synthesis, since it stands where one would."""
        file, _ = self.resources.contestant(self.study, contestant, language)
        return self._add(
            f"synthesis/{contestant.name}/{language}/{CONTESTANT_METHOD}",
            take_rows,
            {
                "language": language,
                "teacher": contestant.name,
                "file": file.digest if file else None,
                "rows": self.resources.wanted(self.study, language),
                "rng_seed": self._rng_seed("contestant", language),
            },
            locations={file.digest: file.location} if file else {},
            inputs={} if file else {"seed_data": self._seed_data(language)},
        )

    def _data(self, teacher: AnyTeacher, language: str) -> dict[str, Step]:
        """What a teacher's data of a language comes from, by method; a contestant's has one source."""
        if isinstance(teacher, Contestant):
            return {CONTESTANT_METHOD: self._contestant(teacher, language)}
        return {m: self._synthesis(teacher, language, m) for m in self.study.synthesis.methods}

    def _human(self, language: str) -> None:
        """The seed data's own quality, where any of it has responses."""
        if self.resources.pairs(self.study, language):
            self._gated(f"quality/{SEED_DATA}/{language}", language, {"human": self._seed_data(language)})

    def _quality(self, teacher: AnyTeacher, language: str) -> None:
        self._gated(f"quality/{teacher.name}/{language}", language, self._data(teacher, language))

    def _gate(self, language: str) -> Step | None:
        """Which metrics count in a language, by its human pairs; no teacher has a part in it."""
        if not self.resources.pairs(self.study, language):
            return None
        settings, locations = self._measures(language)
        if settings["judge"]:
            checks = package_files_digest("polyteach.quality", "pairwise.yaml", "pleas.yaml")
            settings |= {"judge_checks_digest": checks}
        return self._add(
            f"gate/{language}",
            gate_language,
            settings | {"rows": self._gate_rows(language)},
            locations=locations,
            inputs={"seed_data": self._seed_data(language)} | self._other_seed_data(language),
            cost=5,
        )

    def _gate_rows(self, language: str) -> int:
        """No more than a teacher is asked for (nine tenths of it: some requests fail), whoever it is."""
        asked = self.resources.wanted(self.study, language)
        return max(1, min(self.study.quality.gate_rows, 9 * asked // 10))

    def _other_seed_data(self, language: str) -> dict[str, Step]:
        """The seed data of the study's other languages, and of English where there is any."""
        english = any(isinstance(s, PocketSource) or s.language == "en" for s in self.study.seed_data)
        others = {*self.study.languages} | ({"en"} if english else set())
        return {f"seed_data_{code}": self._seed_data(code) for code in sorted(others - {language})}

    def _measures(self, language: str) -> Handed:
        return measured(self.study, self.resources, language, self._rng_seed("quality", language))

    def _gated(self, id: str, language: str, inputs: Mapping[str, Step]) -> None:
        """Measures rows by the language's gate, where there is one; seed data too, so that all compare."""
        gate = self._gate(language)
        settings, locations = self._measures(language)
        inputs = {**inputs, GATE_INPUT: gate} if gate else inputs
        self._add(id, measure_cell, settings, locations=locations, inputs=inputs, cost=4)

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
            data = {"seed_data": self._seed_data(language)}
            student = self._sft(base, "reference", language, trial=0, data=data)
            self._examined_student(f"{base.name}/reference", language, student)

    def _student(self, base: Base, teacher: AnyTeacher, language: str, trial: int) -> None:
        student = self._sft(base, teacher.name, language, trial, self._data(teacher, language))
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
        drawn = self._rng_seed("synthesis", language, "respond")
        respond = {"rows": synthesis.rows_per_method, "rng_seed": drawn}
        inputs = {"seed_data": self._seed_data(language)} | self._other_seed_data(language)
        data = dict(student.inputs) if student else {}
        self._add(
            f"free_answers/{who}/{language}" + ("" if trial is None else f"/{trial}"),
            answer_freely,
            {
                "language": language,
                "model": model.digest if model else None,
                "prompts": asked.free_answers,
                "max_new_tokens": asked.max_new_tokens,
                "respond": respond if "respond" in synthesis.methods else None,
                "methods": list(data),
                "rng_seed": self._rng_seed("free_answers", language),
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
        return self._add(
            f"students/{base.name}/{name}/{language}/{trial}",
            train_student,
            {
                "language": language,
                "base": model.digest,
                "methods": list(data),
                "precision": PRECISION,
                "rng_seed": self._rng_seed("students", language, trial),
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
        self._add(
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

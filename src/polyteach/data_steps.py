"""The half of the graph in which data is made and measured: what studies and screens have in common.

    seed_data/* -> gate/L ----------+
    seed_data/L -> synthesis/T/L/M -> quality/T/L       (translation/L before synthesis/T/L/translate, where a
                                                         translation model has a part in it)

T teacher, L language, M method.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyteach.files import package_files_digest
from polyteach.graph import Graph
from polyteach.measurers import measured
from polyteach.quality.gate_step import gate_language
from polyteach.quality.step import GATE_INPUT, measure_cell
from polyteach.resources import Resources
from polyteach.scoring.evidence import SEED_DATA
from polyteach.seed_data.step import seed_data
from polyteach.steps import Step, Work
from polyteach.study import (
    By,
    Candidate,
    Candidates,
    Contestant,
    Method,
    PocketSource,
    SimulatedTeacher,
    Teacher,
)
from polyteach.synthesis.contestant import METHOD as CONTESTANT_METHOD
from polyteach.synthesis.contestant import take_rows
from polyteach.synthesis.methods import TRANSLATED
from polyteach.synthesis.simulated import simulate
from polyteach.synthesis.step import synthesize
from polyteach.synthesis.translation import MODEL, TEACHER, translate_pairs, translate_prompts
from polyteach.writers import Handed, asked, gathered, simulated, translated


class DataSteps:
    """Adds steps of data to a graph.

    Args:
        study: the study, or candidates alone.
        resources: what it names.
        graph: that the steps are added to.
        by: what is compared.
    """

    def __init__(self, study: Candidates, resources: Resources, graph: Graph, by: By = "teacher") -> None:
        self.study = study
        self.resources = resources
        self.graph = graph
        self.candidates = study.compared(by)

    def add_all(self, *, seed_data_too: bool) -> None:
        """Adds what every candidate needs, up to its quality.

        Args:
            seed_data_too: whether the seed data is measured likewise, where any of it has responses.
        """
        for language in self.study.languages:
            if seed_data_too and self.resources.pairs(self.study, language):
                self._gated(f"quality/{SEED_DATA}/{language}", language, {"human": self.seed_data(language)})
            for one in self.candidates:
                self._gated(f"quality/{one.name}/{language}", language, self.data(one, language))

    def seed_data(self, language: str) -> Step:
        """The seed data of a language."""
        rng_seed = self.graph.rng_seed("seed_data", language)
        settings, locations = gathered(self.study, self.resources, language, rng_seed)
        return self.graph.add(f"seed_data/{language}", seed_data, settings, locations=locations)

    def other_seed_data(self, language: str) -> dict[str, Step]:
        """The seed data of the study's other languages, and of English where there is any."""
        english = any(isinstance(s, PocketSource) or s.language == "en" for s in self.study.seed_data)
        others = {*self.study.languages} | ({"en"} if english else set())
        return {f"seed_data_{code}": self.seed_data(code) for code in sorted(others - {language})}

    def data(self, candidate: Candidate, language: str) -> dict[str, Step]:
        """What a candidate's data of a language comes from, by method; rows that exist have one source."""
        teacher = candidate.teacher
        if isinstance(teacher, Contestant):
            return {CONTESTANT_METHOD: self._contestant(teacher, language)}
        return {method: self._synthesis(teacher, language, method) for method in candidate.methods}

    def _synthesis(self, teacher: Teacher | SimulatedTeacher, language: str, method: Method) -> Step:
        variant = self.study.synthesis.translate if method == "translate" else TEACHER
        id = f"synthesis/{teacher.name}/{language}/{method}"
        if variant == MODEL:
            return self._translation(id, language, translate_pairs, {"teacher": teacher.name})
        inputs = {"seed_data": self.seed_data(language)}
        if method == "translate":
            inputs["seed_data_en"] = self.seed_data("en")
        settings: dict[str, Any] = {
            "language": language,
            "method": method,
            "teacher": teacher.name,
            "rows": self.study.synthesis.rows_per_method,
            "few_shot": self.study.synthesis.few_shot,
            "rng_seed": self.graph.rng_seed("synthesis", language, method),
        }
        if isinstance(teacher, SimulatedTeacher):
            settings |= simulated(teacher, self.graph.rng_seed("beliefs"))
            return self.graph.add(id, simulate, settings, inputs=inputs)
        if variant == TRANSLATED:
            settings["variant"] = TRANSLATED
            inputs = {
                "seed_data_en": self._translation(f"translation/{language}", language, translate_prompts)
            }
        who, where = asked(teacher, self.study, self.resources)
        return self.graph.add(id, synthesize, settings | who, locations=where, inputs=inputs, cost=2)

    def _translation(self, id: str, language: str, work: Work, more: Mapping[str, Any] | None = None) -> Step:
        """What a translation model makes of the English rows that a teacher would translate."""
        rng_seed = self.graph.rng_seed("synthesis", language, "translate")
        settings, where = translated(self.study, self.resources, language, rng_seed)
        inputs = {"seed_data_en": self.seed_data("en")}
        return self.graph.add(id, work, settings | dict(more or {}), locations=where, inputs=inputs, cost=3)

    def _contestant(self, contestant: Contestant, language: str) -> Step:
        """The rows of a contestant; its step is of the kind synthesis, since it stands where one would."""
        file, _ = self.resources.contestant(self.study, contestant, language)
        return self.graph.add(
            f"synthesis/{contestant.name}/{language}/{CONTESTANT_METHOD}",
            take_rows,
            {
                "language": language,
                "teacher": contestant.name,
                "file": file.digest if file else None,
                "rows": self.resources.wanted(self.study, language),
                "rng_seed": self.graph.rng_seed("contestant", language),
            },
            locations={file.digest: file.location} if file else {},
            inputs={} if file else {"seed_data": self.seed_data(language)},
        )

    def _gate(self, language: str) -> Step | None:
        """Which metrics count in a language, by its human pairs; no teacher has a part in it."""
        if not self.resources.pairs(self.study, language):
            return None
        settings, locations = self._measures(language)
        if settings["judge"]:
            checks = package_files_digest(
                "polyteach.quality", "pairwise.yaml", "pleas.yaml", "judge_attacks.yaml"
            )
            settings |= {"judge_checks_digest": checks}
        return self.graph.add(
            f"gate/{language}",
            gate_language,
            settings | {"rows": self._gate_rows(language)},
            locations=locations,
            inputs={"seed_data": self.seed_data(language)} | self.other_seed_data(language),
            cost=5,
        )

    def _gate_rows(self, language: str) -> int:
        """No more than any candidate is asked for (nine tenths of it: some requests fail)."""
        used = [one.methods for one in self.candidates if one.methods] or [self.study.synthesis.methods]
        least = min(self.resources.asked(self.study, methods, language) for methods in used)
        return max(1, min(self.study.quality.gate_rows, 9 * least // 10))

    def _measures(self, language: str) -> Handed:
        rng_seed = self.graph.rng_seed("quality", language)
        return measured(self.study, self.resources, language, rng_seed)

    def _gated(self, id: str, language: str, inputs: Mapping[str, Step]) -> None:
        """Measures rows by the language's gate, where there is one; seed data too, so that all compare."""
        gate = self._gate(language)
        settings, locations = self._measures(language)
        inputs = {**inputs, GATE_INPUT: gate} if gate else inputs
        self.graph.add(id, measure_cell, settings, locations=locations, inputs=inputs, cost=4)

"""The paper's main study as work for a simulated cluster: its real graph, seconds by `assumed`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from polyteach.executors.cluster import asks_endpoint
from polyteach.pipeline import cell_steps
from polyteach.planning import find_for_plan
from polyteach.resources import Resources
from polyteach.steps import Step
from polyteach.students.recipe import Devices
from polyteach.study import Study, Teacher, load_study
from polyteach.workload import Load, Workload

from .assumed import Assumed, served_gpus
from .simulation import Work

Servers = Literal["fixed", "moving"]
"""Own servers as the study file names them, one each all the time; or started where a step needs one."""
_WEIGHTS, _STUDENT = 2, 4  # bytes a parameter: of models of the hub (bf16), and of students trained in full
_MEASURING = "judge and embedder"
_ANSWERS = 1.0  # seconds: each answer is in the journal as it arrives, so next to nothing is asked again


@dataclass(frozen=True)
class MainStudy:
    """A study's graph and what each step takes of models.

    Attributes:
        file: the study.
        answer_tokens: of teachers' answers; in the place of their limits, which are the most there can be.
    """

    file: Path
    answer_tokens: int

    @cached_property
    def study(self) -> Study:
        study = load_study(self.file)
        teachers = [
            one.model_copy(update={"max_new_tokens": min(one.max_new_tokens, self.answer_tokens)})
            for one in study.teachers
            if isinstance(one, Teacher)
        ]
        return study.model_copy(update={"teachers": teachers})

    @cached_property
    def steps(self) -> list[Step]:
        """Its graph, planned offline, without keys."""
        return cell_steps(self.study, self._found)

    @cached_property
    def _found(self) -> Resources:
        return find_for_plan(self.study, self.file.parent)[0]

    @cached_property
    def loads(self) -> Mapping[str, Sequence[Load]]:
        """What each step takes of models, by its id."""
        workload = Workload(self.study, self._found)
        return {step.id: workload.of(step) for step in self.steps}

    @cached_property
    def served(self) -> Mapping[str, float]:
        """Parameters of the models at servers of one's own, by name."""
        return {
            load.model: load.parameters
            for loads in self.loads.values()
            for load in loads
            if load.requests and not load.hosted and load.parameters
        }

    @property
    def server_gpus(self) -> int:
        """GPUs of one server of each model."""
        return sum(served_gpus(parameters) for parameters in self.served.values())

    def work(self, assumed: Assumed, servers: Servers) -> dict[str, Work]:
        """What each step takes, by its id."""
        return {step.id: self._work(step, assumed, servers) for step in self.steps}

    def _work(self, step: Step, assumed: Assumed, servers: Servers) -> Work:
        loads = self.loads[step.id]
        if step.kind == "seed_data":
            return Work(assumed.seed_data, gpus=0)
        if step.kind == "synthesis":
            return self._synthesis(loads[0], assumed, servers)
        if step.kind in ("gate", "quality"):
            return self._measured(step, assumed, servers)
        if step.kind == "students":
            return self._student(step, assumed)
        return self._examined(step, assumed)

    def _synthesis(self, load: Load, assumed: Assumed, servers: Servers) -> Work:
        if load.hosted:
            requests = load.requests * assumed.asked
            return Work(60 * requests / assumed.a_minute[load.model], gpus=0, hosts=(load.model,))
        assert load.parameters is not None
        gpus = served_gpus(load.parameters)
        seconds = assumed.gpu_seconds(load) * assumed.asked / gpus
        if servers == "fixed":
            return Work(seconds, gpus=0, hosts=(load.model,))  # a server that is lost is not simulated
        ready = assumed.loading(load.parameters, _WEIGHTS, assumed.server_start)
        return Work(seconds, gpus=gpus, loads={load.model: ready}, kept_every=_ANSWERS)

    def _measured(self, step: Step, assumed: Assumed, servers: Servers) -> Work:
        """Perplexity on a worker's GPU, judge and embedder at servers; one after the other, so two wait.

        At fixed servers steps share the judge: while one takes perplexities, another asks. So a step counts
        for as long as the judge needs for it alone, which is three quarters of it.
        """
        seconds = sum(assumed.gpu_seconds(load) for load in self.loads[step.id])
        here = next(load for load in self.loads[step.id] if not load.requests)
        own = assumed.loading(here.parameters or 0.0, _WEIGHTS, 0)
        asked = [load for load in self.loads[step.id] if load.requests]
        if servers == "fixed":
            judge = next(load for load in asked if load.written)
            seconds = assumed.gpu_seconds(judge)
            return Work(
                seconds,
                loads={here.model: own},
                imports={"worker": assumed.worker_start},
                hosts=(judge.model,),
                busy=assumed.gpu_seconds(here) / seconds,
                at_driver=asks_endpoint(step),
                kept_every=_ANSWERS,
            )
        ready = max(assumed.loading(load.parameters or 0.0, _WEIGHTS, assumed.server_start) for load in asked)
        gpus = 1 + len(asked)
        return Work(seconds, gpus=gpus, busy=1 / gpus, loads={_MEASURING: ready}, kept_every=_ANSWERS)

    def _student(self, step: Step, assumed: Assumed) -> Work:
        """Its weights are read anew, and written and digested when it is done; checkpoints on the way."""
        (load,) = self.loads[step.id]
        devices = Devices.of(step.locations)
        parameters = load.parameters or 0.0
        saved = parameters * _STUDENT
        around = assumed.loading(parameters, _WEIGHTS, assumed.worker_start)
        around += saved / assumed.write_rate + saved / assumed.digest_rate
        trained = assumed.gpu_seconds(load) / devices.processes
        return Work(
            trained + around,
            gpus=devices.processes,
            busy=trained / (trained + around),
            kept_every=devices.checkpoint_seconds,
        )

    def _examined(self, step: Step, assumed: Assumed) -> Work:
        """A student is digested and read anew; a base or a reference may be there already."""
        loads = self.loads[step.id]
        parameters = loads[0].parameters or 0.0
        asked = sum(assumed.gpu_seconds(load) for load in loads)
        imports = {"worker": assumed.worker_start}
        if "student" not in step.inputs:
            return Work(
                asked, loads={loads[0].model: assumed.loading(parameters, _WEIGHTS, 0)}, imports=imports
            )
        saved = parameters * _STUDENT
        around = saved / assumed.read_rate + saved / assumed.digest_rate
        return Work(asked + around, busy=asked / (asked + around), imports=imports)


def by_real_seconds(steps: Sequence[Step], work: Mapping[str, Work]) -> list[Step]:
    """The same steps, their costs what they really take: the schedule would know the longest chain."""
    return [replace(step, cost=max(work[step.id].seconds, 1e-6)) for step in steps]


def in_parts(
    steps: Sequence[Step], work: Mapping[str, Work], kinds: Sequence[str], parts: int
) -> tuple[list[Step], dict[str, Work]]:
    """The same graph, with steps of some kinds cut into equal parts that may run beside each other."""
    made: dict[str, list[Step]] = {}
    done: dict[str, Work] = {}
    for step in steps:
        inputs = {part.id: part for parent in step.inputs.values() for part in made[parent.id]}
        count = parts if step.kind in kinds else 1
        one = work[step.id]
        cut = [
            replace(
                step, id=f"{step.id}#{at}" if count > 1 else step.id, inputs=inputs, cost=step.cost / count
            )
            for at in range(count)
        ]
        made[step.id] = cut
        done |= {part.id: replace(one, seconds=one.seconds / count) for part in cut}
    return [part for cut in made.values() for part in cut], done

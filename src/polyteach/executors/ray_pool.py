"""The actors of a Ray cluster as a pool: which are asked for, which get what, and which give way."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self

from polyteach.artifacts import Busy, Store
from polyteach.errors import UserError
from polyteach.executors.cluster import Cluster, Shape
from polyteach.executors.pool import Ended, Job, Lost, StepFailed
from polyteach.executors.ray_joining import Node, OnPrint, at_node, nodes_of, unfit
from polyteach.executors.ray_worker import Facts, Home, Made, Worker, written
from polyteach.steps import Step

_ASKED_FOR = 16  # workers of one shape that wait for room at once: enough for an autoscaler to see
_GIVE_WAY_SECONDS = 1.0
_CLEAR_SECONDS = 300.0  # how long less urgent workers are not asked for while room is made
_IDLE_SECONDS = 60.0
_LOOK_SECONDS = 10.0
_LEASE_SECONDS = 2.0  # between two looks at a lease that another process has
_STILLBORN = 5


@dataclass(slots=True, eq=False)
class _Actor:
    """One actor: asked for (`node` is empty), free, or at work (`job`)."""

    handle: Any
    shape: Shape
    since: float
    asked: Any  # the reference that is waited for: its facts, then what it makes
    node: str = ""
    logs: tuple[str, ...] = ()
    model: str | None = None
    job: Job | None = None

    @property
    def is_free(self) -> bool:
        return bool(self.node) and self.job is None


class RayPool:
    """Actors of a cluster, see `pool.Pool`. Leaving the `with` block ends them.

    A step whose process died runs again with a machine's CPUs all for itself, or with twice the memory where
    the cluster's file says how much it needs; until there is room no other worker is asked for. Likewise the
    most urgent step whose shape has waited for room on a machine where others of our steps come and go: the
    actors there give way, and no less urgent shape is asked for.

    Args:
        ray: the module, part of a cluster.
        cluster: what steps need.
        home: what workers have to know.
        store: the run's, as this machine sees it.
        ear: the actor that they tell their progress.
        on_print: gets what workers wrote, by step.
        workers: actors at once, at most.
    """

    def __init__(
        self,
        ray: Any,
        cluster: Cluster,
        home: Home,
        store: Store,
        ear: Any,
        on_print: OnPrint,
        workers: int | None,
    ) -> None:
        self._ray, self._cluster, self._home, self._store, self._ear = ray, cluster, home, store, ear
        self._on_print = on_print
        self._most = workers or math.inf
        self._actors: list[_Actor] = []
        self._shapes: dict[tuple[str, bool], Shape] = {}
        self._moved_at = time.monotonic()
        self._stillborn = 0
        self._lacking: dict[Shape, float] = {}  # shapes of ready steps that have no actor, and since when
        self._cleared: dict[Shape, str] = {}  # a machine whose actors give way to one of these
        self._busy: dict[str, float] = {}  # steps that others make, and when to look again
        self._nodes = nodes_of(ray)  # those that are up when it last mattered
        self._gpus = {
            "gpus_there": any(node.resources.get("GPU") for node in self._nodes.values()),
            "gpus_at_driver": bool(self._nodes[home.node].resources.get("GPU")),
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for actor in list(self._actors):
            self._end(actor)

    def shapes(self, steps: Sequence[Step]) -> list[Shape]:
        """What the workers of steps hold of their machines."""
        return [self._shape(Job(step)) for step in steps]

    def start(self, jobs: Sequence[Job], *, anew: bool) -> Mapping[str, str]:
        """Starts what free actors can take, and asks for more where they are missing."""
        started: dict[str, str] = {}
        unmet: Counter[Shape] = Counter()
        for job in self._best_first(jobs):
            if self._is_made_elsewhere(job.step):
                continue
            shape = self._shape(job)
            ahead = [other for other in unmet if other != shape]
            while (actor := self._free(shape, job.model)) and self._is_in_the_way(actor, ahead):
                self._end(actor)
            if actor:
                actor.job, actor.model, actor.since = job, job.model or actor.model, time.monotonic()
                actor.asked = actor.handle.make.remote(job.step, anew)
                started[job.step.id] = self._name(actor)
            else:
                unmet[shape] += 1
        self._match(unmet)
        return started

    def collect(self, seconds: float) -> list[Ended]:
        """Returns what ended; comes back sooner where an actor is up, or where one waits for room."""
        asked = {actor.asked: actor for actor in self._actors if not actor.is_free}
        if not asked:
            time.sleep(seconds)
            return []
        if any(not actor.node for actor in asked.values()):
            seconds = min(seconds, _GIVE_WAY_SECONDS)
        self._ray.wait(list(asked), timeout=seconds)
        done, _ = self._ray.wait(list(asked), num_returns=len(asked), timeout=0)
        if done:
            self._moved_at = time.monotonic()
        for actor in (asked[ref] for ref in done):
            if actor.job is None:
                self._is_up(actor)
        return [self._ended(asked[ref]) for ref in done if asked[ref].job]

    def stop(self) -> None:
        """Asks the steps that run to stop."""
        self._ear.stop.remote()

    def _shape(self, job: Job) -> Shape:
        """What a worker for a job holds; of one that runs again it is found when it is first asked."""
        key = (job.step.id, job.again)
        if key not in self._shapes:
            shape = self._cluster.needs(job.step, **self._gpus)
            self._shapes[key] = self._larger(shape, job.step.id) if job.again else shape
        return self._shapes[key]

    def _larger(self, shape: Shape, step_id: str) -> Shape:
        self._nodes = nodes_of(self._ray)
        nodes = [node for node in self._nodes.values() if shape.fits(node.resources)]
        if shape.at_driver:
            nodes = [node for node in nodes if node.id == self._home.node]
        if shape.memory:
            most = max((node.resources.get("memory", 0.0) for node in nodes), default=0.0)
            return replace(
                shape, memory=max(shape.memory, min(2 * shape.memory, int(most))), only_for=step_id
            )
        at_work = Counter(actor.node for actor in self._actors if actor.job)
        if not nodes:
            return replace(shape, only_for=step_id)
        calmest = min(nodes, key=lambda node: (at_work[node.id], node.id))
        return replace(shape, cpus=calmest.resources.get("CPU", 0.0), only_for=step_id, node=calmest.id)

    def _is_made_elsewhere(self, step: Step) -> bool:
        """Whether another process still makes a step that was found busy.

        A lease of another machine is over when somebody saw its heartbeat stand still for long enough.
        Workers come and go, so the driver watches it, and takes it away.
        """
        if step.id not in self._busy:
            return False
        if time.monotonic() < self._busy[step.id]:
            return True
        leases = self._store.leases
        if leases.owner(step.key):
            self._busy[step.id] = time.monotonic() + _LEASE_SECONDS
            return True
        leases.clean()
        del self._busy[step.id]
        return False

    def _best_first(self, jobs: Sequence[Job]) -> list[Job]:
        """The same order, but of jobs as urgent first those whose model a free actor has."""
        held = {actor.model for actor in self._actors if actor.is_free}
        return sorted(jobs, key=lambda job: (not job.again, -job.urgency, job.model not in held))

    def _free(self, shape: Shape, model: str | None) -> _Actor | None:
        """A free actor for a step: best one that has its model, next one that has none."""
        cleared = {actor.shape.node for actor in self._actors if actor.shape.node and not actor.node}
        fit = [a for a in self._actors if a.is_free and a.shape == shape and a.node not in cleared]
        return min(fit, key=lambda a: (a.model != model, a.model is not None, a.since), default=None)

    def _is_in_the_way(self, actor: _Actor, ahead: Sequence[Shape]) -> bool:
        """Whether a free actor holds room that shapes of more urgent steps have waited for."""
        return any(self._holds_up(actor, shape, ahead) for shape in ahead)

    def _holds_up(self, actor: _Actor, shape: Shape, ahead: Sequence[Shape]) -> bool:
        is_new = time.monotonic() - self._lacking.get(shape, math.inf) < _GIVE_WAY_SECONDS
        node = self._nodes.get(actor.node)
        pinned = shape.node or (self._home.node if shape.at_driver else actor.node)
        if is_new or node is None or pinned != actor.node:
            return False
        there = [other.shape for other in self._actors if other.node == actor.node]
        if not shape.fits(_left(node, [other for other in there if other in ahead])):
            return False  # it would not help
        if self._cleared.setdefault(shape, actor.node) != actor.node:
            return False
        left = _left(node, there)
        lacks = {name for name, amount in shape.resources.items() if left.get(name, 0.0) < amount}
        is_asked_for = any(other.shape == shape and not other.node for other in self._actors)
        is_full = len(self._actors) >= self._most and not is_asked_for
        return is_full or not lacks.isdisjoint(actor.shape.resources)

    def _match(self, unmet: Counter[Shape]) -> None:
        """Asks for the actors that ready steps lack, no longer for others; free ones of no use give way."""
        now = time.monotonic()
        self._lacking = {shape: self._lacking.get(shape, now) for shape in unmet}
        self._cleared = {shape: node for shape, node in self._cleared.items() if shape in unmet}
        wanted = {shape: min(unmet[shape], _ASKED_FOR) for shape in self._asked_first(list(unmet))}
        waiting = Counter(actor.shape for actor in self._actors if not actor.node)
        for actor in [one for one in self._actors if not one.node]:
            if waiting[actor.shape] > wanted.get(actor.shape, 0):
                waiting[actor.shape] -= 1
                self._end(actor)
        oldest = min((actor.since for actor in self._actors if not actor.node), default=now)
        lack = any(waiting[shape] < count for shape, count in wanted.items())
        crowded = bool(wanted) and (len(self._actors) >= self._most and lack)
        for actor in [one for one in self._actors if one.is_free]:
            is_of_no_use = crowded or now - oldest > _GIVE_WAY_SECONDS or now - actor.since > _IDLE_SECONDS
            if is_of_no_use or actor.shape.only_for:
                self._end(actor)
        for shape, count in wanted.items():
            for _ in range(count - waiting[shape]):
                if len(self._actors) < self._most:
                    self._ask_for(shape)
        self._check_patience(wanted)

    def _asked_first(self, shapes: Sequence[Shape]) -> Sequence[Shape]:
        """Those that are asked for now: less urgent ones could take the room that is being made."""
        for place, shape in enumerate(shapes):
            if shape.only_for:
                return [shape]
            if shape in self._cleared and time.monotonic() - self._lacking[shape] < _CLEAR_SECONDS:
                return shapes[: place + 1]
        return shapes

    def _ask_for(self, shape: Shape) -> None:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        options: dict[str, Any] = {"num_cpus": shape.cpus, "num_gpus": shape.gpus, "max_restarts": 0}
        if shape.memory:
            options["memory"] = shape.memory
        if shape.custom:
            options["resources"] = dict(shape.custom)
        if node := shape.node or (self._home.node if shape.at_driver else ""):
            options["scheduling_strategy"] = NodeAffinitySchedulingStrategy(node, soft=False)
        handle = self._ray.remote(Worker).options(**options).remote(self._home, self._ear)
        self._actors.append(_Actor(handle, shape, time.monotonic(), handle.facts.remote()))

    def _check_patience(self, wanted: Mapping[Shape, int]) -> None:
        """Waits for room only so long while nothing runs.

        Raises:
            UserError: it was too long.
        """
        if not wanted or any(actor.node for actor in self._actors):
            self._moved_at = time.monotonic()
        elif time.monotonic() - self._moved_at > self._cluster.wait_minutes * 60:
            what = f"no machine had room for {next(iter(wanted))} in {self._cluster.wait_minutes:g} minutes"
            fix = "see `ray status`; raise wait_minutes in the file of --cluster to wait longer"
            raise UserError(what, where="--executor ray", fix=fix)

    def _is_up(self, actor: _Actor) -> None:
        """Takes note of an actor that was asked for and is up, or that could not come up."""
        try:
            facts: Facts = self._ray.get(actor.asked)
        except self._ray.exceptions.RayError as error:
            self._end(actor)
            self._shapes = {key: shape for key, shape in self._shapes.items() if not shape.only_for}
            self._stillborn += 1
            if self._stillborn >= _STILLBORN:
                what = f"workers die as they start: {str(error).strip().splitlines()[-1]}"
                fix = "see Ray's logs on that machine, and whether polyteach is installed there as it is here"
                raise UserError(what, where="--executor ray", fix=fix) from error
            return
        self._stillborn = 0
        if facts.node not in self._nodes:
            self._nodes = nodes_of(self._ray)
        if facts.problem:
            raise unfit(self._nodes.get(facts.node) or Node(facts.node, facts.node, {}), facts.problem)
        actor.node, actor.logs, actor.since = facts.node, facts.logs, time.monotonic()
        self._lacking.pop(actor.shape, None)
        self._cleared.pop(actor.shape, None)

    def _ended(self, actor: _Actor) -> Ended:
        """Takes what an actor made, or finds out how it was lost."""
        assert actor.job is not None
        step, errors = actor.job.step, self._ray.exceptions
        try:
            made: Made = self._ray.get(actor.asked)
        except (errors.OutOfMemoryError, errors.RayActorError, errors.NodeDiedError) as error:
            return Ended(step, error=self._lost(actor, error))
        except errors.RayError as error:  # it could not be sent there or back
            actor.job, actor.since = None, time.monotonic()
            return Ended(step, error=StepFailed(str(error)))
        actor.job, actor.since = None, time.monotonic()
        if made.output:
            self._on_print(step.id, made.output)
        if isinstance(made.error, Busy):
            self._busy[step.id] = 0.0
        artifact = made.artifact and replace(made.artifact, path=self._store.folder(step))
        return Ended(step, artifact=artifact, error=made.error)

    def _lost(self, actor: _Actor, error: Exception) -> Lost:
        """Ends an actor that is gone; with a machine that is gone all actors that were free there."""
        self._end(actor)
        errors, where = self._ray.exceptions, self._name(actor)
        self._nodes = nodes_of(self._ray)
        if actor.node not in self._nodes or isinstance(
            error, errors.ActorUnavailableError | errors.NodeDiedError
        ):
            for other in [one for one in self._actors if one.is_free and one.node == actor.node]:
                self._end(other)
            return Lost("node", where)
        assert actor.job is not None
        if text := self._last_words(actor):
            self._on_print(actor.job.step.id, text)
        is_memory = isinstance(error, errors.OutOfMemoryError) or "memory pressure" in str(error)
        return Lost("memory" if is_memory else "process", where)

    def _last_words(self, actor: _Actor) -> str:
        """What is left in the log files of a worker that died."""
        looked = at_node(self._ray, self._ray.remote(max_retries=0)(written), actor.node)
        try:
            text: str = self._ray.get(looked.remote(actor.logs), timeout=_LOOK_SECONDS)
        except self._ray.exceptions.RayError:  # its machine goes too
            return ""
        return text

    def _name(self, actor: _Actor) -> str:
        """How its machine is called; nothing where that is the driver's."""
        if actor.node == self._home.node:
            return ""
        return self._nodes[actor.node].name if actor.node in self._nodes else actor.node[:6]

    def _end(self, actor: _Actor) -> None:
        self._actors.remove(actor)
        self._ray.kill(actor.handle)


def _left(node: Node, shapes: Sequence[Shape]) -> dict[str, float]:
    """What a machine has beside actors of these shapes."""
    held: dict[str, float] = {}
    for shape in shapes:
        for name, amount in shape.resources.items():
            held[name] = held.get(name, 0.0) + amount
    return {name: amount - held.get(name, 0.0) for name, amount in node.resources.items()}

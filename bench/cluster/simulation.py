"""A cluster in simulated time, as a place where the executors' own schedule runs its steps.

Simulated are: GPUs on nodes, steps that take several of them, what has to be loaded first and what is held
already, endpoints that answer so many steps at once, and nodes that are lost. Nothing is computed. Which step
goes next and how often a lost one runs again is not simulated: `executors.schedule` decides.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from polyteach.executors.outcome import Outcome
from polyteach.executors.pool import Ended, Job, Lost
from polyteach.executors.schedule import Schedule
from polyteach.steps import Step


@dataclass(frozen=True, slots=True)
class Work:
    """What a step takes.

    Attributes:
        seconds: of work, once all is loaded.
        gpus: that it holds, all on one node; 0 for a step that needs none.
        busy: the share of what it holds that computes.
        loads: seconds to load each model, on GPUs that do not hold it yet.
        imports: likewise of what a process never lets go of.
        hosts: endpoints that it asks all the time.
        at_driver: whether its GPUs have to be on the first node.
        kept_every: seconds of work between checkpoints, up to which work survives a loss; None: none does.
    """

    seconds: float
    gpus: int = 1
    busy: float = 1.0
    loads: Mapping[str, float] = field(default_factory=dict)
    imports: Mapping[str, float] = field(default_factory=dict)
    hosts: Sequence[str] = ()
    at_driver: bool = False
    kept_every: float | None = None


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the steps run.

    Attributes:
        gpus: how many take steps.
        a_node: of them on a node.
        held: models that a GPU holds at once, the last ones used.
        locality: whether a step goes to free GPUs that hold what it needs; else to any.
        hosts: how many steps an endpoint answers at once, 1 where it is not named.
        gpu_hours_a_loss: a node is lost once in so many GPU hours, in the mean (exponential).
        repair_seconds: until a lost node is back, with nothing loaded.
        overhead_seconds: of the executor, for each step.
    """

    gpus: int
    a_node: int = 8
    held: int = 2
    locality: bool = True
    hosts: Mapping[str, int] = field(default_factory=dict)
    gpu_hours_a_loss: float = math.inf
    repair_seconds: float = 600.0
    overhead_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of it.

    Attributes:
        seconds: until the last step ended.
        started, ended: when each step did (the last time), by its id.
        computed, loading, lost: GPU seconds of work that counted, of loading, and of what a loss undid.
        held: GPU seconds that steps held, computing or not.
        losses: nodes lost.
        failed: steps without a result.
        tail: seconds since half of the GPUs were last held at once.
    """

    seconds: float
    started: Mapping[str, float]
    ended: Mapping[str, float]
    computed: float
    loading: float
    lost: float
    held: float
    losses: int
    failed: int
    tail: float


def simulate(steps: Sequence[Step], work: Mapping[str, Work], cluster: Cluster, rng_seed: int = 0) -> Ran:
    """Runs steps, inputs before what reads them.

    Args:
        steps: the graph.
        work: what each takes, by its id.
        cluster: where.
        rng_seed: of the losses of nodes.

    Raises:
        ValueError: a step needs more GPUs than a node has.
    """
    most = min(cluster.a_node, cluster.gpus)
    for step in steps:
        if work[step.id].gpus > most:
            raise ValueError(f"{step.id} needs {work[step.id].gpus} GPUs, a node has {most}")
    pool = _SimulatedPool(work, cluster, rng_seed)
    outcomes = Schedule(steps, pool, _Nobody()).to_the_end()
    return Ran(
        pool.now,
        pool.started,
        pool.ended,
        pool.computed,
        pool.loading,
        pool.lost,
        pool.holding,
        pool.losses,
        sum(outcome.state != "done" for outcome in outcomes.values()),
        pool.tail(),
    )


def longest_chain(steps: Sequence[Step], work: Mapping[str, Work]) -> list[Step]:
    """The chain of steps that takes longest where each loads what it needs."""
    ends: dict[str, float] = {}
    before: dict[str, Step | None] = {}
    for step in steps:
        last = max(step.inputs.values(), key=lambda one: ends[one.id], default=None)
        before[step.id] = last
        ends[step.id] = (ends[last.id] if last else 0.0) + alone(work[step.id])
    at: Step | None = max(steps, key=lambda one: ends[one.id])
    chain: list[Step] = []
    while at:
        chain.append(at)
        at = before[at.id]
    return chain[::-1]


def alone(one: Work) -> float:
    """Seconds that a step takes where nothing is loaded."""
    return one.seconds + sum(one.loads.values()) + sum(one.imports.values())


class _Nobody:
    """An observer that tells nobody."""

    def started(self, step: Step, where: str) -> None: ...
    def progressed(self, step_id: str, done: int, total: int, unit: str) -> None: ...
    def ended(self, outcome: Outcome) -> None: ...
    def put_back(self, step: Step, why: str) -> None: ...
    def printed(self, step_id: str, text: str) -> None: ...
    def waited(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Running:
    step: Step
    gpus: Sequence[int]
    began: float
    loading: float


class _SimulatedPool:
    """See `executors.pool.Pool`: what runs, what each GPU holds, and what happens next."""

    def __init__(self, work: Mapping[str, Work], cluster: Cluster, rng_seed: int) -> None:
        self.work, self.cluster = dict(work), cluster
        self.running: dict[str, _Running] = {}
        self.free = set(range(cluster.gpus))
        self.models: list[list[str]] = [[] for _ in range(cluster.gpus)]
        self.imported: list[set[str]] = [set() for _ in range(cluster.gpus)]
        self.hosts = dict.fromkeys((h for one in work.values() for h in one.hosts), 1) | dict(cluster.hosts)
        self.rng = random.Random(rng_seed)
        self.now = 0.0
        self.events: list[tuple[float, int, _Running | set[int] | None]] = []
        self.count = 0
        self.started: dict[str, float] = {}
        self.ended: dict[str, float] = {}
        self.computed = self.loading = self.lost = self.holding = 0.0
        self.losses = 0
        self.half_held_until = 0.0
        self._next_loss()

    def start(self, jobs: Sequence[Job], *, anew: bool) -> dict[str, str]:
        """Starts what there is room for, the first first; smaller steps pass larger ones that wait."""
        found: dict[str, str] = {}
        too_many = {
            True: math.inf,
            False: math.inf,
        }  # GPUs that were not to be had, at the driver or anywhere
        for job in jobs:
            one = self.work[job.step.id]
            if one.gpus >= too_many[one.at_driver] or not all(self.hosts[host] for host in one.hosts):
                continue
            gpus = self._place(one)
            if gpus is None:
                too_many[one.at_driver] = one.gpus
                continue
            for host in one.hosts:
                self.hosts[host] -= 1
            self.free -= set(gpus)
            run = _Running(job.step, gpus, self.now, self._load(one, gpus))
            self.running[job.step.id] = run
            self.started[job.step.id] = self.now
            self._at(self.now + self.cluster.overhead_seconds + run.loading + one.seconds, run)
            found[job.step.id] = ""
        return found

    def collect(self, seconds: float) -> list[Ended]:
        """Goes on to what happens next, however far away it is."""
        held = sum(len(run.gpus) for run in self.running.values())
        self.now, _, what = heapq.heappop(self.events)
        if 2 * held >= self.cluster.gpus:
            self.half_held_until = self.now
        if what is None:
            return self._lose()
        if isinstance(what, set):
            self.free |= what
            return []
        return self._end(what)

    def stop(self) -> None:
        """Nothing here raises."""

    def tail(self) -> float:
        """See `Ran`."""
        return self.now - self.half_held_until

    def _at(self, seconds: float, what: _Running | set[int] | None) -> None:
        self.count += 1  # of two events at once the first told comes first
        heapq.heappush(self.events, (seconds, self.count, what))

    def _place(self, one: Work) -> Sequence[int] | None:
        """Free GPUs of one node: those that load least, then those of the fullest node."""
        if not one.gpus:
            return ()
        best: tuple[tuple[float, int, int], Sequence[int]] | None = None
        for node, free in self._nodes():
            if len(free) < one.gpus or (one.at_driver and node):
                continue
            missing = 0.0
            if self.cluster.locality:
                free = sorted(free, key=lambda gpu: self._missing(one, gpu))
                missing = self._missing(one, free[one.gpus - 1])
            rank = (missing, len(free), node)
            if best is None or rank < best[0]:
                best = (rank, free[: one.gpus])
        return best[1] if best else None

    def _nodes(self) -> Iterator[tuple[int, list[int]]]:
        nodes: dict[int, list[int]] = {}
        for gpu in sorted(self.free):
            nodes.setdefault(gpu // self.cluster.a_node, []).append(gpu)
        yield from nodes.items()

    def _missing(self, one: Work, gpu: int) -> float:
        loads = sum(seconds for name, seconds in one.loads.items() if name not in self.models[gpu])
        return loads + sum(s for name, s in one.imports.items() if name not in self.imported[gpu])

    def _load(self, one: Work, gpus: Sequence[int]) -> float:
        """Loads what is missing, on all GPUs at once; returns the seconds."""
        seconds = max((self._missing(one, gpu) for gpu in gpus), default=0.0)
        for gpu in gpus:
            kept = [name for name in self.models[gpu] if name not in one.loads]
            self.models[gpu] = [*kept, *one.loads][-self.cluster.held :]
            self.imported[gpu] |= set(one.imports)
        return seconds

    def _end(self, run: _Running) -> list[Ended]:
        if self.running.get(run.step.id) is not run:  # it was lost in the meantime
            return []
        one = self._released(run)
        self.free |= set(run.gpus)
        self.computed += len(run.gpus) * one.seconds * one.busy
        self.loading += len(run.gpus) * run.loading
        self.ended[run.step.id] = self.now
        return [Ended(run.step)]

    def _released(self, run: _Running) -> Work:
        del self.running[run.step.id]
        one = self.work[run.step.id]
        self.holding += len(run.gpus) * (self.now - run.began)
        for host in one.hosts:
            self.hosts[host] += 1
        return one

    def _next_loss(self) -> None:
        if math.isfinite(self.cluster.gpu_hours_a_loss):
            mean = 3600 * self.cluster.gpu_hours_a_loss / self.cluster.gpus
            self._at(self.now + self.rng.expovariate(1 / mean), None)

    def _lose(self) -> list[Ended]:
        """A node goes, with the steps on it; it comes back empty."""
        self.losses += 1
        nodes = math.ceil(self.cluster.gpus / self.cluster.a_node)
        first = self.rng.randrange(nodes) * self.cluster.a_node
        gone = set(range(first, min(first + self.cluster.a_node, self.cluster.gpus)))
        back = self.free & gone  # those of an earlier loss have their own way back
        self.free -= gone
        hit = [run for run in self.running.values() if gone & set(run.gpus)]
        for run in hit:
            self._undo(run)
            back |= set(run.gpus)
        for gpu in gone:
            self.models[gpu], self.imported[gpu] = [], set()
        self._at(self.now + self.cluster.repair_seconds, back)
        self._next_loss()
        return [Ended(run.step, error=Lost("node")) for run in hit]

    def _undo(self, run: _Running) -> None:
        one = self._released(run)
        done = max(0.0, self.now - run.began - run.loading - self.cluster.overhead_seconds)
        kept = math.floor(done / one.kept_every) * one.kept_every if one.kept_every else 0.0
        self.computed += len(run.gpus) * kept * one.busy
        self.lost += len(run.gpus) * (self.now - run.began - kept)
        self.work[run.step.id] = replace(one, seconds=one.seconds - kept)

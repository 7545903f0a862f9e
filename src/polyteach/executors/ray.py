"""Runs a graph of steps on a Ray cluster.

Ray decides how many run at once, by what each kind of step needs and what its machines have. Steps run in
actors, which live on between steps and keep the model they loaded; a step goes to an actor that has its
model where one is free. Steps that ask endpoints run on the driver's machine, where their journal is.
"""

from __future__ import annotations

import logging
import os
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from polyteach import __version__
from polyteach.artifacts import Store
from polyteach.executors.cluster import Cluster, asks_endpoint, keys_of, loads_model
from polyteach.executors.making import StoreAt
from polyteach.executors.outcome import Observer, Outcome
from polyteach.executors.ray_joining import (
    Node,
    at_node,
    check_nodes,
    check_room,
    joined,
    look_for_ray,
    nodes_of,
)
from polyteach.executors.ray_pool import RayPool
from polyteach.executors.ray_worker import Home, Listener
from polyteach.executors.schedule import Schedule
from polyteach.steps import Step

_LISTEN_SECONDS = 0.5
_ANSWER_SECONDS = 10.0
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OnRay:
    """A Ray cluster; see `outcome.Executor`.

    Attributes:
        cluster: what steps need of it.
        address: of the cluster; None starts Ray on this machine.
        workers: actors at once, at most; None: as many as there is room for. Where Ray is started here: its
            CPUs.
    """

    cluster: Cluster
    address: str | None = None
    workers: int | None = None

    def check(self, steps: Sequence[Step]) -> list[str]:
        """Looks whether Ray is here; machines are looked at when they are joined, and GPUs by each step."""
        look_for_ray()
        return []

    def run(
        self, steps: Sequence[Step], store: Store, observer: Observer, *, anew: bool = False
    ) -> dict[str, Outcome]:
        """Runs them there, if there are any."""
        if not steps:
            return {}
        with joined(self.address, self.workers, observer.printed) as ray:
            here = ray.get_runtime_context().get_node_id()
            with _at_home(steps, store, here, self.cluster.cache) as home, _heard(ray, here, observer) as ear:
                nodes = nodes_of(ray)
                check_nodes(ray, home, nodes.values())
                _warn_of_gpus(steps, nodes, here)
                with RayPool(ray, self.cluster, home, store, ear, observer.printed, self.workers) as pool:
                    if not self.cluster.autoscaling:
                        check_room(pool.shapes(steps), nodes.values(), here)
                    retries = self.cluster.retries.by_loss
                    return Schedule(steps, pool, observer, anew=anew, retries=retries).to_the_end()


def _warn_of_gpus(steps: Sequence[Step], nodes: Mapping[str, Node], here: str) -> None:
    both = sorted({step.kind for step in steps if asks_endpoint(step) and loads_model(step)})
    with_gpus = [id for id, node in nodes.items() if node.resources.get("GPU")]
    if both and with_gpus and here not in with_gpus:
        text = "%s: these steps ask endpoints and load a model, and this machine, where they run, has no GPU"
        _LOG.warning(text, ", ".join(both))


@contextmanager
def _at_home(steps: Sequence[Step], store: Store, node: str, cache: str | None) -> Iterator[Home]:
    """What workers have to know; within the block the store has the sign that they look for."""
    sign = f"reach-{uuid.uuid4().hex}"
    paths = {path for step in steps for path in step.locations.values() if os.path.exists(path)}  # noqa: PTH110
    home = Home(
        store_at=StoreAt.of(store),
        node=node,
        other_cache=cache,
        folder=os.getcwd(),  # noqa: PTH109 - text
        sign=sign,
        version=__version__,
        paths=tuple(sorted(paths)),
        keys=keys_of(steps),
    )
    shelf = store.leases.shelf
    tag = shelf.put(sign, b"{}", None)
    try:
        yield home
    finally:
        if tag:
            shelf.remove(sign, tag)


@contextmanager
def _heard(ray: Any, node: str, observer: Observer) -> Iterator[Any]:
    """An actor that workers tell their progress, which a thread hands on to the observer."""
    ear = at_node(ray, ray.remote(max_restarts=-1)(Listener), node).remote()
    is_over = threading.Event()

    def listen() -> None:
        is_last = False
        while not is_last:
            is_last = is_over.wait(_LISTEN_SECONDS)
            try:
                told = ray.get(ear.take.remote(), timeout=_ANSWER_SECONDS)
            except ray.exceptions.RayError:  # it is late, or died and comes up again
                continue
            for step_id, (done, total, unit) in told.items():
                observer.progressed(step_id, done, total, unit)

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield ear
    finally:
        is_over.set()
        thread.join()
        ray.kill(ear)

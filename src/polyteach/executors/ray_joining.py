"""Joins a Ray cluster, or starts Ray here; looks whether its machines can do the work."""

from __future__ import annotations

import io
import logging
import os
import secrets
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, TextIO

from polyteach.errors import UserError, UserErrors
from polyteach.executors.cluster import Shape
from polyteach.executors.ray_worker import Home
from polyteach.executors.signals import sigterm_kept

_LISTENS = "ray_listen_error_messages"  # the thread by which Ray prints what happens on other machines
_CHECK_SECONDS = 120.0
_REACH_SECONDS = 5.0
_HERE: dict[str, Any] = {
    "address": "local",
    "include_dashboard": False,
    "object_store_memory": 2**27,  # artifacts go by the store
}
OnPrint = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Node:
    """A machine of the cluster: Ray's name for it, how it is called, and what it has in all."""

    id: str
    name: str
    resources: dict[str, float]


def look_for_ray() -> None:
    """Looks whether Ray is installed, without importing it.

    Raises:
        UserError: it is not.
    """
    if find_spec("ray") is None:
        fix = "install polyteach[ray], or leave --executor ray out"
        raise UserError("Ray is not installed", where="--executor ray", fix=fix)


@contextmanager
def joined(address: str | None, cpus: int | None, on_print: OnPrint) -> Iterator[Any]:
    """Is part of a cluster within the block; one that this process is part of already stays so.

    Args:
        address: of the cluster; None starts Ray here, with so many CPUs.
        cpus: see there; None: those of the machine.
        on_print: gets what Ray says of other machines, under the name `ray`.

    Raises:
        UserError: it cannot be joined.
    """
    look_for_ray()
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # no word of it to Ray's makers
    if not address:
        _lock_ports()
    import ray

    with _talk_of_ray(on_print):
        if ray.is_initialized():
            yield ray
            return
        where: dict[str, Any] = {"address": address} if address else _HERE | {"num_cpus": cpus}
        if address and address.startswith("ray://"):
            fix = "start the run on a machine of the cluster, with --ray-address auto"
            raise UserError("Ray's client protocol is not supported", where=address, fix=fix)
        if address:
            check_reachable(address)
        try:
            with sigterm_kept():
                ray.init(**where, log_to_driver=False, logging_level=logging.ERROR, namespace="polyteach")
        except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
            fix = "check the address and the versions of Ray (`ray status`)"
            raise UserError(f"cannot join: {error}", where=address or "--executor ray", fix=fix) from error
        try:
            yield ray
        finally:
            with sigterm_kept():
                ray.shutdown()


def check_reachable(address: str) -> None:
    """Looks whether anything answers at `HOST:PORT`; Ray itself tries for minutes. Other words pass.

    Raises:
        UserError: nothing does.
    """
    host, colon, port = address.rpartition(":")
    if not colon:
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_REACH_SECONDS).close()
    except (OSError, ValueError, OverflowError) as error:
        fix = "check the address (`ray status` on the head says whether Ray runs), and the network between"
        raise UserError(f"nothing answers there: {error}", where=address, fix=fix) from error


def _lock_ports() -> None:
    """Has the Ray that is started here ask for a token, which only its own processes have.

    Its ports are open to other machines and users, and who may use them runs code. Ray reads the variables
    when it is imported: where it was imported before, whoever did so decides.
    """
    if "RAY_AUTH_MODE" not in os.environ and "ray" not in sys.modules:
        os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}


def nodes_of(ray: Any) -> dict[str, Node]:
    """The machines that are there now, by Ray's names."""
    alive = [one for one in ray.nodes() if one["Alive"]]
    hosts = [one["NodeManagerHostname"] for one in alive]
    return {
        one["NodeID"]: Node(
            one["NodeID"],
            one["NodeManagerHostname"]
            + (f"/{one['NodeID'][:6]}" if hosts.count(one["NodeManagerHostname"]) > 1 else ""),
            dict(one["Resources"]),
        )
        for one in alive
    }


def at_node(ray: Any, work: Any, node: str) -> Any:
    """Work, a remote function or class, that runs on that machine and needs nothing of it."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return work.options(num_cpus=0, scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False))


def check_nodes(ray: Any, home: Home, nodes: Iterable[Node]) -> None:
    """Looks whether workers on each machine find the store and what else they need.

    Raises:
        UserErrors: some do not, all told at once.
    """
    looked = ray.remote(max_retries=0)(_problem)
    asked = {at_node(ray, looked, node.id).remote(home, node.id == home.node): node for node in nodes}
    done, late = ray.wait(list(asked), num_returns=len(asked), timeout=_CHECK_SECONDS)
    wrong = [unfit(asked[ref], "it did not answer") for ref in late]
    for ref in done:
        try:
            problem = ray.get(ref)
        except ray.exceptions.RayError as error:
            problem = f"a first look at it failed: {str(error).strip().splitlines()[-1]}"
        if problem:
            wrong.append(unfit(asked[ref], problem))
    if wrong:
        raise UserErrors(wrong)


def _problem(home: Home, at_home: bool) -> str | None:
    with_folder = home.folder
    if os.path.isdir(with_folder):  # noqa: PTH112
        os.chdir(with_folder)
    return home.problem(at_home=at_home)


def unfit(node: Node, problem: str) -> UserError:
    """A machine cannot do the work."""
    fix = "docs/cluster.md says what machines share: polyteach, the store, folders at the same paths, keys"
    return UserError(problem, where=f"node {node.name}", fix=fix)


def check_room(shapes: Iterable[Shape], nodes: Iterable[Node], home: str) -> None:
    """Looks whether for each kind of worker there is a machine with room, when all of it is free.

    Raises:
        UserErrors: there is none, for some.
    """
    there = list(nodes)
    wrong = [
        UserError(
            f"no machine of the cluster has {shape}",
            where="--cluster",
            fix="ask for less in that file, or say `autoscaling: true` there if machines will come",
        )
        for shape in dict.fromkeys(shapes)
        if not any(shape.fits(node.resources) for node in there if node.id == home or not shape.at_driver)
    ]
    if wrong:
        raise UserErrors(wrong)


@contextmanager
def _talk_of_ray(on_print: OnPrint) -> Iterator[None]:
    """Hands on what Ray writes of other machines, which would tear the bars of a terminal, and JSON."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (_Aside(stream, on_print) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


class _Aside(io.TextIOBase):
    """A stream that hands on what one thread writes; all else goes where it went before."""

    def __init__(self, stream: TextIO, on_print: OnPrint) -> None:
        self._stream = stream
        self._on_print = on_print

    def write(self, text: str, /) -> int:
        """Writes, or hands on."""
        if threading.current_thread().name != _LISTENS:
            return self._stream.write(text)
        self._on_print("ray", text)
        return len(text)

    def flush(self) -> None:
        """Flushes the stream."""
        self._stream.flush()

    def isatty(self) -> bool:
        """Whether somebody watches."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """The stream's."""
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The stream's."""
        return self._stream.encoding

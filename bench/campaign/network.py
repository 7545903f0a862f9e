"""Faults beyond one machine: a machine of a Ray cluster is lost; an object store refuses, or hangs."""

from __future__ import annotations

import json
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import psutil

from campaign.place import Place, Running, World
from campaign.trial import FRESH, LOST_WITH_A_PROCESS, Fault

_BUCKET = "campaign"
_SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


def why_not() -> str:
    """Why none of these faults can be tried here; empty where they can."""
    missing = [name for name in ("ray", "s3fs", "moto") if find_spec(name) is None]
    return f"{', '.join(missing)} is not installed" if missing else ""


def faults(rng: random.Random) -> Iterator[Fault]:
    """All faults beyond one machine."""
    for kind in ("synthesis", "students", "gate", "quality"):
        yield _node_lost(kind, round(rng.uniform(0.1, 1.0), 2))
    for kind in ("students",):
        yield _actor_killed(kind, round(rng.uniform(0.0, 0.5), 2))
    for kind in ("students", "synthesis"):
        yield _driver_killed(kind, round(rng.uniform(0.0, 1.0), 2))
    for kind, seconds in (("synthesis", 2.0), ("students", 15.0)):
        yield _store_refuses(kind, seconds)
    yield _store_refuses("students", 5.0, kill=True)
    yield _store_hangs("students", 5.0)


def _node_lost(kind: str, delay: float) -> Fault:
    """A machine on which such a step runs is ended, at once and with all its processes."""

    def inject(place: Place, world: World) -> None:
        command = [sys.executable, str(Path(__file__).with_name("nodes.py"))]
        nodes = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        place.at_the_end(lambda: _closed(nodes))
        assert nodes.stdin is not None and nodes.stdout is not None
        address = nodes.stdout.readline().strip()
        running = place.start(more=["--executor", "ray", "--ray-address", address])
        step, node = _away(place, running, kind)
        if node:
            time.sleep(delay)
            print(node, file=nodes.stdin, flush=True)
            place.notes.append(f"in the middle of {step}: {nodes.stdout.readline().strip()}")
        else:
            place.notes.append("no such step ran on another machine")
        place.finish(running)
        _closed(nodes)

    without = frozenset({"synthesis", "students", "gate", "quality", "examination"})
    moment = f"{delay} s into it"
    return Fault(
        "a machine of the cluster is lost", kind, moment, inject, without, in_flight=LOST_WITH_A_PROCESS
    )


def _closed(nodes: subprocess.Popen[str]) -> None:
    if nodes.stdin and not nodes.stdin.closed:
        nodes.stdin.close()
        try:
            nodes.wait(60)
        except subprocess.TimeoutExpired:
            nodes.kill()


def _away(place: Place, running: Running, kind: str) -> tuple[str, str]:
    """Waits for a step of a kind on a machine that is not the driver's: it, and the beginning of its id."""
    while not running.ended:
        with suppress(OSError, ValueError):
            for step in json.loads((place.run_folder / "status.json").read_bytes())["steps"]:
                if step["state"] == "running" and step["kind"] == kind and "/" in (step.get("where") or ""):
                    return step["id"], step["where"].rpartition("/")[2]
        time.sleep(0.02)
    return "", ""


def _actor_killed(kind: str, delay: float) -> Fault:
    """The process of a Ray actor is killed while such a step is made."""

    def inject(place: Place, world: World) -> None:
        running = place.start(more=["--executor", "ray"])
        if place.wait_for(running, world, kind, delay):
            actors = [process for process in place.processes() if "ray::Worker" in _command(process)]
            for actor in actors:
                actor.kill()
            place.notes.append(f"{len(actors)} killed")
        place.finish(running)

    return Fault("kill -9 of Ray's workers", kind, f"{delay} s into it", inject, frozenset({kind}))


def _command(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def _driver_killed(kind: str, delay: float) -> Fault:
    """The process that started Ray is killed."""

    def inject(place: Place, world: World) -> None:
        running = place.start(more=["--executor", "ray"])
        place.wait_for(running, world, kind, delay)
        running.process.kill()
        place.finish(running)

    lost = LOST_WITH_A_PROCESS
    return Fault(
        "kill -9 of Ray's driver", kind, f"{delay} s into it", inject, frozenset({kind}), in_flight=lost
    )


class Door:
    """A way to a server that can be shut: then connections break, and new ones are refused.

    Args:
        port: of the server.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self._through: list[socket.socket] = []
        self.port = 0
        self.open()

    def open(self) -> None:
        """Lets through, at the same port as before."""
        self._listening = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def shut(self) -> None:
        """Lets nobody through."""
        for one in (self._listening, *self._through):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._through.clear()

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client = listening.accept()[0]
                server = socket.create_connection(("127.0.0.1", self._to))
                self._through += [client, server]
                for one, other in ((client, server), (server, client)):
                    threading.Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(2**16):
            other.sendall(data)
    with suppress(OSError):
        other.shutdown(socket.SHUT_RDWR)


def _with_objects(place: Place) -> tuple[Door, psutil.Process]:
    """Gives the place a store by URL, its cache where the folder of the store would be."""
    command = [sys.executable, "-c", _SERVER]
    server = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    place.at_the_end(server.kill)
    assert server.stdout is not None
    door = Door(int(server.stdout.readline()))
    place.at_the_end(door.shut)
    url = f"http://127.0.0.1:{door.port}"
    place.environment |= {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    place.options += ["--store", f"s3://{_BUCKET}/store", "--cache-dir", str(place.store)]
    import boto3

    client = boto3.client(
        "s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y"
    )
    client.create_bucket(Bucket=_BUCKET)
    return door, psutil.Process(server.pid)


def _store_refuses(kind: str, seconds: float, *, kill: bool = False) -> Fault:
    def inject(place: Place, world: World) -> None:
        door, _ = _with_objects(place)
        running = place.start()
        place.wait_for(running, world, kind)
        door.shut()
        time.sleep(seconds)
        if kill:
            running.process.kill()
            place.finish(running)
        door.open()
        if not kill:
            place.finish(running)

    moment = f"{seconds:g} s{', and the process killed' if kill else ''}"
    lost = LOST_WITH_A_PROCESS if kill else 0
    return Fault("object store refuses", kind, moment, inject, FRESH, in_flight=lost)


def _store_hangs(kind: str, seconds: float) -> Fault:
    def inject(place: Place, world: World) -> None:
        _, server = _with_objects(place)
        running = place.start()
        place.wait_for(running, world, kind)
        server.suspend()
        time.sleep(seconds)
        server.resume()
        place.finish(running)

    return Fault("object store hangs", kind, f"{seconds:g} s", inject, FRESH)

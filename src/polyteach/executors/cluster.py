"""What a cluster is asked for: the file of `--cluster`. It is no part of a study."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from polyteach.errors import UserError, UserErrors
from polyteach.executors.pool import Loss
from polyteach.steps import Step
from polyteach.students.recipe import Devices

Kind = Literal[
    "seed_data", "translation", "synthesis", "gate", "quality", "students", "examination", "free_answers"
]
"""The kinds of steps that run in workers."""

_MODELS = {"model", "base", "translator", "perplexity", "embedder", "judge"}  # in the locations of steps
_GIB = 2**30


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Needs(_Part):
    """What one kind of step needs, as Ray counts it; what is not given is `Cluster.needs`' choice."""

    cpus: Annotated[float, Field(ge=0, le=10_000)] = 1.0
    gpus: Annotated[float, Field(ge=0, le=1_000)] | None = None
    memory_gib: Annotated[float, Field(gt=0, le=100_000)] | None = None
    custom: Mapping[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)


class Retries(_Part):
    """How often a step runs again, by what was lost with it."""

    process: Annotated[int, Field(ge=0, le=100)] = 1
    memory: Annotated[int, Field(ge=0, le=100)] = 1
    node: Annotated[int, Field(ge=0, le=100)] = 3

    @cached_property
    def by_loss(self) -> Mapping[Loss, int]:
        """The same, as `Schedule` takes it."""
        return {"process": self.process, "memory": self.memory, "node": self.node}


class Cluster(_Part):
    """The file of `--cluster`.

    Attributes:
        steps: what a kind of step needs; one CPU where nothing is said.
        retries: see there.
        autoscaling: whether machines may come that are not there yet, so that a step waits for one that fits.
        wait_minutes: how long to wait for room on a machine that fits, while nothing of ours runs.
        cache: a folder of each machine for a store that is none of its folders, see `docs/storage.md`.
    """

    steps: Mapping[Kind, Needs] = Field(default_factory=dict)
    retries: Retries = Retries()
    autoscaling: bool = False
    wait_minutes: Annotated[float, Field(gt=0, le=100_000)] = 30.0
    cache: str | None = None

    def needs(self, step: Step, *, gpus_there: bool, gpus_at_driver: bool) -> Shape:
        """What a step needs.

        Where the file says nothing of GPUs, a step that loads a model gets one where the cluster has any, and
        a student as many as train it together. A step that asks endpoints gets none, whatever the file says,
        unless it loads a model too and the driver's machine has any.
        """
        asks, loads = asks_endpoint(step), loads_model(step)
        needs = next((needs for kind, needs in self.steps.items() if kind == step.kind), Needs())
        gpus = needs.gpus
        if asks and not (loads and gpus_at_driver):
            gpus = 0.0
        elif gpus is None:
            gpus = float(Devices.of(step.locations).processes) if loads and gpus_there else 0.0
        memory = round(needs.memory_gib * _GIB) if needs.memory_gib else None
        return Shape(needs.cpus, gpus, memory, tuple(sorted(needs.custom.items())), at_driver=asks)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a worker holds of its machine; workers of one shape do each other's steps.

    Attributes:
        cpus, gpus: of Ray's; fractions share one.
        memory: bytes, by Ray's account; None: not counted.
        custom: other resources by name.
        at_driver: whether it has to be on the driver's machine, where the journal of answers is.
        only_for: the step it is for alone; empty for any.
        node: the machine it has to be on; empty for any.
    """

    cpus: float
    gpus: float = 0.0
    memory: int | None = None
    custom: tuple[tuple[str, float], ...] = ()
    at_driver: bool = False
    only_for: str = ""
    node: str = ""

    def __str__(self) -> str:
        parts = [f"{self.cpus:g} CPUs", f"{self.gpus:g} GPUs" if self.gpus else ""]
        parts.append(f"{self.memory / _GIB:.1f} GiB" if self.memory else "")
        parts += [f"{amount:g} {name}" for name, amount in self.custom]
        return ", ".join(part for part in parts if part) + (" on the driver's machine" * self.at_driver)

    @property
    def resources(self) -> dict[str, float]:
        """By Ray's names."""
        named = {"CPU": self.cpus, "GPU": self.gpus, "memory": float(self.memory or 0), **dict(self.custom)}
        return {name: amount for name, amount in named.items() if amount}

    def fits(self, resources: Mapping[str, float]) -> bool:
        """Whether a machine with these resources, all of them free, has room for it."""
        return all(resources.get(name, 0.0) >= amount for name, amount in self.resources.items())


def asks_endpoint(step: Step) -> bool:
    """Whether a step asks a model at an endpoint: a teacher, a judge or an embedder."""
    return any(name.endswith("endpoint") for name in step.locations)


def loads_model(step: Step) -> bool:
    """Whether a step loads a model, so that a GPU is of use to it."""
    return not _MODELS.isdisjoint(step.locations)


def keys_of(steps: Iterable[Step]) -> tuple[str, ...]:
    """The environment variables that have the keys of the endpoints which steps ask."""
    asked = [text for step in steps for name, text in step.locations.items() if name.endswith("endpoint")]
    found = {json.loads(text).get("key_env") for text in asked}
    return tuple(sorted(name for name in found if name))


def load_cluster(file: Path | None) -> Cluster:
    """Reads a cluster's file; without one, all is as it is where the file says nothing.

    Raises:
        UserErrors: what is wrong in it, all at once.
        UserError: it cannot be read.
    """
    if file is None:
        return Cluster()
    from polyteach.study.load import parse_yaml  # inside: workers need no studies

    fix = "see docs/cluster.md for what belongs there"
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError("cannot be read", where=str(file), fix="check the path") from error
    content, _ = parse_yaml(text, file)
    try:
        return Cluster.model_validate(content or {})
    except ValidationError as error:
        raise UserErrors(
            [
                UserError(one["msg"], where=f"{file}: {'.'.join(str(p) for p in one['loc'])}", fix=fix)
                for one in error.errors()
            ]
        ) from error

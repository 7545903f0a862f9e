"""How a student is trained, as plain data: what decides its weights, and what only speed and memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Lora:
    """Adapters on all linear layers of the text model but the output; none where images or sound are read.

    Attributes:
        r: their rank.
        alpha: their scale.
        four_bit: QLoRA: the frozen base in 4 bits (NF4, quantised constants), on a CUDA GPU only.
    """

    r: int
    alpha: int
    four_bit: bool = False


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a student is trained: AdamW, gradients clipped at norm 1, linear decay to 0 without warm-up.

    Attributes:
        epochs: passes over the rows.
        learning_rate: the highest, at the first step.
        batch_size: examples a forward pass, where passes are padded.
        gradient_accumulation: such passes a step.
        weight_decay: AdamW's.
        max_length: tokens after which an example is cut off.
        lora: adapters; None trains all weights.
        packing: whether passes are rows of whole examples, without padding between them.
    """

    epochs: int
    learning_rate: float
    batch_size: int
    gradient_accumulation: int
    weight_decay: float
    max_length: int
    lora: Lora | None = None
    packing: bool = True

    @property
    def effective_batch(self) -> int:
        """Examples an optimizer step, on however many devices and however they are packed."""
        return self.batch_size * self.gradient_accumulation

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Recipe:
        """The recipe in a step's settings, which hold other things too."""
        names = ("epochs", "learning_rate", "batch_size", "gradient_accumulation", "weight_decay")
        lora = settings["lora"]
        return cls(
            **{name: settings[name] for name in names},
            max_length=settings["max_length"],
            lora=Lora(**lora) if lora else None,
            packing=settings["packing"],
        )


@dataclass(frozen=True, slots=True)
class Devices:
    """What trains a student. It changes results by rounding only, so it is no part of a student's identity.

    Attributes:
        processes: GPUs that train one student together; without any GPU, processes on the CPU.
        sharded: whether each of them holds a part of the weights, gradients and optimizer's state (FSDP)
            instead of all of them (DDP).
        tokens_per_pass: tokens of a packed forward pass, at most; a longer example is a pass of its own.
            None: `TOKENS_PER_PASS`.
        gradient_checkpointing: whether activations are computed again instead of kept. None: on a GPU.
        checkpoint_seconds: between checkpoints, at least.
    """

    processes: int = 1
    sharded: bool = False
    tokens_per_pass: int | None = None
    gradient_checkpointing: bool | None = None
    checkpoint_seconds: float = 300.0

    @classmethod
    def of(cls, locations: Mapping[str, str]) -> Devices:
        """The devices in a step's locations, as JSON; one where they name none."""
        return cls(**json.loads(locations.get("devices", "{}")))


@dataclass(frozen=True, slots=True)
class Job:
    """One training, but for its rows; see `sft.train`."""

    base_location: str
    output: Path
    recipe: Recipe
    rng_seed: int
    devices: Devices
    state: Path | None

    def to_json(self) -> dict[str, Any]:
        """As plain data, for another process on this machine."""
        state = str(self.state.resolve()) if self.state else None
        return asdict(self) | {"output": str(self.output.resolve()), "state": state}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Job:
        """What `to_json` made."""
        lora = plain["recipe"]["lora"]
        return cls(
            base_location=plain["base_location"],
            output=Path(plain["output"]),
            recipe=Recipe(**plain["recipe"] | {"lora": Lora(**lora) if lora else None}),
            rng_seed=plain["rng_seed"],
            devices=Devices(**plain["devices"]),
            state=Path(plain["state"]) if plain["state"] else None,
        )


TOKENS_PER_PASS = {"cpu": 512, "cuda": 4096}
"""Longer passes are slower: their attention is over the whole row, masked. Shorter ones leave a GPU idle."""

PRECISION = {"cpu": "float32", "cuda": "bfloat16"}
"""What matrices are multiplied in, by kind of device. What is trained, and the optimizer's state, are fp32 on
both; the frozen base under an adapter is in this."""

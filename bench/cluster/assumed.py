"""What is taken of machines that nobody of this project has measured, and from where: fast, middle, slow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from polyteach.gpu_hours import PEAK_FLOPS, TRAINED, TRAINED_FROZEN, USED, USED_WRITING
from polyteach.workload import Load

PEAK = PEAK_FLOPS["H100"]
GPU_BYTES = 80e9
SERVED_SHARE = 0.8
"""Of a GPU's memory, what weights may take; the rest is for the answers under way."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """One set of assumptions; sizes are bytes, rates per second unless the name says else.

    Attributes:
        answer_tokens: of a teacher's answer, in the mean.
        used, used_writing: shares of the peak in training and reading, and in writing.
        asked: requests sent for each that is needed: bad answers are asked for again.
        a_minute: requests that a hosted model answers.
        read_rate, write_rate: of the storage that all share, for one reader or writer.
        digest_rate: of a checked file, on one core.
        server_start, worker_start: seconds until a server or a worker is there, but for weights.
        seed_data, closing: seconds of these steps; they need no GPU.
        gpu_hours_a_loss: of lost nodes.
        overhead: seconds of the executor, each step.
    """

    answer_tokens: int = 430
    used: float = USED
    used_writing: float = USED_WRITING
    asked: float = 1.05
    a_minute: Mapping[str, float] = field(
        default_factory=lambda: {"command-a-03-2025": 500, "gpt-4o-mini-2024-07-18": 2000}
    )
    read_rate: float = 2e9
    write_rate: float = 1e9
    digest_rate: float = 1.9e9
    server_start: float = 120.0
    worker_start: float = 20.0
    seed_data: float = 600.0
    closing: float = 180.0
    gpu_hours_a_loss: float = 2000.0
    overhead: float = 0.05

    def gpu_seconds(self, load: Load) -> float:
        """Of one GPU; 0 for what somebody else's machine does.

        Raises:
            ValueError: the model's parameters are not known.
        """
        if load.hosted:
            return 0.0
        if load.parameters is None:
            raise ValueError(f"the parameters of {load.model} are not known")
        trained = (TRAINED_FROZEN if load.frozen else TRAINED) * load.trained
        passed = (trained + 2 * load.read) / self.used + 2 * load.written / self.used_writing
        return load.parameters * passed / PEAK

    def loading(self, parameters: float, bytes_each: int, start: float) -> float:
        """Seconds to load weights, `start` included."""
        return start + parameters * bytes_each / self.read_rate


def served_gpus(parameters: float) -> int:
    """GPUs of a server in bf16: the least power of two with room for the weights."""
    gpus = 1
    while 2 * parameters > gpus * GPU_BYTES * SERVED_SHARE:
        gpus *= 2
    return gpus


MIDDLE = Assumed()
FAST = Assumed(
    answer_tokens=270,
    used=0.5,
    used_writing=0.2,
    asked=1.0,
    a_minute={"command-a-03-2025": 500, "gpt-4o-mini-2024-07-18": 10_000},
    read_rate=5e9,
    write_rate=3e9,
    digest_rate=2.0e9,
    server_start=60,
    worker_start=10,
    seed_data=120,
    closing=60,
    gpu_hours_a_loss=50_000,
    overhead=0.02,
)
SLOW = Assumed(
    answer_tokens=2048,
    used=0.25,
    used_writing=0.04,
    asked=1.2,
    a_minute={"command-a-03-2025": 200, "gpt-4o-mini-2024-07-18": 500},
    read_rate=0.5e9,
    write_rate=0.3e9,
    digest_rate=0.8e9,
    server_start=300,
    worker_start=60,
    seed_data=1800,
    closing=900,
    gpu_hours_a_loss=200,
    overhead=0.5,
)
SETS = {"fast": FAST, "middle": MIDDLE, "slow": SLOW}
SOURCES = {
    "answer_tokens": "Japanese answers of four of these teachers: least mean, mean; the study's limit",
    "used": "assumed; the middle is what `--dry-run` takes",
    "used_writing": "assumed; the middle is what `--dry-run` takes",
    "asked": "assumed",
    "a_minute": "Command A: 500 by Cohere's page (a trial key: 20, 1,000 a month); else assumed",
    "read_rate": "assumed, bytes/s of one reader",
    "write_rate": "assumed, bytes/s of one writer",
    "digest_rate": "the middle measured on one core (x86-64), bytes per CPU second",
    "server_start": "assumed, s",
    "worker_start": "assumed, s",
    "seed_data": "assumed, s",
    "closing": "assumed, s",
    "gpu_hours_a_loss": "fast: 419 in 54 days of 16,384 GPUs (Llama 3, arXiv 2407.21783); else assumed",
    "overhead": "assumed, s a step",
}

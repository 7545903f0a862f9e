"""What a machine is short of is told in words, as the libraries in use really raise it."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from polyteach.shortage import of_disk_or_files, of_memory

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here: a disk that is always full")

SHORT_OF_MEMORY = """
import resource, sys
import numpy, torch, pyarrow
from polyteach.shortage import of_disk_or_files, of_memory
most = 2**30 + int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (most, most))
for take in (
    lambda: bytearray(2**33),
    lambda: numpy.ones(2**31),
    lambda: torch.ones(2**31),
    lambda: pyarrow.allocate_buffer(2**33),
):
    try:
        take()
    except Exception as error:
        print(type(error).__name__, "|", of_memory(error), "|", of_disk_or_files(error))
    else:
        print("there was room")
"""


def with_plain() -> None:
    with FULL.open("w") as file:
        file.write("x" * 100_000)


def with_torch() -> None:
    import torch

    with FULL.open("wb") as file:
        torch.save({"weights": torch.zeros(100_000)}, file)


def with_parquet() -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with FULL.open("wb") as file:  # by its name, the library would take the device away after its failure
        pq.write_table(pa.table({"x": list(range(100_000))}), file)


def raised_by(work: Callable[[], None]) -> BaseException:
    with pytest.raises(Exception) as caught:
        work()
    return caught.value


@needs_full
@pytest.mark.parametrize("work", [with_plain, with_torch, with_parquet])
def test_a_full_disk_is_told_whatever_library_meets_it(work: Callable[[], None]) -> None:
    told = of_disk_or_files(raised_by(work))
    assert told is not None
    assert "cannot be written" in told.what
    assert "free space" in (told.fix or "")


SHORT_OF_ROOM = """
import resource, signal, sys
import torch
from safetensors.torch import save_file
from polyteach.shortage import of_disk_or_files
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
weights = {"x": torch.zeros(100_000)}
for save in (save_file, torch.save):
    try:
        save(weights, sys.argv[1])
    except Exception as error:
        print(str(of_disk_or_files(error)).replace("\\n", " "))
"""


def test_weights_that_do_not_fit(tmp_path: Path) -> None:
    """These libraries write by a file's name: a limit of its size stands for the full disk."""
    command = [sys.executable, "-c", SHORT_OF_ROOM, tmp_path / "weights"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(lines) == 2
    for line in lines:
        assert "cannot be written" in line
        assert "fix: free space" in line


def test_no_further_file() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held: list[IO[str]] = []

    def open_more() -> None:
        while True:
            held.append(Path(__file__).open())  # noqa: SIM115 - closed below

    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    try:
        error = raised_by(open_more)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for one in held:
            one.close()
    told = of_disk_or_files(error)
    assert told is not None
    assert "ulimit -n" in (told.fix or "")


def test_memory_that_runs_out_in_the_libraries_in_use() -> None:
    done = subprocess.run([sys.executable, "-c", SHORT_OF_MEMORY], capture_output=True, text=True, check=True)
    lines = [line.split(" | ") for line in done.stdout.splitlines()]
    assert len(lines) == 4
    for kind, memory, disk in lines:
        assert memory.startswith("out of memory: "), kind
        assert disk == "None"


def test_what_led_to_an_error_counts_and_a_bug_stays_one() -> None:
    try:
        try:
            raise OSError(28, "No space left on device", "rows.parquet")
        except OSError as error:
            raise RuntimeError("the trainer could not save") from error
    except RuntimeError as error:
        told = of_disk_or_files(error)
    assert told is not None
    assert told.where == "rows.parquet"
    for bug in (
        KeyError("out of memory"),
        FileNotFoundError(2, "No such file", "x"),
        RuntimeError("shapes differ"),
    ):
        assert of_disk_or_files(bug) is None
        assert of_memory(bug) is None


def test_a_command_that_may_open_too_few_files_says_so(tmp_path: Path) -> None:
    """Wherever it meets the limit: reading the study, starting workers, or in one of them."""
    study = Path(__file__).parents[1] / "bench" / "small_study.yaml"
    run = [sys.executable, "-m", "polyteach.cli.main", "run", str(study), "--output-dir", str(tmp_path)]
    for number in (12, 16, 19):
        limited = ["prlimit", f"--nofile={number}", *run]
        done = subprocess.run(limited, capture_output=True, text=True, check=False)
        assert done.returncode == 2, (number, done.stderr)
        assert "Traceback" not in done.stderr
        assert "ulimit -n" in done.stderr

"""What the tests of exports share: one small run, and the command."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from exporting import Export, write_lines

from polyteach.cli.main import invoke

STUDY = """
name: small
languages: [de]
teachers:
  - {name: faultless, simulated: {}}
  - {name: faulty, simulated: {error: .5}}
seed_data: [{pocket: 60}]
synthesis: {methods: [generate, respond], rows_per_method: 30}
quality: {judge: oracle}
students:
  bases: [{name: base-c, model: "pocket:base-c"}]
  rows: 40
  epochs: 1
  batch_size: 16
  gradient_accumulation: 1
  max_length: 64
benchmarks: [pocket-choice]
benchmark_items: 8
trials: 1
"""


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run of two simulated teachers, which nobody changes."""
    folder = tmp_path_factory.mktemp("exported-run")
    (folder / "study.yaml").write_text(STUDY, encoding="utf-8")
    assert invoke(["run", str(folder / "study.yaml"), "--output-dir", str(folder)]) == 0
    return folder / "runs" / "small"


@pytest.fixture
def export(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Export:
    """The command, see `Export`."""

    def run(*arguments: str | Path, code: int = 0) -> dict[str, Any]:
        output = tmp_path / "out"
        capsys.readouterr()
        got = invoke(["export", *map(str, arguments), "--output", str(output), "--json"])
        said = capsys.readouterr()
        assert got == code, said.err
        found: dict[str, Any] = json.loads(said.out) if said.out else {}
        return found | {"folder": output, "stderr": said.err}

    return run


@pytest.fixture
def no_warning(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fails where anything warns, by `warnings` or by the log."""
    logger = logging.getLogger("huggingface_hub")
    logger.addHandler(caplog.handler)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    logger.removeHandler(caplog.handler)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.fixture
def lines(tmp_path: Path) -> Callable[..., Path]:
    """Writes records as JSON lines to a file of `tmp_path`; returns it."""
    return lambda name, records: write_lines(tmp_path / name, records)

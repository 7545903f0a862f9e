"""A training goes on from a checkpoint only if it is what was written, to the last bit."""

from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace

import pytest

from polyteach.students.checkpoints import COMPLETE, Checkpoints, latest


def written(folder: Path, step: int) -> Path:
    """A checkpoint as the trainer leaves it, marked as whole."""
    checkpoint = folder / f"checkpoint-{step}"
    (checkpoint / "sub").mkdir(parents=True)
    (checkpoint / "model.safetensors").write_bytes(bytes(range(256)) * 8)
    (checkpoint / "sub" / "optimizer.pt").write_bytes(b"moments" * 100)
    args = SimpleNamespace(world_size=1, should_save=True, output_dir=str(folder))
    Checkpoints(0.0).on_save(args, SimpleNamespace(global_step=step), None)
    return checkpoint


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 4
    file.write_bytes(content)


def test_the_last_one_is_kept_and_found(tmp_path: Path) -> None:
    assert latest(tmp_path) is None
    first, second = written(tmp_path, 9), written(tmp_path, 12)
    assert not first.exists()
    assert latest(tmp_path) == str(second)


@pytest.mark.parametrize("name", ["model.safetensors", "sub/optimizer.pt", COMPLETE])
@pytest.mark.parametrize("how", ["flipped", "cut", "emptied", "gone"])
def test_a_damaged_one_is_left_out_and_the_log_says_so(
    tmp_path: Path, name: str, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = written(tmp_path, 9) / name
    match how:
        case "flipped":
            flip(file)
        case "cut":
            file.write_bytes(file.read_bytes()[:-5])
        case "emptied":
            file.write_bytes(b"")
        case _:
            file.unlink()
    with caplog.at_level(logging.WARNING):
        assert latest(tmp_path) is None
    assert ("damaged" in caplog.text) == (file.exists() or name != COMPLETE)


def test_an_older_one_that_is_whole_is_taken(tmp_path: Path) -> None:
    """Two are there where a kill came between the mark of one and the removal of the other."""
    kept = tmp_path / "kept"
    older = written(tmp_path, 5).rename(kept)
    newer = written(tmp_path, 7)
    older = older.rename(tmp_path / "checkpoint-5")
    assert latest(tmp_path) == str(newer)
    flip(newer / "model.safetensors")
    assert latest(tmp_path) == str(older)

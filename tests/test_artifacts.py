import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from toy_steps import fail, toy

from polyteach.artifacts import MANIFEST, Damaged, Store
from polyteach.errors import UserError
from polyteach.processes import host_id, process_tag
from polyteach.steps import StepTask


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "store")
    store.prepare()
    return store


def test_an_artifact_is_made_once_and_carries_its_provenance(store: Store) -> None:
    parent, child = toy("parent"), toy("child", toy("parent"))
    store.make(parent)
    made = store.make(child)
    assert (made.path / "text").read_text() == "parentchild"
    assert not made.reused
    assert made.manifest["inputs"] == {"parent": parent.key}
    assert made.facts == {"parts": 1}
    assert set(made.manifest["files"]) == {"text", "sub/more"}
    assert store.make(child).reused


def test_a_step_that_fails_leaves_no_artifact_and_another_one_stays(store: Store) -> None:
    kept = store.make(toy("kept"))
    with pytest.raises(ZeroDivisionError):
        store.make(toy("broken", work=fail))
    assert store.find(toy("broken", work=fail)) is None
    assert (kept.path / MANIFEST).exists()


def test_a_half_made_artifact_is_none(store: Store) -> None:
    """What a kill leaves behind: files without the marker, in the partial folder."""
    partial = store.root / "partial" / toy("a").key
    partial.mkdir(parents=True)
    (partial / "text").write_text("half")
    assert store.find(toy("a")) is None
    assert (store.make(toy("a")).path / "text").read_text() == "a"


@pytest.mark.parametrize("fault", ["bit", "cut", "gone", "no manifest", "manifest cut", "other key"])
def test_damage_is_detected_and_mended(store: Store, fault: str) -> None:
    folder = store.make(toy("a")).path
    file, manifest = folder / "sub" / "more", folder / MANIFEST
    match fault:
        case "bit":
            file.write_bytes(b"\x00" * 999 + b"\x01")
        case "cut":
            file.write_bytes(b"\x00" * 500)
        case "gone":
            file.unlink()
        case "no manifest":
            manifest.unlink()
        case "manifest cut":
            manifest.write_bytes(manifest.read_bytes()[:100])
        case "other key":
            manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"key": "0" * 64}))
    with pytest.raises(Damaged):
        store.find(toy("a"))
    assert not store.make(toy("a")).reused
    assert store.find(toy("a")) is not None


def test_a_file_in_the_place_of_an_artifact_gives_way(store: Store) -> None:
    folder = store.folder(toy("a"))
    folder.parent.mkdir(parents=True)
    folder.write_text("a copy that went wrong")
    with pytest.raises(Damaged):
        store.find(toy("a"))
    assert (store.make(toy("a")).path / "text").read_text() == "a"
    assert list((store.root / "partial").iterdir()) == []


def take_away(task: StepTask) -> Mapping[str, Any]:
    """What happens to a step whose store is deleted while it works."""
    folder = task.output if task.settings["which"] == "output" else task.inputs["parent"]
    shutil.rmtree(folder)
    (folder / "text").read_text()
    return {}


def read_nothing(task: StepTask) -> Mapping[str, Any]:
    """Reads a file that nobody wrote."""
    (task.output / "nothing").read_text()
    return {}


@pytest.mark.parametrize("which", ["output", "input"])
def test_a_folder_that_is_taken_away_in_mid_step_is_told(store: Store, which: str) -> None:
    store.make(toy("parent"))
    with pytest.raises(UserError, match="taken away") as caught:
        store.make(toy("child", toy("parent"), work=take_away, which=which))
    assert str(store.root) in str(caught.value.where)


def test_a_step_that_misses_a_file_which_never_was_has_a_bug(store: Store) -> None:
    with pytest.raises(FileNotFoundError):
        store.make(toy("child", work=read_nothing))


def test_a_store_that_is_a_file_is_the_users_mistake(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        Store(tmp_path / "file").prepare()


def test_an_artifact_made_anew_takes_the_old_ones_place_and_leaves_nothing(store: Store) -> None:
    old = store.make(toy("a"))
    (old.path / "text").write_text("changed")
    new = store.make(toy("a"), anew=True)
    assert (new.path / "text").read_text() == "a"
    assert not list((store.root / "partial").iterdir())


def test_what_killed_processes_left_is_cleaned_and_what_is_in_work_is_not(store: Store) -> None:
    partial = store.root / "partial"
    dead = process_tag().replace(f"-{os.getpid()}-", "-4194305-")
    recycled = process_tag() + "0"  # another process, gone by now, had this one's pid
    elsewhere = process_tag().replace(host_id(), "0" * 12)
    kept = [f"a.{process_tag()}", f"a.{elsewhere}"]
    for name in ("older", f"a.{dead}", f"a.{dead}.old", f"a.{recycled}", *kept):
        (partial / name).mkdir()
        (partial / name / "text").write_text("half")
    store.prepare()
    assert {path.name for path in partial.iterdir()} == set(kept)
    assert not list(partial.glob(".*"))


def test_a_bit_flipped_in_mid_run_is_never_computed_on(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """The run has looked the input up and found it whole; then the disk errs, then a step reads it."""
    parent, child = toy("parent"), toy("child", toy("parent"))
    made = store.make(parent)
    assert store.find(parent)
    (made.path / "text").write_text("qarent")
    assert (store.make(child).path / "text").read_text() == "parentchild"
    assert "its digest is not the manifest's" in caplog.text
    assert store.find(parent)


def test_an_input_that_is_gone_is_made_again(store: Store) -> None:
    parent, child = toy("parent"), toy("child", toy("parent"))
    shutil.rmtree(store.make(parent).path)
    assert (store.make(child).path / "text").read_text() == "parentchild"


def test_files_that_a_step_skips_are_not_read_for_it(store: Store) -> None:
    parent = toy("parent")
    (store.make(parent).path / "sub" / "more").write_bytes(b"other")
    child = replace(toy("child", parent), skips=("sub/*",))
    assert (store.make(child).path / "text").read_text() == "parentchild"
    assert (store.folder(parent) / "sub" / "more").read_bytes() == b"other"
    store.make(toy("other", parent))  # one that may read it
    assert (store.folder(parent) / "sub" / "more").read_bytes() != b"other"

"""The campaign of faults sees what is wrong: its judge, its damages, and one real fault of each sort."""

from __future__ import annotations

import hashlib
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from campaign import clocks, damage, disks, network, processes, servers_gone, together
from campaign.place import KINDS, Ended, Place, World
from campaign.trial import FRESH, Fault, Verdict, tried
from faults import drawn, table

TOLD = "error: results.json: cannot be written (No space left on device)\n  fix: free space\n"
TRACE = "Traceback (most recent call last):\n  File x\nKeyError: 'x'\n"


def toy_world(folder: Path) -> World:
    """Artifacts of all kinds that no run made, their files and manifests whole."""
    kinds: dict[str, str] = {}
    for kind in KINDS:
        for number in range(2):
            key = hashlib.sha256(f"{kind}{number}".encode()).hexdigest()
            artifact = folder / "output" / ".polyteach" / kind / key
            artifact.mkdir(parents=True)
            content = f"{kind} {number}".encode() * 20
            (artifact / "rows.json").write_bytes(content)
            files = {"rows.json": {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}}
            (artifact / "manifest.json").write_text(json.dumps({"key": key, "files": files}))
            kinds[key] = kind
    run = folder / "output" / "runs" / "faults"
    run.mkdir(parents=True)
    (run / "results.json").write_bytes(b"results")
    (folder / "output" / ".polyteach" / "journal.sqlite").write_bytes(b"answers")
    return World(folder, 0, b"results", 1.0, kinds)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with Place(tmp_path / "place") as place:
        yield place


def test_at_least_two_hundred_different_faults_follow_from_the_rng_seed(tmp_path: Path) -> None:
    world = toy_world(tmp_path)
    names = [fault.name for fault in drawn(9, world)[0]]
    assert names == [fault.name for fault in drawn(9, world)[0]]
    assert names != [fault.name for fault in drawn(10, world)[0]]
    assert len(set(names)) == len(names) >= 200
    draws = (processes.faults, servers_gone.faults, together.faults, clocks.faults, network.faults)
    kinds = {fault.kind for draw in draws for fault in draw(random.Random(1))}
    kinds |= {fault.kind for draw in (damage.faults, disks.faults) for fault in draw(random.Random(1), world)}
    assert len(kinds) >= 40


@pytest.mark.parametrize("how", damage.HOWS)
def test_a_damage_hits_one_copy_of_a_file(tmp_path: Path, how: str) -> None:
    whole, linked = tmp_path / "whole", tmp_path / "linked"
    whole.write_bytes(content := bytes(range(100)))
    os.link(whole, linked)
    damage.damage(linked, how, 0.5)
    assert whole.read_bytes() == content
    there = linked.read_bytes() if linked.exists() else None
    expected = {"truncated": content[:50], "emptied": b"", "removed": None}
    if how == "a bit flipped":
        assert there is not None and len(there) == 100
        assert sum((one ^ other).bit_count() for one, other in zip(content, there, strict=True)) == 1
    else:
        assert there == expected[how]


def test_a_copy_lacks_what_is_to_be_made(tmp_path: Path, place: Place) -> None:
    world = toy_world(tmp_path / "world")
    place.copy_of(world, {"students"})
    lacking = {world.kinds[key] for key in world.kinds.keys() - place.whole().keys()}
    assert lacking == {"students", "score", "analysis", "report"}
    assert place.requests == 0


def test_what_is_made_again_or_not_whole_is_seen(tmp_path: Path, place: Place) -> None:
    world = toy_world(tmp_path / "world")
    place.copy_of(world, {"nothing"})
    before = place.whole()
    assert before.keys() == world.kinds.keys()
    again, broken = world.keys({"gate"})[0], world.keys({"quality"})[1]
    manifest = place.store / "gate" / again / "manifest.json"
    manifest.rename(manifest.with_suffix(".old"))
    manifest.write_text(manifest.with_suffix(".old").read_text() + "\n")
    damage.damage(place.store / "quality" / broken / "rows.json", "a bit flipped", 0.5)
    after = place.whole()
    assert {key for key, stamp in before.items() if after.get(key) != stamp} == {again, broken}
    assert broken not in after


@pytest.mark.parametrize(
    ("ended", "clear"),
    [
        (Ended(2, TOLD, 1.0), True),
        (Ended(3, TOLD, 1.0), False),
        (Ended(2, "error: something\n", 1.0), False),
        (Ended(2, TRACE + TOLD, 1.0), False),
        (Ended(1, TRACE, 1.0), False),
    ],
)
def test_a_clear_message_has_what_to_do_and_no_traceback(ended: Ended, clear: bool) -> None:
    assert ended.is_clear_message is clear


def test_tracebacks_are_seen_on_stderr_and_in_logs(place: Place) -> None:
    place.runs.append(Ended(3, "1 step failed\n", 1.0))
    assert place.tracebacks() == []
    log = place.run_folder / "logs" / "students" / "x.txt"
    log.parent.mkdir(parents=True)
    log.write_text(TRACE)
    place.runs.append(Ended(1, TRACE.replace("KeyError", "OSError"), 1.0))
    assert place.tracebacks() == ["OSError: 'x'", "KeyError: 'x'"]


def test_the_table_counts_what_does_not_hold() -> None:
    fault = Fault("disk full", "students", "at once", lambda place, world: None, FRESH)
    good, told = Verdict(fault, identical=True), Verdict(fault, identical=True, told="free space")
    bad = Verdict(fault, identical=True, lost=2, paid_twice=3, tracebacks=["KeyError"])
    assert (good.holds, told.holds, bad.holds) == (True, True, False)
    assert Verdict(fault).holds is False
    lines = table([good, told, bad, Verdict(fault, wrong=["hung"])]).splitlines()
    assert lines[2] == lines[3].replace("| all |", "| disk full |")
    cells = [cell.strip() for cell in lines[3].strip("|").split("|")]
    assert cells == ["all", "4", "2", "1", "2", "3", "1", "1"]


def test_a_damaged_artifact_alone_is_made_again(tmp_path: Path) -> None:
    world = World.made(tmp_path / "undisturbed")

    def inject(place: Place, world: World) -> None:
        key = world.keys({"examination"})[0]
        damage.damage(place.store / "examination" / key / "items.parquet", "truncated", 0.5)
        place.damaged.add(key)

    verdict = tried(Fault("artifact truncated", "examination", "half", inject), 1, world)
    assert verdict.holds, verdict.line()

    def lose(place: Place, world: World) -> None:
        """The same, but not said to be damaged: as if a run had made again what was whole."""
        inject(place, world)
        place.damaged.clear()

    verdict = tried(Fault("artifact truncated", "examination", "half", lose), 2, world)
    assert (verdict.identical, verdict.lost, verdict.holds) == (True, 1, False)

"""Who makes what: leases of live, killed, lost and distant owners."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from polyteach.locks import Busy, Folder, Leases, Owner
from polyteach.processes import host_id, is_alive, is_tag_alive, process_tag, started_of

HOLD = """
import sys, time
from pathlib import Path
from polyteach.locks import Folder, Leases
with Leases(Folder(Path(sys.argv[1])), "the other").hold("a"):
    print("held", flush=True)
    time.sleep(600)
"""


def holding(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "held\n"
    return process


def distant(path: Path, beat: int = 0) -> Owner:
    """Writes the lease of an owner on another machine."""
    owner = replace(Owner.here("far away"), machine="0" * 12, token="x")
    path.mkdir(exist_ok=True)
    (path / "a.lease").write_text(json.dumps({"owner": asdict(owner), "beat": beat}))
    return owner


def test_a_live_owner_is_named_and_a_killed_one_is_known_at_once(tmp_path: Path) -> None:
    process = holding(tmp_path)
    mine = Leases(Folder(tmp_path))
    with (
        pytest.raises(Busy, match=f"run the other, process {process.pid} ") as busy,
        mine.hold("a", wait=False),
    ):
        pass
    assert busy.value.owner and busy.value.owner.pid == process.pid
    process.kill()  # and nobody has asked how it ended: it is a zombie, whose pid is still there
    began = time.monotonic()
    with mine.hold("a"):
        assert time.monotonic() - began < 5  # far less than what a distant owner has
    process.communicate()
    assert mine.shelf.names() == []


def test_a_stopped_owner_still_owns(tmp_path: Path) -> None:
    process = holding(tmp_path)
    try:
        process.send_signal(signal.SIGSTOP)
        leases = Leases(Folder(tmp_path), expiry_seconds=0.1)
        leases.owner("a")
        time.sleep(0.3)
        assert leases.owner("a")  # of this machine it is known that it lives
    finally:
        process.kill()
        process.communicate()


def test_another_process_with_the_pid_of_the_dead_is_not_taken_for_it(tmp_path: Path) -> None:
    began = started_of(os.getpid())
    assert began and is_alive(host_id(), os.getpid(), began) is True
    assert is_alive(host_id(), os.getpid(), began + "1") is False
    assert is_alive("0" * 12, os.getpid(), began) is None
    assert is_tag_alive(process_tag()) is True
    assert is_tag_alive(process_tag() + "1") is False
    assert is_tag_alive(process_tag().replace(host_id(), "0" * 12)) is None
    assert is_tag_alive("whatever") is False


def test_a_distant_owner_is_dead_when_its_heartbeat_stands_still_in_our_sight(tmp_path: Path) -> None:
    distant(tmp_path)
    old = tmp_path / "a.lease"
    os.utime(old, (0, 0))  # the file's time, as a clock that jumped would have it, says nothing
    leases = Leases(Folder(tmp_path), expiry_seconds=0.4)
    assert leases.owner("a")
    for beat in range(1, 4):
        time.sleep(0.25)
        distant(tmp_path, beat)
        assert leases.owner("a")  # .75 s in all, but it moves
    time.sleep(0.25)
    assert leases.owner("a")
    time.sleep(0.25)
    assert leases.owner("a") is None
    with leases.hold("a", wait=False):
        assert str(leases.owner("a")).startswith("process ")


def test_an_owner_shows_that_it_lives_and_does_not_take_back_what_it_lost(tmp_path: Path) -> None:
    mine = Leases(Folder(tmp_path), "mine", expiry_seconds=0.25)
    with mine.hold("a"):
        first = mine.says("a")["beat"]
        time.sleep(0.3)
        assert mine.says("a")["beat"] > first
        theirs = distant(tmp_path)  # we were asleep, and another machine took it
        time.sleep(0.2)
        assert mine.says("a")["owner"]["token"] == theirs.token
    assert mine.says("a")["owner"]["token"] == theirs.token  # nor is theirs given back by us


def test_a_waiter_says_for_whom_and_goes_on_when_it_is_free(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    order: list[str] = []
    theirs, mine = Leases(Folder(tmp_path), "first"), Leases(Folder(tmp_path), "second")

    def wait() -> None:
        with mine.hold("a"):
            order.append("second")

    with theirs.hold("a"):
        thread = threading.Thread(target=wait)
        thread.start()
        time.sleep(0.3)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 1
    assert re.fullmatch(
        rf"waiting for a\.\.\. which is made by run first, process {os.getpid()} on .*", told[0]
    )


def test_of_many_who_take_a_dead_owners_lease_one_gets_it(tmp_path: Path) -> None:
    process = holding(tmp_path)
    process.kill()
    process.communicate()
    got, start = [], threading.Barrier(8)

    def take(number: int) -> None:
        leases = Leases(Folder(tmp_path), str(number))
        start.wait()
        with ExitStack() as stack:
            try:
                stack.enter_context(leases.hold("a", wait=False))
            except Busy:
                got.append(None)
            else:
                got.append(number)
                time.sleep(0.5)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([one for one in got if one is not None]) == 1


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"owner": 1}', b'{"owner": {"pid": "x"}}'])
def test_a_lease_that_cannot_be_read_is_waited_for_and_then_taken(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.lease").write_bytes(content)
    leases = Leases(Folder(tmp_path), expiry_seconds=0.2)
    with pytest.raises(Busy, match="another process"), leases.hold("a", wait=False):
        pass
    time.sleep(0.3)
    with leases.hold("a", wait=False):
        pass


def test_leases_of_the_dead_are_cleaned_and_others_are_not(tmp_path: Path) -> None:
    process = holding(tmp_path)
    process.kill()
    process.communicate()
    (tmp_path / "a.lease").rename(tmp_path / "dead.lease")
    distant(tmp_path)
    leases = Leases(Folder(tmp_path))
    with leases.hold("own"):
        leases.clean()
        assert leases.shelf.names() == ["a", "own"]


def test_who_looks_twice_knows_that_a_distant_owner_is_dead(tmp_path: Path) -> None:
    distant(tmp_path)
    leases = Leases(Folder(tmp_path), expiry_seconds=0.3)
    assert leases.of_others() == ["a"]
    assert leases.owner("a")  # one look tells nothing
    leases.watch(["a"])
    assert leases.owner("a") is None
    leases.clean()
    assert leases.shelf.names() == []

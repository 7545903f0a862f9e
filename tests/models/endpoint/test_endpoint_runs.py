"""Whole runs: through the mix of faults, kills, a full disk, the end of the money, and an interruption."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from endpoint_asks import SCHEMA, Counting, answered, many, right, settings
from servers import start_chat_server

from polyteach.errors import UserError
from polyteach.models.budget import BudgetReached
from polyteach.models.endpoint import EndpointAnswerer, Level
from polyteach.models.journal import Journal
from polyteach.models.prices import Price
from polyteach.steps import SilentProgress

FAULTS = {"500": 0.05, "429": 0.025, "429-date": 0.025, "truncated": 0.02, "reset": 0.02, "malformed": 0.02}
CLIENT = """
import sys
from pathlib import Path
sys.path[:0] = {paths!r}
from endpoint_asks import answered, many, settings
import polyteach.models.endpoint.run
print("begins", flush=True)
how = settings({url!r}, {options})
answered(many({count}), Path({path!r}), how)
"""


def start_client(
    path: Path, url: str, count: int, options: str = "", head: str = ""
) -> subprocess.Popen[str]:
    """Starts a process that has requests answered; returns when it begins."""
    here = Path(__file__).parent
    paths = [str(here), str(here.parents[1])]
    code = CLIENT.format(paths=paths, url=url, count=count, path=str(path), options=options)
    command = [sys.executable, "-c", head + code]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_the_mix_of_faults_leaves_every_row_right_and_none_twice(path: Path) -> None:
    levels: list[Level] = []
    rows: dict[int, str] = {}
    with start_chat_server(seconds=0.02, shares=FAULTS) as server:
        for attempt in range(6):  # content that is no JSON is asked again, as synthesis does
            asks = [ask for ask in many(3000, schema=SCHEMA, attempt=attempt) if ask.number not in rows]
            outcome = answered(
                asks, path, settings(server.url), observer=levels.append if not attempt else None
            )
            assert outcome.unanswered == {}
            with Journal(path) as journal:
                for ask in asks:
                    completion = journal.get(ask.key)
                    assert completion is not None
                    assert right(ask).startswith(completion.text)  # cut as planned, or right
                    if completion.text == right(ask):
                        rows[ask.number] = json.loads(completion.text)["answer"]
        seen = server.seen()
    assert sorted(rows) == list(range(3000))
    assert len(set(rows.values())) == 3000
    assert seen["again"] == 0
    assert all(seen["faults"][fault] > 10 for fault in FAULTS if fault != "malformed")
    limits = [level.limit for level in levels]
    fell = [index for index in range(1, len(limits)) if limits[index] < limits[index - 1]]
    assert any(max(limits[index:]) > limits[index] for index in fell)  # and recovered


def test_concurrency_falls_under_overload_and_recovers(path: Path) -> None:
    levels: list[Level] = []
    with start_chat_server(seconds=0.02) as server:
        progress = Counting(at=1500, call=lambda: server.change(most_at_once=8))
        answered(many(2500), path, settings(server.url), observer=levels.append, progress=progress)
        high = max(level.limit for level in levels)
        low = levels[-1].limit
        assert levels[-1].why in ("told to wait", "steady", "faster")
        assert low < 20 < high
        levels.clear()
        server.change(most_at_once=0)
        answered(many(4000)[2500:], path, settings(server.url), observer=levels.append)
        assert max(level.limit for level in levels) > 2 * low
        assert server.seen()["again"] == 0


def test_a_server_that_only_queues_is_not_given_ever_more(path: Path) -> None:
    levels: list[Level] = []
    with start_chat_server(seconds=0.01, slower=0.004) as server:
        answered(many(1500), path, settings(server.url), observer=levels.append)
        assert server.seen()["most_at_once"] < 200
    assert "slower" in {level.why for level in levels}


def test_kills_lose_no_answer_and_repeat_few(path: Path) -> None:
    """A group of 16 may be lost; and what a machine that is busy with other work had not let us read yet."""
    rng = random.Random(5)
    count = 2000
    with start_chat_server(seconds=0.5) as server:
        again = 0
        for _ in range(3):
            process = start_client(path, server.url, count)
            time.sleep(rng.uniform(1.0, 2.5))
            process.send_signal(signal.SIGKILL)
            process.communicate()
            time.sleep(0.6)
            seen = server.seen()
            with Journal(path, "test") as journal:
                lost = seen["answered"] - again - journal.spent().answers
                assert 0 <= lost <= 64
            again += lost
        server.change(seconds=0.0)
        process = start_client(path, server.url, count)
        _, errors = process.communicate()
        assert (process.returncode, errors) == (0, "")
        assert server.seen()["again"] <= again
    with Journal(path, "test") as journal:
        assert journal.spent().answers == count
        for ask in many(count):
            completion = journal.get(ask.key)
            assert completion is not None
            assert completion.text == right(ask)


def test_a_full_disk_gives_one_message_and_keeps_what_there_was(path: Path) -> None:
    head = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))\n"
    with start_chat_server() as server:
        process = start_client(path, server.url, 5000, head=head)
        _, errors = process.communicate()
        assert process.returncode == 1
        last = errors.strip().splitlines()[-2:]
        assert f"{path}: the journal cannot be" in last[0]
        assert last[1].startswith("  fix: ")
        assert "ERROR" not in errors
        with Journal(path, "test") as journal:
            before = journal.spent().answers
        assert before > 30
        outcome = answered(many(5000), path, settings(server.url))
    assert (outcome.sent, outcome.reused) == (5000 - before, before)


def test_an_interruption_keeps_all_answers(path: Path) -> None:
    with start_chat_server(seconds=0.05) as server:
        process = start_client(path, server.url, 100_000)
        while server.seen()["answered"] < 300:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
        assert errors.strip().splitlines()[-1] == "KeyboardInterrupt"
        answered_there = server.seen()["answered"]
    with Journal(path, "test") as journal:
        assert journal.spent().answers >= 300 - 16
        assert answered_there - journal.spent().answers <= 256


def test_the_money_ends_at_the_cap_and_goes_on_when_it_is_raised(path: Path) -> None:
    price = Price(1000.0, 10_000.0, 1000.0, "test")  # about 0.063 USD an answer
    asks = many(300)
    with start_chat_server(seconds=0.01) as server:
        with pytest.raises(BudgetReached) as caught:
            answered(asks, path, settings(server.url), price, cap=5.0)
        with Journal(path, "test") as journal:
            spent = journal.spent()
        assert 5.0 <= spent.money < 5.0 + 0.2
        assert caught.value.spent == pytest.approx(spent.money)
        assert caught.value.cap == 5.0
        assert server.seen()["answered"] == spent.answers
        with pytest.raises(BudgetReached):
            answered(asks, path, settings(server.url), price, cap=5.0)
        assert server.seen()["received"] == spent.answers
        outcome = answered(asks, path, settings(server.url), price, cap=100.0)
        assert (outcome.sent, outcome.reused) == (300 - spent.answers, spent.answers)
        assert server.seen()["received"] == 300


def test_a_cap_that_cannot_be_counted_is_told(path: Path) -> None:
    price = Price(1.0, 1.0, 1.0, "test")
    with start_chat_server(usage=False) as server, pytest.raises(UserError, match="how many tokens"):
        answered(many(300), path, settings(server.url), price, cap=5.0)


def test_memory_does_not_grow_with_the_requests(path: Path) -> None:
    def peak() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def long(first: int, last: int) -> object:
        return (ask for start in range(first, last, 100) for ask in many(100, f"{start} " + "x" * 4000))

    with start_chat_server() as server:
        answered(long(0, 1000), path, settings(server.url))  # type: ignore[arg-type]
        before = peak()
        answered(long(0, 6000), path, settings(server.url))  # type: ignore[arg-type]
    assert peak() - before < 15_000  # KiB; the requests are 24 MB, and twice that as JSON


def test_faults_are_told_by_reason(path: Path) -> None:
    with start_chat_server(shares={"500": 0.5}) as server, Journal(path) as journal:
        answerer = EndpointAnswerer(settings(server.url, attempts=30))
        answerer.answer(many(40), journal, SilentProgress())
        assert answerer.trouble.faults == {"http 500": server.seen()["faults"]["500"]}


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, polyteach.models.endpoint; print({'aiohttp', 'asyncio.events'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ)
    assert "aiohttp" not in done.stdout

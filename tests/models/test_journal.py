"""The journal keeps what was answered: over processes, kills, full disks and damaged files."""

from __future__ import annotations

import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from polyteach.errors import UserError
from polyteach.models.completions import Completion
from polyteach.models.journal import GROUP, Journal, Spent

ANSWER = Completion("ዓለም", "stop", 10, 20, 5, 3, "hmm", "")


def run(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Starts a process that works on journals as another study would."""
    head = """
        import sys
        from pathlib import Path
        from polyteach.errors import UserError
        from polyteach.models.completions import Completion
        from polyteach.models.journal import Journal
    """
    script = textwrap.dedent(head) + textwrap.dedent(code)
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_an_answer_comes_back_as_it_was(tmp_path: Path) -> None:
    with Journal(tmp_path / "new" / "j.sqlite") as journal:
        journal.put("a", ANSWER, money=0.5, model="m")
        assert journal.get("a") == ANSWER
        assert journal.get("b") is None
    with Journal(tmp_path / "new" / "j.sqlite") as journal:
        assert journal.get("a") == ANSWER
        assert journal.known(["a", "b"]) == {"a"}


def test_a_journal_without_the_newest_column_is_taken_on(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    with Journal(path) as journal:
        journal.put("a", ANSWER)
    with sqlite3.connect(path) as old:
        old.execute("ALTER TABLE answers DROP COLUMN left_out")
    old.close()
    less = replace(ANSWER, left_out="temperature top_p")
    with Journal(path) as journal:
        assert journal.get("a") == ANSWER
        journal.put("b", less)
    with Journal(path) as journal:
        assert journal.get("b") == less


def test_a_second_answer_is_ignored_but_was_paid(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as journal:
        journal.put("a", ANSWER, money=0.5)
        journal.put("b", ANSWER, money=0.5)
        journal.put("b", Completion("other", "stop", 1, 1), money=0.5)  # while the first may be waiting
        assert journal.spent().money == 1.5
        journal.put("a", Completion("other", "stop", 1, 1), money=0.25)
        journal.put("a", Completion("other", "stop", 1, 1))
    with Journal(tmp_path / "j.sqlite") as journal:
        assert journal.get("a") == ANSWER
        assert journal.spent() == Spent(2, 20, 40, 10, 6, 1.75, 0)


def test_each_payer_has_a_total_and_shares_answers(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    with Journal(path, "one") as one, Journal(path, "two") as two:
        for number in range(49):
            one.put(f"one {number}", ANSWER, money=0.25)
        two.put("two", ANSWER, money=None)
        assert one.spent() == Spent(49, 490, 980, 245, 147, 12.25, 0)
        assert two.spent() == Spent(1, 10, 20, 5, 3, 0.0, 1)
        one.flush()
        assert two.known([f"one {number}" for number in range(1000)]) == {f"one {n}" for n in range(49)}


def test_never_more_than_a_group_waits(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as journal, Journal(tmp_path / "j.sqlite") as other:
        for number in range(1000):
            journal.put(str(number), ANSWER)
            assert journal.waiting < GROUP
            assert len(other.known([str(n) for n in range(number + 1)])) >= number + 1 - journal.waiting


def test_processes_make_and_write_one_new_file_at_once(tmp_path: Path) -> None:
    code = """
        for number in range(100):
            Journal(Path(sys.argv[1]).with_name(str(number))).close()
        with Journal(Path(sys.argv[1]), "all") as journal:
            for number in range(300):
                name = number if number % 2 else f"{sys.argv[2]} {number}"  # half are the same for all
                journal.put(str(name), Completion(sys.argv[2], "stop", 1, 1), money=0.5)
    """
    processes = [run(code, tmp_path / "j.sqlite", number) for number in range(4)]
    for process in processes:
        output, _ = process.communicate()
        assert (process.returncode, output) == (0, "")
    with Journal(tmp_path / "j.sqlite", "all") as journal:
        assert journal.spent() == Spent(750, 750, 750, 0, 0, 600.0, 0)  # 450 came again, and were paid
        assert len(journal.known([str(number) for number in range(300)])) == 150


def test_a_kill_loses_at_most_a_group(tmp_path: Path) -> None:
    code = """
        with Journal(Path(sys.argv[1])) as journal:
            for number in range(10**9):
                journal.put(str(number), Completion("x" * 1000, "stop", 1, 1))
                print(number, flush=True)
    """
    process = run(code, tmp_path / "j.sqlite")
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) == 777:
            process.send_signal(signal.SIGKILL)
            break
    said = [777, *map(int, process.stdout)]
    process.wait()
    process.stdout.close()
    with Journal(tmp_path / "j.sqlite") as journal:
        kept = journal.known([str(number) for number in range(said[-1] + 2)])
        assert len(kept) >= said[-1] + 1 - GROUP
        assert journal.spent().answers == len(kept)


def test_full_disk_is_told_once_and_loses_nothing_kept(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    with Journal(path) as journal:
        journal.put("before", ANSWER)
    code = """
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (800_000, 800_000))
        kept = 0
        try:
            with Journal(Path(sys.argv[1])) as journal:
                for number in range(10**6):
                    journal.put(str(number), Completion("x" * 1000, "stop", 1, 1))
                    kept = number + 1 - journal.waiting
        except UserError as error:
            print(kept, error)
    """
    output, _ = run(code, path).communicate()
    kept, _, message = output.partition(" ")
    assert message.startswith(f"{path}: the journal cannot be")
    assert "asked again by the next run" in message
    assert "Traceback" not in message
    with Journal(path) as journal:
        names = [str(number) for number in range(int(kept) + 100)]
        assert journal.known(names) == set(names[: int(kept)])
        assert int(kept) > 100
        assert journal.get("before") == ANSWER
        journal.put("after", ANSWER)
    with Journal(path) as journal:
        assert journal.spent().answers == int(kept) + 2


@pytest.mark.parametrize("name", ["text", "other", "cut", "folder"])
def test_what_is_no_journal_is_refused_and_left_as_it_was(tmp_path: Path, name: str) -> None:
    path = tmp_path / "j.sqlite"
    if name == "text":
        path.write_text("this is not a database, it is a text of some length\n" * 100)
    elif name == "other":
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE answers (a)")
        other.close()
    elif name == "cut":
        with Journal(path) as journal:
            for number in range(100):
                journal.put(str(number), ANSWER)
        path.write_bytes(path.read_bytes()[:5000])
    else:
        path.mkdir()
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(UserError) as caught, Journal(path) as journal:
        journal.known([str(number) for number in range(100)])
    assert caught.value.where == str(path)
    assert caught.value.fix is not None
    assert before == (path.read_bytes() if path.is_file() else b"")


def test_damage_met_while_reading_is_told(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    with Journal(path) as journal:
        for number in range(2000):
            journal.put(str(number), ANSWER)
    content = bytearray(path.read_bytes())
    content[4096 * 4 :] = os.urandom(len(content) - 4096 * 4)
    path.write_bytes(content)
    with pytest.raises(UserError, match="damaged"), Journal(path) as journal:
        for number in range(2000):
            journal.get(str(number))


def test_a_flipped_bit_is_told_or_the_answer_is_asked_again(tmp_path: Path) -> None:
    """Wherever it is in the file: no answer is ever another than the one that was written."""
    path, damaged = tmp_path / "j.sqlite", tmp_path / "damaged.sqlite"
    answers = {str(number): replace(ANSWER, text=f"answer {number} " * 20) for number in range(40)}
    with Journal(path) as journal:
        for key, answer in answers.items():
            journal.put(key, answer)
    content, rng = path.read_bytes(), random.Random(5)
    told = again = 0
    for _ in range(200):
        at = rng.randrange(len(content))
        flipped = content[at] ^ 1 << rng.randrange(8)
        damaged.write_bytes(content[:at] + bytes([flipped]) + content[at + 1 :])
        for name in ("-wal", "-shm"):
            Path(f"{damaged}{name}").unlink(missing_ok=True)
        try:
            with Journal(damaged) as journal:
                known = journal.known(list(answers))
                assert all(journal.get(key) == answers[key] for key in known)
                for key in answers.keys() - known:
                    journal.put(key, answers[key])
                    journal.flush()
                    assert journal.get(key) == answers[key]
                again += len(known) < len(answers)
        except UserError:
            told += 1
    assert again > 20  # most of the file are answers
    assert told > 0


def test_answers_of_a_journal_without_digests_are_used(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    with Journal(path) as journal:
        journal.put("a", ANSWER)
    with sqlite3.connect(path) as old:
        old.execute("ALTER TABLE answers DROP COLUMN digest")
    old.close()
    with Journal(path) as journal:
        assert journal.known(["a"]) == {"a"}
        assert journal.get("a") == ANSWER
        journal.put("b", ANSWER)
        assert journal.known(["a", "b"]) == {"a", "b"}


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be"):
        Journal(Path("/proc/self/nowhere/j.sqlite"))
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be"):
        Journal(tmp_path / "file" / "j.sqlite")


def test_memory_does_not_grow_with_answers(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as journal:
        for number in range(5000):
            journal.put(str(number), Completion("x" * 2000, "stop", 1, 1))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number in range(5000, 25000):
            journal.put(str(number), Completion("x" * 2000, "stop", 1, 1))
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 10_000  # KiB, of 40 MB written

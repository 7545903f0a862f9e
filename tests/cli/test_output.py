"""What reaches the terminal, and where its reader, its space or a path is missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from polyteach.cli.main import NO_READER, USER_ERROR, invoke, is_of_a_named_path
from polyteach.cli.terminal import shown
from polyteach.report.wording import one_line

MAIN = [sys.executable, "-m", "polyteach.cli.main"]
LONG = "x" * 300


def test_what_a_terminal_obeys_is_marked_and_the_rest_kept() -> None:
    assert one_line("a\x1b[31mb\x9b2J\r\n\u202ec\ud800") == "a␛[31mb⟨U+009B⟩2J ⟨U+202E⟩c⟨U+D800⟩"
    assert shown("[b]\x1b[31m") == "\\[b]␛[31m"
    assert one_line("Größe [b] نمی\u200cشود 日本") == "Größe [b] نمی\u200cشود 日本"


@pytest.mark.parametrize("arguments", [["--help"], ["published", "--json"], ["published"]])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_closed_pipe_ends_quietly(arguments: list[str], unbuffered: str) -> None:
    read, write = os.pipe()
    os.close(read)
    env = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run([*MAIN, *arguments], stdout=write, stderr=subprocess.PIPE, env=env, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (NO_READER, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [["--help"], ["published", "--json"], ["published"]])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_device_is_one_message(arguments: list[str], unbuffered: str) -> None:
    env = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*MAIN, *arguments], stdout=full, stderr=subprocess.PIPE, env=env, check=False)
    assert done.returncode == USER_ERROR
    assert done.stderr == b"error: could not write to standard output (No space left on device)\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_what_fits_into_the_buffer_is_written_before_the_end(tmp_path: Path) -> None:
    content = {"results": {"t": {"acc": 0.5}}, "versions": {}, "config": {"model_args": "pretrained=a/b"}}
    (tmp_path / "a.json").write_text(json.dumps(content), encoding="utf-8")
    env = os.environ | {"PYTHONUNBUFFERED": ""}
    command = [*MAIN, "ingest", str(tmp_path), "--json"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=env, check=False)
    assert done.returncode == USER_ERROR
    assert done.stderr.startswith(b"error: could not write to standard output")


def test_no_standard_output_at_all_is_none_of_our_business() -> None:
    closed = [*MAIN, "published", "--json"]
    done = subprocess.run(
        ["sh", "-c", '"$@" >&-', "sh", *closed], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ingest", ""], "argument 2: this is empty"),
        (["ingest", "a", "--output-dir="], "--output-dir: this is empty"),
        (["published", "--output-dir", ""], "argument 3: this is empty"),
        (["ingest", "a\0b"], "holds the character NUL"),
        (["power", "--gap=0\0"], "--gap: this holds the character NUL"),
        (["ingest", LONG], "File name too long"),
        (["init", "de", "--output", LONG], "File name too long"),
        (["published", "--output-dir", LONG], "File name too long"),
    ],
)
def test_a_path_that_can_be_none(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert invoke(arguments) == USER_ERROR
    printed = capsys.readouterr().err
    assert said in printed
    assert printed.count("error: ") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_message_holds_no_codes_either(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["ingest", str(tmp_path / "no\x1b[31m.json")]) == USER_ERROR
    printed = capsys.readouterr().err
    assert "no␛[31m.json" in printed
    assert "\n  fix: " in printed
    assert "\x1b" not in printed


def test_only_errors_of_named_paths_are_the_users(tmp_path: Path) -> None:
    named = tmp_path / "out"
    arguments = ["run", "s.yaml", f"--output-dir={named}"]

    def error(kind: type[OSError], path: Path) -> OSError:
        return kind(0, "why", str(path))

    for path in (named, named / "runs" / "x", tmp_path, Path("runs/x"), Path("s.yaml").absolute()):
        assert is_of_a_named_path(error(PermissionError, path), arguments)
    assert not is_of_a_named_path(error(PermissionError, tmp_path / "other"), arguments)
    assert not is_of_a_named_path(error(FileNotFoundError, named), arguments)  # ours to look for
    assert not is_of_a_named_path(PermissionError(0, "why"), arguments)


def test_names_that_are_no_utf_8_are_listed_and_the_rest_is_written(tmp_path: Path) -> None:
    content = {"results": {"t": {"acc": 0.5}}, "versions": {}, "config": {"model_args": "pretrained=a/b"}}
    source = tmp_path / "in"
    source.mkdir()
    odd = os.path.join(os.fsencode(source), b"c\xff.json")  # noqa: PTH118 - pathlib takes no bytes
    try:
        descriptor = os.open(odd, os.O_CREAT | os.O_WRONLY)
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file)
    (source / "good.json").write_text(json.dumps(content), encoding="utf-8")
    out = [f"--output-dir={tmp_path / 'out'}", f"--every-eval-ever={tmp_path / 'eee'}"]
    done = subprocess.run([*MAIN, "ingest", source, "--json", *out], capture_output=True, check=True)
    found = json.loads(done.stdout.decode("utf-8"))
    assert [Path(read["file"]).name for read in found["files"]] == ["good.json"]
    (left,) = found["not_read"]
    assert left["file"].endswith(r"c\udcff.json")
    assert "not UTF-8" in left["reason"]
    assert json.loads((tmp_path / "out" / "ingest.json").read_text(encoding="utf-8")) == found
    done = subprocess.run([*MAIN, "ingest", odd], capture_output=True, check=False)
    assert done.returncode == USER_ERROR
    assert b"its path is not UTF-8" in done.stderr
